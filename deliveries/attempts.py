"""Attempts: begun before each call, settled after it, recovered when their process died.

An attempt is committed with a deadline before its call leaves. A settle names the attempt's claim,
so what an earlier holder of the lane says too late changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from botapi.errors import BotApiError, BotApiFailure, InvalidAnswer
from channels_app.models import is_group
from deliveries import files, health, outbox
from deliveries.advice import Problem
from deliveries.calls import SEND_MEDIA, Call, as_send
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
)
from deliveries.ladder import Step, apply, fit_to, next_step, steps_of
from deliveries.models import ChatClock, Delivery, DeliveryAttempt, Lane, SentMessage
from deliveries.pacing import EXCESS_MAX

State = Delivery.State
Purpose = Delivery.Purpose
OWN_STREAM = (Purpose.MESSAGE, Purpose.TEST)
"""Purposes whose stream ends with its message; other streams belong to a group in a channel."""
CALL_SECONDS = 45.0
DEADLINE = timedelta(seconds=50)
"""Of an attempt: a call's total time and what it waits in our process before and after it."""
REFUSED_IN_A_ROW = 3
FORBIDDEN_IN_A_ROW = 5
SUSPECTED_IN_A_ROW = 3
MOVED_IN_A_ROW = 3
RETRY_SECONDS = 10
AFTER_429 = 0.25
_STATUSES = range(100, 1000)
"""What an `error_code` may be; a server of the user's may say anything."""


