"""Inhibit rules that are new or changed find their sources, and targets are let go.

Both stand in the database until they are done (`InhibitRule.due_at`, `InhibitSource.due_at`):
killed at any line, they are done again.
"""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.statements import Writes, one_of_pairs, query
from alerts.matchers import MatcherError
from alerts.models import (
    Alert,
    GroupMessage,
    InhibitedGroup,
    InhibitRule,
    InhibitSource,
    Status,
)
from alerts.muting.decisions import Inhibition
from alerts.muting.inhibit_sources import AS_NOW, source_rows
from alerts.muting.known import inhibition
from alerts.publish_hold import muted_as, release

logger = logging.getLogger(__name__)

KNOWN_EVERYWHERE = timedelta(seconds=30)
"""After a change every ingest goes by the new rule: its cached table is seconds old at most
(route_table.CACHED_FOR), and so is its transaction."""
CHUNK = 100 if settings.EMBEDDED_DATABASE else 500
"""Alerts at once; SQLite's one writer may hold everybody up for 10 ms."""
AT_ONCE = 2_000
"""Sources that ended, of one run; the others are next."""


def apply_due(now: datetime) -> int:
    """Find sources of rules that changed and let go what no source inhibits any more; returns how
    many messages are due for it."""
    return _rules(now) + _ended(now) + _without_rules()


def _rules(now: datetime) -> int:
    told = 0
    for rule in InhibitRule.objects.filter(due_at__lte=now).order_by("due_at"):
        if rule.enabled:
            _find_sources(rule)
        told += let_go(rule.organization_id)
        settled = (rule.changed_at or rule.created_at) + KNOWN_EVERYWHERE
        # Changed meanwhile, it is looked at again.
        InhibitRule.objects.filter(
            pk=rule.pk, due_at=rule.due_at, changed_at=rule.changed_at
        ).update(due_at=settled if settled > now else None)
    return told


def _find_sources(rule: InhibitRule) -> None:
    try:
        found = inhibition(rule)
    except MatcherError as error:
        logger.error("Rule %s is ignored: %s", rule.pk, error)  # noqa: TRY400  # no traceback
        return
    last: UUID | None = UUID(int=0)
    while last is not None:
        last = _find_some(rule.organization_id, found, last)


def _find_some(organization_id: UUID, rule: Inhibition, after: UUID) -> UUID | None:
    """Among the next firing alerts, locked so that none changes until its row says what it is;
    returns the last one's ID, None after all of them."""
    alerts = Alert.objects.for_organization(organization_id)
    following = alerts.filter(status=Status.FIRING, pk__gt=after).order_by("pk")
    stored = InhibitSource.objects.for_organization(organization_id).filter(rule=rule.id)
    with transaction.atomic():
        some = list(following.select_for_update(no_key=True).values_list("pk", "labels")[:CHUNK])
        found = {pk: source_rows(organization_id, [rule], pk, labels) for pk, labels in some}
        others = [pk for pk, rows in found.items() if not rows]
        stored.filter(alert__in=others).exclude(key="").update(key="")
        writes = Writes()
        writes.insert(
            InhibitSource, [row for rows in found.values() for row in rows], on_conflict=AS_NOW
        )
        writes.execute()
    return some[-1][0] if some else None


def _ended(now: datetime) -> int:
    told = 0
    ended = InhibitSource.objects.filter(due_at__lte=now).order_by("due_at")
    fields = ("organization_id", "former", "pk", "due_at")
    owners: dict[UUID, list[tuple[str, UUID, datetime | None]]] = {}
    for organization_id, *mark in ended.values_list(*fields)[:AT_ONCE]:
        owners.setdefault(organization_id, []).append(tuple(mark))
    for organization_id, found in owners.items():
        keys = {former for former, _, _ in found}
        told += let_go(organization_id) if "" in keys else let_go_of(organization_id, keys)
        # Ended again meanwhile, it has another mark.
        marks = [(pk, due_at) for _, pk, due_at in found]
        condition, values = one_of_pairs(("id", "due_at"), ("uuid", "timestamptz"), marks)
        query(
            f"UPDATE alerts_inhibitsource SET due_at = NULL WHERE {condition}",  # noqa: S608  # constants
            values,
            returns_rows=False,
        )
    return told


def _without_rules() -> int:
    """What the last rule of an organization kept quiet until it was deleted: nothing else is left
    to say so."""
    rules = InhibitRule.objects.filter(organization=OuterRef("organization"), enabled=True)
    return release(muted_as(GroupMessage.Muted.INHIBITED).filter(~Exists(rules)))


def let_go(organization_id: UUID) -> int:
    """Have all that is inhibited looked at anew; returns how many messages."""
    # In this order: what is held between the two was claimed at the first.
    told = _let_go_claimed(organization_id)
    inhibited = muted_as(GroupMessage.Muted.INHIBITED)
    return told + release(inhibited.filter(organization=organization_id))


def let_go_of(organization_id: UUID, keys: Collection[str]) -> int:
    """The same of what sources of these keys held back, whatever else is inhibited."""
    told = _let_go_claimed(organization_id)
    held = InhibitedGroup.objects.for_organization(organization_id).filter(key__in=keys)
    groups = list(held.values_list("group_id", flat=True).distinct())
    # Not `muted_as`: SQLite would go through all that is muted, not to these groups.
    inhibited = GroupMessage.objects.filter(muted=GroupMessage.Muted.INHIBITED)
    for start in range(0, len(groups), CHUNK):
        told += release(inhibited.filter(group__in=groups[start : start + CHUNK]))
    return told


def _let_go_claimed(organization_id: UUID) -> int:
    """Of what is being published: that may have been read before."""
    claimed = GroupMessage.objects.filter(claimed_until__isnull=False)
    return release(claimed.filter(organization=organization_id))
