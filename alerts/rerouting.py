"""Groups whose route sends them to other channels than before: who has to be told of them now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from alerts.models import AlertGroup, GroupMessage, Route
from alerts.routing import Destinations
from channels_app.models import NotificationChannel
from deliveries import clock, outbox


def destinations_of(route: Route) -> Destinations[NotificationChannel]:
    """Its channels as they are now, with their chats."""
    choices = route.choices.select_related("channel__chat") if route.choose_by else []
    return Destinations(
        tuple(route.channels.select_related("chat").order_by("pk")),
        route.choose_by,
        {choice.value: choice.channel for choice in choices},
    )


def reroute(route: Route, before: Destinations[NotificationChannel]) -> None:
    """In the caller's transaction: open groups that now belong into other channels are told there
    at once, and where they were they are told to be no longer."""
    after = destinations_of(route)
    if after == before:
        return
    groups = AlertGroup.objects.for_organization(route.organization_id)
    is_open = groups.filter(route=route, is_open=True).values_list("pk", "labels")
    moved = {
        pk: after.of(labels) for pk, labels in is_open if after.of(labels) != before.of(labels)
    }
    messages = GroupMessage.objects.for_organization(route.organization_id)
    messages.filter(group__in=moved).update(due_at=clock.now())
    tell_too(route.organization_id, moved, clock.now())


def tell_instead(rows: Sequence[GroupMessage], now: datetime) -> None:
    """In the caller's transaction: the groups of these messages, which their channels are not told
    of any more, are told where their routes send them now.

    Also what was stored in the seconds in which a process goes by a route as it was before, so that
    no channel that is still in the route would ever hear of it.
    """
    routes = {row.group.route_id: destinations_of(row.group.route) for row in rows}
    for organization_id in {row.organization_id for row in rows}:
        wanted = {
            row.group_id: routes[row.group.route_id].of(row.group.labels)
            for row in rows
            if row.organization_id == organization_id
        }
        tell_too(organization_id, wanted, now)


def tell_too(
    organization_id: UUID, wanted: Mapping[UUID, Iterable[NotificationChannel]], now: datetime
) -> None:
    """Have channels told of groups that they do not know: by group, channels with their chats."""
    messages = GroupMessage.objects.for_organization(organization_id)
    known = set(messages.filter(group__in=wanted).values_list("group_id", "channel_id"))
    new = [
        (group_id, channel)
        for group_id, channels in wanted.items()
        for channel in channels
        if (group_id, channel.pk) not in known
    ]
    streams = outbox.open_streams(organization_id, [channel.chat for _, channel in new])
    GroupMessage.objects.bulk_create(
        (
            GroupMessage(
                organization_id=organization_id,
                group_id=group_id,
                channel=channel,
                stream=stream,
                due_at=now,
            )
            for (group_id, channel), stream in zip(new, streams, strict=True)
        ),
        ignore_conflicts=True,  # news of the group may bring it there at this moment
    )
