"""Calls that handlers ask for: made outside of any transaction, on the threads that handle updates.

A server that hangs keeps such a thread, so the bots of one organization have few at once, all of
them together leave one to what asks nothing, and an update has little time. Who was turned away
because all together had too many comes before who has asked meanwhile.
"""

import threading
import time
from collections import Counter
from typing import Any
from uuid import UUID

from botapi.errors import BotApiFailure, DeadlineExceeded
from botapi.guard import InvalidAddress
from botapi.methods import perform
from channels_app.bots import client_for, token_of
from channels_app.models import Bot
from chatops.context import Ask, Look
from languages.speaking import speaking

PER_ORGANIZATION = 2
"""Of the four threads of a process (config/worker.py): the others are there for everybody else."""
IN_ALL = 3
"""Of these threads: organizations that conspire leave the last one to quick handlers."""
CALL_SECONDS = 5.0
SECONDS = 6.0
"""For all calls about one update."""
SHORTEST = 0.05
WAITS_SECONDS = 2.0
"""Who was turned away comes again sooner (processing.AGAIN); who does not, asks no more."""

_lock = threading.Lock()
_under_way: Counter[UUID] = Counter()
_turned_away: dict[UUID, float] = {}
"""Organization → when last, those first that wait longest."""


class Busy(Exception):
    """As many threads wait for the servers of this organization's bots as may, or for all bots'."""


def busy() -> list[UUID]:
    """The organizations for whose bots no further call is made just now."""
    with _lock:
        return [owner for owner, threads in _under_way.items() if threads >= PER_ORGANIZATION]


class Told:
    """What Telegram said about one update; `answers` is what its context is made with."""

    def __init__(self, bot: Bot) -> None:
        self.answers: dict[tuple[str, str], Any] = {}
        self._bot = bot
        self._left = SECONDS

    def hear(self, ask: Ask) -> None:
        """Make the call, and remember what it came to. Raises Busy."""
        owner, call = self._bot.organization_id, ask.call
        key = (call.method, repr(sorted(call.params.items())))
        _begin(owner)
        began = time.monotonic()
        try:
            client, token = client_for(self._bot), token_of(self._bot)
            timeout = min(CALL_SECONDS, self._left)
            if timeout < SHORTEST:
                raise DeadlineExceeded(call.method, "answer", "no time is left", False)
            self.answers[key] = perform(client, token, call, timeout=timeout)
        except (BotApiFailure, InvalidAddress) as failure:
            self.answers[key] = failure
        finally:
            self._left -= time.monotonic() - began
            _end(owner)

    def look(self, look: Look) -> None:
        """Read it, and remember what it came to."""
        try:
            with speaking(look.language):
                self.answers[look.what, ""] = look.work()
        except ValueError as refusal:
            self.answers[look.what, ""] = refusal


def _begin(owner: UUID) -> None:
    with _lock:
        if _under_way[owner] >= PER_ORGANIZATION:
            raise Busy
        now = time.monotonic()
        for one in [one for one, at in _turned_away.items() if at < now - WAITS_SECONDS]:
            del _turned_away[one]
        waiting = list(_turned_away)
        ahead = waiting.index(owner) if owner in _turned_away else len(waiting)
        if _under_way.total() + ahead >= IN_ALL:
            _turned_away[owner] = now
            raise Busy
        _turned_away.pop(owner, None)
        _under_way[owner] += 1


def _end(owner: UUID) -> None:
    with _lock:
        _under_way[owner] -= 1
        if not _under_way[owner]:
            del _under_way[owner]
