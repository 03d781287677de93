"""Dispatching in this process: one run at a time, which its successor follows.

While a run is under way, wake-ups of this process tell it and do nothing else. It ends within
RUN_SECONDS, and wakes the next one.
"""

import logging
import threading
import time

from django.conf import settings
from django.db import OperationalError

from deliveries import wakeup
from deliveries.conflicts import is_conflict
from deliveries.run import Run
from deliveries.senders import Senders

log = logging.getLogger(__name__)

RUN_SECONDS = 25.0
THREADS = 32 if settings.EMBEDDED_DATABASE else 64

_lock = threading.Lock()
_senders = Senders(THREADS)
_current: Run | None = None


def dispatch(seconds: float = RUN_SECONDS, *, until_idle: bool = False) -> None:
    """Run the dispatcher in this process; when a run is under way, only tell it and return."""
    global _current  # noqa: PLW0603  # one run per process is the point
    with _lock:
        if _current is not None:
            _current.wake()
            return
        _current = run = Run(_senders)
    try:
        run.go(seconds, until_idle=until_idle)
    except OperationalError as error:
        if not is_conflict(error):
            raise
        log.warning("the dispatch run gave way to another transaction and starts again")
    finally:
        with _lock:
            _current = None
    if not (until_idle or run.stopping):
        wakeup.wake_dispatch()


def stop() -> None:
    """Have the run of this process, if any, drain and end."""
    with _lock:
        if _current is not None:
            _current.stop()


def wait_until_ended(seconds: float) -> None:
    """Return when no run is under way in this process, or after so many seconds."""
    ends_at = time.monotonic() + seconds
    while _current is not None and time.monotonic() < ends_at:
        time.sleep(0.05)


def _tell_current() -> bool:
    with _lock:
        if _current is None or _current.stopping:
            return False
        _current.wake()
        return True


wakeup.listen(wakeup.DISPATCH, _tell_current)
