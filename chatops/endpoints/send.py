"""Calls to endpoints, on the network: at least once, retried until the other side took them.

A call is claimed by one conditional UPDATE, made outside of any transaction, and settled under its
claim. A claim that ran out is free again: the call is made once more, under the same ID.
"""

import logging
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import Q, QuerySet

from botapi import failpoints
from channels_app.bots import refuse_in_transaction
from channels_app.encryption import CannotDecrypt
from chatops.actions import runs
from chatops.actions.contents import with_reply
from chatops.actions.reports import Report, UnreadableReport, read_answer
from chatops.endpoints.changes import secret_of
from chatops.models import ActionRun, EndpointCall
from deliveries import clock
from deliveries.conflicts import is_conflict
from deliveries.signed_post import NotTaken, Taken, ask_signed, post_signed

log = logging.getLogger(__name__)

THREADS = 8
PER_ORGANIZATION = 2
"""Of the threads: an endpoint may hang."""
CALL_SECONDS = 7.0
SHORTEST = 1.0
CLAIM = timedelta(seconds=30)
RUN_SECONDS = 20.0
TICK = 0.2
TRIES = 3
FIRST_RETRY, LAST_RETRY = timedelta(seconds=2), timedelta(minutes=5)
State = EndpointCall.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one attempt. `said`: for people; `taken`: the other side has it; `final`: it will not take
    it; `report`: what it says of a run."""

    said: str
    taken: bool = False
    final: bool = False
    report: Report | None = None


def send_waiting(seconds: float = RUN_SECONDS) -> int:
    """Make the calls that wait until none is due, at most about so long; returns how many."""
    ends_at = time.monotonic() + seconds
    running: dict[Future[None], UUID] = {}
    made = 0
    while True:
        for call in _due(running) if time.monotonic() < ends_at else ():
            if _claim(call):
                failpoints.hit("endpoint.claimed")
                running[_pool().submit(_make, call)] = call.organization_id
                made += 1
        if not running:
            return made
        wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
        running = {one: owner for one, owner in running.items() if not one.done()}


def retry_in(attempts: int) -> timedelta:
    """How long after so many attempts (1 or more) the next one comes."""
    factor: int = 2 ** min(attempts - 1, 12)
    return min(LAST_RETRY, FIRST_RETRY * factor)


def _free() -> QuerySet[EndpointCall]:
    now = clock.now()
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    # What a person asked for is not begun when its time is over.
    in_time = Q(run=None) | Q(give_up_at__gt=now)
    return EndpointCall.objects.filter(free, in_time, state=State.WAITING, not_before__lte=now)


def _due(running: dict[Future[None], UUID]) -> list[EndpointCall]:
    """Free calls as far as there are threads."""
    counts = Counter(running.values())
    full = [owner for owner, count in counts.items() if count >= PER_ORGANIZATION]
    chosen: list[EndpointCall] = []
    rows = _free().exclude(organization__in=full).select_related("endpoint")
    for call in rows.order_by("not_before", "id")[: THREADS * 25]:
        if len(chosen) + len(running) >= THREADS:
            break
        if counts[call.organization_id] < PER_ORGANIZATION:
            counts[call.organization_id] += 1
            chosen.append(call)
    return chosen


def _claim(call: EndpointCall) -> bool:
    call.claim, call.claimed_until = uuid4(), clock.now() + CLAIM
    mine = _free().filter(pk=call.pk)
    return bool(mine.update(claim=call.claim, claimed_until=call.claimed_until))


def _make(call: EndpointCall) -> None:
    """On a thread of the pool."""
    try:
        outcome = _post(call)
        failpoints.hit("endpoint.answered")
        _write_down(call, outcome)
    except (OperationalError, InterfaceError) as error:
        log.warning("call %s is not settled: %s", call.pk, type(error).__name__)
    except Exception:  # a defect of ours: the claim runs out, and it is tried again
        log.exception("call %s failed", call.pk)
    finally:
        close_old_connections()


def _write_down(call: EndpointCall, outcome: Outcome) -> None:
    """Again after losing against another transaction: else the call would leave once more."""
    for _ in range(TRIES - 1):
        try:
            return _write_down_once(call, outcome)
        except OperationalError as error:
            if not is_conflict(error):
                raise
    return _write_down_once(call, outcome)


def _write_down_once(call: EndpointCall, outcome: Outcome) -> None:
    with transaction.atomic():
        run = runs.lock(call.run_id) if call.run_id is not None else None
        state = _settle(call, outcome)
        if run is not None:
            _tell(run, outcome, state)


def _post(call: EndpointCall) -> Outcome:
    refuse_in_transaction()
    endpoint = call.endpoint
    content = {**with_reply(call), "id": str(call.pk)}
    try:
        secret = secret_of(endpoint)
        if call.run_id is None:
            status = post_signed(endpoint.url, secret, call.pk, content, CALL_SECONDS)
            return Outcome(f"HTTP {status}", taken=True)
        left = (call.give_up_at - clock.now()).total_seconds()
        seconds = max(SHORTEST, min(CALL_SECONDS, left))
        return _understood(ask_signed(endpoint.url, secret, call.pk, content, seconds))
    except CannotDecrypt as refusal:
        return Outcome(str(refusal))
    except NotTaken as refusal:
        return Outcome(str(refusal), final=refusal.final and call.run_id is not None)


def _understood(answer: Taken) -> Outcome:
    said = f"HTTP {answer.status}"
    try:
        return Outcome(said, taken=True, report=read_answer(answer.status, answer.body))
    except UnreadableReport as why:
        field = f"{why.field}: " if why.field else ""
        words = f"Its answer can't be read. {field}{why}"
        return Outcome(said, taken=True, report=Report("failed", words))


def _settle(call: EndpointCall, outcome: Outcome) -> str:
    """The state that it is in now."""
    now = clock.now()
    attempts = call.attempts + 1
    later = now + retry_in(attempts)
    values: dict[str, Any] = {
        "claim": None,
        "claimed_until": None,
        "attempts": attempts,
        "said": outcome.said,
    }
    if outcome.taken:
        values |= {"state": State.ACCEPTED, "settled_at": now}
    elif outcome.final or later > call.give_up_at:
        values |= {"state": State.FAILED, "settled_at": now}
    else:
        values |= {"not_before": later}
    mine = EndpointCall.objects.filter(pk=call.pk, claim=call.claim, state=State.WAITING)
    mine.update(**values)
    return str(values.get("state", State.WAITING))


def _tell(run: ActionRun, outcome: Outcome, state: str) -> None:
    """What came of it is what came of the run."""
    if outcome.report is not None:
        runs.answered(run, outcome.report)
    elif state == State.FAILED:
        runs.not_taken(run, f"The endpoint did not take it: {outcome.said}")


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="endpoint")
