"""Deletion by age, in small chunks; never of open state."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from accounts.chunks import FIRST, Delete, chunk, delete, every, in_chunks
from botapi import failpoints
from deliveries import files
from deliveries.models import Delivery, DeliveryAttempt, Probe, Stream, Trouble
from deliveries.settling import OWN_STREAM

State = Delivery.State
OPEN = (State.WAITING, State.IN_FLIGHT, State.PARKED)


def purge(first: int = FIRST) -> int:
    """Delete what is older than its retention, for a while; how many rows.

    `first` is how many rows the first chunk of each kind has.
    """
    now = timezone.now()
    attempts_before = now - settings.RETENTION["attempts"]
    deliveries_before = now - settings.RETENTION["deliveries"]
    kinds: dict[str, Delete] = {
        "attempts": every(
            DeliveryAttempt.objects.filter(
                started_at__lt=attempts_before, finished_at__isnull=False
            ).order_by("started_at")
        ),
        "probes": every(Probe.objects.filter(finished_at__lt=attempts_before).order_by("pk")),
        "calls": lambda size: _delete_settled(deliveries_before, size),
        "troubles": every(
            Trouble.objects.filter(recovered_at__lt=deliveries_before).order_by("recovered_at")
        ),
        "files": lambda size: files.delete_orphans(deliveries_before, size),
    }
    return sum(in_chunks(kinds, first).values())


def _delete_settled(before: datetime, size: int) -> int:
    """The oldest calls with their attempts; of single messages the whole stream."""
    settled = Delivery.objects.filter(settled_at__lt=before).exclude(state__in=OPEN)
    oldest = settled.order_by("settled_at").values_list("pk", "stream_id", "purpose")
    with chunk():
        rows = list(oldest[:size])
        own = {stream_id for _, stream_id, purpose in rows if purpose in OWN_STREAM}
        open_calls = Delivery.objects.filter(stream__in=own, state__in=OPEN)
        own -= set(open_calls.values_list("stream_id", flat=True))
        delete(Delivery, [pk for pk, *_ in rows])
        delete(Stream, list(own))
    if rows:
        failpoints.hit("purge.deliveries_deleted")
    return len(rows)
