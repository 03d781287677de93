"""Scripted misbehaviour for tests: which calls go wrong, how, and how often."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.model import Json

FOREVER = 3600.0


class FaultKind(StrEnum):
    TOO_MANY_REQUESTS = "too_many_requests"
    """429 with `retry_after`."""
    INTERNAL_ERROR = "internal_error"
    """500 in Telegram's envelope."""
    BAD_GATEWAY = "bad_gateway"
    """502 with an HTML body, nothing delivered."""
    UNAUTHORIZED = "unauthorized"
    """401, as for a revoked token."""
    ERROR = "error"
    """`code` and `description` as given, with optional `parameters`."""
    DELAY = "delay"
    """`seconds` later, otherwise normal."""
    HANG_BEFORE = "hang_before"
    """No answer and nothing delivered, until `seconds` pass or the caller leaves."""
    HANG_AFTER = "hang_after"
    """Delivered, but no answer, until `seconds` pass or the caller leaves."""
    DRIP = "drip"
    """Delivered; the answer comes byte by byte, one every `seconds`."""
    RESET_BEFORE = "reset_before"
    """Connection reset, nothing delivered."""
    RESET_AFTER = "reset_after"
    """Delivered, then connection reset."""
    LOST_ANSWER = "lost_answer"
    """Delivered, but the caller gets 504 with an HTML body."""
    NO_MESSAGE = "no_message"
    """Delivered, and answered with `"result": true` in place of the message."""


@dataclass(slots=True)
class Fault:
    """What happens to a call of this bot, chat and method; 0 and "" mean any.

    `count` calls are hit (None: without end), each with `probability`.
    """

    kind: FaultKind
    bot_id: int = 0
    chat_id: int = 0
    method: str = ""
    count: int | None = 1
    probability: float = 1.0
    seconds: float | None = None
    retry_after: int = 1
    code: int = 400
    description: str = ""
    parameters: Json = field(default_factory=dict)
    id: int = 0
    hits: int = 0

    @property
    def pause(self) -> float:
        """`seconds`, or by kind: hang for ever, else one second."""
        hangs = self.kind in {FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER}
        return self.seconds if self.seconds is not None else FOREVER if hangs else 1.0

    def concerns(self, bot_id: int, chat_id: int, method: str) -> bool:
        return (
            self.bot_id in {0, bot_id}
            and self.chat_id in {0, chat_id}
            and self.method.lower() in {"", method.lower()}
            and (self.count is None or self.hits < self.count)
        )


class FaultPlan:
    """The faults in force, in the order they were added; the first that fits hits. `latency` delays
    every call.
    """

    def __init__(self) -> None:
        self.faults: dict[int, Fault] = {}
        self.latency = 0.0
        self._ids = itertools.count(1)
        self._random = random.Random(0)  # noqa: S311 - repeatable tests, no secret

    def add(self, fault: Fault) -> Fault:
        fault.id = next(self._ids)
        self.faults[fault.id] = fault
        return fault

    def take(self, bot_id: int, chat_id: int, method: str) -> Fault | None:
        for fault in self.faults.values():
            if fault.concerns(bot_id, chat_id, method) and self._strikes(fault):
                fault.hits += 1
                return fault
        return None

    def _strikes(self, fault: Fault) -> bool:
        return fault.probability >= 1 or self._random.random() < fault.probability

    def clear(self) -> None:
        self.faults.clear()
        self.latency = 0.0
