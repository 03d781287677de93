"""Console pages of endpoints: programs that are called with signed POSTs."""

from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.console_buttons import Button
from accounts.console_cells import moment
from accounts.console_forms import ShownOncePage, WritingForm
from accounts.console_requests import actor_of, organization_of
from accounts.console_site import site
from accounts.permissions import Capability
from alerts.admin.groups import badge
from chatops.endpoints import changes
from chatops.models import Endpoint, EndpointCall

SHOWN = 20
TONES = {"accepted": "success", "failed": "danger", "waiting": "info"}
SHOWN_ONCE = (
    "Copy it now: it can't be shown again. Every POST to the endpoint is signed with it; the guide "
    "says how to check that."
)


class EndpointForm(WritingForm[Endpoint]):
    """Where it is."""

    url = forms.CharField(
        label="URL",
        max_length=changes.URL_MAX,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="It gets signed POSTs. Its secret is shown once, after saving.",
    )
    secret = forms.CharField(
        label="Present secret",
        required=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Only to have another URL called.",
    )
    new_secret = forms.BooleanField(
        label="Make a new secret", required=False, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = Endpoint
        fields = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "url" in self.fields:
            self.fields["url"].initial = self.instance.url
        if self.instance._state.adding:
            self.fields.pop("secret", None)
            self.fields.pop("new_secret", None)

    def write(self, values: dict[str, Any], row: Endpoint | None) -> Endpoint:
        """Make or change it; a new secret is shown by the page's answer."""
        actor = actor_of(self.request)
        if row is None:
            saved = changes.create_endpoint(actor, organization_of(self.request), **values)
        else:
            saved = changes.change_endpoint(actor, row, **values)
        self.request.shown_secret = saved.secret  # type: ignore[attr-defined]  # for the answer alone
        return saved.endpoint


def send_test(request: HttpRequest, endpoint: Endpoint) -> HttpResponse | None:
    """The button Send test."""
    changes.request_test(actor_of(request), endpoint)
    return None


@admin.register(Endpoint, site=site)
class EndpointPage(ShownOncePage):
    """Programs of the organization's."""

    form = EndpointForm
    stay_after_save = True
    shown_once = SHOWN_ONCE
    list_display = ("name", "host", "last")
    sortable_by = ("name",)
    search_fields = ("name",)
    empty_text = (
        "An endpoint is a program of yours that is told, by a signed POST, what people answered, "
        "or what an own command shall do. There is none yet."
    )
    empty_link = ("Add an endpoint", "chatops_endpoint_add")
    delete_text = "What it was to be told of is not told. Own commands that call it do nothing."
    buttons: ClassVar[tuple[Button, ...]] = (
        Button("test", "Send test", send_test, needs=Capability.RESPOND, primary=True),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Where it is; what proves who may move it."""
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["name"]})]
        more = ["secret", "new_secret"] if obj is not None else []
        return [(None, {"fields": ["name", "url", *more]})]

    @admin.display(description="Host")
    def host(self, endpoint: Endpoint) -> str:
        """The rest of a URL may be a secret."""
        return urlsplit(endpoint.url).hostname or ""

    @admin.display(description="Last call")
    def last(self, endpoint: Endpoint) -> SafeString:
        """What came of it."""
        call = cast("Any", endpoint).last_call
        return shown_call(call) if call else format_html("{}", "never called")

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """The last call of each; organizations have few."""
        for row in rows:
            row.last_call = row.calls.first()

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The last calls."""
        calls = EndpointCall.objects.for_organization(organization_of(request))
        newest = list(calls.filter(endpoint=row).select_related("approval", "run")[:SHOWN])
        return {
            "page_panel": "chatops/endpoint_panel.html",
            "calls": [(call, shown_call(call)) for call in newest],
            "asks_again": any(is_under_way(call) for call in newest),
        }

    def secret_title(self, obj: Any) -> str:
        """Whose it is."""
        return f"Secret of the endpoint {obj}"

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        changes.delete_endpoint(actor_of(request), cast("Endpoint", obj))


def is_under_way(call: EndpointCall) -> bool:
    """Whether something comes of it within seconds, for which the page waits."""
    is_soon = call.event == EndpointCall.Event.TEST or not call.attempts
    return is_soon and call.state == EndpointCall.State.WAITING


def shown_call(call: EndpointCall) -> SafeString:
    """How far it is, and since when."""
    state = badge(TONES[call.state], call.get_state_display().lower())
    return format_html("{} {}", state, moment(call.created_at))
