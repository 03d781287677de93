"""One bot's long poll, on a thread of its own. It knows no database: what it hears it hands on.

The offset moves once what it confirms is stored, and the next call confirms it to Telegram. A
thread whose call is parked cannot be woken: one that is not wanted any more is left behind, and
drops what it still hears, which is not confirmed and so comes again.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from botapi import failpoints
from botapi.client import BotApiClient
from botapi.errors import BotApiFailure
from botapi.methods import get_updates, perform
from chatops.incoming import KINDS, Incoming, UnreadableUpdate, take_in
from chatops.receiving.poll_outcomes import BACKOFF_SECONDS, Pause, after, jittered

log = logging.getLogger(__name__)

PARKED_SECONDS: Final = 50
"""The most that Telegram allows (telegram-bot-api Client.cpp)."""
CALL_SECONDS: Final = PARKED_SECONDS + 12.0
AGAIN_SECONDS: Final = 10
"""After a failure, so that it is soon known to be over; no less, for two pollers that take turns
would seem well each time."""
LIMIT: Final = 100
STACK_BYTES: Final = 1 << 20
"""Address space of a thread; what it touches of it is some tens of kilobytes."""

Arrived = Sequence[tuple[Incoming, Any]]


@dataclass(frozen=True, slots=True)
class Line:
    """What a poll needs. `connection` tells whether it is still the same."""

    bot_id: UUID
    token: str = field(repr=False)
    client: BotApiClient
    connection: tuple[str, ...] = field(repr=False)
    server: str
    proven_at: datetime | None = None
    heard_from: str = ""


class Poll:
    """`keep(poll, updates, offset)` returns once these are durable, and raises where they are not;
    `suspect(poll)` has the token checked; `leased()` says whether a call may begin."""

    def __init__(
        self,
        line: Line,
        offset: int,
        keep: "Callable[[Poll, Arrived, int], None]",
        suspect: "Callable[[Poll], None]",
        leased: Callable[[], bool],
    ) -> None:
        self.line = line
        self.offset = offset
        self.answered_at = 0.0
        """time.time() of the last good answer; 0: none yet."""
        self.pause: Pause | None = None
        """What is wrong now."""
        self.failures = 0
        self.stopped = threading.Event()
        self._keep, self._suspect, self._leased = keep, suspect, leased
        self._thread = threading.Thread(target=self._run, name="poll", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def has_webhook(self) -> bool:
        """Whether Telegram refuses to be polled, until a webhook is gone."""
        return self.pause is not None and self.pause.has_webhook

    def _run(self) -> None:
        while not self.stopped.is_set():
            if not self._leased():
                self.stopped.wait(0.5)
                continue
            wait = self._turn()
            if wait:
                self.stopped.wait(wait)

    def _turn(self) -> float:
        """One call and what follows from it; in how many seconds the next one may begin."""
        try:
            raw = self._ask()
        except BotApiFailure as failure:
            if self.stopped.is_set():
                return 0.0
            pause = after(failure, self.failures)
            self._fail(pause)
            if pause.is_suspect:
                self._suspect(self)
            return pause.seconds
        if self.stopped.is_set():
            return 0.0
        failpoints.hit("poll.answered")
        try:
            self._take(raw)
        except Exception as error:  # noqa: BLE001  # not stored, not confirmed: they come again
            name = type(error).__name__  # its text may hold what was said
            log.warning("updates of bot %s are not stored: %s", self.line.bot_id, name)
            self.failures += 1
            return jittered(BACKOFF_SECONDS[min(self.failures, len(BACKOFF_SECONDS)) - 1])
        self.answered_at, self.failures, self.pause = time.time(), 0, None
        return 0.0

    def _ask(self) -> list[Any]:
        parked = AGAIN_SECONDS if self.pause else PARKED_SECONDS
        call = get_updates(self.offset, limit=LIMIT, timeout=parked, allowed_updates=KINDS)
        began = time.monotonic()
        raw = perform(self.line.client, self.line.token, call, timeout=CALL_SECONDS)
        if not raw and time.monotonic() - began < 1.0:
            self.stopped.wait(1.0)  # a server that does not park must not be asked without end
        return raw[:LIMIT]  # any server may send more: the rest is asked for again

    def _take(self, raw: list[Any]) -> None:
        arrived = []
        for one in raw:
            try:
                arrived.append(take_in(one))
            except UnreadableUpdate as error:  # nothing to confirm it by, nor to know it again
                log.warning(
                    "bot %s: what its server sent is no update: %s", self.line.bot_id, error
                )
        if arrived:
            # Not the greater of both: a server may begin anew with smaller numbers.
            offset = arrived[-1][0].update_id + 1
            self._keep(self, arrived, offset)
            self.offset = offset
            failpoints.hit("poll.stored")

    def _fail(self, pause: Pause) -> None:
        if self.pause is None or self.pause.trouble != pause.trouble:
            log.info("polling for bot %s: %s", self.line.bot_id, pause.telegram)
        self.failures += 1
        self.pause = pause
