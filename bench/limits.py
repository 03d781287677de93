"""Telegram's published limits, as the stand-in enforces them and as efficiency is reckoned. Pure.

30 calls a second per bot, one a second per chat where a burst of three passes, 20 a minute per
group (core.telegram.org/bots/faq, "My bot is hitting limits"). Edits count. This is deliberately
not the product's own reckoning: one error must not hide in both.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field

BOT_CALLS, BOT_SECONDS = 30, 1.0
CHAT_RATE, CHAT_BURST = 1.0, 3.0
GROUP_CALLS, GROUP_SECONDS = 20, 60.0
_ROUNDING = 1e-6
"""Seconds by which sums of fractions may miss."""


def is_group(chat_id: int) -> bool:
    """Groups and channels are negative numbers."""
    return chat_id < 0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float

    def wait(self, now: float) -> float:
        self.tokens = min(CHAT_BURST, self.tokens + max(0.0, now - self.filled_at) * CHAT_RATE)
        self.filled_at = now
        missing = (1 - self.tokens) / CHAT_RATE
        return missing if missing > _ROUNDING else 0.0


@dataclass(slots=True)
class Limits:
    """Counts the calls that it admits; times are seconds on one clock, never going back."""

    _chats: dict[Hashable, _Bucket] = field(default_factory=dict)
    _windows: dict[Hashable, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def wait(self, bot_id: int, chat_id: int, now: float) -> float:
        """Seconds until a call to this chat would be admitted; 0.0: now."""
        bucket = self._chats.setdefault((bot_id, chat_id), _Bucket(CHAT_BURST, now))
        waits = [bucket.wait(now), self._window_wait(bot_id, BOT_CALLS, BOT_SECONDS, now)]
        if is_group(chat_id):
            key = (bot_id, chat_id)
            waits.append(self._window_wait(key, GROUP_CALLS, GROUP_SECONDS, now))
        return max(waits)

    def admit(self, bot_id: int, chat_id: int, now: float) -> float:
        """Count the call when it is within all limits; else the seconds to wait, above 0."""
        wait = self.wait(bot_id, chat_id, now)
        if wait > 0:
            return wait
        self._chats[bot_id, chat_id].tokens -= 1
        self._windows[bot_id].append(now)
        if is_group(chat_id):
            self._windows[bot_id, chat_id].append(now)
        return 0.0

    def _window_wait(self, key: Hashable, calls: int, period: float, now: float) -> float:
        times = self._windows[key]
        while times and times[0] <= now - period + _ROUNDING:
            times.popleft()
        return 0.0 if len(times) < calls else times[len(times) - calls] + period - now


def allowed_calls(chat_ids: Collection[int], seconds: float) -> int:
    """How many calls one bot may make to these chats in so many seconds, from a rested start, when
    there is always work for each of them: each call leaves as early as the limits let it."""
    limits = Limits()
    turns = [(0.0, number, chat_id) for number, chat_id in enumerate(chat_ids)]
    heapq.heapify(turns)
    calls = 0
    while turns and turns[0][0] <= seconds:
        now, number, chat_id = turns[0]
        wait = limits.admit(0, chat_id, now)
        calls += wait == 0
        heapq.heapreplace(turns, (now + wait, number, chat_id))
    return calls
