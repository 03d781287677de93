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
from deliveries.holding import Former
from deliveries.run import Run
from deliveries.senders import Senders

log = logging.getLogger(__name__)

RUN_SECONDS = 25.0
THREADS = 32 if settings.EMBEDDED_DATABASE else 64

_lock = threading.Lock()
_closed = threading.Event()
_senders = Senders(THREADS)
_current: Run | None = None
_former: Former = {}


def dispatch(seconds: float = RUN_SECONDS, *, until_idle: bool = False) -> None:
    """Run the dispatcher in this process; when a run is under way, only tell it and return."""
    global _current, _former  # noqa: PLW0603  # one run per process is the point
    with _lock:
        if _closed.is_set():
            return
        if _current is not None:
            _current.wake()
            return
        _current = run = Run(_senders, _former)
    try:
        _former = {}
        run.go(seconds, until_idle=until_idle)
        _former = run.former
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


def close() -> None:
    """Have this process begin nothing more, ever; what is under way goes on."""
    _closed.set()
    stop()


def finish(seconds: float) -> None:
    """After `close`: let go of the lanes, and settle the calls under way, for so many seconds.

    Others go on with these lanes meanwhile, each chat's next call after the settling of its last.
    What is not settled by then may have been sent: it leaves again, marked.
    """
    ends_at = time.monotonic() + seconds
    while _current is not None and time.monotonic() < ends_at:
        time.sleep(0.01)
    if _current is None and _senders.busy:
        Run(_senders).finish(ends_at - time.monotonic())


def _tell_current() -> bool:
    with _lock:
        if _current is None or _current.stopping:
            return False
        _current.wake()
        return True


wakeup.listen(wakeup.DISPATCH, _tell_current)
