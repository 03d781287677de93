"""Reading alerts, groups and what was told of them: for REST and the console."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from accounts.models import Organization
from alerts.models import (
    Alert,
    AlertGroup,
    Episode,
    GroupMember,
    GroupMessage,
    Status,
    TimelineEvent,
    Trace,
)
from deliveries.models import Delivery

UNROUTED_WINDOW = timedelta(days=1)
Owner = Organization | UUID


def alerts_of(
    organization: Owner,
    *,
    status: str = "",
    severity: str = "",
    integration: UUID | None = None,
    group: UUID | None = None,
    text: str = "",
) -> QuerySet[Alert]:
    """Newest first. `text` is looked for in name and summary, whatever its case."""
    found = Alert.objects.for_organization(organization).select_related("integration")
    if status:
        found = found.filter(status=status)
    if severity:
        found = found.filter(severity=severity)
    if integration:
        found = found.filter(integration=integration)
    if group:
        members = GroupMember.objects.for_organization(organization).filter(group=group)
        found = found.filter(pk__in=members.values("alert"))
    if text:
        found = found.filter(Q(name__icontains=text) | Q(summary__icontains=text))
    return found.order_by("-id")


def groups_of(
    organization: Owner,
    *,
    is_open: bool | None = None,
    status: str = "",
    severity: str = "",
    route: UUID | None = None,
    alert: UUID | None = None,
    is_acknowledged: bool | None = None,
) -> QuerySet[AlertGroup]:
    """Newest first, with `alert_count` and `firing_count`."""
    found = AlertGroup.objects.for_organization(organization).select_related("route")
    wanted: Mapping[str, Any] = {
        "is_open": is_open,
        "status": status or None,
        "severity": severity or None,
        "route": route,
        "members__alert": alert,
    }
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if is_acknowledged is not None:
        found = found.filter(acknowledged_at__isnull=not is_acknowledged)
    firing = Count("members", filter=Q(members__alert__status=Status.FIRING))
    return found.annotate(alert_count=Count("members"), firing_count=firing).order_by("-id")


def members_of(group: AlertGroup) -> QuerySet[GroupMember]:
    """The group's alerts, first come first."""
    return (
        GroupMember.objects.for_organization(group.organization_id)
        .filter(group=group)
        .select_related("alert__integration")
        .order_by("joined_at", "id")
    )


def timeline_of(group: AlertGroup) -> QuerySet[TimelineEvent]:
    """Its history, oldest first."""
    return (
        TimelineEvent.objects.for_organization(group.organization_id)
        .filter(group=group)
        .select_related("actor", "alert")
        .order_by("id")
    )


def episodes_of(alert: Alert) -> QuerySet[Episode]:
    """Each time it fired, newest first."""
    return (
        Episode.objects.for_organization(alert.organization_id)
        .filter(alert=alert)
        .order_by("-number")
    )


def messages_of(group: AlertGroup) -> QuerySet[GroupMessage]:
    """The group in its channels."""
    return (
        GroupMessage.objects.for_organization(group.organization_id)
        .filter(group=group)
        .select_related("channel__chat__bot", "message", "document")
        .order_by("id")
    )


def deliveries_of(group: AlertGroup) -> QuerySet[Delivery]:
    """Every call about the group, newest first, with its attempts."""
    streams = messages_of(group).values("stream")
    return (
        Delivery.objects.for_organization(group.organization_id)
        .filter(stream__in=streams)
        .select_related("channel", "chat")
        .prefetch_related("tries")
        .order_by("-id")
    )


def traces_of(organization: Owner, *, integration: UUID | None = None) -> QuerySet[Trace]:
    """What came in, newest first; without the body, which only one trace's page shows."""
    found = Trace.objects.for_organization(organization).select_related("integration")
    if integration:
        found = found.filter(integration=integration)
    return found.defer("body").order_by("-id")


def unrouted_recently(organization: Owner) -> int:
    """How many alerts of the last day matched no channel: the console warns when there are any."""
    found = Trace.objects.for_organization(organization).filter(
        received_at__gte=timezone.now() - UNROUTED_WINDOW, unrouted__gt=0
    )
    return found.aggregate(total=Sum("unrouted"))["total"] or 0
