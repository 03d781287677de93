"""Alerts that are a source of an inhibit rule, noted in the transaction that stores them.

Which rules there are is known from a cached table: what is stored by an older one is found by
alerts/muting/inhibit_effects.py.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import new_id
from accounts.statements import Writes, adapt, one_of, one_of_pairs, query
from alerts.ingest_alerts import Outcome
from alerts.models import InhibitSource
from alerts.muting.changes import wake_effects
from alerts.muting.decisions import Inhibition

AS_NOW = "(rule_id, alert_id) DO UPDATE SET key = excluded.key"
"""On conflict: it is a source by the labels that it has now."""


def note_sources(rules: Sequence[Inhibition], of: Outcome, writes: Writes) -> None:
    """Add what became a source to the writes; what is none any more, by another statement. Nothing
    without rules."""
    if not rules:
        return
    rows: list[dict[str, Any]] = []
    known = []
    for alert in sorted(of.working.values(), key=lambda one: one.id):
        if alert.told is None or alert.known is None:
            continue
        if not alert.is_new:
            known.append(alert.id)
        if alert.known.status == "firing":
            labels = alert.told.incoming.labels
            rows += source_rows(of.integration.organization_id, rules, alert.id, labels)
    end_sources(known, of.now, besides={(row["alert_id"], row["key"]) for row in rows})
    writes.insert(InhibitSource, rows, on_conflict=AS_NOW)


def source_rows(
    organization_id: UUID, rules: Sequence[Inhibition], alert_id: UUID, labels: Any
) -> list[dict[str, Any]]:
    """One for each rule whose source such an alert is."""
    return [
        {
            "id": new_id(),
            "organization_id": organization_id,
            "rule_id": rule.id,
            "alert_id": alert_id,
            "key": key,
        }
        for rule in rules
        if (key := rule.source_key(labels)) is not None
    ]


def end_sources(
    alerts: Collection[UUID], now: datetime, besides: Collection[tuple[UUID, str]] = ()
) -> None:
    """These alerts are no sources any more, but for these (alert's ID, key), where a key holds its
    rule: their targets are looked at anew soon. In the caller's transaction, which has locked
    them."""
    if not alerts:
        return
    condition, values = one_of("alert_id", alerts)
    parameters: list[Any] = [adapt(now), values]
    if besides:
        kept, pairs = one_of_pairs(("alert_id", "key"), ("uuid", "text"), besides)
        condition += f" AND NOT ({kept})"
        parameters += pairs
    ended = query(
        "UPDATE alerts_inhibitsource SET key = '', due_at = %s,"  # noqa: S608  # constants
        " former = CASE WHEN due_at IS NULL OR former = key THEN key ELSE '' END"
        f" WHERE {condition} AND key <> '' RETURNING id",
        parameters,
    )
    if ended:
        transaction.on_commit(wake_effects)
