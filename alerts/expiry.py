"""Alerts that end by themselves: Prometheus' direct alerts resolve at `endsAt` unless repeated."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Organization
from alerts.ending import end_alerts
from alerts.group_rows import Scope
from alerts.ingest import wake_publish
from alerts.lifecycle import Effect
from alerts.models import Alert, Ended, Status
from alerts.route_table import route_table
from botapi import failpoints

CHUNK = 50 if settings.EMBEDDED_DATABASE else 500
"""Alerts in one transaction; SQLite's one writer may hold everybody up for 10 ms."""
LIMIT = 10_000


def expire_due(now: datetime, limit: int = LIMIT) -> int:
    """Resolve what was not repeated by `now`, a chunk of each organization in turn; returns how
    many alerts."""
    due = Alert.objects.filter(expires_at__lte=now, status=Status.FIRING).order_by()
    expired = 0
    while expired < limit:
        organizations = list(due.values_list("organization_id", flat=True).distinct())
        count = sum(_expire(organization_id, now) for organization_id in organizations)
        if not count:
            break
        expired += count
    return expired


def _expire(organization_id: UUID, now: datetime) -> int:
    table = route_table(Organization.objects.get(pk=organization_id))
    with transaction.atomic():
        alerts = list(
            Alert.objects.for_organization(organization_id)
            .filter(expires_at__lte=now, status=Status.FIRING)
            .order_by("pk")
            .select_for_update(skip_locked=True)[:CHUNK]
        )
        if not alerts:
            return 0
        scope = Scope(organization_id, table, now, alone=True)
        end_alerts(alerts, scope, Effect.EXPIRED, Ended.EXPIRED)
        transaction.on_commit(wake_publish)
        failpoints.hit("expiry.before_commit")
    failpoints.hit("expiry.committed")
    return len(alerts)