@dataclass(slots=True, eq=False)
class Attempt:
    """One begun attempt. `call` is what leaves, None when there is nothing to send any more."""

    delivery: Delivery
    row: DeliveryAttempt
    call: Call | None

    @property
    def params(self) -> dict[str, object]:
        """The Bot API parameters of the call."""
        delivery, call = self.delivery, self.call
        assert call is not None
        params = {"chat_id": delivery.chat.address, **call.params}
        if not call.sends:
            assert delivery.target is not None
            params["message_id"] = delivery.target.message_id
        elif (reply := _reply(delivery)) is not None:
            params["reply_parameters"] = {
                "message_id": reply,
                "allow_sending_without_reply": True,
            }
        return params


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt. `message_id` where the call made a message."""

    attempt: Attempt
    decision: Decision
    finished_at: datetime
    failure: BotApiFailure | None = None
    message_id: int | None = None


def begin(
    delivery_ids: Sequence[UUID], holder: str, fences: Mapping[UUID, int], now: datetime
) -> list[Attempt]:
    """Commit an attempt for each that still waits and whose lane `holder` still has.

    `fences` maps a bot to the fence of the lane's lease.
    """
    claim = uuid4()
    with transaction.atomic():
        Delivery.objects.filter(pk__in=_lock(delivery_ids, holder, now)).update(
            state=State.IN_FLIGHT, attempts=F("attempts") + 1, claim=claim, deadline=now + DEADLINE
        )
        deliveries = list(
            Delivery.objects.filter(pk__in=delivery_ids, claim=claim).select_related(
                "chat", "channel", "target", "reply_to"
            )
        )
        rows = DeliveryAttempt.objects.bulk_create(
            [
                DeliveryAttempt(
                    organization_id=delivery.organization_id,
                    delivery=delivery,
                    bot_id=delivery.bot_id,
                    chat_id=delivery.chat_id,
                    number=delivery.attempts,
                    fence=fences[delivery.bot_id],
                    method=delivery.method,
                    started_at=now,
                    deadline=now + DEADLINE,
                )
                for delivery in deliveries
            ]
        )
    return [
        Attempt(delivery, row, _effective(delivery))
        for delivery, row in zip(deliveries, rows, strict=True)
    ]


def _lock(delivery_ids: Sequence[UUID], holder: str, now: datetime) -> list[UUID]:
    """Those that still wait and whose lane `holder` has, which stays so until the commit.

    What somebody else is writing to is left out instead of waited for: whoever publishes may hold
    one of these and want another. It is looked at again at once.
    """
    key = Delivery._meta.get_field("id")
    marks = ", ".join(["%s"] * len(delivery_ids))
    sql = (
        "SELECT d.id FROM deliveries_delivery d"  # noqa: S608  # only placeholders are joined in
        " JOIN deliveries_lane lane ON lane.bot_id = d.bot_id"
        " JOIN channels_app_bot bot ON bot.id = d.bot_id"
        f" WHERE d.id IN ({marks}) AND d.state = 'waiting'"
        " AND lane.holder = %s AND lane.leased_until > %s AND bot.enabled"
    )
    if connection.vendor == "postgresql":
        sql += " FOR SHARE OF lane FOR NO KEY UPDATE OF d SKIP LOCKED"
    moment = Lane._meta.get_field("leased_until").get_db_prep_value(now, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            [*(key.get_db_prep_value(pk, connection) for pk in delivery_ids), holder, moment],
        )
        return [key.to_python(row[0]) for row in cursor.fetchall()]


def settle(results: Sequence[Result]) -> None:
    """Write down what became of these attempts, in one transaction."""
    sent = [result for result in results if isinstance(result.decision, Sent)]
    with transaction.atomic():
        if sent:
            _settle_sent(sent)
        for result in results:
            if not isinstance(result.decision, Sent):
                _settle_other(result)


def abandon(result: Result) -> None:
    """Lay down, for a person to retry, what can't be settled: left in flight it would be sent again
    and again, once each DEADLINE."""
    said = "The answer could not be stored; Telegram may have acted on it."
    _move(
        result.attempt.delivery,
        State.DEAD,
        maybe_sent=True,
        settled_at=result.finished_at,
        outcome=Problem.REFUSED,
        description=said,
    )
    DeliveryAttempt.objects.filter(pk=result.attempt.row.pk).update(
        finished_at=result.finished_at, outcome="unknown", maybe_sent=True, description=said
    )


def take_over(bot_ids: Collection[UUID], now: datetime) -> list[tuple[UUID, UUID, float]]:
    """Put back what a dead process left in flight past its deadline.

    Telegram may have it: it is marked, and leaves again with the newest content. Returns
    (bot, chat, deadline in seconds since the epoch) of what is in flight and not past it.
    """
    unsettled = Delivery.objects.filter(bot_id__in=bot_ids, state=State.IN_FLIGHT)
    pending: list[tuple[UUID, UUID, float]] = []
    lost: list[Delivery] = []
    for delivery in unsettled:
        if delivery.deadline is None or delivery.deadline <= now:
            lost.append(delivery)
        else:
            pending.append((delivery.bot_id, delivery.chat_id, delivery.deadline.timestamp()))
    if lost:
        _recover(lost, now)
    return pending


def _recover(lost: Sequence[Delivery], now: datetime) -> None:
    with transaction.atomic():
        for delivery in lost:
            if _put_back(delivery, maybe_sent=True):
                outbox.fold_newer(delivery)
        DeliveryAttempt.objects.filter(delivery__in=lost, finished_at=None).update(
            finished_at=now, outcome="unknown", maybe_sent=True
        )


def _effective(delivery: Delivery) -> Call | None:
    """What to call now: an edit whose message is gone becomes a send; the ladder is applied."""
    if delivery.target is None or _has_no_way(delivery):
        return None
    call = _asked(delivery)
    return None if call is None else apply(call, steps_of(delivery.ladder))


def _has_no_way(delivery: Delivery) -> bool:
    """Whether its channel was deleted, disabled or pointed to another chat meanwhile."""
    channel = delivery.channel
    return channel is None or not channel.enabled or channel.chat_id != delivery.chat_id


def _asked(delivery: Delivery) -> Call | None:
    call, target = outbox.call_of(delivery), delivery.target
    if call.sends or target is None:
        return call
    if target.message_id is not None:
        return fit_to(call, target.kind)
    return _anew(delivery, call)


def _anew(delivery: Delivery, edit: Call) -> Call | None:
    """The send in place of an edit whose message is gone; silent, because edits are."""
    send = as_send(edit)
    if send is None:
        return None
    params: dict[str, object] = {**send.params, "disable_notification": True}
    channel = delivery.channel
    if channel is not None and channel.message_thread_id:
        params["message_thread_id"] = channel.message_thread_id
    if channel is not None and channel.protect_content:
        params["protect_content"] = True
    return replace(send, params=params)


def _reply(delivery: Delivery) -> int | None:
    reply = delivery.reply_to
    if reply is None or Step.REPLY in steps_of(delivery.ladder):
        return None
    return reply.message_id if reply.chat_id == delivery.chat_id else None


def _settle_sent(results: Sequence[Result]) -> None:
    now = results[0].finished_at
    ids = [result.attempt.delivery.pk for result in results]
    claims = {result.attempt.delivery.claim for result in results}
    mine = Delivery.objects.filter(pk__in=ids, claim__in=claims)
    changed = mine.filter(state=State.IN_FLIGHT).update(
        state=State.SENT, settled_at=now, outcome="sent", description="", deadline=None
    )
    if changed != len(results):  # somebody recovered what we were slow to settle
        ours = set(mine.filter(state=State.SENT).values_list("pk", flat=True))
        results = [result for result in results if result.attempt.delivery.pk in ours]
    DeliveryAttempt.objects.filter(pk__in=[result.attempt.row.pk for result in results]).update(
        finished_at=now, outcome="sent", status=200
    )
    messages = [message for result in results if (message := _shown(result)) is not None]
    if messages:
        SentMessage.objects.bulk_update(messages, ["message_id", "state", "kind", "sent_at"])
    health.channels_answered(
        {
            delivery.channel.pk
            for result in results
            if (delivery := result.attempt.delivery).channel is not None
            and delivery.channel.failures
        }
    )
    files.delete_settled(result.attempt.delivery for result in results)


def _shown(result: Result) -> SentMessage | None:
    """The message as it is now, when the call changed what we know of it."""
    call, message = result.attempt.call, result.attempt.delivery.target
    if call is None or message is None:
        return None
    if call.deletes:
        message.state = SentMessage.State.FORGOTTEN
        return message
    kind = _kind(call, message.kind)
    if not call.sends:
        if kind == message.kind:
            return None
        message.kind = kind
        return message
    message.kind, message.message_id = kind, result.message_id
    message.sent_at = result.finished_at
    message.state = (
        SentMessage.State.SHOWN
        if result.message_id is not None
        else SentMessage.State.FORGOTTEN  # sent, but the answer did not say as what
    )
    return message


def _kind(call: Call, known: str) -> str:
    media = call.params.get("media")
    if isinstance(media, dict):
        return str(media.get("type"))
    if call.sends:
        return SEND_MEDIA.get(call.method, SentMessage.Kind.TEXT)
    return known


def _settle_other(result: Result) -> None:
    failure, attempt = result.failure, result.attempt
    maybe = isinstance(result.decision, LaneBackoff) and result.decision.maybe_sent
    DeliveryAttempt.objects.filter(pk=attempt.row.pk).update(
        finished_at=result.finished_at,
        outcome=_name(result.decision),
        status=_status(failure),
        description="" if failure is None else str(failure),
        retry_after=getattr(failure, "retry_after", None),
        maybe_sent=maybe,
    )
    decision, delivery = result.decision, attempt.delivery
    said = "" if failure is None else getattr(failure, "description", "") or str(failure)
    if isinstance(decision, Postpone):
        _postpone(delivery, decision, result.finished_at, said)
    elif isinstance(decision, LaneBackoff):
        if _put_back(delivery, seen=maybe, maybe_sent=maybe, said=said) and maybe:
            outbox.fold_newer(delivery)
    elif isinstance(decision, Retarget):
        if delivery.tries.filter(outcome=_name(decision)).count() > MOVED_IN_A_ROW:
            _give_up(attempt, GiveUp(Problem.REFUSED), said)  # chats that point at each other
        else:
            _put_back(delivery, said=said)
            health.retarget(delivery.chat, delivery.channel, decision.chat_id)
    elif isinstance(decision, NextStep):
        _step_down(attempt, decision, said)
    elif isinstance(decision, ForgetTarget):
        _forget(attempt, said)
    elif isinstance(decision, DisableChannel):
        _disable(delivery, decision.problem, said)
    elif isinstance(decision, ConfirmChannel):
        if health.count_failure(delivery.channel) >= REFUSED_IN_A_ROW or delivery.channel is None:
            _disable(delivery, decision.problem, said)
        else:
            _put_back(delivery, wait=RETRY_SECONDS, said=said)
    elif isinstance(decision, SuspectBot):
        _suspect(attempt, decision, said)
    else:
        assert isinstance(decision, GiveUp)
        _give_up(attempt, decision, said)


def _name(decision: Decision) -> str:
    return type(decision).__name__.lower()


def _status(failure: BotApiFailure | None) -> int | None:
    if isinstance(failure, BotApiError):
        return failure.error_code if failure.error_code in _STATUSES else failure.status
    return failure.status if isinstance(failure, InvalidAnswer) else None


def _put_back(
    delivery: Delivery,
    *,
    seen: bool = False,
    maybe_sent: bool = False,
    wait: float = 0,
    said: str = "",
    **fields: object,
) -> bool:
    """Let it wait again. Unless Telegram may have seen it, it counts as never attempted."""
    if maybe_sent:
        fields["maybe_sent"] = True
    elif not seen:
        fields["attempts"] = F("attempts") - 1
    if wait:
        fields["not_before"] = timezone.now() + timedelta(seconds=wait)
    return _move(delivery, State.WAITING, description=said, **fields)


def _move(delivery: Delivery, state: str, **fields: object) -> bool:
    changed = Delivery.objects.filter(
        pk=delivery.pk, claim=delivery.claim, state=State.IN_FLIGHT
    ).update(state=state, claim=None, deadline=None, **fields)
    return bool(changed)


def _postpone(delivery: Delivery, decision: Postpone, now: datetime, said: str) -> None:
    if _put_back(delivery, said=said):
        ChatClock.objects.update_or_create(
            chat_id=delivery.chat_id,
            defaults={
                "not_before": now + timedelta(seconds=decision.seconds + AFTER_429),
                "reason": said[:255],
            },
        )


def _step_down(attempt: Attempt, decision: NextStep, said: str) -> None:
    delivery = attempt.delivery
    asked = _asked(delivery)
    taken = steps_of(delivery.ladder)
    if decision.problem in (Problem.TOPIC_MISSING, Problem.TOPIC_CLOSED):
        health.flag_topic(delivery.channel, decision.problem)
    step = asked and next_step(asked, taken, decision.refusal, replies=_reply(delivery) is not None)
    if step is None:
        _give_up(attempt, GiveUp(decision.problem or Problem.REFUSED), said)
        return
    entry = {
        "step": str(step),
        "reason": said,
        "defect": decision.own_defect,
        "at": datetime.now(UTC).isoformat(),
    }
    _put_back(delivery, said=said, ladder=[*delivery.ladder, entry])


def _forget(attempt: Attempt, said: str) -> None:
    """The message is gone. What the edit was to show is sent anew; a caller's own edit fails."""
    delivery, call = attempt.delivery, attempt.call
    shows = call is not None and as_send(call) is not None
    message = SentMessage.objects.filter(pk__in=[delivery.target_id])
    if delivery.purpose != Purpose.MESSAGE and shows:
        if _put_back(delivery, said=said):
            message.update(message_id=None, state=SentMessage.State.EXPECTED)
        return
    dead = delivery.purpose == Purpose.MESSAGE
    state = State.DEAD if dead else State.SUPERSEDED
    if _close(delivery, state, "forgotten", said):
        message.update(state=SentMessage.State.FORGOTTEN)


