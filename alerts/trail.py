"""What people do about a group, also said in short replies, where a channel wishes that.

The message says who did what by itself, and at once; a reply stays where the message changes again.
So it may wait, makes no sound, and is left out in a chat in which much waits.
"""

from datetime import datetime
from typing import Any

from accounts.audit import Actor
from alerts.group_views import zone_of
from alerts.models import AlertGroup, GroupMessage, TimelineEvent
from alerts.rendering.times import Times
from alerts.rendering.words import isolate, one_line, shorten_end
from botapi.markup import render, text, visible
from channels_app.channel_language import language_of
from deliveries import backlog, clock, outbox
from deliveries.calls import notice_call
from deliveries.messages import channel_params
from deliveries.models import Delivery, SentMessage
from languages.speaking import gettext, pgettext, speaking

WAITING_MAX = 10
"""Calls that may wait in the chat beside it."""
_WORDS_MAX = 200

Kind = TimelineEvent.Kind


def leave(actor: Actor, group: AlertGroup, kind: str, data: dict[str, Any] | None = None) -> int:
    """Have it said in the channels that show the group and wish it; returns in how many. In the
    caller's transaction."""
    rows = list(
        GroupMessage.objects.for_organization(group.organization_id)
        .filter(group=group, routed=True, channel__trail=True, message__isnull=False)
        .exclude(message__state=SentMessage.State.FORGOTTEN)
        .select_related("channel__chat", "channel__organization", "message")
    )
    if not rows:
        return 0
    waiting = backlog.waiting_in({row.channel.chat_id for row in rows}, WAITING_MAX + 1)
    told = 0
    for row in rows:
        message = row.message
        chat = row.channel.chat
        if message is None or message.chat_id != chat.pk or waiting[chat.pk] > WAITING_MAX:
            continue
        times = Times(zone_of(row.channel), group.opened_at)
        with speaking(language_of(row.channel)):
            said = words(actor.name, kind, data or {}, times)
        nodes = [text(said)]
        mode: Any = row.channel.parse_mode
        outbox.send(
            outbox.open_stream(group.organization_id, chat),
            notice_call(
                channel_params(row.channel), render(nodes, mode), mode, visible(nodes), silent=True
            ),
            channel=row.channel,
            purpose=Delivery.Purpose.NOTICE,
            priority=Delivery.Priority.LOW,
            kind=SentMessage.Kind.TEXT,
            due_at=clock.now(),
            reply_to=message,
        )
        told += 1
    return told


def words(name: str, kind: str, data: dict[str, Any], times: Times) -> str:
    """ "👀 Acknowledged by Ada"."""
    said = _said(kind, is_by_somebody=bool(name))
    until = data.get("until") if kind == Kind.SILENCED else None
    return said.format(
        name=_short(name),
        to=_short(str(data.get("to") or pgettext("person", "nobody"))),
        text=_short(str(data.get("why", ""))),
        time=times.show(datetime.fromisoformat(until)) if until else "",
    )


def _said(kind: str, *, is_by_somebody: bool) -> str:
    if kind == Kind.COMMENT:
        return gettext("💬 {name}: {text}")
    if is_by_somebody:
        return {
            Kind.ACKNOWLEDGED: gettext("👀 Acknowledged by {name}"),
            Kind.UNACKNOWLEDGED: gettext("Acknowledgement withdrawn by {name}"),
            Kind.ASSIGNED: gettext("👤 Assigned to {to} by {name}"),
            Kind.SILENCED: gettext("🔇 Silenced until {time} by {name}"),
        }.get(Kind(kind)) or gettext("✅ Resolved by {name}")
    return {
        Kind.ACKNOWLEDGED: gettext("👀 Acknowledged"),
        Kind.UNACKNOWLEDGED: gettext("Acknowledgement withdrawn"),
        Kind.ASSIGNED: gettext("👤 Assigned to {to}"),
        Kind.SILENCED: gettext("🔇 Silenced until {time}"),
    }.get(Kind(kind)) or gettext("✅ Resolved")


def _short(words_: str) -> str:
    return isolate(shorten_end(one_line(words_), _WORDS_MAX))
