"""Reads for the console and for verdicts."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Organization
from channels_app import bots
from deliveries.models import ChatClock, Delivery, DeliveryAttempt, Lane

State = Delivery.State


def dead_letters(organization: Organization) -> QuerySet[Delivery]:
    """What Telegram refused for good, newest first; each may be retried."""
    return Delivery.objects.for_organization(organization).filter(state=State.DEAD)


def attempts_of(delivery: Delivery) -> QuerySet[DeliveryAttempt]:
    """The tries at a delivery, newest first."""
    return DeliveryAttempt.objects.for_organization(delivery.organization_id).filter(
        delivery=delivery
    )


def trouble_of(lane: Lane, organization_id: UUID) -> str:
    """What holds the bot's queue up, as far as this organization may know; "" for nothing."""
    own = lane.bot.organization_id == organization_id
    return lane.trouble if own or not lane.trouble else bots.NO_ANSWER


def why_waiting(delivery: Delivery) -> str:
    """What an unsettled delivery waits for, in words for people."""
    now = timezone.now()
    lane = Lane.objects.filter(bot=delivery.bot_id).first()
    trouble = "" if lane is None else trouble_of(lane, delivery.organization_id)
    clock = ChatClock.objects.filter(chat=delivery.chat_id, not_before__gt=now).first()
    if not delivery.bot.enabled:
        return f"the bot is disabled: {delivery.bot.disabled_reason}"
    if delivery.state == State.PARKED and delivery.channel is not None:
        return f"the channel is disabled: {delivery.channel.disabled_reason}"
    if delivery.state == State.IN_FLIGHT:
        return "Telegram has not answered yet"
    if lane is not None and lane.suspected_at is not None:
        return trouble
    if lane is not None and lane.not_before is not None and lane.not_before > now:
        return trouble or "the bot waits for Telegram"
    if clock is not None:
        return f"Telegram asked to wait until {clock.not_before:%H:%M:%S} UTC ({clock.reason})"
    earlier = Delivery.objects.filter(
        chat=delivery.chat_id,
        state__in=(State.WAITING, State.IN_FLIGHT),
        turn_at__lt=delivery.turn_at,
    ).count()
    if earlier:
        return f"{earlier} earlier calls wait for this chat; Telegram limits its pace"
    if lane is None or not lane.holder:
        return "no worker is sending for this bot: check that the worker is running"
    return "it is next"
