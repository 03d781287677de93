"""How a bot's updates come is agreed with Telegram: webhooks set, deleted, and looked at.

A reception is claimed by one conditional UPDATE; no transaction is open while Telegram is asked.
Killed in between, the next look begins with what Telegram says. Bots whose server did not answer
last have threads of their own, so that others never wait for them.
"""

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from botapi import failpoints, methods
from botapi.errors import BotApiError, BotApiFailure, shown
from botapi.guard import InvalidAddress
from botapi.methods import Call, perform
from botapi.results import WebhookInfo
from botapi.tokens import InvalidToken
from channels_app.bots import (
    BotMoved,
    client_for,
    renew_webhook_secret,
    token_of,
    webhook_secret_of,
)
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot
from chatops.incoming import KINDS
from chatops.models import Reception
from chatops.receiving import receptions
from chatops.receiving.poll_outcomes import after as pause_after
from chatops.receiving.poll_outcomes import jittered
from chatops.receiving.reception_advice import Trouble, problem, webhook_advice
from chatops.receiving.reception_plan import host_of, is_ours, next_step, webhook_url
from deliveries import clock

log = logging.getLogger(__name__)

T = TypeVar("T")
Errand = Reception.Errand
Updates = Bot.Updates

EVERY: Final = timedelta(minutes=10)
AFTER_CHANGE: Final = timedelta(seconds=30)
"""Soon after a webhook was set Telegram knows whether it works."""
WITH_PROBLEM: Final = timedelta(seconds=60)
CLAIM: Final = timedelta(seconds=90)
"""Longer than the calls of one look together."""
CALL_SECONDS: Final = 12.0
BACKOFF_MAX: Final = 600.0
RUN_SECONDS: Final = 20.0
THREADS: Final = 4
SLOW_THREADS: Final = 2
MAX_CONNECTIONS: Final = 10
"""At once from Telegram: they are short, and the embedded web server takes one after the other."""


def agree_due() -> int:
    """Look at all that have to be looked at; returns how many were."""
    receptions.make_missing()
    ends_at = time.monotonic() + RUN_SECONDS
    parts = _begin(_pool, THREADS, ends_at, answers=True)
    if _is_slow_run.acquire(blocking=False):  # one at a time, as it may last
        try:
            parts += _begin(_slow_pool, SLOW_THREADS, ends_at, answers=False)
            return sum(part.result() for part in parts)
        finally:
            _is_slow_run.release()
    return sum(part.result() for part in parts)


def _begin(
    pool: ThreadPoolExecutor, most: int, ends_at: float, *, answers: bool
) -> list[Future[int]]:
    due = receptions.to_be_looked_at().filter(_answered(answers=answers))
    return [pool.submit(_until, ends_at, answers=answers) for _ in range(due[:most].count())]


def _until(ends_at: float, *, answers: bool) -> int:
    looked = 0
    try:
        while time.monotonic() < ends_at and (reception := _claimed(answers=answers)):
            look(reception)
            looked += 1
    finally:
        connection.close()
    return looked


def _answered(*, answers: bool) -> Q:
    return Q(failures=0) if answers else Q(failures__gt=0)


def _claimed(*, answers: bool) -> Reception | None:
    due = receptions.to_be_looked_at().filter(_answered(answers=answers))
    for row in due.select_related("bot").order_by("check_at")[:THREADS]:
        claim = uuid4()
        mine = receptions.to_be_looked_at().filter(pk=row.pk).values("pk")
        if Reception.objects.filter(pk__in=mine, claim=row.claim).update(
            claim=claim, claimed_until=clock.now() + CLAIM
        ):
            row.claim = claim
            return row
    return None


@dataclass(slots=True)
class _Look:
    """One bot's turn: what is found out, to be written at its end."""

    reception: Reception
    info: WebhookInfo | None = None
    problem: dict[str, Any] = field(default_factory=dict)
    is_settled: bool = False
    failed: bool = False
    again: timedelta = EVERY
    errand: str = Errand.NONE

    @property
    def bot(self) -> Bot:
        return self.reception.bot

    def call(self, call: Call[T]) -> T:
        """Raises BotApiFailure, InvalidAddress, CannotDecrypt and InvalidToken."""
        return perform(client_for(self.bot), token_of(self.bot), call, timeout=CALL_SECONDS)


def look(reception: Reception) -> None:
    """Compare with Telegram, do what is missing, and write down what came of it. On the network."""
    turn = _Look(reception, errand=reception.errand)
    failpoints.hit("agree.claimed")
    try:
        _take_turn(turn)
    except BotApiFailure as failure:
        turn.failed = True
        pause = pause_after(failure, reception.failures)
        turn.problem = problem(pause.trouble, pause.telegram)
        backoff = pause.seconds * 2 ** min(reception.failures, 6)
        turn.again = timedelta(seconds=min(BACKOFF_MAX, backoff))
    except (InvalidAddress, CannotDecrypt, InvalidToken, BotMoved) as error:
        turn.failed, turn.again = True, WITH_PROBLEM
        turn.problem = problem(Trouble.REFUSED, str(error))
    except Exception:  # a defect of ours must not keep it from being looked at again
        log.exception("how updates of bot %s come can't be agreed", reception.pk)
        turn.failed, turn.again = True, WITH_PROBLEM
        turn.problem = problem(Trouble.DEFECT)
    _settle(turn)


