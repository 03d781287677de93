"""What the API tells of, read from the database: an integration's own alerts and groups, the routes
that take them, and the organization's silences.

A receiver is a route by its name: in Tocsin a group belongs to a route, which tells all of its
channels, so that a route is what Alertmanager calls a receiver together with its route.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alerts.alertmanager_api.config_text import ShownRoute
from alerts.alertmanager_api.queries import AlertQuery
from alerts.alertmanager_api.shapes import ShownAlert, ShownGroup, ShownSilence
from alerts.matchers import Matcher, matches_all, readable_matchers
from alerts.models import (
    Alert,
    GroupMember,
    InhibitSource,
    Integration,
    Route,
    Silence,
    Status,
)
from alerts.muting.known import load_rules
from alerts.muting.silence_rows import holding_for, in_state
from alerts.muting.silencing import SilenceState
from alerts.resolve_timeout import OF_DIRECT_ALERTS
from alerts.route_table import RouteTable, route_table
from alerts.routing import matching_routes
from alerts.sources.incoming import LinkKind

EXPIRED_SHOWN = timedelta(hours=120)
"""As Alertmanager keeps them (--data.retention); older ones are in the console."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """Names of routes, each of them once; `enabled`: those that tell of new alerts, in order."""

    names: Mapping[UUID, str]
    enabled: Sequence[UUID]
    table: RouteTable

    def of(self, labels: Mapping[str, str], integration: Integration) -> list[str]:
        """Those that take such an alert."""
        rules = matching_routes(self.table.rules, labels, integration.pk)
        return [self.names[rule.id] for rule in rules if rule.id in self.names]


def receivers_of(integration: Integration) -> Receivers:
    """One query, and the cached route table."""
    table = route_table(integration.organization)
    routes = Route.objects.for_organization(integration.organization_id)
    names = unique_names(routes.values_list("pk", "name"))
    taking = [rule.id for rule in table.rules if _is_for(rule.integration_ids, integration)]
    return Receivers(names, [pk for pk in taking if pk in names], table)


def unique_names(rows: Iterable[tuple[UUID, str]]) -> dict[UUID, str]:
    """Each row's name; of those with the same one, the later get a number."""
    names: dict[UUID, str] = {}
    taken: set[str] = set()
    for pk, name in rows:
        unique, number = name, 1
        while unique in taken:
            number += 1
            unique = f"{name} ({number})"
        taken.add(unique)
        names[pk] = unique
    return names


def shown_routes(integration: Integration) -> tuple[ShownRoute, list[ShownRoute]]:
    """The default route, and the others that are on and take this integration's alerts."""
    receivers = receivers_of(integration)
    rows = Route.objects.for_organization(integration.organization_id)
    default: ShownRoute | None = None
    others: list[ShownRoute] = []
    for row in rows:
        if row.is_default:
            default = _shown_route(row, receivers)
        elif row.pk in receivers.enabled:
            others.append(_shown_route(row, receivers))
    assert default is not None  # the route table makes it when it is missing
    return default, others


def _shown_route(row: Route, receivers: Receivers) -> ShownRoute:
    return ShownRoute(
        receiver=receivers.names.get(row.pk, row.name),
        matchers=readable_matchers(row.matchers) or (),
        continue_matching=row.continue_matching,
        group_by=row.group_by,
        group_wait=row.group_wait,
        group_interval=row.group_interval,
        repeat_interval=row.repeat_interval,
    )


def _is_for(integration_ids: frozenset[UUID], integration: Integration) -> bool:
    return not integration_ids or integration.pk in integration_ids


def firing_alerts(
    integration: Integration, wanted: AlertQuery, now: datetime
) -> Iterator[ShownAlert]:
    """The integration's firing alerts that are asked for. Five queries at most."""
    look = _Look(integration, wanted, now)
    own = Alert.objects.for_organization(integration.organization_id)
    for alert in own.filter(integration=integration, status=Status.FIRING):
        receivers = look.receivers.of(alert.labels, integration)
        if wanted.is_for(receivers) and (shown := look.at(alert, receivers)):
            yield shown


