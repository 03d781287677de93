"""Pace: when a call may leave so that Telegram's published limits are never exceeded. Pure.

The limits (Bot FAQ, "My bot is hitting limits"; botapi/limits.py): 30 calls a second per bot, one a
second per chat where a burst of three passes, 20 a minute per group. Edits count, and an album
counts as its messages (`weight`): all of it leaves at once, so what is larger than a limit waits
until nothing of that limit is used. All times are seconds since the epoch on one clock, passed in.

Telegram counts calls when they arrive, and one call's way may be longer than the next one's. What
an answer took longer than the fastest one, the call may have spent on its way. So a call counts
from its answer, and the next one as if answered as fast as any: equal delays cancel out and cost
nothing. How fast that is, only calls tell that left after another one's answer, and only several:
the first ones have their connections made, and a busy machine may be slow a few times in a row.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Hashable
from dataclasses import dataclass

from botapi.limits import CHAT_BURST

MARGIN = 0.005
DOUBT = 0.025
EXCESS_MAX = 0.25
"""Seconds: on top of every period; assumed of a call under way, and between the clocks of two
processes; believed of a slow answer, because the rest is Telegram's own (it holds throttled calls
for up to 8 s)."""
UNSEEN = DOUBT + 2 * EXCESS_MAX
"""Seconds after its beginning from which a call of a former holder counts that was not answered by
then: it left a little later, and as much as is believed of a slow answer it may have been under
way."""
TELLING = 8
"""So many answers tell how fast the fastest one is."""
PATIENCE = 0.6
"""Seconds that an interactive call waits at most for ordinary ones which its window let pass. All
else that a press takes comes on top of it, and together it is to be a second."""
KEPT_MAX = 8
"""Places kept of a window, where an operator's limits are high."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A bot's limits: calls a second, a second to one chat, a minute to one group."""

    per_second: int = 30
    chat_per_second: int = 1
    group_per_minute: int = 20


class Window:
    """At most `limit` calls in any `period` seconds, with places kept for interactive calls.

    An ordinary call leaves only when, after it, `reserve` interactive calls could still leave: the
    first one within PATIENCE or the even spacing of the limit (`period / limit`), whichever is
    shorter, the others at that spacing. So what is kept is lent out as far as it comes back in
    time. Under steady load nothing is lost where the spacing is short, as a bot's, and of a group's
    20 a minute what PATIENCE asks for: 19 in 59.4 seconds are left, 96 %.
    """

    __slots__ = ("_back", "_limit", "_period", "_waits")

    def __init__(self, limit: int, period: float, reserve: int) -> None:
        self._limit = limit
        self._period = period + MARGIN
        spacing = self._period / limit
        self._waits = [kept * spacing for kept in range(min(reserve, KEPT_MAX) + 1)]
        self._waits[1:2] = [min(spacing, PATIENCE)] if reserve else []
        self._back: list[float] = []  # when each place taken comes back, ascending

    def earliest(self, now: float, *, urgent: bool, weight: int = 1) -> float:
        """When the next call may leave, `now` or later."""
        at = now
        taken = len(self._back)
        for kept, wait in enumerate(self._waits[:1] if urgent else self._waits):
            # places that may still be taken then, this call's included
            others = max(1, self._limit - kept - weight + 1)
            if taken >= others:
                at = max(at, self._back[taken - others] - wait)
        return at

    def take(self, at: float, weight: int = 1) -> None:
        """Count a call that leaves at `at`."""
        # Not by the time: `at` is reckoned late, and calls yet to come are reckoned earlier.
        del self._back[: -2 * max(self._limit, weight)]
        for _ in range(weight):
            insort(self._back, at + self._period)

    def is_empty(self, now: float) -> bool:
        """Whether every place has come back."""
        return not self._back or self._back[-1] <= now

    def move(self, at: float, to: float | None, weight: int = 1) -> None:
        """The call counted at `at` left at `to`, or (None) not at all."""
        for _ in range(weight):
            place = bisect_left(self._back, at + self._period)
            if place < len(self._back) and self._back[place] == at + self._period:
                del self._back[place]
            if to is not None:
                insort(self._back, to + self._period)


class Bucket:
    """`rate` calls a second, after a pause up to `capacity` at once (a token bucket as GCRA).

    The last one of them is for an interactive call, which so need not wait for the next second. It
    is lent out as far as it comes back within `patience` seconds.
    """

    __slots__ = ("_before", "_burst", "_capacity", "_due", "_interval", "_kept")

    def __init__(self, rate: float, capacity: int, patience: float) -> None:
        self._interval = 1 / rate + MARGIN
        self._capacity = capacity
        self._burst = (capacity - 1) * self._interval
        self._kept = max(0.0, self._interval - patience)
        self._due = self._before = 0.0  # when the bucket is full again; the same before `take`

    def earliest(self, now: float, *, urgent: bool, weight: int = 1) -> float:
        """When the next call may leave, `now` or later."""
        burst = self._burst if urgent else self._burst - self._kept
        burst -= (min(weight, self._capacity) - 1) * self._interval
        return max(now, self._due - max(0.0, burst))

    def take(self, at: float, weight: int = 1) -> None:
        """Count a call that leaves at `at`."""
        self._before = self._due
        self._due = max(self._due, at) + weight * self._interval

    def is_full(self, now: float) -> bool:
        """Whether nothing of it is used."""
        return self._due <= now

    def move(self, to: float | None, weight: int = 1) -> None:
        """The call counted last left at `to`, or (None) not at all."""
        spent = weight * self._interval
        self._due = self._before if to is None else max(self._before, to) + spent


class Pace:
    """The budgets of one bot and of its chats."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._bot = Window(limits.per_second, 1.0, limits.per_second // 10)
        self._leads = Window(max(1, limits.per_second // 10), 1.0, 0)
        self._chat_leads: dict[Hashable, Window] = {}
        self._chats: dict[Hashable, tuple[Bucket, Window | None]] = {}
        self._fastest = math.inf
        self._warm_from = math.inf
        self._warm = 0
        self._taken: dict[Hashable, tuple[float, int]] = {}
        """Chat → what its latest call was counted at, and its weight."""

    @property
    def _way(self) -> float:
        """What an answer takes at least; until that is known, a guess that is too long."""
        return self._fastest if self._warm >= TELLING else EXCESS_MAX

    @property
    def _ahead(self) -> float:
        """The same; until that is known, a guess that is too short."""
        return self._fastest if self._warm >= TELLING else 0.0

    def earliest(
        self, chat: Hashable, *, group: bool, now: float, urgent: bool, weight: int = 1
    ) -> float:
        """When a call to `chat` may leave, `now` or later. `urgent` calls use what is reserved."""
        return max(
            self.bot_earliest(now, urgent=urgent, weight=weight),
            self.chat_earliest(chat, group=group, now=now, urgent=urgent, weight=weight),
        )

    def bot_earliest(self, now: float, *, urgent: bool, weight: int = 1) -> float:
        """When the bot's own limit allows the next call."""
        return self._bot.earliest(now + self._ahead, urgent=urgent, weight=weight) - self._ahead

    def chat_earliest(
        self, chat: Hashable, *, group: bool, now: float, urgent: bool, weight: int = 1
    ) -> float:
        """When the chat's own limits allow the next call."""
        bucket, window = self._of(chat, group=group)
        at = bucket.earliest(now + self._ahead, urgent=urgent, weight=weight)
        if window is not None:
            at = window.earliest(at, urgent=urgent, weight=weight)
        return at - self._ahead

    def take(self, chat: Hashable, *, group: bool, at: float, weight: int = 1) -> None:
        """Count a call to `chat` that is to leave at `at`."""
        at += DOUBT + self._way
        self._taken[chat] = at, weight
        self._count(chat, group=group, at=at, weight=weight)

    def recall(
        self,
        chat: Hashable,
        *,
        group: bool,
        began: float,
        answered: float | None,
        weight: int = 1,
    ) -> None:
        """Count a call of a former holder, begun at `began`; `answered`: when its end was noted.

        What was answered had arrived by then. Of the others, and of slow answers, nobody knows.
        """
        at = began + UNSEEN
        if answered is not None:
            at = min(at, answered + DOUBT)
        self._count(chat, group=group, at=at, weight=weight)

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

    def forget_rested(self, now: float) -> None:
        """Forget the chats that may be called as if they never had been."""
        for chat, (bucket, window) in list(self._chats.items()):
            if bucket.is_full(now) and (window is None or window.is_empty(now)):
                del self._chats[chat]
        for chat, leads in list(self._chat_leads.items()):
            if leads.is_empty(now):
                del self._chat_leads[chat]

    # --- who goes first ---

    def may_lead(self, now: float) -> bool:
        """Whether an interactive call may pass the bot's older ones: so do 3 of 30 a second."""
        return self._leads.earliest(now, urgent=True) <= now

    def may_lead_chat(self, chat: Hashable, now: float) -> bool:
        """Whether it may pass older ones of its chat: a fifth of what the chat takes in a minute.

        Beyond that it waits for its turn like all others, so that nobody who presses buttons all
        the time keeps alerts from a chat.
        """
        window = self._chat_leads.get(chat)
        return window is None or window.earliest(now, urgent=True) <= now

    def lead(self, chat: Hashable, *, group: bool, at: float, passes: bool) -> None:
        """Count an interactive call; `passes`: older ones waited in its chat."""
        self._leads.take(at)
        if not passes:
            return
        window = self._chat_leads.get(chat)
        if window is None:
            limits = self.limits
            calls = limits.group_per_minute if group else 60 * limits.chat_per_second
            window = self._chat_leads[chat] = Window(max(1, calls // 5), 60.0, 0)
        window.take(at)

    def _count(self, chat: Hashable, *, group: bool, at: float, weight: int) -> None:
        bucket, window = self._of(chat, group=group)
        self._bot.take(at, weight)
        bucket.take(at, weight)
        if window is not None:
            window.take(at, weight)

    def _move(self, chat: Hashable, *, group: bool, to: float | None) -> None:
        bucket, window = self._of(chat, group=group)
        # a chat that moved meanwhile is counted twice
        at, weight = self._taken.pop(chat, (-math.inf, 1))
        self._bot.move(at, to, weight)
        bucket.move(to, weight)
        if window is not None:
            window.move(at, to, weight)

    def _of(self, chat: Hashable, *, group: bool) -> tuple[Bucket, Window | None]:
        known = self._chats.get(chat)
        if known is None or (group and known[1] is None):
            limit = self.limits.group_per_minute
            known = self._chats[chat] = (
                Bucket(self.limits.chat_per_second, CHAT_BURST, PATIENCE if group else 0.0),
                Window(limit, 60.0, limit // 5) if group else None,
            )
        return known
