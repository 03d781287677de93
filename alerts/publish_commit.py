"""What was planned, written: calls in the outbox, and what each channel knows from then on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from accounts.statements import Writes
from alerts import rerouting
from alerts.images import TYPES
from alerts.message_templates import faults as template_faults
from alerts.models import GroupMessage
from alerts.pressing import is_pressed
from alerts.publish_hold import is_quiet, note_mutes
from alerts.publish_plan import Step
from alerts.publish_read import Ready, is_moved, unsent_of
from alerts.shown import to_json
from deliveries import backlog, outbox, waiting
from deliveries.models import Attachment, Delivery, SentMessage

PRIORITIES = {
    "critical": Delivery.Priority.CRITICAL,
    "high": Delivery.Priority.HIGH,
    "warning": Delivery.Priority.NORMAL,
    "info": Delivery.Priority.LOW,
    "": Delivery.Priority.NORMAL,
}
OVERTAKEN = timedelta(seconds=60)
"""A reply that waits for longer is not told when a newer one is."""
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
    waiting.hasten(one.row.stream_id for one in ready if is_pressed(one.row, one.situation.now))
    _make(ready, "document")
    _take_back_overtaken(ready)
    _make(ready, "notice")
    failed = [(one.template, one.plan.fault) for one in ready if one.template and one.plan.fault]
    if failed:
        template_faults.note(failed, ready[0].situation.now)
    writes = Writes()
    writes.update(GroupMessage, [_remembered(one) for one in ready])
    note_mutes([(one.row.group, one.situation.muting) for one in ready], writes)
    writes.execute()
    _tell_instead(ready)


def _tell_instead(ready: Sequence[Ready]) -> None:
    """What is not told here any more, or was never, may have to be told elsewhere."""
    rows = [
        one.row
        for one in ready
        if not one.situation.is_routed
        and one.situation.was_routed
        and (one.row.group.is_open or one.situation.is_gone)
    ]
    if rows:
        rerouting.tell_instead(rows, ready[0].situation.now)


def _take_back_overtaken(ready: Sequence[Ready]) -> None:
    """Replies that an outage held up, where the one that follows rings as well or tells the end."""
    rings = [
        one
        for one in ready
        if one.plan.decision.kind == "reply"
        and (not one.plan.decision.disable_notification or one.row.group.status == "resolved")
    ]
    if rings:
        now = rings[0].situation.now
        streams = [one.row.stream_id for one in rings]
        backlog.take_back_notices(streams, now - OVERTAKEN, now)


def _begin_anew(row: GroupMessage) -> None:
    """A stream to the channel's present chat; what the former one shows stays as it is."""
    for former in (row.message, row.document):
        if former is not None:
            waiting.supersede(former)
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
        priority=_priority(one),
        due_at=one.situation.now,
    )
    if step.call.method == "deleteMessage":
        one.row.document = None


def _priority(one: Ready) -> int:
    """Who pressed a button waits for what it does."""
    if is_pressed(one.row, one.situation.now):
        return Delivery.Priority.INTERACTIVE
    return PRIORITIES[one.row.group.severity]


def _purpose(step: Step) -> str:
    return {
        "message": Delivery.Purpose.GROUP,
        "document": Delivery.Purpose.DOCUMENT,
        "notice": Delivery.Purpose.NOTICE,
    }[step.target]


def _remembered(one: Ready) -> dict[str, Any]:
    plan, row, now = one.plan, one.row, one.situation.now
    heard, muting = plan.decision.heard, one.situation.muting
    return {
        "id": row.pk,
        "claimed_until": None,
        "parked_at": None,
        "published_at": now,
        "stream_id": row.stream_id,
        "message_id": row.message_id,
        "document_id": row.document_id,
        "shown": to_json(
            plan.shown, heard.told, churning=heard.churning, rings=_rang(one), muted=heard.muted
        ),
        "sounded_at": heard.sounded_at,
        "sound_due_at": plan.decision.sound_due_at if one.situation.is_routed else None,
        "repeat_at": _repeat_at(one),
        "routed": one.situation.is_routed,
        "storm_id": None,
        "owed_at": None,
        "muted": muting.reason if muting is not None and one.situation.is_routed else "",
    }


def _rang(one: Ready) -> int:
    """How many escalations the channel has heard of by now: what only edits does not ring."""
    return one.situation.rang if one.plan.decision.kind == "edit" else one.situation.rings


def _repeat_at(one: Ready) -> datetime | None:
    group, row = one.row.group, one.row
    interval = group.route.repeat_interval
    burns = group.is_open and group.acknowledged_at is None and one.situation.is_routed
    if not burns or not interval or is_quiet(one.situation.muting):
        return None
    if one.plan.decision.kind == "edit" and row.repeat_at and row.repeat_at > one.situation.now:
        return row.repeat_at
    return one.situation.now + timedelta(seconds=interval)
