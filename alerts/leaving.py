"""A chat is deleted whose channels were pointed elsewhere before."""

from collections.abc import Sequence

from alerts.models import GroupMessage
from channels_app.models import Chat
from deliveries import clock, outbox


def leave(chats: Sequence[Chat]) -> None:
    """Let what channels that moved away still have in these chats begin anew where they are now.

    Publishing does the same once there is news; what is open is shown there at once.
    """
    # Locked, or news that makes one due meanwhile would be overwritten.
    rows = list(
        GroupMessage.objects.filter(stream__chat__in=chats)
        .exclude(channel__chat__in=chats)
        .select_related("channel__chat", "group")
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    for organization_id in {row.organization_id for row in rows}:
        own = [row for row in rows if row.organization_id == organization_id]
        streams = outbox.open_streams(organization_id, [row.channel.chat for row in own])
        for row, stream in zip(own, streams, strict=True):
            row.stream = stream
            row.message = row.document = None
            if row.group.is_open:
                row.due_at = clock.now()
        fields = ["stream", "message", "document", "due_at"]
        GroupMessage.objects.bulk_update(own, fields, batch_size=200)
