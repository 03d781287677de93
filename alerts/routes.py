"""Routes as people change them. Which route takes an alert is decided in routing.py."""

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.tenancy import require_same_organization
from alerts.models import GroupMessage, Route
from channels_app.models import NotificationChannel

DEFAULT_NAME = "Everything else"


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

    Groups that are open in a channel which leaves become due once more: that channel is told.
    """
    wanted = {channel.pk: channel for channel in channels}
    require_same_organization(route.organization_id, *wanted.values())
    with transaction.atomic():
        before = {channel.pk: channel for channel in route.channels.all()}
        if before.keys() == wanted.keys():
            return
        route.channels.set(wanted.values())
        GroupMessage.objects.for_organization(route.organization_id).filter(
            group__route=route, group__is_open=True, channel_id__in=before.keys() - wanted.keys()
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