def open_groups(integration: Integration, wanted: AlertQuery, now: datetime) -> list[ShownGroup]:
    """Open groups with those of their firing alerts that are this integration's and asked for."""
    look = _Look(integration, wanted, now)
    members = GroupMember.objects.for_organization(integration.organization_id).filter(
        alert__integration=integration, alert__status=Status.FIRING, group__is_open=True
    )
    groups: dict[UUID, ShownGroup] = {}
    for member in members.select_related("alert", "group"):
        group, alert = member.group, member.alert
        receiver = look.receivers.names.get(group.route_id, "")
        if not wanted.is_for([receiver]):
            continue
        shown = look.at(alert, look.receivers.of(alert.labels, integration))
        if shown is not None:
            made = groups.setdefault(group.pk, ShownGroup(receiver, group.labels, []))
            made.alerts.append(shown)
    return list(groups.values())


class _Look:
    """What an alert is compared with, read once for all of them."""

    def __init__(self, integration: Integration, wanted: AlertQuery, now: datetime) -> None:
        self.receivers = receivers_of(integration)
        self._wanted = wanted
        self._now = now
        active = Silence.objects.for_organization(integration.organization_id).filter(
            in_state(SilenceState.ACTIVE, now), holding_for(integration)
        )
        self._silences = sorted(
            (str(pk), matchers)
            for pk, stored in active.values_list("pk", "matchers")
            if (matchers := readable_matchers(stored)) is not None
        )
        self._rules = load_rules(integration.organization_id)
        self._sources = self._firing_sources(integration) if self._rules else {}

    def at(self, alert: Alert, receivers: Sequence[str]) -> ShownAlert | None:
        """How it is shown; None when it is not asked for."""
        if not matches_all(self._wanted.matchers, alert.labels):
            return None
        silenced_by = [pk for pk, matchers in self._silences if matches_all(matchers, alert.labels)]
        inhibited_by = self._inhibited_by(alert.labels)
        if not self._wanted.shows(silenced_by, inhibited_by):
            return None
        return ShownAlert(
            fingerprint=alert.fingerprint,
            labels=alert.labels,
            annotations=alert.annotations,
            starts_at=alert.starts_at,
            # A webhook's alert has no end until it is told of: it is shown as one that is renewed.
            ends_at=alert.expires_at or self._now + OF_DIRECT_ALERTS,
            updated_at=alert.last_received_at,
            generator_url=_source_url(alert),
            receivers=receivers,
            silenced_by=silenced_by,
            inhibited_by=inhibited_by,
        )

    def _inhibited_by(self, labels: Mapping[str, str]) -> list[str]:
        """The fingerprint of one source, as Alertmanager names one."""
        for rule in self._rules:
            for key in rule.target_keys(labels):
                if source := self._sources.get((rule.id, key)):
                    return [source]
        return []

    def _firing_sources(self, integration: Integration) -> dict[tuple[UUID, str], str]:
        """(rule, key) → the least fingerprint of those that fire, of whatever integration."""
        sources = InhibitSource.objects.for_organization(integration.organization_id).filter(
            rule__in=[rule.id for rule in self._rules], alert__status=Status.FIRING
        )
        rows = sources.order_by("-alert__fingerprint")
        return {
            (rule_id, key): fingerprint
            for rule_id, key, fingerprint in rows.values_list(
                "rule_id", "key", "alert__fingerprint"
            )
        }


def _source_url(alert: Alert) -> str:
    return next((str(url) for kind, url, _ in alert.links if kind == LinkKind.SOURCE), "")


def shown_silences(
    integration: Integration, matchers: Sequence[Matcher], now: datetime
) -> list[ShownSilence]:
    """The silences that hold for its alerts and have each of these matchers; not those that ended
    long ago, nor those that cannot be read, which mute nothing (alerts/muting/known.py)."""
    rows = Silence.objects.for_organization(integration.organization_id).filter(
        holding_for(integration), ends_at__gt=now - EXPIRED_SHOWN
    )
    found = [shown for row in rows if (shown := shown_silence(row)) is not None]
    return [silence for silence in found if all(one in silence.matchers for one in matchers)]


def shown_silence(row: Silence) -> ShownSilence | None:
    """One of them; None when it cannot be read."""
    matchers = readable_matchers(row.matchers)
    if matchers is None:
        return None
    return ShownSilence(
        id=str(row.pk),
        matchers=matchers,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        updated_at=row.updated_at,
        created_by=row.author,
        comment=row.comment,
    )
