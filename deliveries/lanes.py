"""Lanes: who may send with a bot now. One conditional UPDATE takes a lease; its fence grows.

All times are the database's: each process measures how far its own clock is off once per run, and
goes on by the monotonic clock, so that neither a wrong nor a jumping clock gives a lane away.
"""

import logging
import socket
import threading
import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone

from accounts.statements import adapt, locking, one_of, query, time_of, unhurried, uuid_of
from deliveries import processes
from deliveries.models import Lane
from deliveries.pacing import DOUBT

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=12)
RENEW_SECONDS = 3.0
QUESTIONS = 5
"""So often at most a clock asks for the time, until one was answered within what may lie between
the clocks of two processes."""
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
        took, self._base = _ask()
        for _ in range(QUESTIONS - 1):
            if took <= DOUBT:
                break
            took, self._base = min((took, self._base), _ask())

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._base + time.monotonic()

    def time(self, seconds_ahead: float = 0.0) -> datetime:
        """The same as a datetime in UTC, so many seconds ahead."""
        return datetime.fromtimestamp(self.now() + seconds_ahead, UTC)


def _ask() -> tuple[float, float]:
    """(seconds it took, the database's time less the monotonic clock's, give or take half)."""
    if connection.vendor == "sqlite":  # one machine; its datetime('now') has no microseconds
        return 0.0, timezone.now().timestamp() - time.monotonic()
    with connection.cursor() as cursor:  # which may have to connect first
        before = time.monotonic()
        cursor.execute("SELECT clock_timestamp()")
        ((moment,),) = cursor.fetchall()
        after = time.monotonic()
    return after - before, moment.timestamp() - (before + after) / 2


def new_holder() -> str:
    """A name for one dispatch run: where, who, and which process in the kernel's own words."""
    return f"{socket.gethostname()[:20]}:{uuid4().hex[:12]}:{processes.name()}"


def gone_holders(holder: str) -> list[str]:
    """The other runs that hold lanes and whose processes are provably gone."""
    others = Lane.objects.exclude(holder__in=["", holder]).order_by()
    names = others.values_list("holder", flat=True).distinct()
    return [name for name in names if processes.is_gone(name.rpartition(":")[2])]


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
        until = time_of(leased_until)
        if lane_holder and lane_holder != holder and until is not None and until >= now:
            held.append(bot_id)
        elif lane_holder != holder:
            free.append(bot_id)
    if missing:
        Lane.objects.bulk_create([Lane(bot_id=bot) for bot in missing], ignore_conflicts=True)
    return free, held


def take(bot_ids: Collection[UUID], holder: str, now: datetime) -> list[Lane]:
    """Lease the free ones among these lanes; returns those taken, with their bots.

    A lane that somebody is writing to is left for the next time: a host that was cut off in the
    middle of a transaction holds its locks for some seconds, and the other lanes go on.
    """
    these, ids = one_of("bot_id", bot_ids)
    free = f"{these} AND (holder = '' OR leased_until < %s)"
    taken = query(
        "UPDATE deliveries_lane SET holder = %s, fence = fence + 1, leased_until = %s, dirty = %s"  # noqa: S608  # conditions with placeholders
        f" WHERE bot_id IN (SELECT bot_id FROM deliveries_lane WHERE {free}"
        f"{locking('FOR NO KEY UPDATE SKIP LOCKED')}) AND {free}{unhurried()} RETURNING bot_id",
        [holder, adapt(now + LEASE), False, ids, adapt(now), ids, adapt(now)],
    )
    if not taken:
        return []
    return list(
        Lane.objects.filter(
            bot_id__in=[uuid_of(row[0]) for row in taken], holder=holder
        ).select_related("bot")
    )


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
    these, ids = one_of("bot_id", bot_ids)  # every holder asks twenty times a second
    marked = [
        uuid_of(row[0])
        for row in query(
            f"SELECT bot_id FROM deliveries_lane WHERE {these} AND holder = %s AND dirty",  # noqa: S608  # a condition with a placeholder
            [ids, holder],
        )
    ]
    if marked:
        Lane.objects.filter(bot_id__in=marked, holder=holder).update(dirty=False)
    return marked


def release(bot_ids: Collection[UUID], holder: str) -> list[UUID]:
    """Let go of these lanes; returns those kept because they were marked meanwhile."""
    these, ids = one_of("bot_id", bot_ids)
    released = query(
        "UPDATE deliveries_lane SET holder = '', leased_until = NULL"  # noqa: S608  # a condition with a placeholder
        f" WHERE {these} AND holder = %s AND NOT dirty{unhurried()} RETURNING bot_id",
        [ids, holder],
    )
    return [] if len(released) == len(bot_ids) else take_dirty(bot_ids, holder)


def drop(bot_ids: Collection[UUID], holder: str) -> None:
    """Let go of these lanes, whatever is marked: whoever takes them next reads all of it."""
    Lane.objects.filter(bot_id__in=bot_ids, holder=holder).update(**_FREE)


def release_all(holder: str) -> None:
    """Let go of everything, whatever is marked: the caller wakes the next run."""
    Lane.objects.filter(holder=holder).update(**_FREE)


def free(holders: Collection[str]) -> dict[UUID, int]:
    """Take everything from these; returns the fences of their leases, by bot. In the caller's
    transaction."""
    theirs = list(Lane.objects.select_for_update().filter(holder__in=holders).order_by("pk"))
    Lane.objects.filter(pk__in=[lane.pk for lane in theirs]).update(**_FREE)
    return {lane.bot_id: lane.fence for lane in theirs}


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
