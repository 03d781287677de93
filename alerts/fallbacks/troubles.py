"""That a fallback was used is a trouble that admins hear of, until its channel shows all again."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max

from alerts.models import Fallback, TakeOver
from deliveries import troubles
from deliveries.models import Trouble
from deliveries.trouble_rules import Kind, Seen


def note(now: datetime) -> None:
    """Open and end these troubles by what stands in the database, so that no death leaves one."""
    used = _used()
    for seen in used.values():
        troubles.open(seen, now)
    for row in Trouble.objects.filter(kind=Kind.FALLBACK, recovered_at=None):
        if (row.organization_id, row.subject) not in used:
            troubles.recover(row.organization_id, row.kind, row.subject, now)


def _used() -> dict[tuple[UUID | None, str], Seen]:
    """What was told elsewhere and is not in its chat yet, by organization and channel."""
    told = TakeOver.objects.filter(ended_at=None, call__isnull=False)
    counts = {
        row["fallback_id"]: row
        for row in told.order_by()
        .values("fallback_id")
        .annotate(groups=Count("pk"), latest=Max("call__created_at"))
    }
    fallbacks = Fallback.objects.filter(pk__in=counts).select_related("channel__chat")
    return {
        (one.organization_id, str(one.channel_id)): Seen(
            one.organization_id,
            Kind.FALLBACK,
            str(one.channel_id),
            name=one.channel.name,
            bot_id=one.channel.chat.bot_id,
            number=counts[one.pk]["groups"],
            again_at=counts[one.pk]["latest"],
        )
        for one in fallbacks
    }
