"""From one holder of a lane to the next: budgets are kept, and nobody waits longer than he must."""

import subprocess
import sys
import time
from datetime import timedelta

from django.utils import timezone

from channels_app.models import NotificationChannel
from deliveries import attempts, dispatcher, lanes, recovery, settling
from deliveries.decisions import Sent
from deliveries.models import Delivery, DeliveryAttempt, Lane
from deliveries.pacing import DOUBT
from deliveries.run import Run
from deliveries.senders import Senders
from tests.deliveries.conftest import Stage, until

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


def test_the_last_minutes_calls_are_remembered_with_their_ends(stage: Stage) -> None:
    channel, _ = stage.channel("group")
    spent(stage, channel, 1, seconds_ago=50)
    attempt = DeliveryAttempt.objects.get()
    began, now = attempt.started_at, timezone.now()
    for ended in (began + timedelta(seconds=0.1), None):
        DeliveryAttempt.objects.update(finished_at=ended)
        found = list(recovery.recent([stage.bot.pk], now))
        assert found == [(stage.bot.pk, attempt.chat_id, True, 1, began, ended)]
    assert not list(recovery.recent([stage.bot.pk], began + recovery.REMEMBERED))


def test_each_call_is_noted_with_its_own_end(stage: Stage) -> None:
    """Not with that of the slowest one settled with it: the next holder counts from it."""
    channels = [stage.channel("group")[0] for _ in range(3)]
    calls = [Delivery.objects.get(target=stage.send(channel)).pk for channel in channels]
    Lane.objects.create(bot=stage.bot)
    now = timezone.now()
    lanes.take([stage.bot.pk], "former", now)
    begun = attempts.begin(calls, "former", {stage.bot.pk: 1}, now)
    ends = {one.id: now + timedelta(seconds=0.1 * number) for number, one in enumerate(begun)}
    settling.settle([attempts.Result(one, Sent(), ends[one.id], None, 7) for one in begun])
    assert dict(DeliveryAttempt.objects.values_list("pk", "finished_at")) == ends
    assert set(DeliveryAttempt.objects.values_list("outcome", "status")) == {("sent", 200)}


def test_another_process_counts_a_groups_calls_as_their_own_one_does(stage: Stage) -> None:
    """What it counts too late is lost at each hand-over, and a group has 20 places a minute."""
    group, chat = stage.channel("supergroup")
    stage.send(group, "first")
    stage.send(group, "second")
    stage.send(group, "keeps the lane", due_at=timezone.now() + timedelta(hours=1))
    senders = Senders(4)
    first, second = Run(senders), Run(Senders(4))
    while len(stage.texts(chat)) < 2 or senders.busy:
        first.go(0.5)
    second.go(0.5)
    free = [
        run.former[stage.bot.pk][1].chat_earliest(group.chat_id, group=True, now=0.0, urgent=False)
        for run in (first, second)
    ]
    assert free[0] <= free[1] + 0.001
    assert free[1] - free[0] <= 2 * DOUBT, "the clocks' doubt, and nothing else"


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
    with stage.running(Senders(4)):
        time.sleep(1)
        assert stage.texts(chat) == []
        # As the former holder's next run does, before it has any lane.
        settling.settle([attempts.Result(attempt, Sent(), timezone.now(), None, 7)])
        lanes.mark_dirty([stage.bot.pk], "former")
        stage.telegram.wait_for_calls("sendMessage", 1, chat=chat)
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


def gone_holder() -> str:
    """A run of a process that has ended."""
    said = "from deliveries import processes; print(processes.name())"
    ended = subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True)
    return f"host:1:{ended.stdout.strip()}"


