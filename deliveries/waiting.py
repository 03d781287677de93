"""What waits in the outbox is laid aside, let go, taken back, hastened, or sent after its channel:
in the caller's transaction."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F, QuerySet

from channels_app.models import NotificationChannel
from deliveries import clock, outbox
from deliveries.models import Delivery, SentMessage, Stream

State = Delivery.State


def park(channel: NotificationChannel) -> int:
    """Lay aside what waits for a disabled channel; returns how many calls."""
    return _of(channel, State.WAITING).update(state=State.PARKED)


def unpark(channel: NotificationChannel) -> int:
    """Let what was laid aside leave, the channel being enabled again; returns how many calls."""
    moved = _of(channel, State.PARKED).update(state=State.WAITING, not_before=clock.now())
    outbox.wake_dispatch()
    return moved


def supersede(message: SentMessage) -> int:
    """Take back what was never attempted for this message; returns how many calls."""
    return (
        Delivery.objects.for_organization(message.organization_id)
        .filter(target=message, state__in=(State.WAITING, State.PARKED), attempts=0)
        .update(state=State.SUPERSEDED, settled_at=clock.now())
    )


def hasten(streams: Iterable[UUID]) -> int:
    """Have what waits in these streams leave as answers to people do, because the last of it is
    one; returns how many calls. A stream has few: what waits of an edit is overwritten."""
    these = list(streams)
    if not these:
        return 0
    return (
        Delivery.objects.filter(stream__in=these, state=State.WAITING)
        .exclude(priority=Delivery.Priority.INTERACTIVE)
        .update(priority=Delivery.Priority.INTERACTIVE, turn_at=F("due_at"))
    )


def follow(delivery: Delivery, channel: NotificationChannel) -> None:
    """Let a message that was never sent go, with all of its stream, where its channel goes now."""
    chat = channel.chat
    Delivery.objects.filter(stream=delivery.stream_id, settled_at=None).update(
        chat=chat, bot=chat.bot_id
    )
    Stream.objects.filter(pk=delivery.stream_id).update(chat=chat)
    SentMessage.objects.filter(stream=delivery.stream_id).update(chat=chat)
    outbox.wake_dispatch()


def _of(channel: NotificationChannel, state: str) -> QuerySet[Delivery]:
    return Delivery.objects.for_organization(channel.organization_id).filter(
        channel=channel, state=state
    )
