"""What is old and over is deleted, in chunks; what is open never is."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from alerts.models import (
    Alert,
    AlertGroup,
    Episode,
    GroupMember,
    GroupMessage,
    Status,
    TimelineEvent,
    Trace,
)
from alerts.publish_claim import UNTOLD
from botapi import failpoints
from deliveries.models import Delivery, Stream

CHUNK = 1_000
_OPEN = (Delivery.State.WAITING, Delivery.State.IN_FLIGHT, Delivery.State.PARKED)


def purge(chunks: int = 50) -> dict[str, int]:
    """Delete up to so many chunks of each kind; returns how many rows of each."""
    now = timezone.now()
    keep = settings.RETENTION
    return {
        "traces": _in_chunks(lambda: _traces(now - keep["traces"]), chunks),
        "groups": _in_chunks(lambda: _groups(now - keep["groups"]), chunks),
        "alerts": _in_chunks(lambda: _alerts(now - keep["groups"]), chunks),
    }


def _in_chunks(delete: Callable[[], int], chunks: int) -> int:
    deleted = 0
    for _ in range(chunks):
        count = delete()
        deleted += count
        if count < CHUNK:
            break
    return deleted


def _traces(before: datetime) -> int:
    old = Trace.objects.filter(received_at__lt=before).order_by("received_at")
    return _delete(old)


def _groups(before: datetime) -> int:
    """Closed groups that every channel was told of, with all that is theirs."""
    unsettled = Delivery.objects.filter(stream=OuterRef("stream"), state__in=_OPEN)
    unfinished = GroupMessage.objects.filter(group=OuterRef("pk")).filter(
        UNTOLD | Exists(unsettled)
    )
    ids = list(
        AlertGroup.objects.filter(closed_at__lt=before, is_open=False)
        .exclude(Exists(unfinished))
        .order_by("closed_at")
        .values_list("pk", flat=True)[:CHUNK]
    )
    if not ids:
        return 0
    with transaction.atomic():
        messages = GroupMessage.objects.filter(group__in=ids)
        streams = list(messages.values_list("stream_id", flat=True))
        for rows in (
            TimelineEvent.objects.filter(group__in=ids),
            GroupMember.objects.filter(group__in=ids),
            messages,
        ):
            rows._raw_delete(rows.db)
        # Deliveries and attempts go with their stream, as far as their own age has left any.
        Stream.objects.filter(pk__in=streams).delete()
        deleted = AlertGroup.objects.filter(pk__in=ids, is_open=False).delete()[0]
        failpoints.hit("purge.before_commit_of_groups")
    failpoints.hit("purge.groups_committed")
    return deleted and len(ids)


def _alerts(before: datetime) -> int:
    """Ended alerts that no group speaks of any more."""
    in_group = GroupMember.objects.filter(alert=OuterRef("pk"))
    with transaction.atomic():
        # Locked, or one that fires again meanwhile would lose its episodes.
        ids = list(
            Alert.objects.filter(last_received_at__lt=before)
            .exclude(status=Status.FIRING)
            .exclude(Exists(in_group))
            .select_for_update(skip_locked=True)
            .values_list("pk", flat=True)[:CHUNK]
        )
        episodes = Episode.objects.filter(alert__in=ids)
        episodes._raw_delete(episodes.db)
        Alert.objects.filter(pk__in=ids).delete()
        failpoints.hit("purge.before_commit_of_alerts")
    failpoints.hit("purge.alerts_committed")
    return len(ids)


def _delete(rows: QuerySet[Any]) -> int:
    ids = list(rows.values_list("pk", flat=True)[:CHUNK])
    if ids:
        old = rows.model._default_manager.filter(pk__in=ids)
        old._raw_delete(old.db)
    return len(ids)