def _suspect(attempt: Attempt, decision: SuspectBot, said: str) -> None:
    """Let it wait for the check of the bot; where the bot is well time and again, it dies."""
    same = attempt.delivery.tries.filter(outcome=_name(decision)).count()
    if same > SUSPECTED_IN_A_ROW:
        _give_up(attempt, GiveUp(Problem.REFUSED), said)
    else:
        _put_back(attempt.delivery, said=said)


def _disable(delivery: Delivery, problem: Problem, said: str) -> None:
    if delivery.channel is None:
        _close(delivery, State.DEAD, problem, said)
        return
    _move(delivery, State.PARKED, attempts=F("attempts") - 1, description=said)
    health.disable(delivery.channel, problem, said)


def _give_up(attempt: Attempt, decision: GiveUp, said: str) -> None:
    delivery = attempt.delivery
    if attempt.call is None:
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
        if _put_back(delivery):
            outbox.follow(delivery, channel)
    elif _close(delivery, State.SUPERSEDED, "channel moved", ""):
        # Whoever keeps this message up to date makes a new one, in the channel's present chat.
        SentMessage.objects.filter(pk=delivery.target.pk).update(state=SentMessage.State.FORGOTTEN)


def _close(delivery: Delivery, state: str, outcome: str, said: str) -> bool:
    return _move(
        delivery, state, settled_at=timezone.now(), outcome=str(outcome)[:30], description=said
    )


def recent(bot_ids: Collection[UUID], now: datetime) -> Iterable[tuple[UUID, UUID, bool, datetime]]:
    """(bot, chat, whether it is a group, latest arrival) of the last minute's attempts, oldest
    first: what the budgets count.

    A call may have spent up to EXCESS_MAX on its way, but arrived before it was answered.
    """
    rows = (
        DeliveryAttempt.objects.filter(
            bot_id__in=bot_ids, started_at__gt=now - timedelta(seconds=65)
        )
        .order_by("started_at")
        .values_list(
            "bot_id", "chat_id", "chat__type", "chat__chat_id", "started_at", "finished_at"
        )
    )
    for bot_id, chat_id, kind, number, started_at, finished_at in rows:
        arrived_at = started_at + timedelta(seconds=EXCESS_MAX)
        if finished_at is not None:
            arrived_at = min(arrived_at, finished_at)
        yield bot_id, chat_id, is_group(kind, number), arrived_at
