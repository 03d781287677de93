"""Messages that fell behind in a storm are changed little by little once their chat has room."""

import random
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef

from alerts.models import GroupMessage, Storm
from channels_app.models import NotificationChannel
from deliveries import backlog, clock

CHANNELS = 50
AT_ONCE, AT_ONCE_IN_GROUP = 3, 1
"""So many a sweep, only where nothing waits: news finds the chat free, and its minute not used."""


def repay() -> int:
    """Make due what is owed; returns how many messages."""
    owed = GroupMessage.objects.filter(owed_at__isnull=False).order_by()
    owing = list(owed.values_list("channel", flat=True).distinct())
    if not owing:
        return 0
    # Others each time: none is passed over for ever.
    chosen = random.sample(owing, min(CHANNELS, len(owing)))
    storm = Storm.objects.filter(channel=OuterRef("pk"), closed_at=None)
    channels = list(
        NotificationChannel.objects.filter(
            ~Exists(storm), pk__in=chosen, enabled=True, chat__bot__enabled=True
        ).select_related("chat")
    )
    waiting = backlog.waiting_in({channel.chat_id for channel in channels}, 1)
    now = clock.now()
    return GroupMessage.objects.filter(
        pk__in=list(_oldest(channel for channel in channels if not waiting[channel.chat_id])),
        due_at=None,
        claimed_until=None,
    ).update(due_at=now)


def _oldest(channels: Iterable[NotificationChannel]) -> Iterable[UUID]:
    """Those that are behind for longest; of a chat with several channels only one's."""
    seen = set()
    for channel in channels:
        if channel.chat_id in seen:
            continue
        seen.add(channel.chat_id)
        many = AT_ONCE_IN_GROUP if channel.chat.is_group else AT_ONCE
        rows = GroupMessage.objects.filter(channel=channel, owed_at__isnull=False)
        yield from rows.order_by("owed_at").values_list("pk", flat=True)[:many]
