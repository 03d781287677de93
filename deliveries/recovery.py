"""What a former holder of a lane left: calls that nobody settled, and budgets that it spent."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from botapi import failpoints
from channels_app.models import is_group
from deliveries import outbox
from deliveries.models import Delivery, DeliveryAttempt
from deliveries.pacing import EXCESS_MAX
from deliveries.settling import put_back

State = Delivery.State


def take_over(bot_ids: Collection[UUID], now: datetime) -> list[tuple[UUID, UUID, float]]:
    """Put back what a dead process left in flight past its deadline.

    Telegram may have it: it is marked, and leaves again with the newest content. Returns
    (bot, chat, deadline in seconds since the epoch) of what is in flight and not past it.
    """
    unsettled = Delivery.objects.filter(bot_id__in=bot_ids, state=State.IN_FLIGHT)
    pending: list[tuple[UUID, UUID, float]] = []
    lost: list[Delivery] = []
    for delivery in unsettled:
        if delivery.deadline is None or delivery.deadline <= now:
            lost.append(delivery)
        else:
            pending.append((delivery.bot_id, delivery.chat_id, delivery.deadline.timestamp()))
    if lost:
        _recover(lost, now)
    return pending


def _recover(lost: Sequence[Delivery], now: datetime) -> None:
    with transaction.atomic():
        for delivery in lost:
            if put_back(delivery, maybe_sent=True):
                outbox.fold_newer(delivery)
        DeliveryAttempt.objects.filter(delivery__in=lost, finished_at=None).update(
            finished_at=now, outcome="unknown", maybe_sent=True
        )
        failpoints.hit("recovery.before_commit")
    failpoints.hit("recovery.committed")


def recent(bot_ids: Collection[UUID], now: datetime) -> Iterable[tuple[UUID, UUID, bool, datetime]]:
    """(bot, chat, whether it is a group, latest arrival) of the last minute's attempts, oldest
    first: what the budgets count.

    A call may have spent up to EXCESS_MAX on its way, but arrived before it was answered.
    """
    rows = (
        DeliveryAttempt.objects.filter(
            bot_id__in=bot_ids, started_at__gt=now - timedelta(seconds=65)
        )
        .order_by("started_at")
        .values_list(
            "bot_id", "chat_id", "chat__type", "chat__chat_id", "started_at", "finished_at"
        )
    )
    for bot_id, chat_id, kind, number, started_at, finished_at in rows:
        arrived_at = started_at + timedelta(seconds=EXCESS_MAX)
        if finished_at is not None:
            arrived_at = min(arrived_at, finished_at)
        yield bot_id, chat_id, is_group(kind, number), arrived_at
