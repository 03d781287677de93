"""Routes as people change them. Which route takes an alert is decided in routing.py."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from alerts import rerouting, route_choices, route_order
from alerts.escalations import changes as escalations
from alerts.matchers import MatcherError, read_matchers
from alerts.models import AlertGroup, GroupMessage, MuteTiming, Route
from alerts.models.routes import VALUE_MAX
from alerts.muting.changes import muting_changed
from alerts.publish_claim import UNTOLD
from alerts.severity import Severity
from channels_app.models import NotificationChannel
from deliveries import clock

DEFAULT_NAME = "Everything else"

SETTINGS = (
    "enabled",
    "continue_matching",
    "group_by",
    "group_wait",
    "group_interval",
    "repeat_interval",
    "template",
    "choose_by",
    "sound",
)
"""What a person may set besides name, order, matchers, integrations, channels and
choices."""
_FIELDS = ("name", "matchers", "escalation", *SETTINGS)
"""What a change stores in the row. The position is not among them: it is changed by itself, so that
a change of something else does not take back where another one has moved it."""


class RouteRefused(ValueError):
    """The input can't become this route: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def create_route(actor: Actor, organization: Organization, name: str, **values: Any) -> Route:
    """A route above the default one, below all others where `values` name no position; they are as
    in `change_route`. Raises RouteRefused."""
    route = Route(organization=organization, name=name)
    with transaction.atomic():
        route_order.lock(organization.pk)
        route.position = route_order.last_position(organization.pk) + 1
        _apply(route, values)
        route.save(force_insert=True)
        audit.record(actor, organization, "create", route)
        _place(actor, route, values)
        _relate(actor, route, values)
    return route


def change_route(actor: Actor, route: Route, **values: Any) -> Route:
    """Change what is given: `name`, `position` (from 1; the others make room), `matchers` (text or
    JSON), `integrations`, `channels`, `choices` (value of the label `choose_by` → channel),
    `mute_timings`, `active_timings` and those of SETTINGS. Open groups keep their route, and are
    told where another choice sends them. Raises RouteRefused."""
    before = audit.snapshot(route)
    with transaction.atomic():
        if "position" in values:
            route_order.lock(route.organization_id)
        moving = bool({"choose_by", "choices"} & values.keys())
        former = rerouting.destinations_of(route) if moving else None
        _apply(route, values)
        route.save(update_fields=[name for name in _FIELDS if name in values])
        changes = audit.changes_between(before, audit.snapshot(route))
        if changes:
            audit.record(actor, route.organization_id, "change", route, changes)
        if "escalation" in changes:
            escalations.route_changed(route)
        _place(actor, route, values)
        _relate(actor, route, values)
        if former is not None:
            rerouting.reroute(route, former)
    return route


def delete_route(actor: Actor, route: Route) -> None:
    """Remove a route with its closed groups. Raises RouteRefused for the default one.

    Open ones pass to the default route: what burns is told there until it ends, and channels that
    the default route does not have are told that they hear no more of it. So do closed ones of
    which a channel does not know the end yet.
    """
    if route.is_default:
        raise RouteRefused("route", "The default route stays; take its channels away instead.")
    with transaction.atomic():
        audit.record(actor, route.organization_id, "delete", route)
        route_order.lock(route.organization_id)
        _pass_on(route, default_route(route.organization_id))
        route.delete()
        route_order.close_gap(route.organization_id)


def _pass_on(route: Route, heir: Route) -> None:
    """Groups and what channels know of them. Where the heir has an open group of the same key, the
    one that comes keeps to itself until it closes."""
    groups = AlertGroup.objects.for_organization(route.organization_id)
    untold = GroupMessage.objects.filter(group=OuterRef("pk")).filter(UNTOLD)
    passing = list(
        groups.filter(Q(is_open=True) | Exists(untold), route=route)
        .order_by("pk")
        .select_for_update()
    )
    taken = set(groups.filter(route=heir, is_open=True).values_list("key_hash", flat=True))
    for group in passing:
        if group.is_open and group.key_hash in taken:
            own = f"{route.pk.hex}{group.key_hash}"[: len(group.key_hash)]
            groups.filter(pk=group.pk).update(key_hash=own)
    now = clock.now()
    ids = [group.pk for group in passing]
    groups.filter(pk__in=ids).update(route=heir)
    burning = [group.pk for group in passing if group.is_open]
    told = GroupMessage.objects.for_organization(route.organization_id).filter(group__in=burning)
    told.update(due_at=now)
    to = rerouting.destinations_of(heir)
    wanted = {group.pk: to.of(group.labels) for group in passing if group.is_open}
    rerouting.tell_too(route.organization_id, wanted, now)


def _place(actor: Actor, route: Route, values: dict[str, Any]) -> None:
    position = values.get("position")
    if position is None or (route.is_default and position == route.position):
        return
    if route.is_default:
        raise RouteRefused("position", "The default route is always the last; leave this out.")
    route_order.place(actor, route, position)


