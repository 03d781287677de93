"""From one holder of a lane to the next: budgets are kept, and nobody waits longer than he must."""

import time
from datetime import timedelta

from django.utils import timezone

from channels_app.models import NotificationChannel
from deliveries import attempts, dispatcher, lanes, recovery, settling
from deliveries.decisions import Sent
from deliveries.models import Delivery, DeliveryAttempt, Lane
from deliveries.run import Run
from deliveries.senders import Senders
from tests.deliveries.conftest import Stage

State = Delivery.State


def spent(stage: Stage, channel: NotificationChannel, times: int, seconds_ago: float) -> None:
    """Calls that a former holder made."""
    stage.send(channel)
    delivery = Delivery.objects.get(channel=channel)
    Delivery.objects.update(state=State.SENT, settled_at=timezone.now())
    at = timezone.now() - timedelta(seconds=seconds_ago)
    DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(
            organization_id=delivery.organization_id,
            delivery=delivery,
            bot_id=delivery.bot_id,
            chat_id=delivery.chat_id,
            number=number,
            fence=1,
            method="sendMessage",
            started_at=at,
            deadline=at,
            finished_at=at,
        )
        for number in range(times)
    )


def test_a_groups_minute_is_remembered_although_nothing_waited_at_the_hand_over(
    stage: Stage,
) -> None:
    group, group_chat = stage.channel("supergroup")
    other, other_chat = stage.channel()
    stage.telegram.set_flood("off")
    spent(stage, group, 20, seconds_ago=20)
    stage.send(other, "keeps the lane busy")
    stage.send(other, "still", due_at=timezone.now() + timedelta(seconds=3))
    run = stage.dispatch_in_background(4)
    stage.telegram.wait_for_calls("sendMessage", 1, chat=other_chat)
    stage.send(group, "the 21st within a minute")
    dispatcher.dispatch()
    run.join()
    assert stage.texts(group_chat) == []


def test_a_call_counts_from_when_it_can_have_arrived(stage: Stage) -> None:
    channel, _ = stage.channel("group")
    spent(stage, channel, 1, seconds_ago=5)
    now = timezone.now()
    started = DeliveryAttempt.objects.get().started_at
    for took, counted in ((0.1, 0.1), (3.0, 0.25), (None, 0.25)):
        finished = None if took is None else started + timedelta(seconds=took)
        DeliveryAttempt.objects.update(finished_at=finished)
        ((_, _, group, at),) = recovery.recent([stage.bot.pk], now)
        assert group
        assert abs((at - started).total_seconds() - counted) < 0.001


def test_a_chat_is_free_as_soon_as_the_former_holder_settled_its_call(stage: Stage) -> None:
    """Not only when that call's deadline passes, 50 seconds after it began."""
    channel, chat = stage.channel()
    message = stage.send(channel, "under way")
    under_way = Delivery.objects.get(target=message)
    Lane.objects.create(bot=stage.bot)
    now = timezone.now()
    lanes.take([stage.bot.pk], "former", now)
    (attempt,) = attempts.begin([under_way.pk], "former", {stage.bot.pk: 1}, now)
    lanes.release_all("former")
    stage.send(channel, "waits", stream=message.stream)
    run = stage.dispatch_in_background(30)
    time.sleep(1)
    assert stage.texts(chat) == []
    # As the former holder's next run does, before it has any lane.
    settling.settle([attempts.Result(attempt, Sent(), timezone.now(), None, 7)])
    lanes.mark_dirty([stage.bot.pk], "former")
    stage.telegram.wait_for_calls("sendMessage", 1, chat=chat)
    run.join()
    assert stage.texts(chat) == ["waits"]


def test_what_is_settled_for_a_lane_of_another_process_is_told_to_it(stage: Stage) -> None:
    channel, _ = stage.channel()
    stage.send(channel, "slow")
    stage.telegram.set_latency(3)
    senders = Senders(4)
    while not senders.busy:
        Run(senders).go(0.3)
    while senders.busy and not senders.done.qsize():
        time.sleep(0.05)
    now = timezone.now()
    lanes.take([stage.bot.pk], "other", now)
    Run(senders).go(0.2)
    assert Delivery.objects.get().state == State.SENT
    assert Lane.objects.get().dirty
