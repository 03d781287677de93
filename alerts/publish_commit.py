"""What was planned, written: calls in the outbox, and what each channel knows from then on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts.images import TYPES
from alerts.models import GroupMessage
from alerts.publish_plan import Step
from alerts.publish_read import Ready, is_moved, unsent_of
from alerts.shown import to_json
from alerts.statements import Writes
from deliveries import outbox
from deliveries.models import Attachment, Delivery, SentMessage

PRIORITIES = {
    "critical": Delivery.Priority.CRITICAL,
    "high": Delivery.Priority.HIGH,
    "warning": Delivery.Priority.NORMAL,
    "info": Delivery.Priority.LOW,
    "": Delivery.Priority.NORMAL,
}
KINDS = {
    "text": SentMessage.Kind.TEXT,
    "photo": SentMessage.Kind.PHOTO,
    "document": SentMessage.Kind.DOCUMENT,
}


def commit(ready: Sequence[Ready]) -> None:
    """In the caller's transaction: pictures, messages, then what replies to them, then our rows."""
    held = unsent_of((one.row for one in ready), hold=True)
    for one in ready:
        if held.get(one.row.pk) != one.situation.unsent:  # it left since, or came back
            one.plan_anew(unsent=held.get(one.row.pk))
        if is_moved(one.row):
            _begin_anew(one.row)
    Attachment.objects.bulk_create(
        [
            Attachment(
                pk=one.situation.attachment_id,
                organization_id=one.row.organization_id,
                filename=f"picture.{TYPES[one.picture[1]]}",
                content_type=one.picture[1],
                content=one.picture[0],
                size=len(one.picture[0]),
            )
            for one in ready
            if one.picture is not None
        ]
    )
    _make(ready, "message")
    for one in ready:
        for step in one.plan.steps:
            if not step.makes:
                _change(one, step)
    _make(ready, "document")
    _make(ready, "notice")
    writes = Writes()
    writes.update(GroupMessage, [_remembered(one) for one in ready])
    writes.execute()


def _begin_anew(row: GroupMessage) -> None:
    """A stream to the channel's present chat; what the former one shows stays as it is."""
    for former in (row.message, row.document):
        if former is not None:
            outbox.supersede(former)
    row.stream = outbox.open_stream(row.organization_id, row.channel.chat)
    row.message = row.document = None


def _make(ready: Sequence[Ready], target: str) -> None:
    """Have new messages sent; documents and notices reply to the group's message."""
    sends: list[tuple[Ready, outbox.Send]] = [
        (one, _send(one, step))
        for one in ready
        for step in one.plan.steps
        if step.makes and step.target == target
    ]
    if not sends:
        return
    for (one, _), sent in zip(sends, outbox.send_many([s for _, s in sends]), strict=True):
        if target == "message":
            one.row.message = sent
        elif target == "document":
            one.row.document = sent


def _send(one: Ready, step: Step) -> outbox.Send:
    return outbox.Send(
        stream=one.row.stream,
        call=step.call,
        channel=one.row.channel,
        purpose=_purpose(step),
        priority=PRIORITIES[one.row.group.severity],
        kind=KINDS[step.makes],
        due_at=one.situation.now,
        reply_to=None if step.target == "message" else one.row.message,
    )


def _change(one: Ready, step: Step) -> None:
    message = one.row.message if step.target == "message" else one.row.document
    assert message is not None  # without one the plan would make it
    outbox.change(
        message,
        step.call,
        channel=one.row.channel,
        purpose=_purpose(step),
        priority=PRIORITIES[one.row.group.severity],
        due_at=one.situation.now,
    )
    if step.call.method == "deleteMessage":
        one.row.document = None


def _purpose(step: Step) -> str:
    return {
        "message": Delivery.Purpose.GROUP,
        "document": Delivery.Purpose.DOCUMENT,
        "notice": Delivery.Purpose.NOTICE,
    }[step.target]


def _remembered(one: Ready) -> dict[str, Any]:
    plan, row, now = one.plan, one.row, one.situation.now
    return {
        "id": row.pk,
        "claimed_until": None,
        "parked_at": None,
        "published_at": now,
        "stream_id": row.stream_id,
        "message_id": row.message_id,
        "document_id": row.document_id,
        "shown": to_json(plan.shown, plan.decision.heard.told),
        "sounded_at": plan.decision.heard.sounded_at,
        "sound_due_at": plan.decision.sound_due_at if one.situation.is_routed else None,
        "repeat_at": _repeat_at(one),
        "routed": one.situation.is_routed,
    }


def _repeat_at(one: Ready) -> datetime | None:
    group, row = one.row.group, one.row
    interval = group.route.repeat_interval
    burns = group.is_open and group.acknowledged_at is None and one.situation.is_routed
    if not burns or not interval:
        return None
    if one.plan.decision.kind == "edit" and row.repeat_at and row.repeat_at > one.situation.now:
        return row.repeat_at
    return one.situation.now + timedelta(seconds=interval)
