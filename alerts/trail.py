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
from deliveries import backlog, clock, outbox
from deliveries.calls import notice_call
from deliveries.messages import channel_params
from deliveries.models import Delivery, SentMessage

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
        said = words(actor.name, kind, data or {}, Times(zone_of(row.channel), group.opened_at))
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
    by = f" by {_short(name)}" if name else ""
    if kind == Kind.ACKNOWLEDGED:
        return f"👀 Acknowledged{by}"
    if kind == Kind.UNACKNOWLEDGED:
        return f"Acknowledgement withdrawn{by}"
    if kind == Kind.ASSIGNED:
        return f"👤 Assigned to {_short(str(data.get('to') or 'nobody'))}{by}"
    if kind == Kind.SILENCED:
        until = times.show(datetime.fromisoformat(data["until"]))
        return f"🔇 Silenced until {until}{by}"
    if kind == Kind.COMMENT:
        return f"💬 {_short(name)}: {_short(str(data.get('why', '')))}"
    return f"✅ Resolved{by}"


def _short(words_: str) -> str:
    return isolate(shorten_end(one_line(words_), _WORDS_MAX))
