"""Alerts that end without their sender's word: not repeated in time, or their integration gone."""

from collections.abc import Sequence

from alerts.group_rows import Scope
from alerts.group_state import Change
from alerts.groups import change_groups
from alerts.lifecycle import Effect
from alerts.models import Alert, Ended, Episode, Status
from alerts.statements import Writes


def end_alerts(alerts: Sequence[Alert], scope: Scope, effect: Effect, ended_by: Ended) -> None:
    """End firing alerts of the scope's organization and carry it into their groups.

    In the caller's transaction, which has locked them; `scope.alone` is set. What expired ended
    when it did, anything else now.
    """
    writes = Writes()
    changes = []
    for alert in alerts:
        expired = alert.expires_at if ended_by == Ended.EXPIRED else None
        alert.status, alert.ended_by = Status.RESOLVED, ended_by
        alert.ends_at, alert.expires_at = expired or scope.now, None
        changes.append(
            Change(
                alert_id=alert.pk,
                name=alert.name,
                effect=effect,
                status=alert.status,
                severity=alert.severity,
                episode=alert.episode,
                before=alert.severity,
            )
        )
    change_groups(scope, changes, writes)
    Alert.objects.bulk_update(alerts, ["status", "ended_by", "ends_at", "expires_at"])
    Episode.objects.filter(alert__in=alerts, ends_at=None).update(ends_at=scope.now)
    writes.execute()
