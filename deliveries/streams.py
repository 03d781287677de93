"""Order: sequence numbers within a stream, and which calls are next."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts.models import Organization
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
    key = Stream._meta.pk
    assert key is not None
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Stream._meta.db_table} SET last_sequence = last_sequence + %s"  # noqa: S608  # only placeholders are joined in
            f" WHERE id IN ({marks}) RETURNING id, last_sequence",
            [count, *(key.get_db_prep_value(value, connection) for value in ids)],
        )
        return [(key.to_python(row[0]), row[1]) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Heads:
    """Of some chats: what is next in each, and when to look again where nothing is eligible yet."""

    heads: list[Head]
    look_again: dict[tuple[UUID, UUID], float]


_CHATS_OF_BOTS = """
    SELECT lane.bot_id AS bot_id,
           (SELECT d.chat_id FROM deliveries_delivery d
            WHERE d.bot_id = lane.bot_id AND d.state IN ('waiting', 'in_flight')
            ORDER BY d.chat_id LIMIT 1) AS chat_id
    FROM deliveries_lane lane WHERE lane.bot_id IN ({marks})
    UNION ALL
    SELECT open.bot_id,
           (SELECT d.chat_id FROM deliveries_delivery d
            WHERE d.bot_id = open.bot_id AND d.chat_id > open.chat_id
              AND d.state IN ('waiting', 'in_flight')
            ORDER BY d.chat_id LIMIT 1)
    FROM open WHERE open.chat_id IS NOT NULL
"""
_THESE_CHATS = "SELECT c.bot_id, c.id FROM channels_app_chat c WHERE c.id IN ({marks})"
_HEADS = """
WITH RECURSIVE open(bot_id, chat_id) AS ({chats}),
heads AS (
    SELECT open.bot_id, open.chat_id,
        (SELECT d.id FROM deliveries_delivery d
         WHERE d.bot_id = open.bot_id AND d.chat_id = open.chat_id
           AND d.state IN ('waiting', 'in_flight') AND d.state = 'waiting' AND d.not_before <= %s
           AND NOT EXISTS (
               SELECT 1 FROM deliveries_delivery e
               WHERE e.stream_id = d.stream_id AND e.sequence < d.sequence
                 AND e.state IN ('waiting', 'in_flight'))
         ORDER BY d.turn_at, d.id LIMIT 1) AS head_id
    FROM open WHERE open.chat_id IS NOT NULL
)
SELECT heads.bot_id, heads.chat_id, d.id, d.organization_id, d.priority, d.turn_at,
       chat.type, chat.chat_id, clock.not_before,
       CASE WHEN d.id IS NULL THEN
           (SELECT MIN(w.not_before) FROM deliveries_delivery w
            WHERE w.bot_id = heads.bot_id AND w.chat_id = heads.chat_id
              AND w.state IN ('waiting', 'in_flight') AND w.state = 'waiting'
              AND NOT EXISTS (
                  SELECT 1 FROM deliveries_delivery e
                  WHERE e.stream_id = w.stream_id AND e.sequence < w.sequence
                    AND e.state IN ('waiting', 'in_flight')))
       END
FROM heads
JOIN channels_app_chat chat ON chat.id = heads.chat_id
LEFT JOIN deliveries_delivery d ON d.id = heads.head_id
LEFT JOIN deliveries_chatclock clock ON clock.chat_id = heads.chat_id
"""
"""The states are literals so that both databases may use the partial indexes. Chats are found by
one index probe each, and so is what is next in each: the cost does not grow with what waits.
What waits behind another call of its stream is no reason to look again: that call's settling is."""


def heads_of_bots(bot_ids: Collection[UUID], now: datetime) -> Heads:
    """What is next in every chat of these bots."""
    return _heads(_CHATS_OF_BOTS, bot_ids, now)


def heads_of_chats(chat_ids: Collection[UUID], now: datetime) -> Heads:
    """What is next in these chats."""
    return _heads(_THESE_CHATS, chat_ids, now)


def _heads(chats: str, ids: Collection[UUID], now: datetime) -> Heads:
    result = Heads([], {})
    if not ids:
        return result
    key = Delivery._meta.get_field("id")
    when = Delivery._meta.get_field("not_before")
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            _HEADS.format(chats=chats.format(marks=marks)),
            [
                *(key.get_db_prep_value(value, connection) for value in ids),
                when.get_db_prep_value(now, connection),
            ],
        )
        rows = cursor.fetchall()
    for bot, chat, head, owner, priority, turn, kind, number, clock, later in rows:
        bot_id, chat_id = key.to_python(bot), key.to_python(chat)
        if head is None:
            if later is not None:
                result.look_again[bot_id, chat_id] = _seconds(later)
            continue
        result.heads.append(
            Head(
                delivery_id=key.to_python(head),
                bot_id=bot_id,
                chat_id=chat_id,
                organization_id=key.to_python(owner),
                group=is_group(kind, number),
                urgent=priority == Priority.INTERACTIVE,
                turn=_seconds(turn),
                not_before=0.0 if clock is None else _seconds(clock),
            )
        )
    return result


def _seconds(value: datetime | str) -> float:
    if isinstance(value, str):  # SQLite stores text in UTC
        value = datetime.fromisoformat(value)
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
