"""Alerts that end without their sender's word: not repeated in time, or their integration gone."""

from collections.abc import Sequence

from accounts.models import new_id
from accounts.statements import Writes
from alerts.group_rows import Scope
from alerts.group_state import Change
from alerts.groups import change_groups
from alerts.lifecycle import NO_LONGER_KNOWN, Effect
from alerts.models import Alert, Ended, Episode, Status
from alerts.muting.inhibit_sources import end_sources


def end_alerts(alerts: Sequence[Alert], scope: Scope, effect: Effect, ended_by: Ended) -> None:
    """End firing alerts of the scope's organization and carry it into their groups.

    In the caller's transaction, which has locked them; `scope.alone` is set. What expired ended
    when it did, anything else now.
    """
    writes = Writes()
    rows, episodes, changes = [], [], []
    for alert in alerts:
        expired = alert.expires_at if ended_by == Ended.EXPIRED else None
        ends_at = expired or scope.now
        is_unknown = expired is not None and expired == alert.unlisted_until
        rows.append(
            {
                "id": alert.pk,
                "status": Status.RESOLVED,
                "ended_by": Ended.UNKNOWN if is_unknown else ended_by,
                "ended_name": scope.actor_name if ended_by == Ended.PERSON else "",
                "ends_at": ends_at,
                "expires_at": None,
            }
        )
        episodes.append(
            {
                "id": new_id(),
                "organization_id": alert.organization_id,
                "alert_id": alert.pk,
                "number": alert.episode,
                "severity": alert.severity,
                "starts_at": alert.starts_at,
                "ends_at": ends_at,
            }
        )
        changes.append(
            Change(
                alert_id=alert.pk,
                name=alert.name,
                effect=effect,
                status=Status.RESOLVED,
                severity=alert.severity,
                episode=alert.episode,
                before=alert.severity,
                why=NO_LONGER_KNOWN if is_unknown else "",
            )
        )
    writes.update(Alert, rows)
    writes.insert(
        Episode, episodes, on_conflict="(alert_id, number) DO UPDATE SET ends_at = excluded.ends_at"
    )
    change_groups(scope, changes, writes)
    if scope.table.inhibitions:
        end_sources([alert.pk for alert in alerts], scope.now)
    writes.execute()
