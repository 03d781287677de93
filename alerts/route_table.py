"""An organization's routes, severity map and channels, as ingest needs them: cached for seconds."""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from accounts.models import Organization
from alerts import severity
from alerts.matchers import MatcherError, read_matchers
from alerts.models import Route
from alerts.routes import default_route
from alerts.routing import RouteRule
from alerts.severity import SeverityMap, SeverityMapError
from channels_app.models import NotificationChannel

logger = logging.getLogger(__name__)

CACHED_FOR = 3.0
"""Seconds: a changed route counts in every process within that time."""
MAX_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class Timing:
    """A route's seconds, and its channels with their chats."""

    group_wait: int
    group_interval: int
    channels: tuple[tuple[UUID, UUID], ...]


@dataclass(frozen=True, slots=True)
class RouteTable:
    """`rules` in the order of routing.matching_routes; `timings` by route ID."""

    rules: tuple[RouteRule, ...]
    timings: Mapping[UUID, Timing]
    severities: SeverityMap


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


def load(organization: Organization) -> RouteTable:
    """Read the table: four queries, one more when the default route is missing."""
    stored = list(Route.objects.for_organization(organization))
    if not any(route.is_default for route in stored):
        stored.append(default_route(organization))
    routes = [route for route in stored if route.enabled]
    ids = [route.pk for route in routes]
    integrations: dict[UUID, set[UUID]] = {}
    through = Route.integrations.through._default_manager
    for route_id, integration_id in through.filter(route_id__in=ids).values_list(
        "route_id", "integration_id"
    ):
        integrations.setdefault(route_id, set()).add(integration_id)
    channels: dict[UUID, list[tuple[UUID, UUID]]] = {}
    for route_id, channel_id, chat_id in (
        NotificationChannel.objects.for_organization(organization)
        .filter(routes__in=ids)
        .order_by("pk")
        .values_list("routes", "pk", "chat_id")
    ):
        channels.setdefault(route_id, []).append((channel_id, chat_id))
    rules = [rule for route in routes if (rule := _rule(route, integrations.get(route.pk, set())))]
    return RouteTable(
        rules=tuple(rules),
        timings={
            route.pk: Timing(
                route.group_wait, route.group_interval, tuple(channels.get(route.pk, ()))
            )
            for route in routes
        },
        severities=_severities(organization),
    )


def _rule(route: Route, integration_ids: set[UUID]) -> RouteRule | None:
    """None for stored matchers that don't compile: the default route takes those alerts."""
    try:
        matchers = read_matchers(route.matchers)
    except MatcherError as error:
        logger.error("Route %s is skipped: %s", route.pk, error)  # noqa: TRY400  # no traceback
        return None
    return RouteRule(
        id=route.pk,
        matchers=matchers,
        integration_ids=frozenset(integration_ids),
        continue_matching=route.continue_matching,
        is_default=route.is_default,
        group_by=None if route.group_by is None else tuple(route.group_by),
    )


def _severities(organization: Organization) -> SeverityMap:
    try:
        return severity.DEFAULT.overridden(organization.severity_map)
    except SeverityMapError as error:
        logger.error("The severity map of %s is ignored: %s", organization.pk, error)  # noqa: TRY400
        return severity.DEFAULT