def begun(stage: Stage, holder: str) -> Delivery:
    """A call that this holder has begun, and died over."""
    channel, _ = stage.channel()
    delivery = Delivery.objects.get(target=stage.send(channel, "under way"))
    Lane.objects.get_or_create(bot=stage.bot)
    now = timezone.now()
    lanes.take([stage.bot.pk], holder, now)
    fence = Lane.objects.get().fence
    attempts.begin([delivery.pk], holder, {stage.bot.pk: fence}, now)
    return Delivery.objects.get(pk=delivery.pk)


def test_nobody_waits_long_for_a_process_that_is_gone(stage: Stage) -> None:
    call = begun(stage, gone_holder())
    now = timezone.now()
    recovery.end_what_the_gone_held("me", now)
    call.refresh_from_db()
    assert call.deadline == now + recovery.GONE_GRACE
    assert lanes.take([stage.bot.pk], "me", now)
    recovery.end_what_the_gone_held("me", now + recovery.GONE_GRACE / 2)
    call.refresh_from_db()
    assert call.deadline == now + recovery.GONE_GRACE, "asking again puts nothing off"


def test_a_call_of_a_holder_before_the_one_that_is_gone_is_waited_for(stage: Stage) -> None:
    """Its process may live, and be about to settle it."""
    call = begun(stage, "elsewhere")
    lanes.release_all("elsewhere")
    now = timezone.now()
    assert lanes.take([stage.bot.pk], gone_holder(), now)
    recovery.end_what_the_gone_held("me", now)
    assert Delivery.objects.get(pk=call.pk).deadline == call.deadline
    assert lanes.take([stage.bot.pk], "me", now), "its lane is free all the same"


def test_what_a_living_or_a_distant_process_holds_is_left_alone(stage: Stage) -> None:
    for holder in (lanes.new_holder(), "elsewhere"):
        call = begun(stage, holder)
        recovery.end_what_the_gone_held("me", timezone.now())
        assert Delivery.objects.get(pk=call.pk).deadline == call.deadline
        assert not lanes.take([stage.bot.pk], "me", timezone.now())
        Lane.objects.update(leased_until=timezone.now() - lanes.LEASE)


def test_the_next_run_of_a_process_knows_what_the_last_one_spent(stage: Stage) -> None:
    channel, _ = stage.channel()
    stage.send(channel, "keeps the lane", due_at=timezone.now() + timedelta(hours=1))
    senders = Senders(4)
    first = Run(senders)
    first.go(3)
    ((bot_id, (fence, pace)),) = first.former.items()
    assert (bot_id, fence) == (stage.bot.pk, Lane.objects.get().fence)
    second = Run(senders, first.former)
    second.go(3)
    assert second.former == {bot_id: (fence + 1, pace)}
    lanes.take([bot_id], "another process", timezone.now())
    lanes.release_all("another process")
    third = Run(senders, second.former)
    third.go(3)
    assert third.former[bot_id][1] is not pace, "what that process spent is not in it"


def test_a_mark_is_not_passed_on(stage: Stage) -> None:
    """Two processes would wake each other for ever, as long as both have something that waits."""
    channel, _ = stage.channel()
    stage.send(channel, "later", due_at=timezone.now() + timedelta(seconds=60))
    elsewhere = stage.channel_of_another_bot()
    stage.send(elsewhere, "later", due_at=timezone.now() + timedelta(seconds=60))
    theirs = Lane.objects.create(bot=elsewhere.chat.bot)
    lanes.take([theirs.pk], "other", timezone.now() + timedelta(seconds=30))
    with stage.running(Senders(2)):
        until(lambda: Lane.objects.exclude(pk=theirs.pk).exclude(holder="").exists())
        until(lambda: Lane.objects.get(pk=theirs.pk).dirty)  # by what woke the run
        time.sleep(0.5)
        Lane.objects.filter(pk=theirs.pk).update(dirty=False)
        Lane.objects.exclude(pk=theirs.pk).update(dirty=True)
        until(lambda: not Lane.objects.exclude(pk=theirs.pk).get().dirty)
        time.sleep(0.5)
        assert not Lane.objects.get(pk=theirs.pk).dirty