def _apply(route: Route, values: dict[str, Any]) -> None:
    narrowing = {"matchers", "integrations"} & {name for name in values if values[name]}
    if route.is_default and narrowing:
        raise RouteRefused(min(narrowing), "The default route takes everything that is left.")
    if "escalation" in values:
        require_same_organization(route.organization_id, values["escalation"])
        route.escalation = values["escalation"]
    if "matchers" in values:
        try:
            matchers = read_matchers(values["matchers"])
        except MatcherError as error:
            raise RouteRefused("matchers", str(error)) from None
        route.matchers = [matcher.to_json() for matcher in matchers]
    require_same_organization(route.organization_id, values.get("template"))
    for field in ("name", *SETTINGS):
        if field in values:
            setattr(route, field, values[field])
    names = route.group_by
    if names is not None and not (
        isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    ):
        raise RouteRefused("group_by", 'Give a list of label names, ["..."] for all, or null.')
    if len(route.choose_by) > VALUE_MAX:
        raise RouteRefused("choose_by", f"Give a label's name of at most {VALUE_MAX} characters.")
    route.sound = _sound(route.sound)


def _sound(given: Any) -> dict[str, str] | None:
    """Without what is left to the channel; None where all is."""
    sound = given or {}
    if not isinstance(sound, dict) or sound.keys() - set(Severity):
        raise RouteRefused("sound", f"Give an object whose keys are among {', '.join(Severity)}.")
    for severity, how in sound.items():
        if how not in ("ring", "silent", ""):
            raise RouteRefused(
                "sound",
                f'Of {severity} say "ring", "silent", or "" to leave it to the channel, '
                f"not {how!r:.50}.",
            )
    return {severity: how for severity, how in sound.items() if how} or None


def _relate(actor: Actor, route: Route, values: dict[str, Any]) -> None:
    if "integrations" in values:
        require_same_organization(route.organization_id, *values["integrations"])
        route.integrations.set(values["integrations"])
    if "channels" in values:
        set_channels(actor, route, values["channels"])
    choices = values.get("choices")
    if choices is None and values.get("choose_by") == "":
        choices = {}  # what it chose by is gone
    if choices is not None:
        if wrong := route_choices.wrong_with(route, choices):
            raise RouteRefused("choices", wrong)
        route_choices.set_choices(actor, route, choices)
    for field in ("mute_timings", "active_timings"):
        if field in values:
            _set_timings(actor, route, field, values[field])


def _set_timings(actor: Actor, route: Route, field: str, timings: Iterable[MuteTiming]) -> None:
    wanted = {timing.pk: timing for timing in timings}
    require_same_organization(route.organization_id, *wanted.values())
    rows = getattr(route, field)
    before = {timing.pk: timing for timing in rows.all()}
    if before.keys() == wanted.keys():
        return
    rows.set(wanted.values())
    names = [sorted(str(timing) for timing in side.values()) for side in (before, wanted)]
    audit.record(actor, route.organization_id, "change", route, {field: (names[0], names[1])})
    muting_changed(route.organization_id)


def default_route(organization: Organization | UUID) -> Route:
    """The route that takes what no other takes; made when it is first needed."""
    routes = Route.objects.for_organization(organization).filter(is_default=True)
    route = routes.first()
    if route is not None:
        return route
    try:
        with transaction.atomic():
            return Route.objects.create(
                organization_id=getattr(organization, "pk", organization),
                name=DEFAULT_NAME,
                is_default=True,
            )
    except IntegrityError:
        return routes.get()  # made by another process at the same moment


def set_channels(actor: Actor, route: Route, channels: Iterable[NotificationChannel]) -> None:
    """Send the route's alerts to these channels from now on.

    Groups that are open in a channel which leaves, or comes back, become due once more: it is told.
    """
    wanted = {channel.pk: channel for channel in channels}
    require_same_organization(route.organization_id, *wanted.values())
    with transaction.atomic():
        before = {channel.pk: channel for channel in route.channels.all()}
        if before.keys() == wanted.keys():
            return
        route.channels.set(wanted.values())
        GroupMessage.objects.for_organization(route.organization_id).filter(
            group__route=route, group__is_open=True, channel_id__in=before.keys() ^ wanted.keys()
        ).update(due_at=clock.now())
        names = [sorted(str(channel) for channel in side.values()) for side in (before, wanted)]
        audit.record(
            actor, route.organization_id, "change", route, {"channels": (names[0], names[1])}
        )


def adopt_first_channel(actor: Actor, channel: NotificationChannel) -> bool:
    """Give the default route its first channel, so that a first alert arrives somewhere."""
    route = default_route(channel.organization_id)
    if route.channels.exists():
        return False
    set_channels(actor, route, [channel])
    return True
