"""Console pages of message templates: a list, and an editor that shows what Telegram would show."""

import json
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from accounts.console_cells import moment
from accounts.console_forms import WritingForm, WritingPage
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from accounts.models import Organization
from alerts.admin.groups import badge
from alerts.admin.template_import import convert_page, draft_in
from alerts.group_views import organization_view
from alerts.message_templates import changes as templates
from alerts.message_templates.preview import Preview, group_of, offer_in, preview
from alerts.models import AlertGroup, MessageTemplate
from alerts.templating.program import BODY_MAX
from alerts.templating.samples import SAMPLES
from alerts.templating.styles import STYLES
from botapi.markup import ParseMode
from channels_app.models import NotificationChannel

RECENT = 10
"""Groups that the editor offers besides the samples."""
REQUEST_MAX = 64_000
"""Bytes of a request for a preview."""


class TemplateForm(WritingForm[MessageTemplate]):
    """What is said, and by whom."""

    body = forms.CharField(
        label="Template",
        strip=False,
        max_length=BODY_MAX,
        widget=UnfoldAdminTextareaWidget(
            attrs={
                "rows": 18,
                "spellcheck": "false",
                "autocapitalize": "off",
                "class": "tocsin-code",
                "data-template-body": "",
            }
        ),
        help_text="Jinja2: {{ name }} writes a value, {% for a in alerts %} … {% endfor %} "
        "repeats, {% if status == 'resolved' %} … {% endif %} chooses. The guide lists all names "
        "and filters.",
    )
    channels = forms.ModelMultipleChoiceField(
        queryset=NotificationChannel.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="That tell by it. A route's own template comes first; choose it on the route.",
    )

    class Meta:
        model = MessageTemplate
        fields = ("name", "parse_mode", "body", "channels")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "channels" in self.fields:
            field = cast("forms.ModelMultipleChoiceField[Any]", self.fields["channels"])
            field.queryset = NotificationChannel.objects.for_organization(
                organization_of(self.request)
            )
            if not self.instance._state.adding:
                choices = self.instance.channel_choices.all()
                field.initial = [choice.channel_id for choice in choices]

    def write(self, values: dict[str, Any], row: MessageTemplate | None) -> MessageTemplate:
        """Make or change it."""
        actor = actor_of(self.request)
        if "body" in values:
            values["body"] = values["body"].replace("\r\n", "\n")  # as browsers send lines
        if row is None:
            return templates.create_template(actor, organization_of(self.request), **values)
        return templates.change_template(actor, row, **values)


@admin.register(MessageTemplate, site=site)
class TemplatePage(WritingPage):
    """What channels and routes say of a group, in words of your own."""

    form = TemplateForm
    stay_after_save = True
    list_before_template = "alerts/template_styles.html"
    change_form_after_template = "alerts/template_preview.html"
    list_display = ("name", "parse_mode", "used_by", "state")
    list_filter = ("parse_mode",)
    search_fields = ("name",)
    prefetch = ("channel_choices__channel", "routes")
    empty_text = (
        "A template says in your own words what a channel shows of its alerts. There is none yet: "
        "alerts are told in the usual way."
    )
    empty_link = ("Add a template", "alerts_messagetemplate_add")

    class Media:
        js = ("alerts/templates.js",)
        css = {"all": ("alerts/templates.css",)}

    @admin.display(description="Used by")
    def used_by(self, template: MessageTemplate) -> str:
        """Channels and routes."""
        channels = [choice.channel.name for choice in template.channel_choices.all()]
        routes = [f"route {route.name}" for route in template.routes.all()]
        return ", ".join(sorted(channels) + sorted(routes)) or "nobody"

    @admin.display(description="State")
    def state(self, template: MessageTemplate) -> SafeString:
        """Whether it failed since it was changed last."""
        if template.failed_at is None:
            return badge("success", "Ready")
        return format_html("{} {}", badge("danger", "Failed"), moment(template.failed_at))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new one begins as the draft that was made, or as the style that was chosen."""
        initial = dict(super().get_changeform_initial_data(request))
        if "draft" in initial:
            draft = draft_in(request)
            if draft:
                return {"body": draft.body, "parse_mode": draft.parse_mode}
            del initial["draft"]
        style = STYLES.get(str(initial.pop("style", "")), STYLES["detailed"])
        return {"body": style.body, "parse_mode": style.parse_mode, **initial}

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the styles to begin with."""
        context = {"beginnings": STYLES, **(extra_context or {})}
        return cast("HttpResponse", super().changelist_view(request, context))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With what the preview needs."""
        groups = AlertGroup.objects.for_organization(organization_of(request))
        context |= {
            "preview_url": reverse(f"{self.admin_site.name}:alerts_messagetemplate_preview"),
            "samples": list(SAMPLES),
            "recent": list(groups.only("pk", "title", "status")[:RECENT]),
        }
        if kwargs.get("add") and "draft" in request.GET and (draft := draft_in(request)):
            context |= {"page_panel": "alerts/template_draft.html", "draft": draft}
        return super().render_change_form(request, context, *args, **kwargs)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Why it failed."""
        return {"page_panel": "alerts/template_panel.html", "template": row}

    def more_urls(self) -> list[URLPattern]:
        """Where the editor asks what would be shown, and where Go's templates are converted."""
        view = self.admin_site.admin_view(require_POST(self.preview_view))
        convert = self.admin_site.admin_view(self.convert_view)
        return [
            path("preview/", view, name="alerts_messagetemplate_preview"),
            path("convert/", convert, name="alerts_messagetemplate_convert"),
        ]

    def convert_view(self, request: HttpRequest) -> HttpResponse:
        """For whoever may add one."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return convert_page(request)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """JSON in and out, as of the REST API. 400 for what the editor would not ask."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            asked: Any = json.loads(request.body) if len(request.body) <= REQUEST_MAX else {}
            body, told, mode = (str(asked[name]) for name in ("body", "told", "parse_mode"))
        except (ValueError, TypeError, KeyError, RecursionError):
            return JsonResponse({"detail": "Send body, told and parse_mode."}, status=400)
        if mode not in MessageTemplate.ParseMode.values:
            return JsonResponse({"detail": f"There is no format {mode[:20]!r}."}, status=400)
        organization = organization_of(request)
        sample, group = _told(organization, told)
        if sample is None:
            return JsonResponse({"detail": "The group is gone; choose another one."}, status=404)
        channel = organization_view(organization, cast("ParseMode", mode))
        view = group_of(organization, sample, group, channel.zone)
        offer = offer_in(organization)
        shown = preview(body, channel.parse_mode, view, channel, caption=False, offer=offer)
        return JsonResponse(_shown(shown))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        templates.delete_template(actor_of(request), cast("MessageTemplate", obj))


def _told(organization: Organization, told: str) -> tuple[str | None, AlertGroup | None]:
    """The sample's name or the group; (None, None) for what there is not."""
    if told in SAMPLES:
        return told, None
    rows = AlertGroup.objects.for_organization(organization)
    try:
        group = rows.filter(pk=told).first()
    except (ValueError, forms.ValidationError):
        group = None
    return ("", group) if group else (None, None)


def _shown(found: Preview) -> dict[str, Any]:
    fault = found.fault
    return {
        "text": found.text,
        "entities": list(found.entities),
        "length": len(found.text),
        "is_shortened": found.is_shortened,
        "buttons": found.buttons,
        "error": str(fault) if fault else "",
        "line": fault.place.line if fault else None,
        "column": fault.place.column if fault else None,
    }
