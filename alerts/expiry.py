"""Alerts that end by themselves: Prometheus' direct alerts resolve at `endsAt` unless repeated."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Organization
from alerts.group_rows import Scope
from alerts.group_state import Change
from alerts.groups import change_groups
from alerts.ingest import wake_publish
from alerts.lifecycle import Effect
from alerts.models import Alert, Ended, Episode, Status
from alerts.route_table import route_table
from alerts.statements import Writes

CHUNK = 500


def expire_due(limit: int = 20 * CHUNK) -> int:
    """Resolve what was not repeated in time, chunk by chunk; returns how many alerts."""
    expired = 0
    while expired < limit:
        now = timezone.now()
        due = Alert.objects.filter(expires_at__lte=now, status=Status.FIRING)
        organization_id = due.values_list("organization_id", flat=True).first()
        if organization_id is None:
            break
        count = _expire(organization_id, now)
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
        writes = Writes()
        changes = []
        for alert in alerts:
            alert.status, alert.ended_by = Status.RESOLVED, Ended.EXPIRED
            alert.ends_at, alert.expires_at = alert.expires_at, None
            changes.append(
                Change(
                    alert_id=alert.pk,
                    name=alert.name,
                    effect=Effect.EXPIRED,
                    status=alert.status,
                    severity=alert.severity,
                    episode=alert.episode,
                    before=alert.severity,
                )
            )
        change_groups(Scope(organization_id, table, now, alone=True), changes, writes)
        Alert.objects.bulk_update(alerts, ["status", "ended_by", "ends_at", "expires_at"])
        Episode.objects.filter(alert__in=alerts, ends_at=None).update(ends_at=now)
        writes.execute()
        transaction.on_commit(wake_publish)
    return len(alerts)
