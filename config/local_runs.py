"""Tasks that no broker takes run here, in the process that wanted them."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

log = logging.getLogger(__name__)

THREADS = 8
"""For those of which one runs at a time. A thread starts only once there is a run for it."""
FAILED_SECONDS = 1.0
"""After a run that failed: one that wants itself again would fail without a pause."""


class LocalRuns:
    """Each of `tasks` runs once at a time, those of `at_once` so many times. One that is wanted
    while as many run as may runs once more after that: they may have looked already."""

    def __init__(
        self, tasks: Mapping[str, Callable[[], object]], at_once: Mapping[str, int]
    ) -> None:
        self._tasks = tasks
        self._at_once = at_once
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._wanted: set[str] = set()
        self._closed = False
        threads = THREADS + sum(at_once.values())
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="local-run")

    def run(self, task: str) -> bool:
        """Have it run, at once or behind those that run; whether at once."""
        with self._lock:
            if self._closed:
                return False
            if self._running[task] >= self._at_once.get(task, 1):
                self._wanted.add(task)
                return False
            self._running[task] += 1
        self._pool.submit(self._run, task)
        return True

    def close(self) -> None:
        """Begin nothing more."""
        with self._lock:
            self._closed = True

    def _run(self, task: str) -> None:
        is_wanted = True
        while is_wanted:
            if not run_locally(self._tasks[task], task):
                time.sleep(FAILED_SECONDS)
            with self._lock:
                is_wanted = task in self._wanted and not self._closed
                self._wanted.discard(task)
                self._running[task] -= not is_wanted


def run_locally(work: Callable[[], object], name: str) -> bool:
    """As a consumer would; whether it came to its end. A task that fails is due again soon."""
    close_old_connections()
    try:
        work()
    except Exception:  # as Celery does
        log.exception("task %s failed", name)
        return False
    else:
        return True
    finally:
        close_old_connections()
