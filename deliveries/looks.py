"""What a run reads anew of the lanes it holds, a part at a time: nothing leaves meanwhile.

After a wake-up every chat is read. With very many chats that takes long, so it is done in steps and
then rests, and meanwhile only what is new is looked for, and what a person waits for, which others
may have waited for before. What else is not new by its row (a retry, a channel enabled again) is
found by the next reading of everything, seconds later.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from deliveries import streams
from deliveries.lanes import Clock

STEP_CHATS = 128
"""Chats that one step reads at most."""
NEWS_CHATS = 256
DEAR_SECONDS = 0.05
"""A reading of everything that took so long rests nine times as long, others twice."""
NEWS_REST = 0.02
OVERLAP = timedelta(seconds=2)
"""How long a row may take from being made to its commit, and still be found as new."""
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Found:
    """What a step found, and the bots of which it read the first chats."""

    heads: streams.Heads
    begun: Collection[UUID]


class Looks:
    """The readings of one run. Times are seconds since the epoch, by the run's clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: deque[tuple[UUID, UUID]] = deque()  # bot, the last chat read of it
        self._wanted = False
        self._spent = self._last = 0.0
        self._rested_at = 0.0
        self._news_at: float | None = None
        self._news_since = clock.time()
        self._known: set[streams.Found] = set()

    def wake(self) -> None:
        """There may be something new."""
        self._wanted = True
        is_dear = bool(self._left) or self._last > DEAR_SECONDS
        if is_dear and self._news_at is None:
            self._news_at = self._clock.now() + NEWS_REST

    def add(self, bots: Collection[UUID]) -> None:
        """Read these first: their lanes were taken just now."""
        self._left.extendleft((bot, _FIRST) for bot in bots)

    def begins(self) -> bool:
        """Whether everything is to be read now; the caller then names it by `add`."""
        now = self._clock.now()
        if not self._wanted or self._left or now < self._rested_at:
            return False
        self._wanted = False
        self._news_since = self._clock.time() - OVERLAP
        return True

    def next_time(self) -> float | None:
        """When there is something to read."""
        if self._left:
            return 0.0
        times = [self._rested_at] if self._wanted else []
        times += [] if self._news_at is None else [self._news_at]
        return min(times, default=None)

    def step(self) -> Found | None:
        """Read the next part, if any."""
        if not self._left:
            return None
        now = self._clock.now()
        part = [self._left.popleft() for _ in range(min(len(self._left), STEP_CHATS))]
        found, left = streams.heads_of_bots(
            part, self._clock.time(), max(1, STEP_CHATS // len(part))
        )
        self._left.extend(left)
        self._spent += self._clock.now() - now
        if not self._left:
            self._last, self._spent = self._spent, 0.0
            rest = (9 if self._last > DEAR_SECONDS else 2) * self._last
            self._rested_at = self._clock.now() + rest
        return Found(found, [bot for bot, _ in part])

    def news(self, bots: Collection[UUID]) -> streams.Heads | None:
        """What is new in these bots' chats, while not everything is read."""
        now = self._clock.now()
        if self._news_at is None or now < self._news_at:
            return None
        self._news_at = None
        since = self._clock.time() - OVERLAP
        found = streams.made_since(bots, self._news_since) | streams.asked_for(bots)
        chats = {chat for _, chat, _ in found - self._known}
        self._news_since, self._known = since, found
        return streams.heads_of_chats(list(chats)[:NEWS_CHATS], self._clock.time())
