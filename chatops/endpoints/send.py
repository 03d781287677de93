"""Calls to endpoints, on the network: at least once, retried until the other side took them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet

from botapi import failpoints
from channels_app.bots import refuse_in_transaction
from channels_app.encryption import CannotDecrypt
from chatops.actions import endings, runs
from chatops.actions.contents import with_reply
from chatops.actions.endings import Why
from chatops.actions.reports import Report, UnreadableReport, read_answer
from chatops.endpoints.changes import secret_of
from chatops.models import ActionRun, EndpointCall
from deliveries import clock, outgoing
from deliveries.conflicts import is_conflict
from deliveries.signed_post import NotTaken, Taken, ask_signed, post_signed

CALL_SECONDS = 7.0
SHORTEST = 1.0
CLAIM = timedelta(seconds=30)
TRIES = 3
FIRST_RETRY, LAST_RETRY = timedelta(seconds=2), timedelta(minutes=5)
State = EndpointCall.State


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one attempt. `said`: for people; `taken`: the other side has it; `final`: it will not take
    it; `report`: what it says of a run; `why`: the text of that, where it is ours."""

    said: str
    taken: bool = False
    final: bool = False
    report: Report | None = None
    why: Why | None = None


def send_waiting(seconds: float = outgoing.RUN_SECONDS) -> int:
    """Make the calls that wait until none is due, at most about so long; returns how many."""
    return _CALLS.send_waiting(seconds)


def retry_in(attempts: int) -> timedelta:
    """How long after so many attempts (1 or more) the next one comes."""
    factor: int = 2 ** min(attempts - 1, 12)
    return min(LAST_RETRY, FIRST_RETRY * factor)


def _in_time() -> Q:
    """What a person asked for is not begun when its time is over."""
    return Q(run=None) | Q(give_up_at__gt=clock.now())


def _in_order(rows: QuerySet[EndpointCall], most: int) -> Iterable[EndpointCall]:
    return rows.filter(_in_time()).select_related("endpoint").order_by("not_before", "id")[:most]


def _claim(call: EndpointCall) -> bool:
    if not outgoing.claim(call, CLAIM, _in_time()):
        return False
    failpoints.hit("endpoint.claimed")
    return True


def _make(call: EndpointCall) -> None:
    outcome = _post(call)
    failpoints.hit("endpoint.answered")
    _write_down(call, outcome)


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
    except UnreadableReport as unreadable:
        why = partial(endings.not_understood, unreadable.field, str(unreadable))
        return Outcome(said, taken=True, report=Report("failed"), why=why)


def _settle(call: EndpointCall, outcome: Outcome) -> str:
    """The state that it is in now; "" where it is not ours to settle any more."""
    later = clock.now() + retry_in(call.attempts + 1)
    again_at = None if outcome.final or later > call.give_up_at else later
    return outgoing.settle(call, taken=outcome.taken, again_at=again_at, said=outcome.said)


def _tell(run: ActionRun, outcome: Outcome, state: str) -> None:
    """What came of it is what came of the run."""
    if outcome.report is not None:
        runs.answered(run, outcome.report, outcome.why)
    elif state == State.FAILED:
        runs.not_taken(run, outcome.said)


_CALLS = outgoing.Outgoing(EndpointCall, in_order=_in_order, claim=_claim, make=_make)