def _take_turn(turn: _Look) -> None:
    if turn.errand in (Errand.LOG_OUT, Errand.CLOSE):
        _leave(turn)
        return
    if not turn.bot.enabled:
        turn.errand = Errand.NONE
        return
    turn.info = turn.call(methods.get_webhook_info())
    if turn.info.url and not is_ours(turn.info.url, turn.reception.path):
        _settle_with_other(turn, turn.info)
    else:
        _do_step(turn, turn.info)


def _settle_with_other(turn: _Look, info: WebhookInfo) -> None:
    """Somebody else's webhook is left alone, unless a person asked to take it over."""
    if turn.bot.updates == Updates.NONE:
        turn.is_settled = True
    elif turn.errand == Errand.TAKE_OVER:
        turn.call(methods.delete_webhook())
        turn.info = turn.call(methods.get_webhook_info())
        _do_step(turn, turn.info)
    else:
        turn.problem = problem(
            Trouble.FOREIGN_WEBHOOK, detail=f"The webhook is at {host_of(info.url)}."
        )
        turn.again = WITH_PROBLEM
    turn.errand = Errand.NONE


def _do_step(turn: _Look, info: WebhookInfo) -> None:
    reception, bot = turn.reception, turn.bot
    is_new = not _was_settled(reception)
    wanted = webhook_url(settings.SITE_URL, reception.path)
    step = next_step(bot.updates, info, wanted, reception.path, KINDS, is_new=is_new)
    turn.errand = Errand.NONE
    if step == "set":
        _set(turn, wanted, renew_webhook_secret(bot) if is_new else webhook_secret_of(bot))
    elif step == "delete":
        turn.call(methods.delete_webhook())
        turn.info = turn.call(methods.get_webhook_info())
    turn.is_settled = not turn.problem and step != "foreign"


def _set(turn: _Look, url: str, secret: str) -> None:
    """A refusal may have taken away what was set before, so Telegram is asked again either way."""
    call = methods.set_webhook(
        url, secret_token=secret, allowed_updates=KINDS, max_connections=MAX_CONNECTIONS
    )
    failpoints.hit("agree.before_call")
    try:
        turn.call(call)
        turn.again = AFTER_CHANGE
    except BotApiError as error:
        if error.error_code != 400:
            raise
        mend = webhook_advice(error.description)
        turn.problem = problem(Trouble.WEBHOOK_REFUSED, error.description, mend=mend)
        turn.again = WITH_PROBLEM
    failpoints.hit("agree.called")
    turn.info = turn.call(methods.get_webhook_info())


def _leave(turn: _Look) -> None:
    """logOut or close. Whatever was sent by then has gone: the bot was disabled with the asking."""
    try:
        if turn.errand == Errand.CLOSE:
            turn.call(methods.delete_webhook())
            turn.call(methods.close())
        else:
            turn.call(methods.log_out())
        turn.problem = problem(Trouble.LEFT_SERVER)
    except BotApiError as error:
        has_left = "logged out" in error.description.lower()  # by a call whose answer was lost
        trouble = Trouble.LEFT_SERVER if has_left else Trouble.ERRAND_REFUSED
        turn.problem = problem(trouble, error.description)
        if error.retry_after:
            turn.problem["advice"] += f" It can be asked again in {error.retry_after} seconds."
    turn.errand = Errand.NONE


def _settle(turn: _Look) -> None:
    """Fenced by the claim. Who asked for another look meanwhile gets it."""
    reception, bot, now = turn.reception, turn.bot, clock.now()
    values: dict[str, Any] = {
        "way": bot.updates,
        "server": bot.api_url,
        "bot_proven_at": bot.proven_at,
        "is_settled": turn.is_settled or (turn.failed and _was_settled(reception)),
        "problem": turn.problem,
        "failures": min(reception.failures + 1, 1000) if turn.failed else 0,
        "claim": None,
        "claimed_until": None,
    }
    if turn.info is not None:
        values |= {"webhook": facts_of(turn.info, reception), "checked_at": now}
    if bot.updates != Updates.POLLING:
        values["poll_problem"] = {}
    failpoints.hit("agree.before_commit")
    with transaction.atomic():
        mine = Reception.objects.filter(pk=reception.pk, claim=reception.claim)
        if not mine.update(**values):
            return
        asked = Reception.objects.filter(pk=reception.pk, check_at=reception.check_at)
        asked.update(check_at=now + timedelta(seconds=jittered(turn.again.total_seconds())))
        if not turn.failed:
            done = Reception.objects.filter(pk=reception.pk, errand=reception.errand)
            done.update(errand=turn.errand)
    failpoints.hit("agree.committed")


def _was_settled(reception: Reception) -> bool:
    """A server that does not answer now changes nothing about what was agreed."""
    return receptions.is_agreed(reception, reception.bot.updates)


def facts_of(info: WebhookInfo, reception: Reception) -> dict[str, Any]:
    """What is stored and shown of WebhookInfo; of a webhook the host alone."""
    return {
        "host": host_of(info.url) if info.url else "",
        "ours": bool(info.url) and is_ours(info.url, reception.path),
        "pending_update_count": info.pending_update_count,
        "last_error_at": _iso(info.last_error_date),
        "last_error_message": shown(info.last_error_message),
        "max_connections": info.max_connections,
        "ip_address": shown(info.ip_address)[:60],
    }


def _iso(seconds: int) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="agree")
_slow_pool = ThreadPoolExecutor(max_workers=SLOW_THREADS, thread_name_prefix="agree-slow")
_is_slow_run = threading.Lock()
