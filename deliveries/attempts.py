"""Attempts: begun before each call, so that whoever follows a dead process knows of it.

An attempt is committed with a deadline before its call leaves, and freezes its parameters. What
became of it is written down in settling.py; what a dead process left behind, in recovery.py.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from accounts.models import new_id
from accounts.statements import (
    Reads,
    Row,
    Writes,
    adapt,
    columns,
    instances,
    locking,
    one_of,
    query,
)
from botapi import failpoints
from botapi.errors import BotApiFailure
from channels_app.bots import bots_usable_by
from channels_app.models import Chat, NotificationChannel
from deliveries import outbox
from deliveries.answers import NOTHING_TOLD, Told
from deliveries.calls import Call, as_send
from deliveries.decisions import Decision
from deliveries.ladder import Step, apply, fit_to, steps_of
from deliveries.models import Delivery, DeliveryAttempt, SentMessage

log = logging.getLogger(__name__)

State = Delivery.State
CALL_SECONDS = 45.0
DEADLINE = timedelta(seconds=50)
"""Of an attempt: a call's total time and what it waits in our process before and after it."""
ACTION_AGE = timedelta(seconds=30)
"""A chat action says what the bot is doing: of what it did so long ago nobody needs to know."""


@dataclass(slots=True, eq=False)
class Attempt:
    """One begun attempt.

    `call` is what leaves; None when nothing is left to send, or what is stored is `unreadable`.
    """

    id: UUID
    delivery: Delivery
    deadline: datetime
    call: Call | None
    unreadable: bool = False
    lost_its_bot: bool = False

    @property
    def started_at(self) -> datetime:
        """When it was begun."""
        return self.deadline - DEADLINE

    @property
    def params(self) -> dict[str, object]:
        """The Bot API parameters of the call."""
        delivery, call = self.delivery, self.call
        assert call is not None
        params = {"chat_id": delivery.chat.address, **call.params}
        if call.stands_alone:
            return params
        if not call.sends:
            assert delivery.target is not None
            params.update(_which(call, delivery.target))
        elif (reply := reply_id(delivery)) is not None:
            params["reply_parameters"] = {
                "message_id": reply,
                "allow_sending_without_reply": True,
            }
        return params


