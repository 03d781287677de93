"""An organization's routes, severity map and channels, as ingest needs them: cached for seconds."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from accounts.models import Organization
from accounts.statements import adapt, json_of, query, uuid_of
from alerts import severity
from alerts.escalations.rules import Rule
from alerts.matchers import MatcherError, read_matchers
from alerts.muting.decisions import Inhibition
from alerts.muting.known import load_rules
from alerts.routes import default_route
from alerts.routing import Destinations, RouteRule
from alerts.severity import SeverityMap, SeverityMapError

logger = logging.getLogger(__name__)

CACHED_FOR = 3.0
"""Seconds: a changed route counts in every process within that time."""
MAX_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class Timing:
    """A route's seconds, its channels with their chats, and when it escalates."""

    group_wait: int
    group_interval: int
    destinations: Destinations[tuple[UUID, UUID]]
    escalation: Rule | None = None


@dataclass(frozen=True, slots=True)
class RouteTable:
    """`rules` in the order of routing.matching_routes; `timings` by route ID. `inhibitions`: the
    inhibit rules whose sources are to be noted."""

    rules: tuple[RouteRule, ...]
    timings: Mapping[UUID, Timing]
    severities: SeverityMap
    inhibitions: tuple[Inhibition, ...] = ()


_cache: dict[UUID, tuple[float, RouteTable]] = {}
_cache_lock = threading.Lock()


def route_table(organization: Organization) -> RouteTable:
    """The table as of at most CACHED_FOR seconds ago."""
    now = time.monotonic()
    cached = _cache.get(organization.pk)
    if cached is not None and cached[0] > now:
        return cached[1]
    table = load(organization)
    with _cache_lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[organization.pk] = (now + CACHED_FOR, table)
    return table


def forget_cached_routes() -> None:
    """Let this process read every table anew."""
    with _cache_lock:
        _cache.clear()


_COLUMNS = (
    "id",
    "is_default",
    "enabled",
    "matchers",
    "continue_matching",
    "group_by",
    "choose_by",
    "group_wait",
    "group_interval",
)
_LOAD = """
SELECT {columns}, p.threshold,
  (SELECT MIN(s.after) FROM alerts_escalationstep s WHERE s.policy_id = p.id),
  c.id, c.chat_id, i.integration_id, EXISTS (
  SELECT 1 FROM alerts_inhibitrule n WHERE n.organization_id = r.organization_id AND n.enabled)
FROM alerts_route r
LEFT JOIN alerts_escalationpolicy p ON p.id = r.escalation_id
LEFT JOIN alerts_route_channels rc ON rc.route_id = r.id
LEFT JOIN channels_app_notificationchannel c ON c.id = rc.notificationchannel_id
LEFT JOIN alerts_route_integrations i ON i.route_id = r.id
WHERE r.organization_id = %s
ORDER BY r.is_default, r.position, r.id, c.id
""".format(columns=", ".join(f"r.{name}" for name in _COLUMNS))  # noqa: S608  # constants
"""A row for each route, channel and integration that go together: few, and one round trip where
the ORM needs four. Where an organization's alerts come seldom the cache never helps."""

_CHOICES = """
SELECT choice.route_id, choice.value, c.id, c.chat_id FROM alerts_routechoice choice
JOIN channels_app_notificationchannel c ON c.id = choice.channel_id
WHERE choice.organization_id = %s
"""


@dataclass(slots=True)
class _Loaded:
    """A route as it is put together from its rows."""

    route: dict[str, Any]
    escalation: Rule | None
    channels: dict[UUID, UUID] = field(default_factory=dict)
    integrations: set[UUID] = field(default_factory=set)
    chosen: dict[str, tuple[UUID, UUID]] = field(default_factory=dict)


def load(organization: Organization) -> RouteTable:
    """Read the table: one query, more when the default route is missing, when alerts inhibit,
    and when a route chooses channels by a label."""
    loaded, inhibits = _load(organization)
    if not any(one.route["is_default"] for one in loaded.values()):
        default_route(organization)
        loaded, inhibits = _load(organization)
    usable = {route_id: one for route_id, one in loaded.items() if one.route["enabled"]}
    return RouteTable(
        rules=tuple(rule for one in usable.values() if (rule := _rule(one))),
        timings={
            route_id: Timing(
                one.route["group_wait"],
                one.route["group_interval"],
                Destinations(tuple(one.channels.items()), one.route["choose_by"], one.chosen),
                one.escalation,
            )
            for route_id, one in usable.items()
        },
        severities=_severities(organization),
        inhibitions=load_rules(organization.pk) if inhibits else (),
    )


def _load(organization: Organization) -> tuple[dict[UUID, _Loaded], bool]:
    """By ID, and whether there are inhibit rules."""
    found: dict[UUID, _Loaded] = {}
    inhibits = False
    for row in query(_LOAD, [adapt(organization.pk)]):
        *values, threshold, after, channel_id, chat_id, integration_id, inhibits = row
        route = dict(zip(_COLUMNS, values, strict=True))
        route["id"] = uuid_of(route["id"])
        one = found.setdefault(route["id"], _Loaded(route, _escalation(threshold, after)))
        if channel_id is not None:
            one.channels[uuid_of(channel_id)] = uuid_of(chat_id)
        if integration_id is not None:
            one.integrations.add(uuid_of(integration_id))
    if any(one.route["choose_by"] for one in found.values()):
        for route_id, value, channel_id, chat_id in query(_CHOICES, [adapt(organization.pk)]):
            found[uuid_of(route_id)].chosen[value] = (uuid_of(channel_id), uuid_of(chat_id))
    return found, bool(inhibits)


def _escalation(threshold: str | None, after: int | None) -> Rule | None:
    """None without a policy, and for one without steps."""
    return None if after is None else Rule(timedelta(minutes=after), threshold or "")


def _rule(one: _Loaded) -> RouteRule | None:
    """None for stored matchers that don't compile: the default route takes those alerts."""
    route = one.route
    try:
        matchers = read_matchers(json_of(route["matchers"]))
    except MatcherError as error:
        logger.error("Route %s is skipped: %s", route["id"], error)  # noqa: TRY400  # no traceback
        return None
    group_by = json_of(route["group_by"])
    return RouteRule(
        id=route["id"],
        matchers=matchers,
        integration_ids=frozenset(one.integrations),
        continue_matching=bool(route["continue_matching"]),
        is_default=bool(route["is_default"]),
        group_by=None if group_by is None else tuple(group_by),
        choose_by=route["choose_by"],
    )


def _severities(organization: Organization) -> SeverityMap:
    try:
        return severity.DEFAULT.overridden(organization.severity_map)
    except SeverityMapError as error:
        logger.error("The severity map of %s is ignored: %s", organization.pk, error)  # noqa: TRY400
        return severity.DEFAULT
