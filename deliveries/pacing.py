"""Pace: when a call may leave so that Telegram's published limits are never exceeded. Pure.

The limits (Bot FAQ, "My bot is hitting limits"; botapi/limits.py): 30 calls a second per bot, one a
second per chat where a burst of three passes, 20 a minute per group. Edits count. All times are
seconds since the epoch on one clock, passed in.

Telegram counts calls when they arrive, and one call's way may be longer than the next one's. What
an answer took longer than the fastest one, the call may have spent on its way. So a call counts
from its answer, and the next one as if answered as fast as any: equal delays cancel out and cost
nothing. How fast that is, only calls tell that left after another one's answer, and only several:
the first ones have their connections made, and a busy machine may be slow a few times in a row.
"""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable
from dataclasses import dataclass

from botapi.limits import CHAT_BURST

MARGIN = 0.005
DOUBT = 0.025
EXCESS_MAX = 0.25
"""Seconds: on top of every period; assumed of a call under way; believed of a slow answer, because
the rest is Telegram's own (it holds throttled calls for up to 8 s)."""
TELLING = 8
"""So many answers tell how fast the fastest one is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A bot's limits: calls a second, a second to one chat, a minute to one group."""

    per_second: int = 30
    chat_per_second: int = 1
    group_per_minute: int = 20


class Window:
    """At most `limit` calls in any `period` seconds, with places kept for interactive calls.

    An ordinary call leaves only when, after it, `reserve` interactive calls could still leave at
    the even spacing of the limit (`period / limit`), the first one at once or one spacing later.
    So what is kept is lent out as far as it comes back in time: under steady load nothing is lost.
    """

    __slots__ = ("_back", "_limit", "_period", "_reserve", "_spacing")

    def __init__(self, limit: int, period: float, reserve: int) -> None:
        self._limit = limit
        self._period = period + MARGIN
        self._reserve = reserve
        self._spacing = self._period / limit
        self._back: list[float] = []  # when each place taken comes back, ascending

    def earliest(self, now: float, *, urgent: bool) -> float:
        """When the next call may leave, `now` or later."""
        at = now
        taken = len(self._back)
        for kept in range((0 if urgent else self._reserve) + 1):
            others = self._limit - kept  # places that may still be taken then, this call's included
            if taken >= others:
                at = max(at, self._back[taken - others] - kept * self._spacing)
        return at

    def take(self, at: float) -> None:
        """Count a call that leaves at `at`."""
        del self._back[: bisect_right(self._back, at)]
        insort(self._back, at + self._period)

    def move(self, at: float, to: float | None) -> None:
        """The call counted at `at` left at `to`, or (None) not at all."""
        place = bisect_left(self._back, at + self._period)
        if place < len(self._back) and self._back[place] == at + self._period:
            del self._back[place]
        if to is not None:
            insort(self._back, to + self._period)


class Bucket:
    """`rate` calls a second, after a pause up to `capacity` at once (a token bucket as GCRA)."""

    __slots__ = ("_before", "_burst", "_due", "_interval")

    def __init__(self, rate: float, capacity: int) -> None:
        self._interval = 1 / rate + MARGIN
        self._burst = (capacity - 1) * self._interval
        self._due = self._before = 0.0  # when the bucket is full again; the same before `take`

    def earliest(self, now: float) -> float:
        """When the next call may leave, `now` or later."""
        return max(now, self._due - self._burst)

    def take(self, at: float) -> None:
        """Count a call that leaves at `at`."""
        self._before = self._due
        self._due = max(self._due, at) + self._interval

    def move(self, to: float | None) -> None:
        """The call counted last left at `to`, or (None) not at all."""
        self._due = self._before if to is None else max(self._before, to) + self._interval


class Pace:
    """The budgets of one bot and of its chats."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._bot = Window(limits.per_second, 1.0, limits.per_second // 10)
        self._chats: dict[Hashable, tuple[Bucket, Window | None]] = {}
        self._fastest = math.inf
        self._warm_from = math.inf
        self._warm = 0
        self._taken: dict[Hashable, float] = {}  # chat → what its latest call was counted at

    @property
    def _way(self) -> float:
        """What an answer takes at least; until that is known, a guess that is too long."""
        return self._fastest if self._warm >= TELLING else EXCESS_MAX

    @property
    def _ahead(self) -> float:
        """The same; until that is known, a guess that is too short."""
        return self._fastest if self._warm >= TELLING else 0.0

    def earliest(self, chat: Hashable, *, group: bool, now: float, urgent: bool) -> float:
        """When a call to `chat` may leave, `now` or later. `urgent` calls use what is reserved."""
        return max(
            self.bot_earliest(now, urgent=urgent),
            self.chat_earliest(chat, group=group, now=now, urgent=urgent),
        )

    def bot_earliest(self, now: float, *, urgent: bool) -> float:
        """When the bot's own limit allows the next call."""
        return self._bot.earliest(now + self._ahead, urgent=urgent) - self._ahead

    def chat_earliest(self, chat: Hashable, *, group: bool, now: float, urgent: bool) -> float:
        """When the chat's own limits allow the next call."""
        bucket, window = self._of(chat, group=group)
        at = bucket.earliest(now + self._ahead)
        return (at if window is None else window.earliest(at, urgent=urgent)) - self._ahead

    def take(self, chat: Hashable, *, group: bool, at: float) -> None:
        """Count a call to `chat` that is to leave at `at`."""
        bucket, window = self._of(chat, group=group)
        at += DOUBT + self._way
        self._taken[chat] = at
        self._bot.take(at)
        bucket.take(at)
        if window is not None:
            window.take(at)

    def answered(self, chat: Hashable, *, group: bool, left: float, answered: float) -> None:
        """The call taken last for `chat` left at `left` and was answered at `answered`."""
        took = max(0.0, answered - left)
        if left >= self._warm_from:
            self._fastest = min(self._fastest, took)
            self._warm += 1
        self._warm_from = min(self._warm_from, answered)
        self._move(chat, group=group, to=left + min(took, self._way + EXCESS_MAX))

    def give_back(self, chat: Hashable, *, group: bool) -> None:
        """The call taken last for `chat` did not leave."""
        self._move(chat, group=group, to=None)

    def _move(self, chat: Hashable, *, group: bool, to: float | None) -> None:
        bucket, window = self._of(chat, group=group)
        at = self._taken.pop(chat, -math.inf)  # a chat that moved meanwhile: counted twice
        self._bot.move(at, to)
        bucket.move(to)
        if window is not None:
            window.move(at, to)

    def _of(self, chat: Hashable, *, group: bool) -> tuple[Bucket, Window | None]:
        known = self._chats.get(chat)
        if known is None or (group and known[1] is None):
            limit = self.limits.group_per_minute
            known = self._chats[chat] = (
                Bucket(self.limits.chat_per_second, CHAT_BURST),
                Window(limit, 60.0, limit // 5) if group else None,
            )
        return known
