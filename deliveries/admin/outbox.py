"""Console pages of deliveries: what was sent, what waits and why, and Retry."""

import json
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, cast

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.console import ConsoleModelAdmin
from accounts.console_buttons import Button
from accounts.console_cells import time_column
from accounts.console_requests import actor_of
from accounts.console_site import Banner, site
from accounts.models import Organization
from accounts.permissions import Capability
from channels_app.bots import bots_usable_by
from channels_app.models import NotificationChannel
from deliveries import health, retrying, selectors
from deliveries.message_links import message_url
from deliveries.models import Delivery, Lane

State = Delivery.State


class Story(NamedTuple):
    """What a delivery is about: `kind` and `name` in words, and the page that tells of it."""

    kind: str
    name: str
    url: str


TONES = {
    State.WAITING: "info",
    State.IN_FLIGHT: "info",
    State.SENT: "success",
    State.DEAD: "danger",
    State.PARKED: "warning",
    State.SUPERSEDED: "quiet",
}
OUTCOMES = {
    "": "under way",
    "sent": "sent",
    "unknown": "no answer",
    "postpone": "asked to wait",
    "retarget": "the chat moved: follows",
    "nextstep": "refused: leaves something out",
    "forgettarget": "the message is gone: forgets it",
    "disablechannel": "refused for good: disables the channel",
    "confirmchannel": "refused: asks again whether the chat is there",
    "suspectbot": "the token was refused: asks again",
    "lanebackoff": "not reached: tries again",
    "unconfirmed": "the answer names no message: tries again",
    "giveup": "refused for good",
}
"""What an attempt led to, by the name that it is stored under."""
stories: list[Callable[[Delivery], Story | None]] = []
"""What a delivery is about, of packages below that know it: the first answer is shown."""
UNSETTLED = (State.WAITING, State.IN_FLIGHT, State.PARKED)


def state_badge(delivery: Delivery) -> SafeString:
    """Its state in a word."""
    return format_html(
        '<span class="tocsin-state tocsin-state-{}">{}</span>',
        TONES[State(delivery.state)],
        delivery.get_state_display(),
    )


def retry(request: HttpRequest, delivery: Delivery) -> HttpResponse | None:
    """The button Retry."""
    try:
        retrying.retry(delivery, actor_of(request))
    except retrying.NotRetryable as refusal:
        raise ValueError(f"It can't be sent again: {refusal}.") from None
    return None


def is_dead(delivery: Delivery) -> bool:
    """Whether Retry makes sense."""
    return delivery.state == State.DEAD


@admin.register(Delivery, site=site)
class DeliveryPage(ConsoleModelAdmin):
    """Durable calls to Telegram and what became of them."""

    can_add = can_change = can_delete = False
    change_form_template = "deliveries/delivery.html"
    buttons: ClassVar[tuple[Button, ...]] = (
        Button(
            "retry",
            "Retry",
            retry,
            needs=Capability.RESPOND,
            offered=is_dead,
            in_list=True,
            primary=True,
        ),
    )
    list_display = (
        "what",
        "state_shown",
        "where",
        time_column("created_at", "When"),
        "attempts",
        "said",
    )
    list_filter = ("state", "purpose", "channel")
    list_select_related = ("channel", "chat", "target")
    fieldsets = ((None, {"fields": ()}),)
    empty_text = (
        "Nothing was sent yet. Messages appear here once an alert arrives or a test is sent."
    )
    empty_link = ("Send a test from a channel", "channels_app_notificationchannel_changelist")

    @admin.display(description="What", ordering="purpose")
    def what(self, delivery: Delivery) -> SafeString:
        """Purpose and method."""
        return format_html(
            '{} <code class="tocsin-quiet">{}</code>',
            delivery.get_purpose_display(),
            delivery.method,
        )

    @admin.display(description="State", ordering="state")
    def state_shown(self, delivery: Delivery) -> SafeString:
        """The badge."""
        return state_badge(delivery)

    @admin.display(description="Channel")
    def where(self, delivery: Delivery) -> str:
        """The channel, else the chat."""
        return str(delivery.channel or delivery.chat)

    @admin.display(description="Last answer")
    def said(self, delivery: Delivery) -> str:
        """Shortened."""
        text = delivery.description
        return text if len(text) <= 80 else f"{text[:79]}…"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The call, its attempts, and what it waits for."""
        delivery = cast("Delivery", row)
        target, chat = delivery.target, delivery.chat
        return {
            "delivery": delivery,
            "story": next((told for tell in stories if (told := tell(delivery))), None),
            "badge": state_badge(delivery),
            "tries": [
                (attempt, OUTCOMES.get(attempt.outcome, attempt.outcome))
                for attempt in selectors.attempts_of(delivery)
            ],
            "because": selectors.why_waiting(delivery) if delivery.state in UNSETTLED else "",
            "params": {
                name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                for name, value in delivery.params.items()
                if name != "v"
            },
            "has_name": str(chat) != str(chat.address),
            "message_url": message_url(chat.chat_id, chat.username, target.message_id)
            if target is not None
            else "",
        }


def trouble_banners(organization: Organization) -> list[Banner]:
    """Bots and channels that don't send, and bots that wait for Telegram."""
    channels = NotificationChannel.objects.for_organization(organization)
    off = [row for row in channels.filter(enabled=False)[:50] if health.disabled_by_us(row)]
    banners = [
        {
            "level": "error",
            "text": f"The channel {channel.name} is disabled: {channel.disabled_reason}",
            "link": reverse(
                f"{site.name}:channels_app_notificationchannel_change", args=[channel.pk]
            ),
            "label": "Mend it",
        }
        for channel in off[:3]
    ]
    usable = bots_usable_by(organization)
    disabled = [row for row in usable.filter(enabled=False)[:50] if health.disabled_by_us(row)]
    banners += [
        {
            "level": "error",
            "text": f"The bot {bot} is disabled: {bot.disabled_reason}",
            "link": reverse(f"{site.name}:channels_app_bot_change", args=[bot.pk]),
            "label": "Mend it",
        }
        for bot in disabled[:3]
    ]
    lanes = Lane.objects.filter(~Q(trouble=""), bot__in=usable.filter(enabled=True))
    banners += [
        {
            "level": "warning",
            "text": f"{lane.bot} waits: {selectors.trouble_of(lane, organization.pk)}",
            "link": reverse(f"{site.name}:channels_app_bot_change", args=[lane.bot_id]),
            "label": "Look",
        }
        for lane in lanes.select_related("bot")[:3]
    ]
    return banners


site.banner_sources.append(trouble_banners)
