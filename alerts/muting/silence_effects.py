"""Silences that begin, change or are ended by somebody: the groups that they hold for become due.

What publishing silences it looks at again when that ends by itself (`GroupMessage.sound_due_at`).
Whatever is committed meanwhile is published by the silences as they are then, so that nothing is
missed. Killed at any line, all of it is done again: to be due twice changes nothing.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction

from alerts.matchers import Matcher, MatcherError, matches_all, read_matchers
from alerts.models import Alert, GroupMember, GroupMessage, Silence, Status
from deliveries import clock

logger = logging.getLogger(__name__)

READ = 1_000
"""Alerts whose labels are in memory at once."""
CHUNK = 100 if settings.EMBEDDED_DATABASE else 500
"""Messages in one transaction; SQLite's one writer may hold everybody up for 10 ms."""
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Alerts that a silence holds for. `integration_id`: None for those of all."""

    matchers: Sequence[Matcher]
    integration_id: UUID | None

    def holds_for(self, labels: Mapping[str, str], integration_id: UUID) -> bool:
        return self.integration_id in (None, integration_id) and matches_all(self.matchers, labels)


def apply_due(now: datetime) -> int:
    """Make due what silences begin or cease to hold for; returns how many messages. An
    organization's alerts are read once for all of its silences."""
    due: dict[UUID, list[Silence]] = {}
    for silence in Silence.objects.filter(due_at__lte=now).order_by("due_at")[:AT_ONCE]:
        due.setdefault(silence.organization_id, []).append(silence)
    told = 0
    for organization_id, silences in due.items():
        told += _look_at(organization_id, [one for one in map(_wanted, silences) if one])
        for silence in silences:
            # Changed meanwhile, it is looked at again.
            Silence.objects.filter(
                pk=silence.pk, due_at=silence.due_at, updated_at=silence.updated_at
            ).update(due_at=None)
    return told


def _wanted(silence: Silence) -> _Wanted | None:
    try:
        return _Wanted(read_matchers(silence.matchers), silence.integration_id)
    except MatcherError as error:
        logger.error("Silence %s is ignored: %s", silence.pk, error)  # noqa: TRY400  # no traceback
        return None


def _look_at(organization_id: UUID, wanted: Sequence[_Wanted]) -> int:
    """What its channels were told of groups in which such an alert fires is looked at anew;
    returns how many messages. What is due later stays so: it waits for others."""
    found = 0
    for alert_ids in _firing(organization_id, wanted):
        members = GroupMember.objects.for_organization(organization_id).filter(
            alert__in=alert_ids, group__is_open=True
        )
        groups = list(members.order_by().values_list("group_id", flat=True).distinct())
        for start in range(0, len(groups), CHUNK):
            found += _make_due(organization_id, groups[start : start + CHUNK])
    return found


def _firing(organization_id: UUID, wanted: Sequence[_Wanted]) -> Iterator[list[UUID]]:
    """IDs of the alerts that any of them holds for, some at a time."""
    if not wanted:
        return
    alerts = Alert.objects.for_organization(organization_id).filter(status=Status.FIRING)
    integrations = {one.integration_id for one in wanted}
    if None not in integrations:
        alerts = alerts.filter(integration__in=integrations)
    rows = alerts.order_by("pk").values_list("pk", "labels", "integration_id")
    last = UUID(int=0)
    while read := list(rows.filter(pk__gt=last)[:READ]):
        last = read[-1][0]
        matching = [
            pk
            for pk, labels, integration_id in read
            if any(one.holds_for(labels, integration_id) for one in wanted)
        ]
        if matching:
            yield matching


def _make_due(organization_id: UUID, groups: Collection[UUID]) -> int:
    messages = GroupMessage.objects.for_organization(organization_id)
    with transaction.atomic():
        ids = list(
            messages.filter(group__in=groups, due_at=None, parked_at=None, routed=True)
            .order_by("pk")
            .select_for_update(of=("self",))
            .values_list("pk", flat=True)
        )
        return messages.filter(pk__in=ids, due_at=None).update(due_at=clock.now())
