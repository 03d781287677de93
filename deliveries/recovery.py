"""What a former holder of a lane left: calls that nobody settled, and budgets that it spent."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from botapi import failpoints
from channels_app.models import is_group
from deliveries import lanes, outbox, tally
from deliveries.models import Delivery, DeliveryAttempt
from deliveries.settling import put_back

State = Delivery.State
GONE_GRACE = timedelta(seconds=5)
"""What a process that is gone had written to its connections may arrive for so long: the same time
that DEADLINE gives a call after its process has let go of it."""

REMEMBERED = timedelta(seconds=65)
"""Calls begun longer ago than this count no more: a group's minute, and what a call may take to
arrive."""


def end_what_the_gone_held(holder: str, now: datetime) -> None:
    """Free the lanes of holders whose processes are provably gone, and end the deadlines of their
    calls GONE_GRACE from now. `holder` is who asks."""
    gone = lanes.gone_holders(holder)
    if not gone:
        return
    ends = now + GONE_GRACE
    with transaction.atomic():
        calls = _calls_of(lanes.free(gone))
        Delivery.objects.filter(pk__in=calls, state=State.IN_FLIGHT, deadline__gt=ends).update(
            deadline=ends
        )
        failpoints.hit("gone.before_commit")
    failpoints.hit("gone.committed")


def _calls_of(fences: Mapping[UUID, int]) -> list[UUID]:
    """The calls under way that were begun under these fences: those of an earlier holder of the
    lane may be another process's, which lives."""
    open_calls = Delivery.objects.filter(bot_id__in=fences, state=State.IN_FLIGHT)
    unsettled = DeliveryAttempt.objects.filter(delivery__in=open_calls, finished_at=None)
    rows = unsettled.values_list("delivery_id", "bot_id", "fence")
    return [pk for pk, bot_id, fence in rows if fences[bot_id] == fence]


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
    tally.count(tally.ANSWERS, "unknown", len(lost))


def recent(
    bot_ids: Collection[UUID], now: datetime
) -> Iterable[tuple[UUID, UUID, bool, int, datetime, datetime | None]]:
    """(bot, chat, whether it is a group, its weight, when it was begun, when its end was noted) of
    the last minute's attempts, oldest first: what the budgets count."""
    rows = (
        DeliveryAttempt.objects.filter(bot_id__in=bot_ids, started_at__gt=now - REMEMBERED)
        .order_by("started_at")
        .values_list(
            "bot_id",
            "chat_id",
            "chat__type",
            "chat__chat_id",
            "delivery__weight",
            "started_at",
            "finished_at",
        )
    )
    for bot_id, chat_id, kind, number, weight, began, ended in rows:
        yield bot_id, chat_id, is_group(kind, number), weight, began, ended
