"""What is old and over is deleted, in chunks; what is open never is."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, Model, OuterRef, QuerySet, Subquery
from django.utils import timezone

from accounts.chunks import chunk, delete, every, in_chunks
from accounts.models import first_id
from alerts.models import (
    Alert,
    AlertGroup,
    Episode,
    FallbackCall,
    GroupMember,
    GroupMessage,
    Payload,
    Silence,
    Status,
    Storm,
    TakeOver,
    TimelineEvent,
    Trace,
)
from alerts.publish_claim import UNTOLD
from botapi import failpoints
from deliveries.models import Delivery, Stream

WALK = 10
"""Chunks of a walk in a run."""
_OPEN = (Delivery.State.WAITING, Delivery.State.IN_FLIGHT, Delivery.State.PARKED)


def purge() -> dict[str, int]:
    """Delete of each kind in turn, for a while; returns how many rows of each."""
    now = timezone.now()
    traces = now - settings.RETENTION["traces"]
    before = now - settings.RETENTION["groups"]
    calls = now - settings.RETENTION["deliveries"]
    members, episodes = (
        _Walk(_ended_members(before), before),
        _Walk(_former_episodes(before), before),
    )
    found = in_chunks(
        {
            "traces": every(Trace.objects.filter(received_at__lt=traces).order_by("received_at")),
            "payloads": every(Payload.objects.filter(pk__lt=first_id(traces)).order_by("pk")),
            "groups": lambda size: _groups(before, size),
            "storms": lambda size: _storms(before, size),
            "timeline": every(TimelineEvent.objects.filter(pk__lt=first_id(before)).order_by("pk")),
            "members": members.look,
            "episodes": episodes.look,
            "alerts": lambda size: _alerts(before, size),
            "events": lambda size: _events(before, size),
            "silences": every(_silences(before)),
            "fallback calls": lambda size: _fallback_calls(calls, size),
        }
    )
    return found | {"members": members.deleted, "episodes": episodes.deleted}


def _groups(before: datetime, size: int) -> int:
    """Closed groups that every channel was told of, with all that is theirs."""
    unsettled = Delivery.objects.filter(stream=OuterRef("stream"), state__in=_OPEN)
    unfinished = GroupMessage.objects.filter(group=OuterRef("pk")).filter(
        UNTOLD | Exists(unsettled)
    )
    told = (
        AlertGroup.objects.filter(closed_at__lt=before, is_open=False)
        .exclude(Exists(unfinished))
        .order_by("closed_at")
    )
    with chunk():
        ids = list(told.select_for_update(skip_locked=True).values_list("pk", flat=True)[:size])
        if not ids:
            return 0
        messages = GroupMessage.objects.filter(group__in=ids)
        streams = list(messages.values_list("stream_id", flat=True))
        delete(AlertGroup, ids)
        # Deliveries and attempts go with their stream, as far as their own age has left any.
        delete(Stream, streams)
        failpoints.hit("purge.before_commit_of_groups")
    failpoints.hit("purge.groups_committed")
    return len(ids)


def _storms(before: datetime, size: int) -> int:
    """Storms that are over and of whose groups none is left."""
    with chunk():
        # Locked, or one that absorbs what fired again would be gone with what it tells.
        rows = list(
            Storm.objects.filter(closed_at__lt=before, due_at=None, claimed_until=None)
            .exclude(Exists(GroupMessage.objects.filter(storm=OuterRef("pk"))))
            .order_by("closed_at")
            .select_for_update(skip_locked=True)
            .values_list("pk", "stream_id")[:size]
        )
        delete(Storm, [pk for pk, _ in rows])
        delete(Stream, [stream for _, stream in rows if stream])
        failpoints.hit("purge.before_commit_of_storms")
    failpoints.hit("purge.storms_committed")
    return len(rows)


# --- of groups and alerts that never come to an end -----------------------------------------------

_reached: dict[type[Model], UUID] = {}
"""How far the last run of this process came."""


class _Walk:
    """Deletes those that were made before, by their IDs, which tell their age. Most of what is old
    may stay, so that each run looks at some and the next one goes on from there."""

    def __init__(self, rows: QuerySet[Any], before: datetime) -> None:
        self.deleted = 0
        self._rows = rows
        self._before = before
        self._left = WALK

    def look(self, size: int) -> int:
        """Delete what may go of so many; returns how many were looked at."""
        model = self._rows.model
        old = model._default_manager.filter(
            pk__gt=_reached.get(model, UUID(int=0)), pk__lt=first_id(self._before)
        )
        with chunk():
            ids = list(old.order_by("pk").values_list("pk", flat=True)[:size])
            gone = list(self._rows.filter(pk__in=ids).values_list("pk", flat=True))
            delete(model, gone)
        self.deleted += len(gone)
        _reached[model] = ids[-1] if len(ids) == size else UUID(int=0)
        self._left -= 1
        return len(ids) if self._left else 0


def _ended_members(before: datetime) -> QuerySet[GroupMember]:
    """Alerts that ended long ago, of groups that are open still."""
    ended = GroupMember.objects.filter(
        alert__ends_at__lt=before, alert__last_received_at__lt=before, group__is_open=True
    )
    return ended.exclude(alert__status=Status.FIRING)


def _former_episodes(before: datetime) -> QuerySet[Episode]:
    """Those before an alert's last one that no group speaks of."""
    in_group = GroupMember.objects.filter(alert=OuterRef("alert"), episode=OuterRef("number"))
    over = Episode.objects.filter(ends_at__lt=before, number__lt=F("alert__episode"))
    return over.exclude(Exists(in_group))


# --- alerts, and what fallbacks said --------------------------------------------------------------


def _fallback_calls(before: datetime, size: int) -> int:
    """What fallbacks said, but for what they say of groups that are not delivered yet."""
    is_open = TakeOver.objects.filter(call=OuterRef("pk"), ended_at=None)
    old = FallbackCall.objects.filter(settled_at__lt=before).exclude(Exists(is_open))
    return every(old.order_by("settled_at"))(size)


def _silences(before: datetime) -> QuerySet[Silence]:
    """Those that ended long ago, and whose end was told."""
    return Silence.objects.filter(ends_at__lt=before, due_at=None).order_by("ends_at")


def _alerts(before: datetime, size: int) -> int:
    """Ended alerts that no group speaks of any more."""
    return _delete_alerts(
        Alert.objects.filter(ends_at__lt=before, last_received_at__lt=before)
        .exclude(status=Status.FIRING)
        .order_by("ends_at"),
        size,
    )


def _events(before: datetime, size: int) -> int:
    return _delete_alerts(
        Alert.objects.filter(
            status=Status.EVENT, pk__lt=first_id(before), last_received_at__lt=before
        ).order_by("pk"),
        size,
    )


def _delete_alerts(old: QuerySet[Alert], size: int) -> int:
    # A value and no Exists, of which PostgreSQL makes a join that reads all members for each chunk.
    member = GroupMember.objects.filter(alert=OuterRef("pk")).values("pk")[:1]
    with chunk():
        # Locked, or one that fires again meanwhile would lose its episodes.
        ids = list(
            old.alias(member=Subquery(member))
            .filter(member=None)
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)[:size]
        )
        delete(Alert, ids)
        failpoints.hit("purge.before_commit_of_alerts")
    failpoints.hit("purge.alerts_committed")
    return len(ids)
