"""How much waits for a chat, and taking back what nobody needs any more."""

import time
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from channels_app.models import Chat, NotificationChannel
from deliveries.models import Delivery, SentMessage

CHATS_MAX = 5_000
CACHED_SECONDS = 1.0
STREAMS_MAX = 500
_OF_GROUPS = (Delivery.Purpose.GROUP, Delivery.Purpose.DOCUMENT, Delivery.Purpose.NOTICE)

_WAITING = """
    SELECT c.id, (SELECT COUNT(*) FROM (
        SELECT 1 FROM deliveries_delivery d
        WHERE d.bot_id = c.bot_id AND d.chat_id = c.id
          AND d.state IN ('waiting', 'in_flight') AND d.state = 'waiting'
        LIMIT {limit:d}) AS few)
    FROM channels_app_chat c WHERE c.id IN ({marks})
"""
_CHATS = """
WITH RECURSIVE open(chat_id, number) AS (
    SELECT (SELECT d.chat_id FROM deliveries_delivery d
            WHERE d.bot_id = %s AND d.state IN ('waiting', 'in_flight')
            ORDER BY d.chat_id LIMIT 1), 1
    UNION ALL
    SELECT (SELECT d.chat_id FROM deliveries_delivery d
            WHERE d.bot_id = %s AND d.chat_id > open.chat_id
              AND d.state IN ('waiting', 'in_flight')
            ORDER BY d.chat_id LIMIT 1), open.number + 1
    FROM open WHERE open.chat_id IS NOT NULL AND open.number <= {limit:d}
)
SELECT COUNT(chat_id) FROM open
"""
"""One index probe a chat, whatever waits in it."""
_TAKE_BACK = """
    UPDATE deliveries_delivery SET state = 'superseded', settled_at = %s, outcome = %s
    WHERE stream_id IN ({marks}) AND state IN ('waiting', 'parked') AND attempts = 0
    RETURNING stream_id, target_id, method, purpose
"""

_cached: dict[UUID, tuple[float, int]] = {}


class TakenBack:
    """What was never attempted and now never leaves. `messages`: those that are never made;
    `edits`: messages that stay as they are; `notices`: streams that lost a sounding reply."""

    def __init__(self) -> None:
        self.messages: set[UUID] = set()
        self.edits: dict[UUID, str] = {}
        self.notices: set[UUID] = set()


def waiting_in(chat_ids: Collection[UUID], limit: int) -> dict[UUID, int]:
    """How many calls wait in each of these chats, those under way aside; counted up to `limit`."""
    if not chat_ids:
        return {}
    key = Delivery._meta.get_field("id")
    marks = ", ".join(["%s"] * len(chat_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING.format(limit=limit, marks=marks),
            [key.get_db_prep_value(value, connection) for value in chat_ids],
        )
        return {key.to_python(chat_id): count for chat_id, count in cursor.fetchall()}


def chats_waiting(bot_id: UUID, *, anew: bool = False) -> int:
    """In how many of the bot's chats something waits or is under way; up to a second old, unless
    it is to be counted `anew`."""
    now = time.monotonic()
    known = _cached.get(bot_id)
    if not anew and known is not None and now - known[0] < CACHED_SECONDS:
        return known[1]
    if len(_cached) > CHATS_MAX:
        _cached.clear()
    key = Delivery._meta.get_field("id").get_db_prep_value(bot_id, connection)
    with connection.cursor() as cursor:
        cursor.execute(_CHATS.format(limit=CHATS_MAX), [key, key])
        count = int(cursor.fetchone()[0])
    _cached[bot_id] = now, count
    return count


def alert_streams(chat: Chat, channel: NotificationChannel | None = None) -> set[UUID]:
    """Streams of groups that have a call waiting in this chat, or for one channel of it, which
    nobody attempted; up to STREAMS_MAX. What a person or a program had sent is none of them."""
    waiting = Delivery.objects.filter(
        Q() if channel is None else Q(channel=channel),
        bot=chat.bot_id,
        chat=chat,
        # Both, so that SQLite sees that the index of open calls will do.
        state__in=("waiting", "in_flight"),
        attempts=0,
        purpose__in=_OF_GROUPS,
    ).filter(state="waiting")
    return set(waiting.order_by().values_list("stream", flat=True)[:STREAMS_MAX])


def forget() -> None:
    """Ask anew; for tests."""
    _cached.clear()


def take_back_notices(stream_ids: Collection[UUID], before: datetime, now: datetime) -> int:
    """Supersede sounding replies of these streams that nobody attempted and that were due `before`:
    a newer one says more. In the caller's transaction; returns how many."""
    return Delivery.objects.filter(
        stream__in=stream_ids,
        purpose=Delivery.Purpose.NOTICE,
        state__in=(Delivery.State.WAITING, Delivery.State.PARKED),
        attempts=0,
        due_at__lt=before,
    ).update(state=Delivery.State.SUPERSEDED, settled_at=now, outcome="overtaken by newer news")


def take_back(stream_ids: Collection[UUID], why: str, now: datetime) -> TakenBack:
    """Supersede what these streams have waiting and nobody attempted, in the caller's transaction.

    `why`: shown as the outcome, at most 30 characters.
    """
    taken = TakenBack()
    if not stream_ids:
        return taken
    key = Delivery._meta.get_field("id")
    when = Delivery._meta.get_field("settled_at")
    marks = ", ".join(["%s"] * len(stream_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE_BACK.format(marks=marks),
            [
                when.get_db_prep_value(now, connection),
                why,
                *(key.get_db_prep_value(value, connection) for value in stream_ids),
            ],
        )
        rows = cursor.fetchall()
    for stream_id, target_id, method, purpose in rows:
        if purpose == Delivery.Purpose.NOTICE:
            taken.notices.add(key.to_python(stream_id))
        if target_id is None:
            continue
        if method.startswith("send"):
            taken.messages.add(key.to_python(target_id))
        else:
            taken.edits[key.to_python(target_id)] = method
    SentMessage.objects.filter(pk__in=taken.messages, state=SentMessage.State.EXPECTED).update(
        state=SentMessage.State.FORGOTTEN
    )
    return taken
