"""The durable outbox: what should be sent, edited or deleted, written in the caller's transaction.

Nothing here touches the network. When the transaction commits, the dispatcher is woken.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import Organization
from accounts.statements import Writes
from accounts.tenancy import require_same_organization
from botapi import failpoints
from channels_app.models import Chat, NotificationChannel
from deliveries import clock, wakeup
from deliveries.calls import Call, as_send, overlay
from deliveries.models import Delivery, SentMessage, Stream
from deliveries.streams import open_streams, take_numbers, turn_at

__all__ = [
    "Call",
    "MessageGone",
    "Send",
    "act",
    "call_of",
    "change",
    "fold_newer",
    "open_stream",
    "open_streams",
    "pending_for",
    "send",
    "send_many",
    "unsent",
    "wake_dispatch",
]

State = Delivery.State
OPEN = (State.WAITING, State.IN_FLIGHT, State.PARKED)
PARAMS_VERSION = 1


class MessageGone(Exception):
    """The message was forgotten (deleted in Telegram, or not editable): send a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One message to be sent; see `send`."""

    stream: Stream
    call: Call
    channel: NotificationChannel | None
    purpose: str
    priority: int
    kind: str
    due_at: datetime
    reply_to: SentMessage | None = None


def open_stream(organization: Organization | UUID, chat: Chat) -> Stream:
    """A new empty stream of calls to one chat."""
    return open_streams(organization, [chat])[0]


def send(
    stream: Stream,
    call: Call,
    *,
    channel: NotificationChannel | None,
    purpose: str,
    priority: int,
    kind: str,
    due_at: datetime,
    reply_to: SentMessage | None = None,
) -> SentMessage:
    """Have `call` sent as the stream's next one; returns the message it will make (EXPECTED).

    A disabled channel's call is parked. Raises ForeignOrganization when rows are another
    organization's.
    """
    return send_many(
        [
            Send(
                stream=stream,
                call=call,
                channel=channel,
                purpose=purpose,
                priority=priority,
                kind=kind,
                due_at=due_at,
                reply_to=reply_to,
            )
        ]
    )[0]


def send_many(sends: Sequence[Send]) -> list[SentMessage]:
    """As `send`, for many messages in two statements; what is due together leaves in this order."""
    for one in sends:
        require_same_organization(one.stream.organization_id, one.channel, one.reply_to)
    messages = [
        SentMessage(
            organization_id=one.stream.organization_id,
            chat_id=one.stream.chat_id,
            stream=one.stream,
            kind=one.kind,
        )
        for one in sends
    ]
    writes = Writes()
    with transaction.atomic(savepoint=False):
        numbers = take_numbers(one.stream.pk for one in sends)
        calls = [
            _delivery(
                one.stream,
                one.call,
                number,
                channel=one.channel,
                purpose=one.purpose,
                priority=one.priority,
                due_at=one.due_at,
                target=message,
                reply_to=one.reply_to,
            )
            for one, message, number in zip(sends, messages, numbers, strict=True)
        ]
        for place, call in enumerate(calls):  # equal keys would leave in any order
            call.turn_at += place * timedelta.resolution
        writes.insert_instances(messages)
        writes.insert_instances(calls)
        writes.execute()
    failpoints.hit("outbox.sends_written")
    wake_dispatch()
    return messages


def act(
    stream: Stream,
    call: Call,
    *,
    channel: NotificationChannel,
    purpose: str,
    priority: int,
    due_at: datetime,
) -> Delivery:
    """Have a call made that is about no message, as the stream's next one."""
    require_same_organization(stream.organization_id, channel)
    return _append(stream, call, channel=channel, purpose=purpose, priority=priority, due_at=due_at)


def change(
    message: SentMessage,
    call: Call,
    *,
    channel: NotificationChannel | None,
    purpose: str,
    priority: int,
    due_at: datetime,
) -> Delivery:
    """Have an edit* or delete* of `message` made; returns the delivery that will show it.

    What waits for this message and was never attempted is overwritten: a waiting edit is replaced,
    a waiting send takes over the new content, a deleted one is not sent at all; it leaves when the
    new content is due, if that is sooner. What may have arrived and leaves again takes over the new
    content too. Otherwise the call follows as the stream's next. A message whose send died is sent
    anew with the new content. Raises MessageGone for a forgotten message.
    """
    require_same_organization(message.organization_id, channel)
    if message.state == SentMessage.State.FORGOTTEN:
        raise MessageGone(f"message {message.pk} is gone: send a new one")
    last = pending_for(message)
    if last is not None and (last.attempts == 0 or last.maybe_sent):
        overwritten = _overwrite(last, message, call, priority, due_at)
        if overwritten is not None:
            wake_dispatch()
            return overwritten
    if last is None and message.state == SentMessage.State.EXPECTED and _is_expected(message):
        call = as_send(call) or call
    delivery = _append(
        message.stream,
        call,
        channel=channel,
        purpose=purpose,
        priority=priority,
        due_at=due_at,
        target=message,
    )
    failpoints.hit("outbox.change_written")
    return delivery


def pending_for(message: SentMessage) -> Delivery | None:
    """The last unsettled call for this message, if any."""
    return (
        Delivery.objects.for_organization(message.organization_id)
        .filter(target=message, state__in=OPEN)
        .order_by("-sequence")
        .first()
    )


