"""Ends of alerts that their upstream no longer knows: given, and taken back.

They stand in `expires_at` like any other, and equal `unlisted_until`. A sender's next word writes
`expires_at` alone, so that ours is gone with it, and ingest need not know of any.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet

from alerts.models import Alert, Integration, Status

CHUNK = 50 if settings.EMBEDDED_DATABASE else 500


def firing(integration: Integration) -> QuerySet[Alert]:
    """Those of an integration."""
    rows = Alert.objects.for_organization(integration.organization_id)
    return rows.filter(integration=integration, status=Status.FIRING)


def give_end(
    integration: Integration, ids: Sequence[UUID], asked_at: datetime, until: datetime
) -> int:
    """To those of these that have none and were not told of since `asked_at`; returns how many."""
    rows = firing(integration).filter(expires_at=None, last_received_at__lte=asked_at)
    return sum(
        rows.filter(pk__in=chunk).update(expires_at=until, unlisted_until=until)
        for chunk in _chunks(ids)
    )


def take_back(integration: Integration, ids: Sequence[UUID] | None = None) -> int:
    """From these, or from all; returns how many had one of ours."""
    rows = firing(integration).filter(expires_at=F("unlisted_until"))
    if ids is None:
        ids = list(rows.order_by("pk").values_list("pk", flat=True))
    return sum(
        rows.filter(pk__in=chunk).update(expires_at=None, unlisted_until=None)
        for chunk in _chunks(ids)
    )


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
