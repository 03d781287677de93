"""Order: sequence numbers within a stream, and which calls are next."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts.models import Organization
from accounts.statements import adapt, one_of, query, utc, uuid_of
from channels_app.models import Chat, is_group
from deliveries.models import Delivery, Stream
from deliveries.schedule import Head

Priority = Delivery.Priority

HEAD_START = {
    Priority.INTERACTIVE: timedelta(0),
    Priority.CRITICAL: timedelta(seconds=2),
    Priority.HIGH: timedelta(seconds=20),
    Priority.NORMAL: timedelta(seconds=40),
    Priority.LOW: timedelta(seconds=60),
}
"""How much later a call may be due and still leave before one of this priority: ageing, at most
60 seconds. As a sum with `due_at` it is a key that an index can be sorted by."""


def turn_at(due_at: datetime, priority: int) -> datetime:
    """The sort key among the stream heads of a chat: the smallest leaves first."""
    return due_at + HEAD_START[Priority(priority)]


def open_streams(organization: Organization | UUID, chats: Iterable[Chat]) -> list[Stream]:
    """New empty streams, one per chat given, in that order."""
    owner = organization.pk if isinstance(organization, Organization) else organization
    return Stream.objects.bulk_create([Stream(organization_id=owner, chat=chat) for chat in chats])


def take_numbers(stream_ids: Iterable[UUID]) -> list[int]:
    """The next sequence number for each of these (a stream may come more than once), in order.

    In the caller's transaction: the row locks hold until it ends, so that numbers become visible in
    the order they were taken.
    """
    wanted = list(stream_ids)
    counts = Counter(wanted)
    first: dict[UUID, int] = {}
    for count in sorted(set(counts.values())):
        ids = sorted(stream_id for stream_id, times in counts.items() if times == count)
        for stream_id, last in _advance(ids, count):
            first[stream_id] = last - count + 1
    numbers = []
    for stream_id in wanted:
        numbers.append(first[stream_id])
        first[stream_id] += 1
    return numbers


def _advance(ids: list[UUID], count: int) -> list[tuple[UUID, int]]:
    these, values = one_of("id", ids)
    rows = query(
        "UPDATE deliveries_stream SET last_sequence = last_sequence + %s"  # noqa: S608  # a condition with a placeholder
        f" WHERE {these} RETURNING id, last_sequence",
        [count, values],
    )
    return [(uuid_of(row[0]), row[1]) for row in rows]


def is_in_use(chat: Chat) -> bool:
    """Whether another organization than the chat's wrote there."""
    return Stream.objects.filter(chat=chat).exclude(organization=chat.organization_id).exists()


Found = tuple[UUID, UUID, bool]
"""A delivery, its chat, and whether it was looked for because a person waits for it."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Of some chats: what is next in each, and when to look again where nothing is eligible yet."""

    heads: list[Head]
    look_again: dict[tuple[UUID, UUID], float]


_CHATS_OF_BOTS = """
WITH RECURSIVE start(bot_id, after) AS (VALUES {marks}),
open(bot_id, chat_id, number) AS (
    SELECT start.bot_id,
           (SELECT d.chat_id FROM deliveries_delivery d
            WHERE d.bot_id = start.bot_id AND d.chat_id > start.after
              AND d.state IN ('waiting', 'in_flight')
            ORDER BY d.chat_id LIMIT 1),
           1
    FROM start
    UNION ALL
    SELECT open.bot_id,
           (SELECT d.chat_id FROM deliveries_delivery d
            WHERE d.bot_id = open.bot_id AND d.chat_id > open.chat_id
              AND d.state IN ('waiting', 'in_flight')
            ORDER BY d.chat_id LIMIT 1),
           open.number + 1
    FROM open WHERE open.chat_id IS NOT NULL AND open.number < {limit}
)
SELECT bot_id, chat_id FROM open WHERE chat_id IS NOT NULL
"""
_NEXT = """
    SELECT n.id FROM deliveries_delivery n
    WHERE n.bot_id = chat.bot_id AND n.chat_id = chat.id{only}
      AND n.state IN ('waiting', 'in_flight') AND n.state = 'waiting' AND n.not_before <= %s
      AND NOT EXISTS (
          SELECT 1 FROM deliveries_delivery e
          WHERE e.stream_id = n.stream_id AND e.sequence < n.sequence
            AND e.state IN ('waiting', 'in_flight'))
    ORDER BY n.turn_at LIMIT 1
"""
_HEADS = f"""
SELECT chat.bot_id, chat.id, d.id, d.organization_id, d.priority, d.turn_at, d.weight,
       ({_NEXT.format(only=" AND n.priority = 0")}),
       chat.type, chat.chat_id, clock.not_before,
       CASE WHEN d.id IS NULL THEN
           (SELECT MIN(w.not_before) FROM deliveries_delivery w
            WHERE w.bot_id = chat.bot_id AND w.chat_id = chat.id
              AND w.state IN ('waiting', 'in_flight') AND w.state = 'waiting'
              AND NOT EXISTS (
                  SELECT 1 FROM deliveries_delivery e
                  WHERE e.stream_id = w.stream_id AND e.sequence < w.sequence
                    AND e.state IN ('waiting', 'in_flight')))
       END
FROM channels_app_chat chat
LEFT JOIN deliveries_delivery d ON d.id = ({_NEXT.format(only="")})
LEFT JOIN deliveries_chatclock clock ON clock.chat_id = chat.id
WHERE
"""  # noqa: S608  # parts of our own
"""The states are literals so that both databases may use the partial indexes. Chats are found by
one index probe each, and so is what is next in each: the cost does not grow with what waits. It
would if more than `turn_at` decided, or if this were one statement with the chats' own: PostgreSQL
then sorts all that waits in a chat, and scans all deliveries.
What waits behind another call of its stream is no reason to look again: that call's settling is."""

