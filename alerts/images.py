"""Pictures that alerts bring, fetched on threads of their own. The text fails for none of them; it
waits SECONDS at most, and for pictures of its own organization alone.
"""

import logging
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from botapi.limits import PHOTO_BYTES_MAX
from botapi.outbound import Fetched, FetchFailed, GuardRefused, OutboundPolicy, fetch

logger = logging.getLogger(__name__)

SECONDS = 3.0
THREADS = 12
PER_ORGANIZATION = 3
"""Of the threads; a picture may have 10 MB, and its host may hang."""
FAILED_FOR = 600.0
"""Seconds for which a picture that did not come is not asked for again: each edit would wait."""
FAILED_KEPT = 10_000
TICK = 0.1
TYPES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
"""What Telegram shows as a photo → the end of its file name."""


@dataclass(slots=True, eq=False)
class Wish:
    """A picture that messages of one organization wait for until `ends`, of the monotonic clock."""

    organization_id: UUID
    url: str
    ends: float
    coming: Future[Fetched | None] | None = None

    @property
    def picture(self) -> Fetched | None:
        """It, once `Fetching.is_over` said so; None where none came."""
        return self.coming.result() if self.coming and self.coming.done() else None


class Fetching:
    """What one process fetches; one organization has PER_ORGANIZATION threads of it at most.

    `seconds`: for one picture, waiting for a thread included.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        failed_for: float = FAILED_FOR,
        failed_kept: int = FAILED_KEPT,
    ) -> None:
        self._seconds = seconds
        self._failed_for = failed_for
        self._failed_kept = failed_kept
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="images")
        self._lock = threading.Lock()
        self._running: Counter[UUID] = Counter()
        self._failed: dict[tuple[UUID, str], float] = {}

    def wish(self, organization_id: UUID, url: str) -> Wish:
        """A picture to wait for; `is_over` begins."""
        return Wish(organization_id, url, time.monotonic() + self._seconds)

    def is_over(self, wish: Wish) -> bool:
        """Whether there is nothing to wait for any more. Begins to fetch as soon as it may.

        Its organization's own pictures are waited for; where others take all threads it is over.
        """
        if wish.coming is None and not self._is_hopeless(wish):
            with self._lock:
                if self._running[wish.organization_id] >= PER_ORGANIZATION:
                    return time.monotonic() >= wish.ends
                if self._running.total() >= THREADS:
                    return True
                self._running[wish.organization_id] += 1
            wish.coming = self._pool.submit(self._fetch, wish)
        return wish.coming is None or wish.coming.done() or time.monotonic() >= wish.ends

    def _is_hopeless(self, wish: Wish) -> bool:
        again = self._failed.get((wish.organization_id, wish.url))
        return again is not None and again > time.monotonic()

    def _fetch(self, wish: Wish) -> Fetched | None:
        picture = None
        try:
            picture = _load(wish.url, self._seconds)
        except (FetchFailed, GuardRefused) as error:
            logger.info("A picture was left out: %s", error)
        except Exception:  # whatever it is, the text must go
            logger.exception("A picture could not be fetched")
        with self._lock:
            self._running[wish.organization_id] -= 1
            self._running += Counter()  # forgets who has none
            if picture is None:
                key = wish.organization_id, wish.url
                self._failed.pop(key, None)  # the newest stand last
                self._failed[key] = time.monotonic() + self._failed_for
                if len(self._failed) > self._failed_kept:
                    del self._failed[next(iter(self._failed))]
        return picture


def pause(wishes: list[Wish]) -> None:
    """Until one of them is here, for a TICK at most."""
    coming = [wish.coming for wish in wishes if wish.coming is not None]
    if coming:
        wait(coming, timeout=TICK, return_when=FIRST_COMPLETED)
    else:
        time.sleep(TICK)


def _load(url: str, seconds: float) -> Fetched:
    return fetch(
        url,
        max_bytes=PHOTO_BYTES_MAX,
        total_timeout=seconds,
        accept=TYPES,
        policy=OutboundPolicy(allowed_hosts=settings.OUTBOUND_ALLOWED_HOSTS),
    )


fetching = Fetching()
