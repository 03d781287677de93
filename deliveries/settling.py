"""What became of attempts, written down: one transaction for what came back together.

A settle names the attempt's claim, so what an earlier holder of the lane says too late changes
nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.statements import Row, Writes, adapt, one_of, query, uuid_of
from botapi import failpoints
from botapi.errors import BotApiError, BotApiFailure, InvalidAnswer
from channels_app import bots
from deliveries import clock, files, health, outbox, polls, tally, waiting
from deliveries.advice import Problem
from deliveries.attempts import Result, asked, reply_id
from deliveries.calls import KIND_SENT_BY, Call, as_send
from deliveries.decisions import (
    ConfirmChannel,
    Decision,
    DisableChannel,
    ForgetTarget,
    GiveUp,
    LaneBackoff,
    NextStep,
    Postpone,
    Retarget,
    Sent,
    SuspectBot,
    Unconfirmed,
)
from deliveries.ladder import next_step, steps_of
from deliveries.models import ChatClock, Delivery, DeliveryAttempt, SentMessage

State = Delivery.State
Purpose = Delivery.Purpose
OWN_STREAM = (Purpose.MESSAGE, Purpose.TEST, Purpose.FALLBACK, Purpose.ANSWER)
"""Purposes whose stream ends with its message; other streams belong to a group in a channel."""
REFUSED_IN_A_ROW = 3
FORBIDDEN_IN_A_ROW = 5
SUSPECTED_IN_A_ROW = 3
MOVED_IN_A_ROW = 3
UNCONFIRMED_IN_A_ROW = 3
RETRY_SECONDS = 10
AFTER_429 = 0.25
GONE = ("not found", "message_id_invalid")
"""In what Telegram says of a message that is no longer there."""
_STATUSES = range(100, 1000)
"""What an `error_code` may be; a server of the user's may say anything."""


def settle(results: Sequence[Result]) -> None:
    """Write down what became of these attempts, in one transaction."""
    sent = [result for result in results if isinstance(result.decision, Sent)]
    with transaction.atomic():
        if sent:
            _settle_sent(sent)
        for result in results:
            if not isinstance(result.decision, Sent):
                _settle_other(result)
        failpoints.hit("settle.before_commit")
    failpoints.hit("settle.committed")
    tally.settled(results)


def abandon(result: Result) -> None:
    """Lay down, for a person to retry, what can't be settled: left in flight it would be sent again
    and again, once each DEADLINE."""
    said = "The answer could not be stored; Telegram may have acted on it."
    with transaction.atomic():
        _close(result.attempt.delivery, State.DEAD, Problem.REFUSED, said, maybe_sent=True)
        DeliveryAttempt.objects.filter(pk=result.attempt.id).update(
            finished_at=result.finished_at, outcome="unknown", maybe_sent=True, description=said
        )


def _settle_sent(results: Sequence[Result]) -> None:
    settled = _sent(results, max(result.finished_at for result in results))
    if len(settled) != len(results):  # somebody recovered what we were slow to settle
        results = [result for result in results if result.attempt.delivery.pk in settled]
    writes = Writes()
    writes.update(DeliveryAttempt, [_answered(result) for result in results])
    writes.update(SentMessage, [row for one in results if (row := _shown(one)) is not None])
    writes.execute()
    _note_told(results)
    health.channels_answered(
        {
            delivery.channel.pk
            for result in results
            if (delivery := result.attempt.delivery).channel is not None
            and delivery.channel.failures
        }
    )
    files.delete_settled(result.attempt.delivery for result in results)


def _note_told(results: Sequence[Result]) -> None:
    """Keep what Telegram told of messages that somebody sent by the API."""
    for result in results:
        delivery, told = result.attempt.delivery, result.told
        if delivery.purpose != Purpose.MESSAGE or delivery.target is None:
            continue
        if told.facts:
            kept = {"v": 1, **told.facts}
            SentMessage.objects.filter(pk=delivery.target.pk).update(result=kept)
        if told.poll is not None:
            polls.note(delivery.target, delivery.bot_id, told.poll)


def _sent(results: Sequence[Result], now: datetime) -> set[UUID]:
    """Settle these deliveries as sent; which of them were still in flight under their claim."""
    these, ids = one_of("id", [result.attempt.delivery.pk for result in results])
    claimed, claims = one_of("claim", {result.attempt.delivery.claim for result in results})
    rows = query(
        "UPDATE deliveries_delivery SET state = 'sent', settled_at = %s, outcome = 'sent',"  # noqa: S608  # conditions with placeholders
        f" description = '', deadline = NULL WHERE {these} AND {claimed} AND state = 'in_flight'"
        " RETURNING id",
        [adapt(now), ids, claims],
    )
    return {uuid_of(row[0]) for row in rows}


def _answered(result: Result) -> Row:
    """Each by its own time: budgets are rebuilt from it."""
    return {
        "id": result.attempt.id,
        "finished_at": result.finished_at,
        "outcome": "sent",
        "status": 200,
    }


