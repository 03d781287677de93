"""Groups that are due → calls in the outbox.

A GroupMessage is claimed before its group is read: the claim clears `due_at`, so that a change
from then on makes it due again. What was decided and what is to be sent are committed together, and
only while the claim still holds: killed at any line, this leaves a claim that runs out and then
counts as due. Between claim and commit no transaction is open, since pictures are fetched there.
"""

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from alerts.group_views import (
    Seen,
    channel_view,
    channels_of_routes,
    params_of,
    policy_of,
    views_of,
    zone_of,
)
from alerts.images import TYPES, fetch_images
from alerts.models import AlertGroup, GroupMessage
from alerts.publish_plan import Plan, Situation, Step, make_plan
from alerts.rendering.document import render_document
from alerts.shown import from_json, to_json
from alerts.sound import Heard
from alerts.statements import Writes, adapt, locking, one_of, query, uuid_of
from botapi.client import InputFile
from channels_app.models import NotificationChannel
from deliveries import files, outbox, wakeup
from deliveries.conflicts import is_conflict
from deliveries.models import Attachment, Delivery, SentMessage

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=60)
CHUNK = 25 if settings.EMBEDDED_DATABASE else 100
RUN_SECONDS = 20.0
TRIES = 4
AFTER_DEFECT = timedelta(minutes=1)
"""When a group that could not be rendered is tried again; the log says why."""
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
_GONE = SentMessage.State.FORGOTTEN


@dataclass(slots=True)
class Ready:
    """A claimed GroupMessage with its plan."""

    row: GroupMessage
    seen: Seen
    situation: Situation
    plan: Plan
    picture: tuple[bytes, str] | None = None


def publish_due(seconds: float = RUN_SECONDS) -> int:
    """Publish what is due until nothing is, at most about so long; returns how many messages.

    When work is left, the next run is woken.
    """
    published = 0
    end = time.monotonic() + seconds
    while claimed := claim(CHUNK):
        published += publish_claimed(claimed)
        if time.monotonic() > end:
            wakeup.wake("alerts.publish")
            break
    return published


# --- claim ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claimed:
    """IDs under one claim; `until` is what proves it."""

    ids: tuple[UUID, ...]
    until: datetime

    def __bool__(self) -> bool:
        return bool(self.ids)


def claim(limit: int, channel: NotificationChannel | None = None) -> Claimed:
    """Take up to `limit` due messages, in turn from every organization; oldest first within one.

    Two processes never claim the same one: the conditions hold in the UPDATE that takes it.
    """
    now = timezone.now()
    until = now + CLAIM
    free = "(claimed_until IS NULL OR claimed_until <= %(now)s)"
    of_channel = " AND channel_id = %(channel)s" if channel else ""
    due = (
        "SELECT id, row_number() OVER (PARTITION BY organization_id ORDER BY since, id) AS turn,"  # noqa: S608  # constants
        " since FROM (SELECT id, organization_id,"
        " COALESCE(due_at, claimed_until, sound_due_at, repeat_at) AS since"
        ' FROM "alerts_groupmessage"'
        " WHERE (due_at <= %(now)s OR claimed_until <= %(now)s OR sound_due_at <= %(now)s"
        f" OR repeat_at <= %(now)s) AND {free}{of_channel}) AS due"
    )
    chosen = (
        f'SELECT id FROM "alerts_groupmessage" WHERE {free} AND id IN'  # noqa: S608  # constants
        f" (SELECT id FROM ({due}) AS turns ORDER BY turn, since LIMIT {limit:d})"
        f" ORDER BY id{locking('FOR UPDATE SKIP LOCKED')}"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE "alerts_groupmessage" SET claimed_until = %(until)s, due_at = NULL'  # noqa: S608  # constants
            f" WHERE id IN ({chosen}) AND {free} RETURNING id",
            {
                "now": adapt(now),
                "until": adapt(until),
                "channel": adapt(channel.pk) if channel else None,
            },
        )
        return Claimed(tuple(uuid_of(row[0]) for row in cursor.fetchall()), until)


# --- read and decide -----------------------------------------------------------------------------


def publish_claimed(claimed: Claimed, *, with_pictures: bool = True) -> int:
    """Read, decide, commit; returns how many were published or parked.

    A group's defect keeps no other one back: what fails together is tried one by one, and what
    fails alone waits for AFTER_DEFECT. Raises OperationalError, which says nothing about a group.
    """
    try:
        return _publish_in_turn(claimed, with_pictures=with_pictures)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(claimed.ids) > 1:
            each = [Claimed((pk,), claimed.until) for pk in claimed.ids]
            return sum(publish_claimed(one, with_pictures=with_pictures) for one in each)
        logger.exception("Group message %s could not be made", claimed.ids[0])
        _put_off(claimed)
        return 0


def _publish_in_turn(claimed: Claimed, *, with_pictures: bool) -> int:
    """Start again after losing against ingest or dispatch, instead of letting the claim run out."""
    for _ in range(TRIES - 1):
        try:
            return _publish(claimed, with_pictures=with_pictures)
        except OperationalError as error:
            if not is_conflict(error):
                raise
    return _publish(claimed, with_pictures=with_pictures)


