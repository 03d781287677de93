"""Console pages of fallbacks: who takes a channel's alerts when its chat does not get them."""

from datetime import timedelta
from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.console_buttons import Button
from accounts.console_cells import moment
from accounts.console_forms import ShownOncePage, WritingForm
from accounts.console_requests import actor_of, can, is_htmx, organization_of
from accounts.console_site import site
from accounts.permissions import Capability
from alerts.admin.groups import badge
from alerts.admin.integrations import NamesField
from alerts.fallbacks import changes as fallbacks
from alerts.fallbacks.recipients import told_by
from alerts.fallbacks.verdicts import last_test, verdict_of
from alerts.models import Fallback, FallbackCall, TakeOver
from channels_app.models import NotificationChannel

ASKS_FOR = timedelta(minutes=2)
SHOWN = 20
SHOWN_ONCE = (
    "Copy it now: it can't be shown again. Every POST to the webhook is signed with it; the guide "
    "says how to check that."
)


class FallbackForm(WritingForm[Fallback]):
    """What takes over, and when."""

    channel = forms.ModelChoiceField(
        queryset=NotificationChannel.objects.none(), widget=UnfoldAdminSelectWidget
    )
    target = forms.ModelChoiceField(
        label="Other channel",
        queryset=NotificationChannel.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Best one of another bot: what stops one may stop both.",
    )
    addresses = NamesField(
        label="E-mail addresses",
        required=False,
        help_text="Separate them with commas.",
    )
    url = forms.CharField(
        label="URL",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="It gets a signed POST. Its secret is shown once, after saving.",
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
        model = Fallback
        fields = ("kind", "threshold", "minutes", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" not in self.fields:
            return
        rows = NotificationChannel.objects.for_organization(organization_of(self.request))
        target = cast("forms.ModelChoiceField[NotificationChannel]", self.fields["target"])
        target.queryset = rows
        target.initial = self.instance.target_id
        if self.instance._state.adding:
            channel = cast("forms.ModelChoiceField[NotificationChannel]", self.fields["channel"])
            channel.queryset = rows.filter(fallback=None)
        else:
            self.fields.pop("channel")
        for name in ("addresses", "url"):
            self.fields[name].initial = getattr(self.instance, name)
        if fallbacks.same_bot(self.instance):
            self.fields[
                "target"
            ].help_text = (
                "It has the same bot: what stops one may stop both. Choose one of another bot."
            )
        if not self.instance.secret_encrypted:
            self.fields.pop("secret", None)
            self.fields.pop("new_secret", None)

    def write(self, values: dict[str, Any], row: Fallback | None) -> Fallback:
        """Make or change it; a new secret is shown by the page's answer."""
        channel = row.channel if row is not None else values["channel"]
        values.pop("channel", None)
        saved = fallbacks.set_fallback(actor_of(self.request), channel, **values)
        self.request.shown_secret = saved.secret  # type: ignore[attr-defined]  # for the answer alone
        return saved.fallback


def send_test(request: HttpRequest, fallback: Fallback) -> HttpResponse | None:
    """The button Send test."""
    call = fallbacks.request_test(actor_of(request), fallback)
    if is_htmx(request):
        return render(request, "alerts/fallback_test.html", test_context(fallback, call))
    return None


def test_context(fallback: Fallback, call: FallbackCall) -> dict[str, Any]:
    """What alerts/fallback_test.html shows."""
    verdict = verdict_of(call)
    url = reverse(f"{site.name}:alerts_fallback_test", args=[fallback.pk])
    asks_again = verdict.state == "waiting" and timezone.now() - call.created_at < ASKS_FOR
    return {"verdict": verdict, "call": call, "url": url, "asks_again": asks_again}


@admin.register(Fallback, site=site)
class FallbackPage(ShownOncePage):
    """Who takes over."""

    form = FallbackForm
    stay_after_save = True
    shown_once = SHOWN_ONCE
    buttons: ClassVar[tuple[Button, ...]] = (
        Button(
            "test",
            "Send test",
            send_test,
            needs=Capability.RESPOND,
            in_place=True,
            primary=True,
        ),
    )
    conditional_fields: ClassVar[dict[str, str]] = {
        "addresses": "kind == 'email'",
        "target": "kind == 'channel'",
        "url": "kind == 'webhook'",
        "secret": "kind == 'webhook'",
        "new_secret": "kind == 'webhook'",
    }
    list_display = ("of_channel", "to", "when", "state", "verdict")
    list_filter = ("kind", "enabled")
    search_fields = ("channel__name",)
    list_select_related = ("channel__chat__bot", "target__chat__bot")
    empty_text = (
        "A fallback takes a channel's critical alerts when its chat has not got them for some "
        "minutes: by e-mail, to another channel, or to a program. No channel has one yet."
    )
    delete_text = "Alerts that its channel does not get will wait there, and nobody else is told."

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whose, when, then where to."""
        if obj is not None and not self.has_change_permission(request, obj):
            return [(None, {"fields": ["threshold", "minutes", "enabled"]})]
        first = ["threshold", "minutes", "enabled"] if obj else ["channel", "threshold", "minutes"]
        where = ["kind", "addresses", "target", "url"]
        if obj is not None and obj.secret_encrypted:
            where += ["secret", "new_secret"]
        return [(None, {"fields": first}), ("Where to", {"fields": where})]

    @admin.display(description="Of the channel", ordering="channel__name")
    def of_channel(self, fallback: Fallback) -> str:
        """Whose it is."""
        return str(fallback.channel)

    @admin.display(description="Tells")
    def to(self, fallback: Fallback) -> SafeString:
        """Where to; and a word where that helps little."""
        words = told_by(fallback)
        if fallbacks.same_bot(fallback):
            return format_html(
                '<div>{}<br><small class="tocsin-warn">the same bot</small></div>', words
            )
        return format_html("{}", words)

    @admin.display(description="When")
    def when(self, fallback: Fallback) -> str:
        """How grave and how late."""
        worse = "" if fallback.threshold == Fallback.Threshold.CRITICAL else " or worse"
        return f"{fallback.threshold}{worse}, {fallback.minutes} min late"

    @admin.display(description="State")
    def state(self, fallback: Fallback) -> SafeString:
        """Whether it would take over."""
        if not fallback.enabled:
            return badge("warning", "Switched off")
        if fallback.kind == Fallback.Kind.CHANNEL and fallback.target is None:
            return badge("danger", "Its channel was deleted")
        return badge("success", "Ready")

    @admin.display(description="Last test")
    def verdict(self, fallback: Fallback) -> SafeString:
        """What the last test found."""
        call = cast("Any", fallback).last_test
        if call is None:
            return format_html("{}", "never tested")
        found = verdict_of(call)
        tone = {"ok": "success", "failed": "danger"}.get(found.state, "info")
        return format_html("{} {}", badge(tone, found.state), moment(call.created_at))

    def decorate(self, request: HttpRequest, rows: list[Any]) -> None:
        """The last test of each."""
        for row in rows:  # a channel has one, and organizations have few
            row.last_test = last_test(row)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Where to, the last test, and what it took over."""
        fallback = cast("Fallback", row)
        call = last_test(fallback)
        taken = (
            TakeOver.objects.for_organization(organization_of(request))
            .filter(fallback=fallback)
            .select_related("group_message__group", "call")
        )
        return {
            "page_panel": "alerts/fallback_panel.html",
            "fallback": fallback,
            "told_by": told_by(fallback),
            "same_bot": fallbacks.same_bot(fallback),
            "row_state": self.state(fallback),
            "test": render_to_string("alerts/fallback_test.html", test_context(fallback, call))
            if call
            else "",
            "taken": list(taken[:SHOWN]),
            "may_manage": can(request, Capability.MANAGE),
        }

    def more_urls(self) -> list[URLPattern]:
        """The part of the page that shows the last test."""
        view = self.admin_site.admin_view(self.test_view)
        return [path("<path:object_id>/last-test/", view, name="alerts_fallback_test")]

    def test_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How far it is."""
        row = self.row_or_404(request, object_id)
        call = last_test(row)
        if call is None:
            raise Http404
        return render(request, "alerts/fallback_test.html", test_context(row, call))

    def secret_title(self, obj: Any) -> str:
        """Whose it is."""
        return f"Secret of the {obj}".replace("Fallback", "fallback")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the write function."""
        fallbacks.remove_fallback(actor_of(request), cast("Fallback", obj))


def open_fallback(request: HttpRequest, channel: NotificationChannel) -> HttpResponse | None:
    """The button Fallback on a channel's page: its fallback, or the page that adds one."""
    rows = Fallback.objects.for_organization(channel.organization_id)
    found = rows.filter(channel=channel).first()
    if found is not None:
        return redirect(f"{site.name}:alerts_fallback_change", found.pk)
    if not can(request, Capability.MANAGE):
        return redirect(f"{site.name}:alerts_fallback_changelist")
    add = reverse(f"{site.name}:alerts_fallback_add")
    return redirect(f"{add}?channel={channel.pk}")
