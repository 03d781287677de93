"""Telegram's published limits as a switchable model (Bot FAQ: "My bot is hitting limits").

One message a second per chat with a burst of three, 20 a minute per group, 30 a second per bot;
edits count, and an album counts as its messages; one that is larger than a limit passes where
nothing of the limit is used.
The real limits are dynamic and secret; this is what a sender can be held to.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from enum import StrEnum

from sandbox.errors import too_many_requests
from sandbox.model import Chat

CHAT_RATE = 1.0
CHAT_BURST = 3.0
GROUP_LIMIT = 20
GROUP_WINDOW = 60.0
BOT_LIMIT = 30
BOT_WINDOW = 1.0
_ROUNDING = 1e-6
"""Seconds by which sums of fractions may miss."""


class FloodMode(StrEnum):
    OFF = "off"
    PUBLISHED = "published"
    """Refuse what exceeds the limits, and count it."""
    OBSERVED = "observed"
    """Let everything pass, and count what exceeds the limits."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    time: float

    def wait(self, now: float, wanted: int) -> float:
        """Seconds until so many tokens are there, or as many as there can be."""
        self.tokens = min(CHAT_BURST, self.tokens + max(now - self.time, 0) * CHAT_RATE)
        self.time = now
        missing = min(float(wanted), CHAT_BURST) - self.tokens
        return missing / CHAT_RATE if missing > _ROUNDING else 0.0


class FloodModel:
    """`violations` counts, per bot ID, chat ID and limit, the calls that came too early."""

    def __init__(self, mode: FloodMode = FloodMode.OFF) -> None:
        self.mode = mode
        self.reset()

    def reset(self) -> None:
        self._chats: dict[tuple[int, int], _Bucket] = {}
        self._groups: dict[tuple[int, int], deque[float]] = defaultdict(deque)
        self._bots: dict[int, deque[float]] = defaultdict(deque)
        self.violations: Counter[tuple[int, int, str]] = Counter()

    def admit(self, bot_id: int, chat: Chat, now: float, messages: int = 1) -> None:
        """Take the call into account. Raises 429 with the seconds to wait when it exceeds a
        limit.
        """
        if self.mode is FloodMode.OFF:
            return
        key = (bot_id, chat.id)
        bucket = self._chats.setdefault(key, _Bucket(CHAT_BURST, now))
        waits = {
            "chat": bucket.wait(now, messages),
            "bot": _window_wait(self._bots[bot_id], BOT_LIMIT, BOT_WINDOW, now, messages),
        }
        if chat.kind in {"group", "supergroup"}:
            waits["group"] = _window_wait(
                self._groups[key], GROUP_LIMIT, GROUP_WINDOW, now, messages
            )
        limit = max(waits, key=lambda name: waits[name])
        if waits[limit] > 0:
            self.violations[bot_id, chat.id, limit] += 1
            if self.mode is FloodMode.PUBLISHED:
                raise too_many_requests(max(1, math.ceil(waits[limit])))
        bucket.tokens -= messages
        self._bots[bot_id].extend([now] * messages)
        if chat.kind in {"group", "supergroup"}:
            self._groups[key].extend([now] * messages)


def _window_wait(
    times: deque[float], limit: int, window: float, now: float, messages: int
) -> float:
    """Seconds until so many more messages fit into the sliding window of accepted ones."""
    while times and times[0] <= now - window + _ROUNDING:
        times.popleft()
    surplus = len(times) + min(messages, limit) - limit
    return times[surplus - 1] + window - now if surplus > 0 else 0.0
