"""Counting events a minute: in Redis for all processes, in this process when Redis is not there.

The hot path must not wait for a stopped or frozen Redis: 50 ms, then five seconds without it.
"""

import threading
import time
from collections.abc import Callable

import redis

PATIENCE = 0.05
PAUSE = 5.0


class RateCounter:
    """A fixed window of 60 seconds per key, weighted with the window before (a sliding rate).

    What is refused is not counted: else a sender a little over its limit would be refused for good.
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
        self._lock = threading.Lock()

    def hit(self, key: str, limit: int) -> int:
        """Count one; 0 when within `limit` a minute, else the seconds until it is worth a retry."""
        now = self._clock()
        window, elapsed = divmod(now, 60.0)
        current, previous = self._count(key, int(window))
        rate = current + previous * (1.0 - elapsed / 60.0)
        if rate <= limit:
            return 0
        self._count(key, int(window), -1)
        wait = (rate - limit) * 60.0 / previous if current <= limit else 60.0 - elapsed
        return int(wait) + 1

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
            if len(self._local) > 10_000:
                self._local = {k: n for k, n in self._local.items() if k[1] >= window - 1}
            self._local[key, window] = max(0, self._local.get((key, window), 0) + step)
            return self._local[key, window], self._local.get((key, window - 1), 0)
