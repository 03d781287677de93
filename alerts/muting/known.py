"""What mutes an organization's alerts, remembered until it changes, and what it does to groups.

`Organization.muting_version` grows with every change, and whoever publishes has read it: who never
muted anything costs no query, and who did costs some only after a change.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from accounts.models import Organization
from accounts.statements import one_of_pairs, query, uuid_of
from alerts.group_views import first_zone
from alerts.matchers import MatcherError, read_matchers
from alerts.models import AlertGroup, GroupMember, InhibitRule, MuteTiming, Route, Silence, Status
from alerts.muting.decisions import Inhibition, Mute, Muting, SilenceRule, Sources, mute_of
from alerts.muting.time_intervals import IntervalError, TimeInterval, holds, read_intervals
from deliveries import clock

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class RouteTimes:
    """When a route tells nothing: in `mute`, and outside `active` unless that is None."""

    mute: tuple[TimeInterval, ...] = ()
    active: tuple[TimeInterval, ...] | None = None

    def is_muted(self, moment: datetime) -> bool:
        """Whether it tells nothing then."""
        is_inactive = self.active is not None and not holds(self.active, moment)
        return is_inactive or holds(self.mute, moment)


@dataclass(frozen=True, slots=True)
class Mutes:
    """Of one organization: silences that are not over, rules that are enabled, times by route."""

    silences: tuple[SilenceRule, ...] = ()
    rules: tuple[Inhibition, ...] = ()
    times: Mapping[UUID, RouteTimes] = field(default_factory=dict)

    def may_mute(self, now: datetime) -> bool:
        """Whether any alert may be muted from then on."""
        return bool(self.rules or self.times) or any(one.ends_at > now for one in self.silences)

    def is_timed(self, route_id: UUID, now: datetime) -> bool:
        """Whether this route tells nothing then."""
        times = self.times.get(route_id)
        return times is not None and times.is_muted(now)


NOTHING = Mutes()
_cache: dict[UUID, tuple[int, str, Mutes]] = {}
_cache_lock = threading.Lock()


def mutes_of(organization: Organization) -> Mutes:
    """What mutes its alerts, as of the version that was read with it or a later one."""
    version, zone = organization.muting_version, organization.timezone
    if not version:
        return NOTHING
    cached = _cache.get(organization.pk)
    if cached is not None and cached[:2] == (version, zone):
        return cached[2]
    mutes = load(organization)
    with _cache_lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[organization.pk] = (version, zone, mutes)
    return mutes


def load(organization: Organization) -> Mutes:
    """As it stands, in four queries."""
    silences = Silence.objects.for_organization(organization).filter(ends_at__gt=clock.now())
    return Mutes(
        silences=_read(silences.order_by("pk"), silence_rule),
        rules=load_rules(organization.pk),
        times=_times(organization),
    )


def load_rules(organization_id: UUID) -> tuple[Inhibition, ...]:
    """Its inhibit rules that are enabled, in one query."""
    rules = InhibitRule.objects.for_organization(organization_id).filter(enabled=True)
    return _read(rules.order_by("pk"), inhibition)


def _read(rows: Iterable[T], read: Callable[[T], Any]) -> tuple[Any, ...]:
    """What cannot be read mutes nothing: rather told than lost."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except (MatcherError, IntervalError) as error:
            logger.error("%r is ignored: %s", row, error)  # noqa: TRY400  # no traceback
    return tuple(found)


def silence_rule(silence: Silence) -> SilenceRule:
    """Raises MatcherError."""
    return SilenceRule(
        silence.pk,
        read_matchers(silence.matchers),
        silence.starts_at,
        silence.ends_at,
        silence.author,
        silence.comment,
        silence.created_by_id,
        silence.way,
        silence.integration_id,
    )


def inhibition(rule: InhibitRule) -> Inhibition:
    """Raises MatcherError."""
    return Inhibition(
        rule.pk,
        str(rule),
        read_matchers(rule.source_matchers),
        read_matchers(rule.target_matchers),
        tuple(rule.equal),
    )


