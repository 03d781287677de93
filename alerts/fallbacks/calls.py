"""Take-overs with news → calls of their fallbacks: one each, or one for many.

A call and the take-overs that it tells of are committed together. What it says is made before, and
counts only if nobody made a call of this fallback meanwhile (`Fallback.paced_at`).
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.audit import SYSTEM, record
from accounts.models import Way
from alerts.fallbacks import text
from alerts.fallbacks.recipients import told_by
from alerts.fallbacks.rules import ONE_BY_ONE, PACE
from alerts.fallbacks.text import Scene, Told
from alerts.group_titles import entitle
from alerts.group_views import channel_view, views_of, zone_of
from alerts.models import AlertGroup, Fallback, FallbackCall, TakeOver, TimelineEvent
from botapi import failpoints
from deliveries import outbox
from deliveries.calls import notice_call
from deliveries.messages import channel_params
from deliveries.models import Delivery, SentMessage

logger = logging.getLogger(__name__)

FALLBACK_TASK = "alerts.fallback"
AT_ONCE = 500
"""Groups in one call at most."""
VERSION = 1
Event = FallbackCall.Event
Kind = Fallback.Kind


class Outrun(Exception):
    """Somebody else made a call of this fallback meanwhile."""


def make_calls(now: datetime) -> int:
    """Put what is to be told into calls, as far as the pace allows; returns how many calls.

    One fallback's defect keeps no other one back.
    """
    waiting = _tellable().order_by().values_list("fallback_id", flat=True).distinct()
    related = ("channel__organization", "target__chat__bot", "target__organization")
    made = 0
    for fallback in Fallback.objects.filter(pk__in=list(waiting)).select_related(*related):
        try:
            made += _make_calls_of(fallback, now)
        except Outrun:
            continue
        except Exception:  # whatever is wrong with it, the others must speak
            logger.exception("Fallback %s could not tell of its take-overs", fallback.pk)
    return made


def scene_of(fallback: Fallback, now: datetime) -> Scene:
    """Whose it is; its channel and organization are loaded."""
    channel = fallback.channel
    return Scene(
        organization_id=str(channel.organization_id),
        organization=channel.organization.name,
        channel_id=str(channel.pk),
        channel=channel.name,
        url=f"{settings.SITE_URL}/alerts/alertgroup/",
        zone=zone_of(channel),
        at=now,
    )


def send_to_chat(
    fallback: Fallback, told: tuple[str, str], now: datetime, *, silent: bool
) -> Delivery:
    """Put a message for the other channel into the outbox, as a stream of its own; in the caller's
    transaction. `told`: in the channel's format, and in plain words."""
    target = fallback.target
    assert target is not None  # only usable fallbacks come here
    marked, plain = told
    message = outbox.send(
        outbox.open_stream(target.organization_id, target.chat),
        notice_call(channel_params(target), marked, target.parse_mode, plain, silent=silent),
        channel=target,
        purpose=Delivery.Purpose.FALLBACK,
        priority=Delivery.Priority.CRITICAL,
        kind=SentMessage.Kind.TEXT,
        due_at=now,
    )
    return Delivery.objects.for_organization(target.organization_id).get(target=message)


def _tellable() -> QuerySet[TakeOver]:
    """Take-overs with news. That it is over is told once it was told that it began."""
    begun_first = Q(news=Event.OVER) & Q(call__state=FallbackCall.State.WAITING)
    return TakeOver.objects.exclude(news="").exclude(begun_first)


