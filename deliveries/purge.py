"""Deletion by age, in small chunks; never of open state."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from botapi import failpoints
from deliveries import files
from deliveries.models import Delivery, DeliveryAttempt, Probe, Stream
from deliveries.settling import OWN_STREAM

CHUNK = 500
State = Delivery.State
OPEN = (State.WAITING, State.IN_FLIGHT, State.PARKED)


def purge(chunks: int = 20, size: int = CHUNK) -> int:
    """Delete what is older than its retention, at most so many chunks of each; returns rows.

    `size` is how many rows a chunk has.
    """
    now = timezone.now()
    attempts_before = now - settings.RETENTION["attempts"]
    deliveries_before = now - settings.RETENTION["deliveries"]
    steps: list[Callable[[], int]] = [
        lambda: _delete(
            DeliveryAttempt.objects.filter(
                started_at__lt=attempts_before, finished_at__isnull=False
            ),
            size,
        ),
        lambda: _delete(Probe.objects.filter(finished_at__lt=attempts_before), size),
        lambda: _delete_streams(deliveries_before, size),
        lambda: _delete(_settled(deliveries_before), size),
        lambda: files.delete_orphans(deliveries_before, size),
    ]
    return sum(_repeat(step, chunks, size) for step in steps)


def _repeat(step: Callable[[], int], chunks: int, size: int) -> int:
    total = 0
    for _ in range(chunks):
        deleted = step()
        total += deleted
        if deleted < size:
            break
    return total


def _settled(before: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(settled_at__lt=before).exclude(state__in=OPEN)


def _delete(rows: QuerySet[Any], size: int) -> int:
    ids = list(rows.order_by().values_list("pk", flat=True)[:size])
    if ids:
        rows.model._default_manager.filter(pk__in=ids).delete()
        failpoints.hit("purge.deliveries_deleted")
    return len(ids)


def _delete_streams(before: datetime, size: int) -> int:
    """Streams of single messages, with their calls and attempts."""
    is_open = Exists(Delivery.objects.filter(stream=OuterRef("stream"), state__in=OPEN))
    done = _settled(before).filter(~is_open, purpose__in=OWN_STREAM).order_by()
    ids = list(done.values_list("stream_id", flat=True).distinct()[:size])
    Stream.objects.filter(pk__in=ids).delete()
    return len(ids)
