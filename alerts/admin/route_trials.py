"""Console page: which routes an alert would take and why, and what their channels would show."""

from typing import Any, cast

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts.console_cells import label_chips
from accounts.console_requests import organization_of
from accounts.console_site import site
from alerts import route_trial
from alerts.admin.matcher_fields import joined_lines
from alerts.matchers import Matcher, MatcherError, MatchOp, parse_matchers
from alerts.models import Alert, Integration

EXAMPLE = 'alertname="DiskFull"\nseverity="critical"\nteam="db"'


class LabelsField(forms.Field):
    """Labels as `name=value`, one a line or separated by commas; also what amtool prints."""

    widget = UnfoldAdminTextareaWidget(
        attrs={"rows": 6, "spellcheck": "false", "class": "tocsin-code", "placeholder": EXAMPLE}
    )

    def to_python(self, value: Any) -> dict[str, str]:
        """Label → value. Raises ValidationError."""
        try:
            matchers = parse_matchers(joined_lines(value))
        except MatcherError as error:
            raise forms.ValidationError(str(error)) from None
        for matcher in matchers:
            if matcher.op is not MatchOp.EQUAL:
                raise forms.ValidationError(f'Give labels as name="value", unlike {matcher}.')
        labels = {matcher.name: matcher.value for matcher in matchers}
        if len(labels) < len(matchers):
            raise forms.ValidationError("Give each label once.")
        return labels


class TrialForm(forms.Form):
    """Labels, and where the alert would come from."""

    labels = LabelsField(
        required=False, help_text='One a line, such as severity="critical". None: an alert without.'
    )
    integration = forms.ModelChoiceField(
        queryset=Integration.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        empty_label="any, or none of them",
        help_text="Routes may take the alerts of some integrations alone.",
    )

    def __init__(self, request: HttpRequest, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        rows = Integration.objects.for_organization(organization_of(request))
        cast("forms.ModelChoiceField[Any]", self.fields["integration"]).queryset = rows


def trial_page(request: HttpRequest) -> HttpResponse:
    """`?alert=ID` tries a stored alert; `?labels=…&integration=ID` tries what the form says."""
    organization = organization_of(request)
    alert = _alert(request)
    tried = None
    if alert is not None:
        tried = route_trial.try_alert(alert)
        pairs = sorted(alert.labels.items())
        lines = "\n".join(str(Matcher(name, MatchOp.EQUAL, text)) for name, text in pairs)
        form = TrialForm(request, initial={"labels": lines, "integration": alert.integration_id})
    elif "labels" in request.GET:
        form = TrialForm(request, request.GET)
        if form.is_valid():
            given = form.cleaned_data
            tried = route_trial.try_labels(organization, given["labels"], given["integration"])
    else:
        form = TrialForm(request)
    context = {
        **site.each_context(request),
        "title": "Try routes",
        "form": form,
        "tried": tried,
        "alert": alert,
        "labels": label_chips(tried.labels) if tried else "",
    }
    return TemplateResponse(request, "alerts/route_trial.html", context)


def _alert(request: HttpRequest) -> Alert | None:
    """The alert that the URL names, if any. Raises Http404 for a foreign one."""
    name = request.GET.get("alert")
    if not name:
        return None
    rows = Alert.objects.for_organization(organization_of(request))
    try:
        pk = forms.UUIDField().clean(name)
    except forms.ValidationError:
        raise Http404 from None
    found = rows.select_related("organization", "integration").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
