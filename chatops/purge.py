"""Updates are kept for a week, so that people can see what came of them; those that belong to no
organization for a day, for they are strangers' data. What waits is never deleted.
"""

from datetime import datetime

from django.conf import settings
from django.utils import timezone

from accounts.chunks import Delete, every, in_chunks
from chatops.models import (
    ActionRun,
    Approval,
    ChatOffer,
    EndpointCall,
    InboundUpdate,
    InlineChoice,
    LinkAttempt,
    LinkCode,
    Listing,
    Reminder,
    UnclaimedChat,
)

State = InboundUpdate.State


def purge() -> int:
    """Delete what is older than RETENTION says, for a while; how many rows."""
    now = timezone.now()
    keep = settings.RETENTION
    over = InboundUpdate.objects.exclude(state=State.WAITING)
    kinds = {
        "updates": every(
            over.filter(received_at__lt=now - keep["updates"]).order_by("received_at")
        ),
        "strangers": every(
            over.filter(received_at__lt=now - keep["strangers"], organization=None).order_by(
                "received_at"
            )
        ),
        "calls": every(
            EndpointCall.objects.filter(settled_at__lt=now - keep["deliveries"]).order_by(
                "settled_at"
            )
        ),
        "approvals": every(
            Approval.objects.filter(settled_at__lt=now - keep["groups"]).order_by("settled_at")
        ),
        "runs": every(
            ActionRun.objects.filter(settled_at__lt=now - keep["deliveries"]).order_by("settled_at")
        ),
        "reminders": every(
            Reminder.objects.filter(ended_at__lt=now - keep["deliveries"]).order_by("ended_at")
        ),
        "inline choices": every(
            InlineChoice.objects.filter(last_at__lt=now - keep["groups"]).order_by("last_at")
        ),
        "lists": every(
            Listing.objects.filter(shown_at__lt=now - keep["updates"]).order_by("shown_at")
        ),
        **_links(now),
    }
    return sum(in_chunks(kinds).values())


def _links(now: datetime) -> dict[str, Delete]:
    """Links, wrong ones and chats on offer: a day after they are over, so that whoever asks why
    something was refused finds it."""
    over = now - settings.RETENTION["strangers"]
    # A chat that a bot can't leave any more; the others go when it has left.
    stuck = UnclaimedChat.objects.filter(
        leave_at__lt=now, arrived_at__lt=now - settings.RETENTION["updates"]
    )
    return {
        "attempts": every(LinkAttempt.objects.filter(at__lt=over).order_by("at")),
        "offers": every(ChatOffer.objects.filter(offered_at__lt=over).order_by("offered_at")),
        "links": every(LinkCode.objects.filter(expires_at__lt=over).order_by("expires_at")),
        "unclaimed chats": every(stuck.order_by("arrived_at")),
    }
