"""Answers to queries: calls that Telegram does not limit, made at once and beside the lanes.

They are committed with what the handler did, so a process that dies before it makes the call has
another one make it. A server that hangs keeps at most `PER_BOT` threads, and all servers of an
organization's choice as many: further ones wait here for one of those threads, or for `resume`.
"""

import logging
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from django.db import Error, close_old_connections

from botapi import failpoints
from botapi.errors import BotApiFailure
from botapi.guard import InvalidAddress
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot
from chatops.handled import Answer
from chatops.models import InboundUpdate
from deliveries import clock

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=8)
"""After so long somebody else makes the call."""
LIFETIME = timedelta(seconds=150)
"""Telegram drops a callback query that is older (telegram-bot-api Client.cpp)."""
SECONDS = 5.0
THREADS = 16
PER_BOT = 4
RESUMED_AT_ONCE = 20
WAITING_MAX = 30
"""In a process, on the same account; the database has them as well, and those beyond."""

_lock = threading.Condition()
_under_way: Counter[UUID] = Counter()
_waiting: deque[tuple[float, UUID, Bot, Answer]] = deque()
"""With when each stops waiting: then somebody else makes the call."""


def submit(update: InboundUpdate, answer: Answer) -> None:
    """Make the call on a thread of its own, once this bot's server keeps few enough."""
    with _lock:
        account = _keepers(update.bot)[-1]
        if sum(account in _keepers(bot) for _, _, bot, _ in _waiting) < WAITING_MAX:
            # A second sooner than `resume` may come: few are made twice, which changes nothing.
            ends = time.monotonic() + PATIENCE.total_seconds() - 1
            _waiting.append((ends, update.pk, update.bot, answer))
        _start()


def _start() -> None:
    """Whatever may leave; `_lock` is held."""
    kept = list(_waiting)
    _waiting.clear()
    for one in kept:
        ends, update_id, bot, answer = one
        keepers = _keepers(bot)
        if time.monotonic() > ends:
            continue
        if any(_under_way[keeper] >= PER_BOT for keeper in keepers):
            _waiting.append(one)
            continue
        _under_way.update(keepers)
        _pool().submit(_give, update_id, bot, answer)


def resume() -> int:
    """Make the calls that nobody made; returns how many. What is too old is let go."""
    now = clock.now()
    waiting = InboundUpdate.objects.filter(answer_due_at__lte=now)
    # Read before anything is written: this is done each time updates are handled, and mostly none
    # waits. On SQLite a statement that may write waits for all others that do.
    due = list(waiting.select_related("bot").order_by("answer_due_at")[:RESUMED_AT_ONCE])
    if any(update.received_at < now - LIFETIME for update in due):
        waiting.filter(received_at__lt=now - LIFETIME).update(answer_due_at=None)
    resumed = 0
    for update in due:
        mine = InboundUpdate.objects.filter(pk=update.pk, answer_due_at=update.answer_due_at)
        if update.answer and mine.update(answer_due_at=now + PATIENCE):
            submit(update, Answer(update.answer["method"], update.answer["params"]))
            resumed += 1
    return resumed


def idle(seconds: float) -> bool:
    """Wait until nothing is under way, for so long; whether that came."""
    with _lock:
        return _lock.wait_for(lambda: not _under_way.total(), max(0.0, seconds))


def _give(update_id: UUID, bot: Bot, answer: Answer) -> None:
    try:
        failpoints.hit("answers.before_call")
        _call(bot, answer)
        failpoints.hit("answers.called")
        InboundUpdate.objects.filter(pk=update_id).update(answer_due_at=None)
    except Error:
        log.warning("answer to update %s: the database is away", update_id)
    finally:
        with _lock:
            _under_way.subtract(_keepers(bot))
            _start()
            _lock.notify_all()
        close_old_connections()


def _keepers(bot: Bot) -> list[UUID]:
    """On whose account a thread is: the bot's and, where the organization chose its server or
    proxy, the organization's, whose bots may be many."""
    own = bot.api_url or bot.proxy_encrypted
    return [bot.pk, bot.organization_id] if own else [bot.pk]


def _call(bot: Bot, answer: Answer) -> None:
    """Refused or unheard: a query is worth one try, its spinner ends by itself."""
    try:
        client_for(bot).call(token_of(bot), answer.method, answer.params, timeout=SECONDS)
    except (BotApiFailure, InvalidAddress, CannotDecrypt) as failure:
        log.info("%s of bot %s: %s", answer.method, bot.pk, failure)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="answers")
