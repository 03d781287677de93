"""Publishers that decide at once: what waits by now and is too much, or has a storm, is due again.

None of them sees what the others are about to add to a chat, so each finds little there. Each
looks again when its own calls stand: the last one sees those of all. No lock is held for it, and
what has left meanwhile has left in time.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction

from alerts.models import GroupMessage, Storm
from alerts.storms.decisions import is_too_much
from channels_app.models import Chat
from deliveries import backlog, clock


def gather(begun: Collection[Storm], close: Mapping[Chat, int]) -> int:
    """Let what waits and was never attempted be published again where a digest tells of it; returns
    how many messages. After the commit of those that wait: without this they just leave.

    `begun`: storms that began with that commit. `close`: chats in which it left something behind
    other calls, and how many may wait there.
    """
    streams: set[UUID] = set()
    for storm in [*begun, *_open_storms(close)]:
        streams |= backlog.alert_streams(storm.channel.chat, storm.channel)
    most = max(close.values(), default=0)
    waiting = backlog.waiting_in([chat.pk for chat in close], most + 1)
    for chat, limit in close.items():
        if waiting[chat.pk] > limit:
            found = backlog.alert_streams(chat)
            if is_too_much(waiting[chat.pk], 0, len(found), limit):
                streams |= found
    return _make_due(streams)


def _open_storms(chats: Collection[Chat]) -> list[Storm]:
    if not chats:
        return []
    storms = Storm.objects.filter(
        channel__chat__in=chats, closed_at=None, reason=Storm.Reason.STORM
    )
    return list(storms.select_related("channel__chat"))


def _make_due(streams: Collection[UUID]) -> int:
    """What somebody holds is passed over: it is due already, or looked at again by its holder."""
    if not streams:
        return 0
    free = GroupMessage.objects.filter(stream__in=streams, due_at=None, claimed_until=None)
    with transaction.atomic():
        held = list(free.select_for_update(skip_locked=True).values_list("pk", flat=True))
        return GroupMessage.objects.filter(pk__in=held).update(due_at=clock.now())
