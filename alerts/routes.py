"""Routes as people change them. Which route takes an alert is decided in routing.py."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from alerts.matchers import MatcherError, read_matchers
from alerts.models import AlertGroup, GroupMessage, Route
from alerts.publish_claim import UNTOLD
from channels_app.models import NotificationChannel
from deliveries import outbox

DEFAULT_NAME = "Everything else"

SETTINGS = (
    "enabled",
    "continue_matching",
    "group_by",
    "group_wait",
    "group_interval",
    "repeat_interval",
)
"""What a person may set besides name, order, matchers, integrations and channels."""


class RouteRefused(ValueError):
    """The input can't become this route: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def create_route(actor: Actor, organization: Organization, name: str, **values: Any) -> Route:
    """A route above the default one; `values` as in `change_route`. Raises RouteRefused."""
    route = Route(organization=organization, name=name)
    with transaction.atomic():
        last = Route.objects.for_organization(organization).aggregate(Max("position"))
        route.position = (last["position__max"] or 0) + 1
        _apply(route, values)
        route.save(force_insert=True)
        audit.record(actor, organization, "create", route)
        _relate(actor, route, values)
    return route


def change_route(actor: Actor, route: Route, **values: Any) -> Route:
    """Change what is given: `name`, `position`, `matchers` (text or JSON), `integrations`,
    `channels` and those of SETTINGS. Open groups keep their route. Raises RouteRefused."""
    before = audit.snapshot(route)
    with transaction.atomic():
        _apply(route, values)
        route.save()
        changes = audit.changes_between(before, audit.snapshot(route))
        if changes:
            audit.record(actor, route.organization_id, "change", route, changes)
        _relate(actor, route, values)
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
        _pass_on(route, default_route(route.organization_id))
        route.delete()


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
    now = timezone.now()
    ids = [group.pk for group in passing]
    groups.filter(pk__in=ids).update(route=heir)
    burning = [group.pk for group in passing if group.is_open]
    told = GroupMessage.objects.for_organization(route.organization_id).filter(group__in=burning)
    told.update(due_at=now)
    known = set(told.values_list("group_id", "channel_id"))
    for channel in heir.channels.select_related("chat"):
        new = [group_id for group_id in burning if (group_id, channel.pk) not in known]
        streams = outbox.open_streams(route.organization_id, [channel.chat] * len(new))
        GroupMessage.objects.bulk_create(
            GroupMessage(
                organization_id=route.organization_id,
                group_id=group_id,
                channel=channel,
                stream=stream,
                due_at=now,
            )
            for group_id, stream in zip(new, streams, strict=True)
        )


def _apply(route: Route, values: dict[str, Any]) -> None:
    narrowing = {"matchers", "integrations"} & {name for name in values if values[name]}
    if route.is_default and narrowing:
        raise RouteRefused(min(narrowing), "The default route takes everything that is left.")
    if "matchers" in values:
        try:
            matchers = read_matchers(values["matchers"])
        except MatcherError as error:
            raise RouteRefused("matchers", str(error)) from None
        route.matchers = [matcher.to_json() for matcher in matchers]
    for field in ("name", "position", *SETTINGS):
        if field in values:
            setattr(route, field, values[field])
    names = route.group_by
    if names is not None and not (
        isinstance(names, list) and all(isinstance(name, str) and name for name in names)
    ):
        raise RouteRefused("group_by", 'Give a list of label names, ["..."] for all, or null.')


def _relate(actor: Actor, route: Route, values: dict[str, Any]) -> None:
    if "integrations" in values:
        require_same_organization(route.organization_id, *values["integrations"])
        route.integrations.set(values["integrations"])
    if "channels" in values:
        set_channels(actor, route, values["channels"])


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
        ).update(due_at=timezone.now())
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
