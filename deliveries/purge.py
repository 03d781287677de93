"""Deletion by age, in small chunks; never of open state."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from deliveries import files
from deliveries.models import Delivery, DeliveryAttempt, Probe, Stream
from deliveries.settling import OWN_STREAM

CHUNK = 500
State = Delivery.State
OPEN = (State.WAITING, State.IN_FLIGHT, State.PARKED)


def purge(chunks: int = 20) -> int:
    """Delete what is older than its retention, at most so many chunks of each; returns rows."""
    now = timezone.now()
    attempts_before = now - settings.RETENTION["attempts"]
    deliveries_before = now - settings.RETENTION["deliveries"]
    steps: list[Callable[[], int]] = [
        lambda: _delete(
            DeliveryAttempt.objects.filter(
                started_at__lt=attempts_before, finished_at__isnull=False
            )
        ),
        lambda: _delete(Probe.objects.filter(finished_at__lt=attempts_before)),
        lambda: _delete_streams(deliveries_before),
        lambda: _delete(_settled(deliveries_before)),
        lambda: files.delete_orphans(deliveries_before, CHUNK),
    ]
    return sum(_repeat(step, chunks) for step in steps)


def _repeat(step: Callable[[], int], chunks: int) -> int:
    total = 0
    for _ in range(chunks):
        deleted = step()
        total += deleted
        if deleted < CHUNK:
            break
    return total


def _settled(before: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(settled_at__lt=before).exclude(state__in=OPEN)


def _delete(rows: QuerySet[Any]) -> int:
    ids = list(rows.order_by().values_list("pk", flat=True)[:CHUNK])
    if ids:
        rows.model._default_manager.filter(pk__in=ids).delete()
    return len(ids)


def _delete_streams(before: datetime) -> int:
    """Streams of single messages, with their calls and attempts."""
    done = _settled(before).filter(purpose__in=OWN_STREAM)
    ids = set(done.order_by().values_list("stream_id", flat=True)[:CHUNK])
    ids -= set(
        Delivery.objects.filter(stream__in=ids, state__in=OPEN).values_list("stream_id", flat=True)
    )
    Stream.objects.filter(pk__in=ids).delete()
    return len(ids)