def _times(organization: Organization) -> dict[UUID, RouteTimes]:
    zone = first_zone(organization.timezone)  # where intervals name no location
    timings = MuteTiming.objects.for_organization(organization)
    read = {
        row.pk: found[0]
        for row in timings
        if (found := _read([row], lambda one: read_intervals(one.intervals, zone)))
    }
    muted = _timings_of(Route.mute_timings.through, read)
    active = _timings_of(Route.active_timings.through, read)
    return {
        route_id: RouteTimes(
            _together(muted.get(route_id, ())),
            _together(active[route_id]) if route_id in active else None,
        )
        for route_id in muted.keys() | active.keys()
    }


def _timings_of(
    through: Any, read: Mapping[UUID, tuple[TimeInterval, ...]]
) -> dict[UUID, list[tuple[TimeInterval, ...]]]:
    """Route ID → the intervals of each of its timings."""
    found: dict[UUID, list[tuple[TimeInterval, ...]]] = {}
    rows = through.objects.filter(mutetiming__in=read) if read else ()
    for row in rows:
        found.setdefault(row.route_id, []).append(read[row.mutetiming_id])
    return found


def _together(several: Iterable[tuple[TimeInterval, ...]]) -> tuple[TimeInterval, ...]:
    return tuple(interval for intervals in several for interval in intervals)


# --- what it does to groups ----------------------------------------------------------------------

_FIELDS = ("group_id", "alert_id", "alert__labels", "alert__status", "alert__integration_id")


class _Member(NamedTuple):
    alert_id: str
    labels: Mapping[str, str]
    status: str
    integration_id: UUID


def muting_in(groups: Collection[AlertGroup], now: datetime) -> dict[UUID, Muting]:
    """By group ID how each is muted then; where nothing is it is left out. Each group has its
    organization loaded. One query where anything may be muted, one more where rules may inhibit."""
    mutes = {
        group.pk: mutes_here
        for group in groups
        if (mutes_here := mutes_of(group.organization)).may_mute(now)
    }
    if not mutes:
        return {}
    members: dict[UUID, list[_Member]] = {pk: [] for pk in mutes}
    rows = GroupMember.objects.filter(group__in=members)
    for group_id, alert_id, *others in rows.values_list(*_FIELDS):
        members[group_id].append(_Member(str(alert_id), *others))
    sources = firing_sources(
        (mutes[pk].rules, one.labels) for pk, of in members.items() for one in of
    )
    mutings: dict[UUID, Muting] = {}
    for group in groups:
        if group.pk in mutes:
            muting = _muting(group, mutes[group.pk], members[group.pk], sources, now)
            if muting.mutes or muting.is_timed:
                mutings[group.pk] = muting
    return mutings


def _muting(
    group: AlertGroup,
    mutes: Mutes,
    members: Sequence[_Member],
    sources: Sources,
    now: datetime,
) -> Muting:
    is_over = not group.is_open and group.status != Status.EVENT
    muted: dict[str, Mute] = {}
    burning = set()
    for one in members:
        if one.status != Status.RESOLVED and not is_over:
            burning.add(one.alert_id)
        found = mute_of(mutes.silences, mutes.rules, one.labels, sources, now, one.integration_id)
        if found is not None:
            muted[one.alert_id] = found
    is_timed = mutes.is_timed(group.route_id, now)
    return Muting(muted, frozenset(burning), len(members), is_timed)


def firing_sources(targets: Iterable[tuple[Sequence[Inhibition], Mapping[str, str]]]) -> Sources:
    """The sources that fire, of those that could inhibit such alerts: one query, if any could."""
    wanted = {
        (rule.id, key)
        for rules, labels in targets
        for rule in rules
        for key in rule.target_keys(labels)
    }
    if not wanted:
        return frozenset()
    condition, values = one_of_pairs(("s.rule_id", "s.key"), ("uuid", "text"), wanted)
    rows = query(
        'SELECT DISTINCT s.rule_id, s.key FROM "alerts_inhibitsource" s'  # noqa: S608  # constants
        f" JOIN alerts_alert a ON a.id = s.alert_id WHERE {condition} AND a.status = 'firing'",
        values,
    )
    return frozenset((uuid_of(rule_id), key) for rule_id, key in rows)
