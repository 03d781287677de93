"""Console pages of bots and channels, with checks, tests and switches."""

from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.audit import Actor
from accounts.console_buttons import Button
from accounts.console_cells import moment
from accounts.console_requests import actor_of, can
from accounts.console_site import site
from accounts.permissions import Capability
from channels_app import admin as channels_admin
from channels_app import bots
from channels_app.models import Bot, Chat, NotificationChannel
from deliveries import health
from deliveries.admin.probes import CHECK, TEST, ProbingPage, ask, state_span, verdict_html
from deliveries.models import Probe

channel_added: list[Callable[[Actor, NotificationChannel], object]] = []
"""Called when a person added a channel on the console; packages below add theirs."""


channel_links: dict[str, Callable[[HttpRequest, NotificationChannel], HttpResponse | None]] = {}
"""What opens a channel's page of a package below, by the button's name."""


GROUPS = (Chat.Type.GROUP, Chat.Type.SUPERGROUP)
PRIVACY_MODE = (
    "Privacy mode is on: in groups the bot hears only commands and replies to it. That is enough "
    "for buttons, commands and links. To have it hear everything: @BotFather → /setprivacy → "
    "Disable, then add the bot to the group anew; or make it an administrator there."
)


def open_fallback(request: HttpRequest, channel: NotificationChannel) -> HttpResponse | None:
    """The button Fallback."""
    return channel_links["fallback"](request, channel)


def switch_on(request: HttpRequest, channel: NotificationChannel) -> HttpResponse | None:
    """The button Enable: what was parked leaves, as it is now."""
    health.enable(actor_of(request), channel)
    ask(Probe.Kind.CHANNEL, channel, request)
    return None


def switch_off(request: HttpRequest, channel: NotificationChannel) -> HttpResponse | None:
    """The button Disable: what comes waits, and nothing is lost."""
    health.switch_off(actor_of(request), channel)
    return None


def is_on(row: Any) -> bool:
    """Whether it is enabled."""
    return bool(row.enabled)


def is_off(row: Any) -> bool:
    """Whether it is disabled."""
    return not row.enabled


@admin.display(description="State", ordering="verification")
def state(row: Bot | NotificationChannel) -> SafeString:
    """Whether it works, and when that was seen."""
    checked = moment(row.verified_at, "not checked yet")
    return format_html(
        '<div>{}<br><small class="tocsin-quiet">{}</small></div>', state_span(row), checked
    )


@admin.display(description="Verdict")
def verdict(row: Any) -> SafeString:
    """Where the answer to a check or test appears; until then what is known to be wrong."""
    inner = SafeString(verdict_html(row, row.shown_probe))
    if not inner:
        inner = format_html("{}", row.disabled_reason or row.verdict.get("advice", ""))
    return format_html(
        '<div id="verdict-{}" class="tocsin-in-place" aria-live="polite">{}</div>', row.pk, inner
    )


@admin.register(Bot, site=site)
class BotPage(ProbingPage, channels_admin.BotPage):
    """Bots, own and lent."""

    list_display = ("name", "handle", state, verdict)
    list_select_related = ("organization",)
    empty_text = "No bot yet. Talk to @BotFather in Telegram, send /newbot, and add the token here."
    delete_text = "What waits to be sent by this bot goes with it, and so do its loans."

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """With the bot as Telegram names it, and what it hears in groups."""
        note = PRIVACY_MODE if bots.has_privacy_mode(row) else ""
        return {**super().page_context(request, row), "where": self.handle(row), "note": note}


@admin.register(NotificationChannel, site=site)
class ChannelPage(ProbingPage, channels_admin.ChannelPage):
    """Channels: where alerts go."""

    buttons: ClassVar[tuple[Button, ...]] = (
        TEST,
        CHECK,
        Button("fallback", "Fallback", open_fallback, needs=Capability.VIEW),
        Button("enable", "Enable", switch_on, offered=is_off),
        Button("disable", "Disable", switch_off, offered=is_on),
    )
    actions = ("send_tests",)
    list_display = ("name", "where", state, verdict)
    empty_text = "No channel yet. Add the bot to a Telegram chat, then add that chat here."
    delete_text = "Alerts stop going there. What it showed stays in Telegram."

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new channel is made known to packages below."""
        super().save_model(request, obj, form, change)
        if not change:
            for callback in channel_added:
                callback(actor_of(request), cast("NotificationChannel", obj))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Besides the form there is a way that needs no number."""
        panel = {"page_panel": "chatops/from_telegram.html"}
        page = super().add_view(request, form_url, {**panel, **(extra_context or {})})
        return cast("HttpResponse", page)

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """With the chat as Telegram names it, and what the bot hears there."""
        hears_little = row.chat.type in GROUPS and bots.has_privacy_mode(row.chat.bot)
        return {
            **super().page_context(request, row),
            "where": self.where(row),
            "note": PRIVACY_MODE if hears_little else "",
        }

    def has_respond_permission(self, request: HttpRequest) -> bool:
        """For the list's action."""
        return can(request, Capability.RESPOND)

    @admin.action(description="Send test", permissions=["respond"])
    def send_tests(self, request: HttpRequest, queryset: QuerySet[NotificationChannel]) -> None:
        """A test to each chosen channel."""
        self.ask_for_all(Probe.Kind.TEST, request, list(queryset.select_related("chat__bot")))
