"""Silences that an answer may tell of, or a command may end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from django.db.models import QuerySet

from alerts.matchers import Matcher, MatchOp, matches_all, readable_matchers
from alerts.models import AlertGroup, GroupMember, Silence, Status
from chatops.context import Context
from chatops.responding.reach import open_here, sees_all

LOOKED_AT = 2_000
"""Alerts that silences are compared with."""
_Alert: TypeAlias = tuple[Mapping[str, str], UUID]
"""Its labels, and its integration's ID."""


def lasting(context: Context) -> QuerySet[Silence]:
    """The organization's that are not over, the one that ends first before."""
    if context.organization is None:
        return Silence.objects.none()
    silences = Silence.objects.for_organization(context.organization)
    return silences.filter(ends_at__gt=context.now).order_by("ends_at", "pk")


def silences_here(context: Context) -> list[Silence]:
    """In private all of the member's organization; in a group those that hold for something that
    its channels were told and that is open: matchers name what other chats are told."""
    silences = list(lasting(context))
    if sees_all(context) or not silences:
        return silences
    return holding_for(silences, open_here(context))


def holding_for(silences: Sequence[Silence], groups: QuerySet[AlertGroup]) -> list[Silence]:
    """Those that hold for an alert which fires in one of the groups."""
    rows = GroupMember.objects.filter(
        group__in=groups.order_by().values("pk"), alert__status=Status.FIRING
    )
    found = rows.order_by("-pk").values_list("alert__labels", "alert__integration_id")
    alerts = _Alerts(found[:LOOKED_AT])
    return [silence for silence in silences if alerts.has(silence)]


class _Alerts:
    """Alerts by label and value, so that a silence is compared with few of them: nearly all name
    one value at least."""

    def __init__(self, alerts: Iterable[_Alert]) -> None:
        self._all = list(alerts)
        self._by_label: defaultdict[tuple[str, str], list[_Alert]] = defaultdict(list)
        for alert in self._all:
            for label in alert[0].items():
                self._by_label[label].append(alert)

    def has(self, silence: Silence) -> bool:
        """Whether it holds for one."""
        matchers = readable_matchers(silence.matchers)
        if matchers is None:
            return False
        own = silence.integration_id
        return any(
            matches_all(matchers, labels)
            for labels, integration in self._near(matchers)
            if own in (None, integration)
        )

    def _near(self, matchers: Sequence[Matcher]) -> Sequence[_Alert]:
        exact = [one for one in matchers if one.op is MatchOp.EQUAL and one.value]
        few = [self._by_label.get((one.name, one.value), []) for one in exact]
        return min(few, key=len, default=self._all)