def _make_calls_of(fallback: Fallback, now: datetime) -> int:
    if not fallback.enabled or (fallback.kind == Kind.CHANNEL and fallback.target is None):
        return 0
    room = _room(fallback, now)
    related = ("group_message__group__organization", "group_message__group__route")
    rows = list(
        _tellable().filter(fallback=fallback).select_related(*related).order_by("pk")[:AT_ONCE]
    )
    if not room or not rows:
        return 0
    merged = len(rows) > room or fallback.kind == Kind.EMAIL
    parts = [rows] if merged else [[row] for row in rows]
    told = _told(fallback, rows)
    with transaction.atomic():
        # Locked by this: a second sweep finds that it is not as it was.
        paced = Fallback.objects.filter(pk=fallback.pk, enabled=True, paced_at=fallback.paced_at)
        if not paced.update(paced_at=now):
            raise Outrun
        for part in parts:
            _make_call(fallback, part, [told[row.pk] for row in part], now)
        failpoints.hit("fallback.before_commit")
    failpoints.hit("fallback.committed")
    return len(parts)


def _room(fallback: Fallback, now: datetime) -> int:
    """How many calls it may make now; what does not fit is told in the last of them."""
    recent = fallback.calls.exclude(event=Event.TEST).filter(created_at__gt=now - PACE).count()
    most = 1 if fallback.kind == Kind.EMAIL else ONE_BY_ONE
    return max(0, most - recent)


def _told(fallback: Fallback, rows: Sequence[TakeOver]) -> dict[UUID, Told]:
    groups: dict[UUID, AlertGroup] = {
        row.group_message.group_id: row.group_message.group for row in rows
    }
    entitle(fallback.organization_id, groups.values())
    seen = views_of(groups.values())
    return {
        row.pk: Told(
            group_id=str(row.group_message.group_id),
            group=seen[row.group_message.group_id].view,
            severity=groups[row.group_message.group_id].severity,
            since=row.undelivered_since,
            reason=row.reason,
            end=row.end if row.news == Event.OVER else "",
            ended_at=row.ended_at,
        )
        for row in rows
    }


def _make_call(
    fallback: Fallback, rows: Collection[TakeOver], told: Sequence[Told], now: datetime
) -> None:
    scene = scene_of(fallback, now)
    begins = any(not one.end for one in told)
    call = FallbackCall(
        organization_id=fallback.organization_id,
        fallback=fallback,
        kind=fallback.kind,
        event=Event.UNDELIVERED if begins else Event.OVER,
        created_at=now,
        not_before=now,
    )
    if fallback.kind == Kind.EMAIL:
        subject, words = text.mail(told, scene)
        call.content = {"v": VERSION, "subject": subject, "text": words}
    elif fallback.kind == Kind.WEBHOOK:
        call.content = {"v": VERSION, "body": text.body(told, scene)}
    else:
        assert fallback.target is not None  # `_make_calls_of` asked
        words_of = text.chat_message(told, scene, channel_view(fallback.target))
        call.delivery = send_to_chat(fallback, words_of, now, silent=not begins)
        call.state, call.settled_at = FallbackCall.State.ACCEPTED, now
    call.save(force_insert=True)
    pending = {event: [row.pk for row in rows if row.news == event] for event in Event}
    for event, ids in pending.items():
        moved = TakeOver.objects.filter(pk__in=ids, news=event).update(news="", call=call)
        if moved != len(ids):
            raise Outrun  # what it is to tell of has changed: it is made anew
    if begins:
        by = told_by(fallback)
        begun = [row for row in rows if row.news == Event.UNDELIVERED]
        _note(fallback, begun, by, now)
        changes = {"groups": (0, len(begun)), "sent": ("", by)}
        record(SYSTEM, fallback.organization_id, "take over", fallback, changes)
        logger.warning("Fallback %s took over %s groups", fallback.pk, len(begun))


def _note(fallback: Fallback, rows: Collection[TakeOver], by: str, now: datetime) -> None:
    """A line in the timeline of each group."""
    TimelineEvent.objects.bulk_create(
        [
            TimelineEvent(
                organization_id=row.organization_id,
                group=row.group_message.group,
                at=now,
                kind=TimelineEvent.Kind.FALLBACK,
                way=Way.SYSTEM,
                data={
                    "why": f"undelivered in {fallback.channel} since "
                    f"{row.undelivered_since:%Y-%m-%d %H:%M:%S} UTC; sent {by}"
                },
            )
            for row in rows
        ]
    )
