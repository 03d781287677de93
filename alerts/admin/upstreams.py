"""The part of an integration's page that keeps its silences equal with an Alertmanager's or a
Grafana's: a form, and what the last sync found."""

from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.console_cells import lasted
from accounts.console_requests import actor_of
from accounts.console_site import confirm, site
from alerts.models import Integration, Upstream
from alerts.upstreams import changes as upstreams
from alerts.upstreams.advice import advice_for
from alerts.upstreams.refusals import read_refusals
from deliveries import clock

FRESH: Final = timedelta(seconds=30)
"""An agreement that is older waits for the next one."""
ASKS_FOR: Final = timedelta(minutes=2)
"""After which a sync that is due and does not come is told as such."""
REFUSED_SHOWN: Final = 10
PLAIN: Final = {"autocomplete": "off", "spellcheck": "false"}


class UpstreamForm(forms.ModelForm[Upstream]):
    """Where it is; its secret can be replaced, never read."""

    kind = forms.ChoiceField(choices=Upstream.Kind.choices, widget=UnfoldAdminSelectWidget)
    url = forms.CharField(
        label="Address",
        max_length=500,
        widget=UnfoldAdminTextInputWidget(
            attrs={**PLAIN, "placeholder": "http://alertmanager:9093", "inputmode": "url"}
        ),
        help_text="As this machine reaches it, up to its path.",
    )
    username = forms.CharField(
        label="User name",
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs=PLAIN),
        help_text="Empty: the secret is sent as a bearer token.",
    )
    secret = forms.CharField(
        label="Password or token",
        required=False,
        max_length=upstreams.SECRET_MAX,
        widget=UnfoldAdminPasswordWidget(attrs={**PLAIN, "autocomplete": "new-password"}),
        help_text="Empty: none.",
    )
    drop_secret = forms.BooleanField(
        label="Send no secret any more", required=False, widget=UnfoldBooleanSwitchWidget
    )
    enabled = forms.BooleanField(
        label="On", required=False, initial=True, widget=UnfoldBooleanSwitchWidget
    )

    field_order = ("kind", "url", "username", "secret", "drop_secret", "enabled")

    class Meta:
        model = Upstream
        fields = upstreams.SETTINGS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["prefix"] = "upstream"
        super().__init__(*args, **kwargs)
        if self.instance.secret_encrypted:
            self.fields["secret"].help_text = "One is stored. Empty: keep it."
        else:
            self.fields.pop("drop_secret")

    def given(self) -> dict[str, Any]:
        """The values for upstreams.set_upstream."""
        values = dict(self.cleaned_data)
        dropped, secret = values.pop("drop_secret", False), values.pop("secret")
        return {**values, "secret": "" if dropped else secret or None}


def upstream_of(integration: Integration) -> Upstream | None:
    """Its upstream, if any."""
    rows = Upstream.objects.for_organization(integration.organization_id)
    return rows.select_related("integration").filter(integration=integration).first()


def panel_context(integration: Integration, form: UpstreamForm | None = None) -> dict[str, Any]:
    """What alerts/upstream_panel.html shows."""
    row = upstream_of(integration)
    return {
        "integration": integration,
        "upstream": row,
        "upstream_form": form or UpstreamForm(instance=row),
        **(state_context(row, clock.now()) if row else {}),
    }


def state_context(row: Upstream, now: datetime) -> dict[str, Any]:
    """What alerts/upstream_state.html shows: `upstream_state` is off, failed, agreed, asking or
    stuck."""
    due_since = now - row.due_at if row.due_at is not None else timedelta(0)
    if not row.enabled:
        state = "off"
    elif row.problem:
        state = "failed"
    elif row.synced_at is not None and now - row.synced_at < FRESH and due_since < FRESH:
        state = "agreed"
    else:
        state = "asking" if due_since < ASKS_FOR else "stuck"
    return {
        "upstream": row,
        "upstream_state": state,
        "agreed": f"{lasted(row.synced_at, None)} ago" if row.synced_at else SafeString(""),
        "advice": advice_for(row.problem),
        "refused": read_refusals(row.refused)[:REFUSED_SHOWN] if row.problem else [],
        "state_url": reverse(
            f"{site.name}:alerts_integration_upstream_state", args=[row.integration_id]
        ),
    }


def save(request: HttpRequest, integration: Integration) -> HttpResponse:
    """The panel's form: back to the page, or a page of its own that says what is wrong."""
    if request.method != "POST":
        return redirect(_page_of(integration))
    form = UpstreamForm(request.POST, instance=upstream_of(integration))
    if form.is_valid():
        try:
            upstreams.set_upstream(actor_of(request), integration, **form.given())
        except upstreams.UpstreamRefused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return redirect(_page_of(integration))
    context = {**site.each_context(request), **panel_context(integration, form)}
    title = f"Silences of {integration}"
    return TemplateResponse(request, "alerts/upstream.html", {**context, "title": title})


def remove(request: HttpRequest, integration: Integration) -> HttpResponse:
    """Asked first. Raises Http404 where there is none."""
    row = upstream_of(integration)
    if row is None:
        raise Http404
    back = _page_of(integration)
    question = f"Keep silences equal with the {row} no longer?"
    detail = "Silences stay on both sides as they are. Its address and its secret are forgotten."
    if asked := confirm(request, question, "Remove", back, detail):
        return asked
    upstreams.remove_upstream(actor_of(request), row)
    messages.success(request, "Removed. Silences stay on both sides as they are.")
    return redirect(back)


def state_part(request: HttpRequest, integration: Integration) -> HttpResponse:
    """What the last sync found, for a page that asks again. Raises Http404 where there is none."""
    row = upstream_of(integration)
    if row is None:
        raise Http404
    return render(request, "alerts/upstream_state.html", state_context(row, clock.now()))


def _page_of(integration: Integration) -> str:
    url = reverse(f"{site.name}:alerts_integration_change", args=[integration.pk])
    return f"{url}#upstream"
