"""The time by which things become due: the database's, for hosts whose own clocks are off.

What one host says is due another one looks for. Were each to go by its own clock, a host that is
30 seconds ahead would make its alerts due 30 seconds late. So a process measures how far off it is,
and adds that. SQLite is one machine and needs none of it.
"""

import logging
import threading
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

log = logging.getLogger(__name__)

EVERY_SECONDS = 10.0
BELIEVED = timedelta(milliseconds=10)
"""As far off as this, or as the question took, a clock counts as right: no measuring is finer, and
time must not jump about with it."""
TOLD = timedelta(seconds=1)
"""From so much on the log says it."""

_off = timedelta(0)
_lock = threading.Lock()
_thread: threading.Thread | None = None


def now() -> datetime:
    """The time in UTC by the database's clock, as far as this process keeps it."""
    return timezone.now() + _off


def keep() -> None:
    """Measure now, and from now on every EVERY_SECONDS, on a thread of its own."""
    global _thread  # noqa: PLW0603  # one per process is the point
    with _lock:
        if _thread is not None or settings.EMBEDDED_DATABASE:
            return
        _thread = threading.Thread(target=_run, name="clock", daemon=True)
    _measure()
    _thread.start()


def correct(before: datetime, database: datetime, after: datetime, known: timedelta) -> timedelta:
    """What to add to this host's clock from now on. Pure.

    `before` and `after`: this host's clock around the question that was answered with `database`.
    """
    took = after - before
    found = database - (before + took / 2)
    doubt = max(took, BELIEVED)
    if abs(found - known) <= doubt:
        return known
    return timedelta(0) if abs(found) <= doubt else found


def _run() -> None:
    while True:
        time.sleep(EVERY_SECONDS)
        _measure()


def _measure() -> None:
    global _off  # one clock per process
    try:
        with connection.cursor() as cursor:
            before = timezone.now()
            cursor.execute("SELECT clock_timestamp()")
            ((database,),) = cursor.fetchall()
            after = timezone.now()
    except (DatabaseError, InterfaceError) as error:  # whoever needs the database says so
        log.info("the database's clock could not be read: %s", type(error).__name__)
        return
    finally:
        connection.close()
    known, _off = _off, correct(before, database, after, _off)
    if _off != known and max(abs(_off), abs(known)) >= TOLD:
        log.warning(
            "this host's clock is %+.1f s off the database's; due times go by the database's",
            -_off.total_seconds(),
        )
