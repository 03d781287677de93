"""Lanes: who may send with a bot now. One conditional UPDATE takes a lease; its fence grows.

All times are the database's: each process measures how far its own clock is off once per run, and
goes on by the monotonic clock, so that neither a wrong nor a jumping clock gives a lane away.
"""

import logging
import threading
import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from deliveries.models import Lane

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=12)
RENEW_SECONDS = 3.0
_FREE = {"holder": "", "leased_until": None, "dirty": False}

_WITH_WORK = """
WITH RECURSIVE found(bot_id) AS (
    SELECT (SELECT bot_id FROM deliveries_delivery WHERE state IN ('waiting', 'in_flight')
            ORDER BY bot_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.bot_id FROM deliveries_delivery d
            WHERE d.state IN ('waiting', 'in_flight') AND d.bot_id > found.bot_id
            ORDER BY d.bot_id LIMIT 1)
    FROM found WHERE found.bot_id IS NOT NULL
)
SELECT found.bot_id, lane.bot_id, lane.holder, lane.leased_until
FROM found
JOIN channels_app_bot bot ON bot.id = found.bot_id AND bot.enabled
LEFT JOIN deliveries_lane lane ON lane.bot_id = found.bot_id
"""
"""One index probe per bot instead of a scan of all open calls (a "loose index scan")."""


class Clock:
    """The database's time, as seconds since the epoch."""

    def __init__(self) -> None:
        before = time.monotonic()
        moment = _database_time()
        self._base = moment.timestamp() - (before + time.monotonic()) / 2

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._base + time.monotonic()

    def time(self, seconds_ahead: float = 0.0) -> datetime:
        """The same as a datetime in UTC, so many seconds ahead."""
        return datetime.fromtimestamp(self.now() + seconds_ahead, UTC)


def _database_time() -> datetime:
    if connection.vendor == "sqlite":
        return timezone.now()  # one machine; its datetime('now') has no microseconds
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def with_work(holder: str, now: datetime) -> tuple[list[UUID], list[UUID]]:
    """Enabled bots with unsettled calls: (those whose lane is free, those that others hold)."""
    key = Lane._meta.get_field("bot").target_field
    free: list[UUID] = []
    held: list[UUID] = []
    missing: list[UUID] = []
    with connection.cursor() as cursor:
        cursor.execute(_WITH_WORK)
        rows = cursor.fetchall()
    for bot, lane, lane_holder, leased_until in rows:
        bot_id = key.to_python(bot)
        if lane is None:
            missing.append(bot_id)
        if lane_holder and lane_holder != holder and _aware(leased_until) >= now:
            held.append(bot_id)
        elif lane_holder != holder:
            free.append(bot_id)
    if missing:
        Lane.objects.bulk_create([Lane(bot_id=bot) for bot in missing], ignore_conflicts=True)
    return free, held


def _aware(value: datetime | str | None) -> datetime:
    if value is None:
        return datetime.min.replace(tzinfo=UTC)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def take(bot_ids: Collection[UUID], holder: str, now: datetime) -> list[Lane]:
    """Lease the free ones among these lanes; returns those taken, with their bots."""
    taken = (
        Lane.objects.filter(bot_id__in=bot_ids)
        .filter(Q(holder="") | Q(leased_until__lt=now))
        .update(holder=holder, fence=F("fence") + 1, leased_until=now + LEASE, dirty=False)
    )
    if not taken:
        return []
    return list(Lane.objects.filter(bot_id__in=bot_ids, holder=holder).select_related("bot"))


def still_usable(bot_ids: Collection[UUID], holder: str, now: datetime) -> set[UUID]:
    """Those of these lanes that `holder` still has and whose bot is enabled."""
    return set(
        Lane.objects.filter(
            bot_id__in=bot_ids, holder=holder, leased_until__gt=now, bot__enabled=True
        ).values_list("bot_id", flat=True)
    )


def renew(holder: str, now: datetime) -> int:
    """Extend the holder's leases; returns how many it still has."""
    return Lane.objects.filter(holder=holder).update(leased_until=now + LEASE)


def mark_dirty(bot_ids: Collection[UUID], holder: str) -> None:
    """Tell the other holders of these lanes that there is new work."""
    Lane.objects.filter(bot_id__in=bot_ids, dirty=False).exclude(holder__in=["", holder]).update(
        dirty=True
    )


def take_dirty(bot_ids: Collection[UUID], holder: str) -> list[UUID]:
    """The holder's lanes that were marked; the mark is taken off before the caller rereads."""
    marked = list(
        Lane.objects.filter(bot_id__in=bot_ids, holder=holder, dirty=True).values_list(
            "bot_id", flat=True
        )
    )
    if marked:
        Lane.objects.filter(bot_id__in=marked, holder=holder).update(dirty=False)
    return marked


def release(bot_ids: Collection[UUID], holder: str) -> list[UUID]:
    """Let go of these lanes; returns those kept because they were marked meanwhile."""
    mine = Lane.objects.filter(bot_id__in=bot_ids, holder=holder)
    if mine.filter(dirty=False).update(holder="", leased_until=None) == len(bot_ids):
        return []
    return take_dirty(bot_ids, holder)


def drop(bot_ids: Collection[UUID], holder: str) -> None:
    """Let go of these lanes, whatever is marked: whoever takes them next reads all of it."""
    Lane.objects.filter(bot_id__in=bot_ids, holder=holder).update(**_FREE)


def release_all(holder: str) -> None:
    """Let go of everything, whatever is marked: the caller wakes the next run."""
    Lane.objects.filter(holder=holder).update(**_FREE)


def shift(bot_ids: Iterable[UUID], **fields: object) -> None:
    """Set columns of lanes: their clock, their failures, their trouble."""
    Lane.objects.filter(bot_id__in=list(bot_ids)).update(**fields)


class Renewal:
    """Renews a holder's leases on a thread of its own, with a connection of its own."""

    def __init__(self, holder: str, clock: Clock) -> None:
        self._holder = holder
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lane-renewal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Renew no more; returns when the thread has ended."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.wait(RENEW_SECONDS):
                try:
                    renew(self._holder, self._clock.time())
                except Exception as error:  # noqa: BLE001  # whatever it is, the next renewal may work
                    # The lease runs out by itself; beginning a call checks it in the database.
                    log.warning("leases not renewed: %s", type(error).__name__)
                    connection.close()
        finally:
            connection.close()