def unsent(messages: Collection[UUID], *, hold: bool = False) -> dict[UUID, bool]:
    """Those of these messages of which `change` makes a send: theirs waits, or died. Each with
    whether it may have been seen already.

    `hold`: what waits does so until the caller's transaction ends.
    """
    if not messages:
        return {}
    maybe_shown = Q(state=State.DEAD, maybe_sent=True)
    found = Delivery.objects.filter(Q(state__in=OPEN) | maybe_shown, target__in=messages)
    calls = found.order_by("pk")
    if hold:
        calls = calls.select_for_update()
    on_its_way: set[UUID | None] = set()
    seen: set[UUID | None] = set()
    for call in calls.only("target_id", "state", "method", "attempts", "maybe_sent"):
        if call.maybe_sent:
            seen.add(call.target_id)
        waits = call.state != State.IN_FLIGHT and (call.attempts == 0 or call.maybe_sent)
        if call.state != State.DEAD and not (waits and call.method.startswith("send")):
            on_its_way.add(call.target_id)
    # Asked last: what is no longer open by now has its message shown.
    expected = SentMessage.objects.filter(pk__in=messages, state=SentMessage.State.EXPECTED)
    return {pk: pk in seen for pk in expected.values_list("pk", flat=True) if pk not in on_its_way}


def fold_newer(delivery: Delivery) -> None:
    """Have a call that may have been seen leave again with the newest content.

    The next change of the same message, never attempted, moves into it.
    """
    newer = (
        Delivery.objects.filter(
            stream=delivery.stream_id,
            target=delivery.target_id,
            sequence__gt=delivery.sequence,
            state=State.WAITING,
            attempts=0,
        )
        .order_by("sequence")
        .first()
    )
    if newer is None or delivery.target_id is None or newer.method.startswith("delete"):
        return
    newest = overlay(call_of(delivery), call_of(newer))
    if newest is None:
        return
    moved = Delivery.objects.filter(pk=newer.pk, state=State.WAITING, attempts=0).update(
        state=State.SUPERSEDED, settled_at=clock.now()
    )
    if moved:
        Delivery.objects.filter(pk=delivery.pk, state=State.WAITING).update(**_stored(newest))


def call_of(delivery: Delivery) -> Call:
    """The stored call, as data."""
    params = {name: value for name, value in delivery.params.items() if name != "v"}
    return Call(delivery.method, params, delivery.files, delivery.plain_text)


def wake_dispatch() -> None:
    """Wake the dispatcher when the current transaction commits."""
    transaction.on_commit(wakeup.wake_dispatch)


def _append(
    stream: Stream, call: Call, *, target: SentMessage | None = None, **fields: Any
) -> Delivery:
    """Store the stream's next call."""
    number = take_numbers([stream.pk])[0]
    delivery = _delivery(stream, call, number, target=target, reply_to=None, **fields)
    delivery.save(force_insert=True)
    wake_dispatch()
    return delivery


def _delivery(
    stream: Stream,
    call: Call,
    sequence: int,
    *,
    channel: NotificationChannel | None,
    purpose: str,
    priority: int,
    due_at: datetime,
    target: SentMessage | None,
    reply_to: SentMessage | None,
) -> Delivery:
    disabled = channel is not None and not channel.enabled
    return Delivery(
        organization_id=stream.organization_id,
        bot_id=stream.chat.bot_id,
        chat_id=stream.chat_id,
        channel=channel,
        stream=stream,
        sequence=sequence,
        purpose=purpose,
        priority=priority,
        state=State.PARKED if disabled else State.WAITING,
        target=target,
        reply_to=reply_to,
        due_at=due_at,
        not_before=due_at,
        turn_at=turn_at(due_at, priority),
        **_stored(call),
    )


def _stored(call: Call) -> dict[str, object]:
    return {
        "method": call.method,
        "params": {"v": PARAMS_VERSION, **call.params},
        "files": {name: dict(spec) for name, spec in call.files.items()},
        "plain_text": call.plain_text,
        "weight": call.weight,
    }


def _is_expected(message: SentMessage) -> bool:
    """Asked anew: it may have been shown since the caller read it, and would be there twice."""
    stored = SentMessage.objects.for_organization(message.organization_id)
    return stored.filter(pk=message.pk, state=SentMessage.State.EXPECTED).exists()


def _overwrite(
    last: Delivery, message: SentMessage, call: Call, priority: int, due_at: datetime
) -> Delivery | None:
    """Put `call` in the place of `last`; None when an attempt was quicker or nothing fits."""
    untouched = Delivery.objects.filter(
        pk=last.pk, state__in=(State.WAITING, State.PARKED), attempts=last.attempts
    )
    waiting = call_of(last)
    if call.deletes and last.attempts:
        return None  # what may have arrived is there to be deleted
    if call.deletes and waiting.sends:
        if not untouched.update(state=State.SUPERSEDED, settled_at=clock.now()):
            return None
        SentMessage.objects.filter(pk=message.pk).update(state=SentMessage.State.FORGOTTEN)
        last.state = State.SUPERSEDED
        return last
    newest = call if call.deletes else overlay(waiting, call)
    if newest is None:
        return None
    urgent = min(last.priority, priority)
    fields: dict[str, Any] = {
        **_stored(newest),
        "priority": urgent,
        "turn_at": turn_at(min(last.due_at, due_at), urgent),
    }
    if due_at < last.due_at:
        fields |= {"due_at": due_at, "not_before": due_at}
    if not untouched.update(**fields):
        return None
    for name, value in fields.items():
        setattr(last, name, value)
    return last
