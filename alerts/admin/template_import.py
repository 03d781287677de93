"""Console page: a Go template is pasted, and its draft goes to the editor with a report."""

from dataclasses import asdict, dataclass
from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.console_requests import organization_of
from accounts.console_site import site
from alerts.group_views import organization_view
from alerts.importing.go_template.parser import SOURCE_MAX
from alerts.message_templates.importing import ImportRefused, draft_of
from alerts.message_templates.preview import usual
from alerts.models import MessageTemplate
from alerts.templating.samples import SAMPLES
from botapi.markup import ParseMode

_SESSION = "template_draft"
_SAMPLE = "several"
"""As the editor shows first."""
_EXAMPLE = """\
{{ range .Alerts }}
<b>{{ .Labels.alertname }}</b> {{ .Annotations.summary }}
{{ end }}"""


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """The last draft that this person made, until the next one. `notes`: Note, as mappings;
    `usual`: what a sample says without a template."""

    body: str
    parse_mode: str
    notes: list[dict[str, Any]]
    usual: str


class ConvertForm(forms.Form):
    """A Go template, and how it is written."""

    text = forms.CharField(
        label="Go template",
        strip=False,
        max_length=SOURCE_MAX,
        widget=UnfoldAdminTextareaWidget(
            attrs={
                "rows": 16,
                "spellcheck": "false",
                "autocapitalize": "off",
                "class": "tocsin-code",
                "placeholder": _EXAMPLE,
            }
        ),
        help_text="What stands at message: in telegram_configs, a whole .tmpl file, or one of "
        "Grafana's notification templates. Paste the definitions that it calls as well.",
    )
    parse_mode = forms.ChoiceField(
        label="Format",
        required=False,
        choices=MessageTemplate.ParseMode.choices,
        initial=MessageTemplate.ParseMode.HTML,
        widget=UnfoldAdminSelectWidget,
        help_text="As parse_mode says there; HTML where it says nothing.",
    )
    name = forms.CharField(
        label="Definition",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Which {{ define }} is the message. Empty: what stands outside of them, else the "
        "last one that no other calls.",
    )

    def clean(self) -> dict[str, Any]:
        """With the draft. What can't be read is an error at its field."""
        values = super().clean() or {}
        if "text" in values and "name" in values:
            text = values["text"].replace("\r\n", "\n")  # as browsers send lines
            try:
                mode = cast("ParseMode", values.get("parse_mode", ""))
                values["draft"] = draft_of(text, values["name"].strip(), mode)
            except ImportRefused as refusal:
                self.add_error(refusal.field, str(refusal))
        return values


def convert_page(request: HttpRequest) -> HttpResponse:
    """A POST keeps the draft and opens the editor with it."""
    form = ConvertForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        draft, mode = form.cleaned_data["draft"], form.cleaned_data["parse_mode"]
        view = organization_view(organization_of(request), cast("ParseMode", mode))
        shown = usual(SAMPLES[_SAMPLE], view)
        notes = [asdict(note) for note in draft.notes]
        kept = KeptDraft(draft.body, mode, notes, shown.text)
        request.session[_SESSION] = asdict(kept)
        return redirect(reverse(f"{site.name}:alerts_messagetemplate_add") + "?draft=1")
    context = {**site.each_context(request), "title": "Convert a Go template", "form": form}
    return TemplateResponse(request, "alerts/template_convert.html", context)


def draft_in(request: HttpRequest) -> KeptDraft | None:
    """The draft that was made last."""
    kept = request.session.get(_SESSION)
    return KeptDraft(**kept) if kept else None