def _shown(result: Result) -> Row | None:
    """The message as it is now, when the call changed what we know of it."""
    call, message = result.attempt.call, result.attempt.delivery.target
    if call is None or message is None:
        return None
    known = {"id": message.pk, "message_id": message.message_id, "sent_at": message.sent_at}
    kind = _kind(call, message.kind)
    if call.deletes:
        return {**known, "state": SentMessage.State.FORGOTTEN, "kind": message.kind}
    if call.sends:
        known.update(message_id=result.message_id, sent_at=result.finished_at)
        return {**known, "state": SentMessage.State.SHOWN, "kind": kind}
    return None if kind == message.kind else {**known, "state": message.state, "kind": kind}


def _kind(call: Call, known: str) -> str:
    media = call.params.get("media")
    if isinstance(media, dict):
        return str(media.get("type"))
    if call.sends:
        return KIND_SENT_BY.get(call.method, SentMessage.Kind.TEXT)
    return known


def _settle_other(result: Result) -> None:
    failure, attempt, decision = result.failure, result.attempt, result.decision
    delivery = attempt.delivery
    words = result.reason
    if failure is not None:
        words = bots.told(failure, delivery.bot, delivery.organization_id)
    DeliveryAttempt.objects.filter(pk=attempt.id).update(
        finished_at=result.finished_at,
        outcome=_name(decision),
        status=_status(failure),
        description=words,
        retry_after=getattr(failure, "retry_after", None),
        maybe_sent=getattr(decision, "maybe_sent", False),
    )
    said = getattr(failure, "description", "") or words
    _SETTLE[type(decision)](result, decision, said)


def _name(decision: Decision) -> str:
    return type(decision).__name__.lower()


def _times(result: Result) -> int:
    """How often this call has had this outcome."""
    return result.attempt.delivery.tries.filter(outcome=_name(result.decision)).count()


def _status(failure: BotApiFailure | None) -> int | None:
    if isinstance(failure, BotApiError):
        return failure.error_code if failure.error_code in _STATUSES else failure.status
    return failure.status if isinstance(failure, InvalidAnswer) else None


def put_back(
    delivery: Delivery,
    *,
    maybe_sent: bool = False,
    wait: float = 0,
    said: str = "",
    **fields: object,
) -> bool:
    """Let it wait again. Unless Telegram may have seen it, it counts as never attempted."""
    if maybe_sent:
        fields["maybe_sent"] = True
    else:
        fields["attempts"] = F("attempts") - 1
    if wait:
        fields["not_before"] = clock.now() + timedelta(seconds=wait)
    return _move(delivery, State.WAITING, description=said, **fields)


def _move(delivery: Delivery, state: str, **fields: object) -> bool:
    changed = Delivery.objects.filter(
        pk=delivery.pk, claim=delivery.claim, state=State.IN_FLIGHT
    ).update(state=state, claim=None, deadline=None, **fields)
    return bool(changed)


def _postpone(result: Result, decision: Postpone, said: str) -> None:
    delivery = result.attempt.delivery
    if put_back(delivery, said=said):
        pause = timedelta(seconds=decision.seconds + AFTER_429)
        ChatClock.objects.update_or_create(
            chat_id=delivery.chat_id,
            defaults={"not_before": result.finished_at + pause, "reason": said[:255]},
        )


def _again(result: Result, decision: LaneBackoff | Unconfirmed, said: str) -> None:
    """Let it leave once more; what Telegram may have seen leaves with the newest content."""
    delivery, maybe_sent = result.attempt.delivery, decision.maybe_sent
    if put_back(delivery, maybe_sent=maybe_sent, said=said) and maybe_sent:
        outbox.fold_newer(delivery)


def _doubt(result: Result, decision: Unconfirmed, said: str) -> None:
    """Each try may be one more copy in the chat, so they are few."""
    if _times(result) < UNCONFIRMED_IN_A_ROW:
        _again(result, decision, said)
        return
    problem = Problem.UNCONFIRMED
    _close(result.attempt.delivery, State.DEAD, problem, said, maybe_sent=True)


def _retarget(result: Result, decision: Retarget, said: str) -> None:
    delivery = result.attempt.delivery
    if _times(result) > MOVED_IN_A_ROW:  # chats that point at each other
        _give_up(result, GiveUp(Problem.REFUSED), said)
    else:
        put_back(delivery, said=said)
        health.retarget(delivery.chat, delivery.channel, decision.chat_id)


def _step_down(result: Result, decision: NextStep, said: str) -> None:
    delivery = result.attempt.delivery
    wanted = asked(delivery)
    taken = steps_of(delivery.ladder)
    if decision.problem in (Problem.TOPIC_MISSING, Problem.TOPIC_CLOSED):
        health.flag_topic(delivery.channel, decision.problem)
    step = wanted and next_step(
        wanted, taken, decision.refusal, replies=reply_id(delivery) is not None
    )
    if step is None:
        _give_up(result, GiveUp(decision.problem or Problem.REFUSED), said)
        return
    entry = {
        "step": str(step),
        "reason": said,
        "defect": decision.own_defect,
        "at": datetime.now(UTC).isoformat(),
    }
    put_back(delivery, said=said, ladder=[*delivery.ladder, entry])