ASKED_MAX = 500
_IN_ORDER = f" ORDER BY bot_id, chat_id, turn_at LIMIT {ASKED_MAX:d}"
"""The index's own: else SQLite takes one of all that was ever sent."""
_ASKED = """
SELECT id, chat_id FROM deliveries_delivery
WHERE state IN ('waiting', 'in_flight') AND state = 'waiting' AND priority = 0 AND """


def heads_of_bots(
    bots: Sequence[tuple[UUID, UUID]], now: datetime, limit: int
) -> tuple[Heads, list[tuple[UUID, UUID]]]:
    """What is next in the chats of these bots: for each (bot, chat), in `limit` chats after it.

    Returns it with where to go on, for the bots that may have more.
    """
    if not bots:
        return Heads([], {}), []
    pair = (
        "(CAST(%s AS uuid), CAST(%s AS uuid))" if connection.vendor == "postgresql" else "(%s, %s)"
    )
    sql = _CHATS_OF_BOTS.format(marks=", ".join([pair] * len(bots)), limit=int(limit))
    last: dict[UUID, UUID] = {}
    times: Counter[UUID] = Counter()
    chats = set()
    for bot, chat in query(sql, [adapt(value) for place in bots for value in place]):
        bot_id, chat_id = uuid_of(bot), uuid_of(chat)
        last[bot_id] = max(chat_id, last.get(bot_id, chat_id))
        times[bot_id] += 1
        chats.add(chat_id)
    left = [(bot_id, last[bot_id]) for bot_id, number in times.items() if number >= limit]
    return heads_of_chats(chats, now), left


def heads_of_chats(chat_ids: Collection[UUID], now: datetime) -> Heads:
    """What is next in these chats."""
    result = Heads([], {})
    if not chat_ids:
        return result
    condition, ids = one_of("chat.id", chat_ids)
    rows = query(_HEADS + condition, [adapt(now), adapt(now), ids])
    for bot, chat, head, owner, priority, turn, weight, urgent, kind, number, clock, later in rows:
        bot_id, chat_id = uuid_of(bot), uuid_of(chat)
        if head is None:
            if later is not None:
                result.look_again[bot_id, chat_id] = utc(later).timestamp()
            continue
        found = Head(
            delivery_id=uuid_of(head),
            bot_id=bot_id,
            chat_id=chat_id,
            organization_id=uuid_of(owner),
            group=is_group(kind, number),
            urgent=priority == Priority.INTERACTIVE,
            turn=utc(turn).timestamp(),
            not_before=0.0 if clock is None else utc(clock).timestamp(),
            weight=weight,
        )
        result.heads.append(found)
        if urgent is not None and urgent != head:
            # It has the turn of what it passes: the chat loses nothing by it.
            # What answers a person is one message.
            passing = replace(
                found, delivery_id=uuid_of(urgent), urgent=True, passes=True, weight=1
            )
            result.heads.append(passing)
    return result


def made_since(bot_ids: Collection[UUID], moment: datetime) -> set[Found]:
    """What waits for these bots and was made then or later, for whomever."""
    first = UUID(int=int(moment.timestamp() * 1000) << 80)  # IDs are UUIDv7
    found = Delivery.objects.filter(pk__gt=first, bot_id__in=bot_ids, state="waiting")
    return {(pk, chat, False) for pk, chat in found.values_list("pk", "chat_id")}


def asked_for(bot_ids: Collection[UUID]) -> set[Found]:
    """What waits for these bots because a person does; where very much does, some of it."""
    these, ids = one_of("bot_id", bot_ids)
    found = query(f"{_ASKED}{these}{_IN_ORDER}", [ids])
    return {(uuid_of(pk), uuid_of(chat), True) for pk, chat in found}
