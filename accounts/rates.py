"""Counting events a minute: in Redis for all processes, in this process when Redis is not there.

The hot path must not wait for a stopped or frozen Redis: 50 ms, then five seconds without it.
"""

import threading
import time
from collections.abc import Callable
from math import ceil

import redis

PATIENCE = 0.05
PAUSE = 5.0
LOTS = 200
"""Into how many lots a limit is cut: what each process may take in vain is half a percent."""
MAX_KEYS = 10_000


class RateCounter:
    """A fixed window of 60 seconds per key, weighted with the window before (a sliding rate).

    What is refused is not counted: else a sender a little over its limit would be refused for good.
    High limits are taken in lots, so that not every event asks Redis: what a process took is its
    own until the window ends, and at most one lot of it is never used.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self._redis = (
            redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
            if url
            else None
        )
        self._clock = clock
        self._away_until = 0.0
        self._local: dict[tuple[str, int], int] = {}
        self._taken: dict[str, tuple[int, int, int]] = {}
        self._lock = threading.Lock()

    def hit(self, key: str, limit: int) -> int:
        """Count one; 0 when within `limit` a minute, else the seconds until it is worth a retry."""
        now = self._clock()
        window, elapsed = divmod(now, 60.0)
        if self._use(key, int(window), limit):
            return 0
        lot = max(1, limit // LOTS)
        current, previous = self._count(key, int(window), lot)
        rate = current + previous * (1.0 - elapsed / 60.0)
        granted = lot - max(0, ceil(rate - limit))
        if granted < lot:
            self._count(key, int(window), max(0, granted) - lot)
        if granted >= 1:
            self._keep(key, int(window), limit, granted - 1)
            return 0
        rate, current = rate - lot + 1, current - lot + 1  # had it asked for one
        wait = (rate - limit) * 60.0 / previous if current <= limit else 60.0 - elapsed
        return int(wait) + 1

    def _use(self, key: str, window: int, limit: int) -> bool:
        """Use one of those taken; give them back when they are of another window or limit."""
        with self._lock:
            taken = self._taken.get(key)
            if taken is None:
                return False
            then, of, left = taken
            if left and (then, of) == (window, limit):
                self._taken[key] = window, limit, left - 1
                return True
            del self._taken[key]
        if left and then >= window - 1:
            self._count(key, then, -left)
        return False

    def _keep(self, key: str, window: int, limit: int, count: int) -> None:
        if not count:
            return
        with self._lock:
            if len(self._taken) > MAX_KEYS:
                self._taken = {k: taken for k, taken in self._taken.items() if taken[0] >= window}
            then, of, left = self._taken.get(key, (window, limit, 0))
            more = left if (then, of) == (window, limit) else 0
            self._taken[key] = window, limit, count + more

    def _count(self, key: str, window: int, step: int = 1) -> tuple[int, int]:
        if self._redis is not None and self._clock() >= self._away_until:
            name, before = f"rate:{key}:{window}", f"rate:{key}:{window - 1}"
            try:
                with self._redis.pipeline(transaction=False) as pipe:
                    pipe.incrby(name, step)
                    pipe.expire(name, 130)
                    pipe.get(before)
                    current, _, previous = pipe.execute()
                return int(current), int(previous or 0)
            except redis.RedisError:
                self._away_until = self._clock() + PAUSE
        with self._lock:
            if len(self._local) > MAX_KEYS:
                self._local = {k: n for k, n in self._local.items() if k[1] >= window - 1}
            self._local[key, window] = max(0, self._local.get((key, window), 0) + step)
            return self._local[key, window], self._local.get((key, window - 1), 0)