def _forget(result: Result, decision: ForgetTarget, said: str) -> None:
    """The message is gone. What the edit was to show is sent anew; a caller's own edit fails."""
    delivery, call = result.attempt.delivery, result.attempt.call
    if call is not None and call.sends:  # it edits nothing: the server lies
        _give_up(result, GiveUp(Problem.REFUSED), said)
        return
    shows = call is not None and as_send(call) is not None
    message = SentMessage.objects.filter(pk__in=[delivery.target_id])
    if delivery.purpose != Purpose.MESSAGE and shows:
        if put_back(delivery, said=said):
            message.update(message_id=None, state=SentMessage.State.EXPECTED)
        return
    dead = delivery.purpose == Purpose.MESSAGE
    if dead and not any(words in said.lower() for words in GONE):
        _give_up(result, GiveUp(Problem.REFUSED), said)  # it is there, and can still be deleted
        return
    state = State.DEAD if dead else State.SUPERSEDED
    if _close(delivery, state, "forgotten", said):
        message.update(state=SentMessage.State.FORGOTTEN)


def _refused(result: Result, decision: DisableChannel, said: str) -> None:
    _disable(result.attempt.delivery, decision.problem, said)


def _confirm(result: Result, decision: ConfirmChannel, said: str) -> None:
    delivery = result.attempt.delivery
    if health.count_failure(delivery.channel) >= REFUSED_IN_A_ROW or delivery.channel is None:
        _disable(delivery, decision.problem, said)
    else:
        put_back(delivery, wait=RETRY_SECONDS, said=said)


def _suspect(result: Result, decision: SuspectBot, said: str) -> None:
    """Let it wait for the check of the bot; where the bot is well time and again, it dies."""
    if _times(result) > SUSPECTED_IN_A_ROW:
        _give_up(result, GiveUp(Problem.REFUSED), said)
    else:
        put_back(result.attempt.delivery, said=said)


def _disable(delivery: Delivery, problem: Problem, said: str) -> None:
    if delivery.channel is None:
        if _close(delivery, State.DEAD, problem, said) and problem in health.OF_PERSONS:
            health.person_left(delivery)
        return
    _move(delivery, State.PARKED, attempts=F("attempts") - 1, description=said)
    health.disable(delivery.channel, problem, said)


def _give_up(result: Result, decision: GiveUp, said: str) -> None:
    delivery = result.attempt.delivery
    if result.attempt.call is None and not result.attempt.unreadable:
        _lay_aside(delivery)
        return
    forbidden = decision.unknown_forbidden
    if forbidden and health.count_failure(delivery.channel) >= FORBIDDEN_IN_A_ROW:
        _disable(delivery, decision.problem, said)
        return
    _close(delivery, State.DEAD, decision.problem, said)


def _lay_aside(delivery: Delivery) -> None:
    """What did not leave, because it had no way or nothing to say."""
    channel = delivery.channel
    if channel is None:
        _close(delivery, State.SUPERSEDED, "channel deleted", "")
    elif not channel.enabled:
        _move(delivery, State.PARKED, attempts=F("attempts") - 1)
    elif channel.chat_id == delivery.chat_id or delivery.target is None:
        _close(delivery, State.SUPERSEDED, "nothing to send", "")
    elif delivery.purpose in OWN_STREAM and delivery.target.message_id is None:
        if put_back(delivery):
            waiting.follow(delivery, channel)
    elif _close(delivery, State.SUPERSEDED, "channel moved", ""):
        # Whoever keeps this message up to date makes a new one, in the channel's present chat.
        SentMessage.objects.filter(pk=delivery.target.pk).update(state=SentMessage.State.FORGOTTEN)


def _close(delivery: Delivery, state: str, outcome: str, said: str, **fields: object) -> bool:
    if state == State.DEAD:
        transaction.on_commit(lambda: tally.count(tally.DEAD_LETTERS, str(outcome)))
    return _move(
        delivery,
        state,
        settled_at=clock.now(),
        outcome=str(outcome)[:30],
        description=said,
        **fields,
    )


_SETTLE: Mapping[type[Decision], Callable[[Result, Any, str], None]] = {
    Postpone: _postpone,
    LaneBackoff: _again,
    Unconfirmed: _doubt,
    Retarget: _retarget,
    NextStep: _step_down,
    ForgetTarget: _forget,
    DisableChannel: _refused,
    ConfirmChannel: _confirm,
    SuspectBot: _suspect,
    GiveUp: _give_up,
}
"""Decision → what writes it down: (the result, its decision, what Telegram said)."""
