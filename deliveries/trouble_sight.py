"""Which troubles there are now. Reads only; what is told of them is decided elsewhere."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max

from channels_app.models import Bot, NotificationChannel
from deliveries import figures, health, tally
from deliveries.models import Delivery, Lane, Mark
from deliveries.trouble_rules import LATE, Kind, Seen

SIGHT = frozenset(Kind) - {Kind.FALLBACK}
"""Kinds that are looked for here; a fallback is told by whoever uses it."""
SILENT = timedelta(seconds=60)
DEAD_FOR = timedelta(hours=1)
"""So long after the last dead letter there is no more trouble with them."""

Source = Callable[[datetime], Iterable[Seen]]
_sources: list[Source] = []


def also_look(source: Source) -> None:
    """Have `source(now)` name further troubles. Called once, from AppConfig.ready."""
    _sources.append(source)


def look(now: datetime) -> list[Seen]:
    """All troubles of `now`, by the database's clock."""
    seen = [*_bots(), *_channels(), *_lanes(), *_late(now), *_dead(now), *_dispatching(now)]
    for source in _sources:
        seen += source(now)
    return seen


def _bots() -> list[Seen]:
    return [
        _disabled(bot, Kind.BOT_DISABLED, bot.pk)
        for bot in Bot.objects.filter(health.BY_US, enabled=False)
    ]


def _channels() -> list[Seen]:
    found = NotificationChannel.objects.filter(health.BY_US, enabled=False)
    return [
        _disabled(channel, Kind.CHANNEL_DISABLED, channel.chat.bot_id)
        for channel in found.select_related("chat")
    ]


def _disabled(row: Bot | NotificationChannel, kind: str, bot_id: UUID) -> Seen:
    return Seen(
        row.organization_id,
        kind,
        str(row.pk),
        name=str(row),
        said=row.verdict.get("telegram", ""),
        advice=row.verdict.get("advice", row.disabled_reason),
        bot_id=bot_id,
        since=row.disabled_at,
    )


def _lanes() -> list[Seen]:
    lanes = Lane.objects.filter(failures__gt=0, bot__enabled=True).select_related("bot")
    return [
        Seen(
            lane.bot.organization_id,
            Kind.BOT_UNREACHABLE,
            str(lane.bot_id),
            name=str(lane.bot),
            said=lane.trouble,
            bot_id=lane.bot_id,
        )
        for lane in lanes
    ]


def _late(now: datetime) -> list[Seen]:
    """Per organization. A disabled bot is told to its owner as such; who borrowed it hears that
    messages are late."""
    queues = figures.queues_at(now)
    owners = dict(
        Bot.objects.filter(
            pk__in={queue.bot_id for queue in queues if not queue.enabled}
        ).values_list("pk", "organization_id")
    )
    oldest: dict[UUID, datetime] = {}
    for queue in queues:
        mine = owners.get(queue.bot_id) == queue.organization_id
        if queue.oldest_due < now - LATE and not mine:
            known = oldest.get(queue.organization_id, queue.oldest_due)
            oldest[queue.organization_id] = min(known, queue.oldest_due)
    return [
        Seen(owner, Kind.LATE, number=int((now - due).total_seconds()), since=due)
        for owner, due in oldest.items()
    ]


def _dead(now: datetime) -> list[Seen]:
    found = (
        Delivery.objects.filter(state=Delivery.State.DEAD, settled_at__gt=now - DEAD_FOR)
        .order_by()
        .values_list("organization_id")
        .annotate(Count("pk"), Max("settled_at"))
    )
    return [
        Seen(owner, Kind.DEAD_LETTERS, number=number, again_at=last)
        for owner, number, last in found
    ]


def _dispatching(now: datetime) -> list[Seen]:
    mark = Mark.objects.filter(name=tally.DISPATCHED).first()
    if mark is None or mark.at > now - SILENT:
        return []
    return [Seen(None, Kind.DISPATCHING, since=mark.at)]
