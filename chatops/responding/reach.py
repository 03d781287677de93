"""What an answer in a chat may tell, and what a command in it may mean.

In a group everybody reads the answer, so it tells no more than the chat was told already: what is
routed to its channels, whoever asks; in a forum's topic that has channels, to those. In private
with a member it is all of the organization.
"""

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from accounts.permissions import Capability
from alerts.models import AlertGroup, GroupMessage, Status
from alerts.models.base import worst_first
from channels_app.models import NotificationChannel
from chatops.context import Context


def sees_all(context: Context) -> bool:
    """Whether the answer may tell of everything in the organization."""
    return context.is_private and context.may(Capability.VIEW)


def channels_here(context: Context) -> tuple[NotificationChannel, ...]:
    """Those of the topic that the update is from; where it has none, of the chat."""
    thread = context.incoming.message_thread_id
    own = tuple(one for one in context.channels if (one.message_thread_id or None) == thread)
    return own or context.channels


def groups_here(context: Context) -> QuerySet[AlertGroup]:
    """Groups that are meant here, open or not."""
    if context.organization is None:
        return AlertGroup.objects.none()
    groups = AlertGroup.objects.for_organization(context.organization).select_related(
        "organization"
    )
    if sees_all(context):
        return groups
    told = GroupMessage.objects.for_organization(context.organization).filter(
        group=OuterRef("pk"), channel__in=[one.pk for one in channels_here(context)]
    )
    return groups.filter(Exists(told))


def open_here(context: Context) -> QuerySet[AlertGroup]:
    """What is open here, the worst first."""
    return (
        groups_here(context)
        .filter(is_open=True)
        .exclude(status=Status.EVENT)
        .order_by(worst_first("severity"), "-changed_at", "pk")
    )


def group_of(context: Context, pk: UUID) -> AlertGroup | None:
    """The group behind a button, if it may be meant here."""
    return groups_here(context).filter(pk=pk).first()
