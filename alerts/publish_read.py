"""Claimed GroupMessages, read with all that decides what is said, and the plan of what to say."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from alerts.group_views import (
    Seen,
    channel_view,
    channels_of_routes,
    params_of,
    policy_of,
    views_of,
)
from alerts.models import GroupMessage
from alerts.publish_plan import Plan, Situation, make_plan
from alerts.shown import from_json
from alerts.sound import Heard
from channels_app.models import NotificationChannel
from deliveries import outbox
from deliveries.models import Attachment, SentMessage

_GONE = SentMessage.State.FORGOTTEN


@dataclass(slots=True)
class Ready:
    """A claimed GroupMessage with its plan. `picture`: bytes and media type, when it is new."""

    row: GroupMessage
    seen: Seen
    situation: Situation
    plan: Plan
    picture: tuple[bytes, str] | None = None

    @property
    def wants_picture(self) -> bool:
        """Whether there is one that its channel does not show yet."""
        url = self.seen.image_url
        return bool(url) and (self.situation.is_gone or url != self.situation.shown.image)

    def show(self, picture: tuple[bytes, str]) -> None:
        """Plan anew, with the picture that it wants."""
        self.picture = picture
        self.plan_anew(picture=self.seen.image_url, attachment_id=Attachment().pk)

    def plan_anew(self, **changes: Any) -> None:
        """Plan for a situation that changed so."""
        self.situation = replace(self.situation, **changes)
        self.plan = make_plan(self.situation)


def read(ids: Collection[UUID], now: datetime) -> tuple[list[Ready], list[UUID]]:
    """Those whose channel can be told now, as they came; and the IDs of the others."""
    rows = _load(ids)
    usable = [row for row in rows if _is_usable(row.channel)]
    seen = views_of({row.group_id: row.group for row in usable}.values())
    routed = channels_of_routes({row.group.route_id for row in usable})
    waiting = unsent_of(usable)
    ready = []
    for row in usable:
        is_routed = (row.group.route_id, row.channel_id) in routed
        situation = _situation(row, seen[row.group_id], now, is_routed=is_routed)
        situation = replace(situation, unsent=waiting.get(row.pk))
        ready.append(Ready(row, seen[row.group_id], situation, make_plan(situation)))
    return ready, [row.pk for row in rows if not _is_usable(row.channel)]


def unsent_of(rows: Iterable[GroupMessage], *, hold: bool = False) -> dict[UUID, bool]:
    """`outbox.unsent` by GroupMessage."""
    expected = {
        row.message_id: row.pk
        for row in rows
        if row.message_id and row.message and row.message.state == SentMessage.State.EXPECTED
    }
    return {expected[pk]: maybe for pk, maybe in outbox.unsent(expected, hold=hold).items()}


def _load(ids: Collection[UUID]) -> list[GroupMessage]:
    related = (
        "group__route",
        "group__organization",
        "channel__organization",
        "channel__chat__bot",
        "stream__chat",
        "message__stream__chat",
        "document__stream__chat",
    )
    # As they came, so that they leave.
    return list(GroupMessage.objects.filter(pk__in=ids).select_related(*related).order_by("pk"))


def _is_usable(channel: NotificationChannel) -> bool:
    return channel.enabled and channel.chat.bot.enabled


def _situation(row: GroupMessage, seen: Seen, now: datetime, *, is_routed: bool) -> Situation:
    shown, told = from_json(row.shown)
    return Situation(
        group_message_id=row.pk,
        group=seen.view,
        document=seen.document,
        channel=channel_view(row.channel),
        policy=policy_of(row.channel),
        params=params_of(row.channel),
        shown=shown,
        heard=Heard(told, row.sounded_at),
        now=now,
        is_gone=row.message is None or row.message.state == _GONE or is_moved(row),
        is_document_gone=row.document is None or row.document.state == _GONE or is_moved(row),
        is_repeat=row.repeat_at is not None and row.repeat_at <= now and row.group.is_open,
        is_routed=is_routed,
        was_routed=row.routed,
    )


def is_moved(row: GroupMessage) -> bool:
    """Whether the channel was pointed to another chat since the group's messages were begun."""
    return row.stream.chat_id != row.channel.chat_id