def _publish(claimed: Claimed, *, with_pictures: bool) -> int:
    """All of them or none, but for those with pictures: nobody else waits for a picture."""
    rows = _load(claimed.ids)
    usable = [row for row in rows if _is_usable(row.channel)]
    parked = [row.pk for row in rows if not _is_usable(row.channel)]
    seen = views_of({row.group_id: row.group for row in usable}.values())
    routed = channels_of_routes({row.group.route_id for row in usable})
    now = timezone.now()
    at_once: list[Ready] = []
    pictured: list[Ready] = []
    for row in usable:
        is_routed = (row.group.route_id, row.channel_id) in routed
        situation = _situation(row, seen[row.group_id], now, is_routed=is_routed)
        one = Ready(row, seen[row.group_id], situation, make_plan(situation))
        (pictured if with_pictures and _wants_picture(one) else at_once).append(one)
    with transaction.atomic():
        held = _still_held(claimed)
        _commit([one for one in at_once if one.row.pk in held])
        _park([pk for pk in parked if pk in held], now)
    if pictured:
        _add_pictures(pictured)
        with transaction.atomic():
            held = _still_held(claimed)
            _commit([one for one in pictured if one.row.pk in held])
    return len(rows)


def _put_off(claimed: Claimed) -> None:
    """Try again later, for one reason alone: those that brought it here would at once again."""
    with transaction.atomic():
        GroupMessage.objects.filter(pk__in=_still_held(claimed)).update(
            claimed_until=None,
            sound_due_at=None,
            repeat_at=None,
            due_at=timezone.now() + AFTER_DEFECT,
        )


def _load(ids: Collection[UUID]) -> list[GroupMessage]:
    related = (
        "group__route",
        "group__organization",
        "channel__organization",
        "channel__chat__bot",
        "stream__chat",
        "message__stream__chat",
        "document__stream__chat",
    )
    # As they came, so that they leave.
    return list(GroupMessage.objects.filter(pk__in=ids).select_related(*related).order_by("pk"))


def _is_usable(channel: NotificationChannel) -> bool:
    return channel.enabled and channel.chat.bot.enabled


def _situation(row: GroupMessage, seen: Seen, now: datetime, *, is_routed: bool) -> Situation:
    shown, told = from_json(row.shown)
    return Situation(
        group_message_id=row.pk,
        group=seen.view,
        document=seen.document,
        channel=channel_view(row.channel),
        policy=policy_of(row.channel),
        params=params_of(row.channel),
        shown=shown,
        heard=Heard(told, row.sounded_at),
        now=now,
        is_gone=row.message is None or row.message.state == _GONE or _is_moved(row),
        is_document_gone=row.document is None or row.document.state == _GONE or _is_moved(row),
        is_repeat=row.repeat_at is not None and row.repeat_at <= now and row.group.is_open,
        is_routed=is_routed,
        was_routed=row.routed,
    )


def _is_moved(row: GroupMessage) -> bool:
    """Whether the channel was pointed to another chat since the group's messages were begun."""
    return row.stream.chat_id != row.channel.chat_id


def _add_pictures(wanting: Sequence[Ready]) -> None:
    """Plan anew those whose new picture is here now."""
    pictures = fetch_images({one.seen.image_url for one in wanting})
    for one in wanting:
        picture = pictures.get(one.seen.image_url)
        if picture is None:
            continue
        one.picture = (picture.body, picture.content_type)
        one.situation = replace(
            one.situation, picture=one.seen.image_url, attachment_id=Attachment().pk
        )
        one.plan = make_plan(one.situation)


def _wants_picture(one: Ready) -> bool:
    url = one.seen.image_url
    return bool(url) and (one.situation.is_gone or url != one.situation.shown.image)


# --- commit --------------------------------------------------------------------------------------


def _still_held(claimed: Claimed) -> set[UUID]:
    condition, value = one_of("id", claimed.ids)
    rows = query(
        f'SELECT id FROM "alerts_groupmessage" WHERE {condition} AND claimed_until = %s'  # noqa: S608  # constants
        f" ORDER BY id{locking('FOR UPDATE')}",
        [value, adapt(claimed.until)],
    )
    return {uuid_of(row[0]) for row in rows}


def _commit(ready: Sequence[Ready]) -> None:
    """In the caller's transaction: pictures, messages, then what replies to them, then our rows."""
    for one in ready:
        if _is_moved(one.row):
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


# --- channels that cannot be told now ------------------------------------------------------------


def _park(ids: Collection[UUID], now: datetime) -> None:
    GroupMessage.objects.filter(pk__in=ids).update(
        claimed_until=None, parked_at=now, sound_due_at=None, repeat_at=None
    )


def channel_enabled(channel: NotificationChannel) -> None:
    """For deliveries.health: what waits for this channel becomes due, and what is not too much is
    put into the outbox at once, so that the present state leaves instead of the parked one.

    In the caller's transaction, hence without pictures.
    """
    unpark(channel)
    publish_claimed(claim(CHUNK, channel), with_pictures=False)
    transaction.on_commit(lambda: wakeup.wake("alerts.publish"))


def unpark(channel: NotificationChannel) -> int:
    """What waits for this channel is due now; returns how many messages."""
    return (
        GroupMessage.objects.for_organization(channel.organization_id)
        .filter(channel=channel, parked_at__isnull=False)
        .update(due_at=timezone.now(), parked_at=None)
    )


# --- the document, made when it is sent ----------------------------------------------------------


def make_document(organization_id: UUID, group_message_id: str) -> InputFile:
    """For deliveries.files: the group as it is at the moment of sending. Raises CannotMake."""
    row = (
        GroupMessage.objects.for_organization(organization_id)
        .select_related("group__organization", "channel__organization")
        .filter(pk=group_message_id)
        .first()
    )
    if row is None:
        raise files.CannotMake("the group was purged")
    group: AlertGroup = row.group
    name, content = render_document(views_of([group])[group.pk].view, zone_of(row.channel))
    return InputFile(name, content, "text/plain")
