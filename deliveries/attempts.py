"""Attempts: begun before each call, so that whoever follows a dead process knows of it.

An attempt is committed with a deadline before its call leaves, and freezes its parameters. What
became of it is written down in settling.py; what a dead process left behind, in recovery.py.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F

from botapi import failpoints
from botapi.errors import BotApiFailure
from deliveries import outbox
from deliveries.calls import Call, as_send
from deliveries.decisions import Decision
from deliveries.ladder import Step, apply, fit_to, steps_of
from deliveries.models import Delivery, DeliveryAttempt, Lane

log = logging.getLogger(__name__)

State = Delivery.State
CALL_SECONDS = 45.0
DEADLINE = timedelta(seconds=50)
"""Of an attempt: a call's total time and what it waits in our process before and after it."""


@dataclass(slots=True, eq=False)
class Attempt:
    """One begun attempt.

    `call` is what leaves; None when nothing is left to send, or what is stored is `unreadable`.
    """

    delivery: Delivery
    row: DeliveryAttempt
    call: Call | None
    unreadable: bool = False

    @property
    def params(self) -> dict[str, object]:
        """The Bot API parameters of the call."""
        delivery, call = self.delivery, self.call
        assert call is not None
        params = {"chat_id": delivery.chat.address, **call.params}
        if not call.sends:
            assert delivery.target is not None
            params["message_id"] = delivery.target.message_id
        elif (reply := reply_id(delivery)) is not None:
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
        failpoints.hit("attempt.before_commit")
    failpoints.hit("attempt.committed")
    return [_read(delivery, row) for delivery, row in zip(deliveries, rows, strict=True)]


def _read(delivery: Delivery, row: DeliveryAttempt) -> Attempt:
    try:
        return Attempt(delivery, row, _effective(delivery))
    except Exception:  # written by another version, perhaps: the other calls go on
        log.exception("delivery %s can't be read", delivery.pk)
        return Attempt(delivery, row, None, unreadable=True)


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


def _effective(delivery: Delivery) -> Call | None:
    """What to call now: an edit whose message is gone becomes a send; the ladder is applied."""
    if delivery.target is None or _has_no_way(delivery):
        return None
    call = asked(delivery)
    return None if call is None else apply(call, steps_of(delivery.ladder))


def _has_no_way(delivery: Delivery) -> bool:
    """Whether its channel was deleted, disabled or pointed to another chat meanwhile."""
    channel = delivery.channel
    return channel is None or not channel.enabled or channel.chat_id != delivery.chat_id


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