def _which(call: Call, message: SentMessage) -> dict[str, object]:
    """What names the message, and of an album all of its messages."""
    if call.method == "deleteMessages":
        return {"message_ids": message.message_ids}
    return {"message_id": message.message_id}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an attempt. `message_id` where the call made a message; `told`: what else
    Telegram said of it, see answers.py; `reason`: why the call did not even leave."""

    attempt: Attempt
    decision: Decision
    finished_at: datetime
    failure: BotApiFailure | None = None
    message_id: int | None = None
    told: Told = NOTHING_TOLD
    reason: str = ""


def begin(
    delivery_ids: Sequence[UUID], holder: str, fences: Mapping[UUID, int], now: datetime
) -> list[Attempt]:
    """Commit an attempt for each that still waits and whose lane `holder` still has.

    `fences` maps a bot to the fence of the lane's lease.
    """
    deadline, claim = now + DEADLINE, uuid4()
    with transaction.atomic():
        begun = [
            Attempt(new_id(), delivery, deadline, None, lost_its_bot=_lost_its_bot(delivery))
            for delivery in _lock(delivery_ids, holder, now)
        ]
        writes = Writes()
        writes.update(Delivery, [_claimed(one, claim) for one in begun])
        writes.insert(DeliveryAttempt, [_row(one, fences, now) for one in begun])
        writes.execute()
        failpoints.hit("attempt.before_commit")
    failpoints.hit("attempt.committed")
    for one in begun:
        _read(one)
    return begun


def _claimed(attempt: Attempt, claim: UUID) -> Row:
    delivery = attempt.delivery
    delivery.state, delivery.claim, delivery.deadline = State.IN_FLIGHT, claim, attempt.deadline
    delivery.attempts += 1
    return {
        "id": delivery.pk,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "claim": claim,
        "deadline": delivery.deadline,
    }


def _row(attempt: Attempt, fences: Mapping[UUID, int], now: datetime) -> Row:
    delivery = attempt.delivery
    return {
        "id": attempt.id,
        "organization_id": delivery.organization_id,
        "delivery_id": delivery.pk,
        "bot_id": delivery.bot_id,
        "chat_id": delivery.chat_id,
        "number": delivery.attempts,
        "fence": fences[delivery.bot_id],
        "method": delivery.method,
        "started_at": now,
        "deadline": attempt.deadline,
        "outcome": "",
        "description": "",
        "maybe_sent": False,
    }


def _read(attempt: Attempt) -> None:
    if attempt.lost_its_bot:
        return
    try:
        attempt.call = _effective(attempt.delivery, attempt.started_at)
    except Exception:  # written by another version, perhaps: the other calls go on
        log.exception("delivery %s can't be read", attempt.delivery.pk)
        attempt.unreadable = True


def _lock(delivery_ids: Sequence[UUID], holder: str, now: datetime) -> list[Delivery]:
    """Those that still wait and whose lane `holder` has, which stays so until the commit.

    What somebody else is writing to is left out instead of waited for: whoever publishes may hold
    one of these and want another. It is looked at again at once.

    The calls come first and by themselves: no statistics keep up with leases, and a planner that
    takes them for few begins with the lanes, and reads all that their bots ever sent.
    """
    these, ids = one_of("id", delivery_ids)
    rows = query(
        "WITH d AS MATERIALIZED (SELECT * FROM deliveries_delivery"  # noqa: S608  # names come from the models
        f" WHERE {these} AND state = 'waiting'{locking('FOR NO KEY UPDATE SKIP LOCKED')})"
        f" SELECT {columns(_WITH)} FROM d"
        " JOIN deliveries_lane lane ON lane.bot_id = d.bot_id"
        " JOIN channels_app_bot bot ON bot.id = d.bot_id"
        " JOIN channels_app_chat chat ON chat.id = d.chat_id"
        " LEFT JOIN channels_app_notificationchannel channel ON channel.id = d.channel_id"
        " LEFT JOIN deliveries_sentmessage target ON target.id = d.target_id"
        " LEFT JOIN deliveries_sentmessage reply_to ON reply_to.id = d.reply_to_id"
        " WHERE lane.holder = %s AND lane.leased_until > %s AND bot.enabled"
        f"{locking('FOR SHARE OF lane')}",
        [ids, holder, adapt(now)],
    )
    return [_with_its_rows(*instances(_WITH, row)) for row in rows]


_WITH: Reads = (
    (
        "d",
        Delivery,
        (
            "id organization_id bot_id chat_id channel_id stream_id target_id reply_to_id purpose"
            " attempts method params files plain_text ladder due_at"
        ),
    ),
    ("chat", Chat, "id chat_id username"),
    (
        "channel",
        NotificationChannel,
        "id chat_id enabled failures message_thread_id protect_content",
    ),
    ("target", SentMessage, "id message_id state kind sent_at result"),
    ("reply_to", SentMessage, "id message_id chat_id"),
)
"""What a call needs, and no more: most of their other columns only a refusal asks for, and they
are read then."""


def _with_its_rows(delivery: Any, *related: Any) -> Delivery:
    for field, row in zip(_RELATED, related, strict=True):
        field.set_cached_value(delivery, row)
    found: Delivery = delivery
    return found


_RELATED: list[Any] = [Delivery._meta.get_field(name) for name, _, _ in _WITH[1:]]


def _effective(delivery: Delivery, now: datetime) -> Call | None:
    """What to call now: an edit whose message is gone becomes a send; the ladder is applied."""
    if _has_no_way(delivery):
        return None
    call = asked(delivery)
    if call is not None and call.stands_alone:
        if now - delivery.due_at > ACTION_AGE:
            return None
    elif delivery.target is None:
        return None
    return None if call is None else apply(call, steps_of(delivery.ladder))


def _has_no_way(delivery: Delivery) -> bool:
    """Whether its channel was deleted, disabled or pointed to another chat meanwhile. What is said
    to a person has its way as long as there is the chat."""
    channel = delivery.channel
    if _is_answer(delivery):
        return False
    return channel is None or not channel.enabled or channel.chat_id != delivery.chat_id


def _is_answer(delivery: Delivery) -> bool:
    return delivery.channel_id is None and delivery.purpose == Delivery.Purpose.ANSWER


def _lost_its_bot(delivery: Delivery) -> bool:
    """Whether its organization may not use the bot any more: a channel is disabled when a loan
    ends, and what is said without one has to be asked about."""
    if not _is_answer(delivery):
        return False
    return not bots_usable_by(delivery.organization_id).filter(pk=delivery.bot_id).exists()


def asked(delivery: Delivery) -> Call | None:
    """The call as it is now, before the ladder: by the method that its message takes, a send where
    that is gone; None when there is nothing to show."""
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


def reply_id(delivery: Delivery) -> int | None:
    """The message_id that the call answers, None without one or after the ladder's step."""
    reply = delivery.reply_to
    if reply is None or Step.REPLY in steps_of(delivery.ladder):
        return None
    return reply.message_id if reply.chat_id == delivery.chat_id else None
