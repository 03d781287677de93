"""Order: sequence numbers within a stream, and which calls are next."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts.models import Organization
from channels_app.models import Chat
from deliveries.models import Delivery, Stream

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
