"""What a run reads of its lanes: all of it in steps, and what is new while it rests."""

from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from accounts.statements import one_of, query
from channels_app.models import Chat
from deliveries import looks, streams, waiting
from deliveries.lanes import Clock
from deliveries.looks import Looks
from deliveries.models import Delivery
from deliveries.schedule import Head
from tests.deliveries.conftest import Stage, until

FIRST = UUID(int=0)


def test_steps_read_every_chat_once_and_end(stage: Stage) -> None:
    channels = [stage.channel_at(stage.bot) for _ in range(7)]
    for channel in channels:
        stage.send(channel)
    left, read, steps = [(stage.bot.pk, FIRST)], [], 0
    while left:
        found, left = streams.heads_of_bots(left, timezone.now(), 3)
        read += [head.chat_id for head in found.heads]
        steps += 1
    assert sorted(read) == sorted(channel.chat_id for channel in channels)
    assert steps == 3


def test_what_is_interactive_is_found_behind_what_waits_longer(stage: Stage) -> None:
    channel, _ = stage.channel()
    for number in range(3):
        stage.send(channel, f"old {number}", due_at=stage.ago(600 - number))
    stage.send(channel, "asked", priority=Delivery.Priority.INTERACTIVE)
    found = streams.heads_of_chats([channel.chat_id], timezone.now()).heads
    assert [(head.urgent, head.passes) for head in found] == [(False, False), (True, True)]
    texts = [Delivery.objects.get(pk=head.delivery_id).params["text"] for head in found]
    assert texts == ["old 0", "asked"]
    assert found[0].turn == found[1].turn


def test_what_is_interactive_and_first_anyway_passes_nobody(stage: Stage) -> None:
    channel, _ = stage.channel()
    stage.send(channel, "asked", priority=Delivery.Priority.INTERACTIVE)
    stage.send(channel, "later")
    (head,) = streams.heads_of_chats([channel.chat_id], timezone.now()).heads
    assert head.urgent
    assert not head.passes


def test_an_answer_to_a_person_does_not_wait_for_the_chats_backlog(stage: Stage) -> None:
    channel, chat = stage.channel("group")
    for number in range(40):
        stage.send(channel, f"old {number}", due_at=stage.ago(600 - number))
    run = stage.dispatch_in_background(20)
    until(lambda: len(stage.texts(chat)) >= 4)
    stage.send(channel, "asked", priority=Delivery.Priority.INTERACTIVE)
    until(lambda: "asked" in stage.texts(chat), seconds=15)
    assert len(stage.texts(chat)) <= 20
    run.join()


def rest(reading: Looks, stage: Stage) -> None:
    """Everything is read now, and rests, as if there were very many chats."""
    reading.add([stage.bot.pk])
    assert reading.step() is not None
    reading._last = 10 * looks.DEAR_SECONDS
    reading._rested_at = reading._clock.now() + 60


def news_of(reading: Looks, stage: Stage) -> list[Head]:
    """After something woke it."""
    reading.wake()
    assert not reading.begins(), "everything rests"
    until(lambda: (at := reading.next_time()) is not None and at <= reading._clock.now())
    news = reading.news([stage.bot.pk])
    assert news is not None
    return news.heads


@pytest.mark.django_db
def test_what_is_new_is_found_while_everything_rests(stage: Stage) -> None:
    reading = Looks(Clock())
    stage.send(stage.channel_at(stage.bot))
    rest(reading, stage)
    new = stage.channel_at(stage.bot)
    stage.send(new)
    assert new.chat_id in {head.chat_id for head in news_of(reading, stage)}
    assert news_of(reading, stage) == [], "it is told once"
    assert Chat.objects.count() == 2


@pytest.mark.django_db
def test_what_a_person_begins_to_wait_for_is_found_while_everything_rests(stage: Stage) -> None:
    """Who presses a button waits for an edit that waited there already, in no hurry."""
    reading = Looks(Clock())
    edit = stage.send(stage.channel_at(stage.bot))
    rest(reading, stage)
    news_of(reading, stage)
    waiting.hasten([edit.stream_id])
    assert [head.urgent for head in news_of(reading, stage)] == [True]
    assert news_of(reading, stage) == [], "it is told once"


def test_what_people_wait_for_is_read_from_an_index_of_it_alone(stage: Stage) -> None:
    these, ids = one_of("bot_id", [stage.bot.pk])
    is_postgres = connection.vendor == "postgresql"
    explain = "EXPLAIN " if is_postgres else "EXPLAIN QUERY PLAN "
    with connection.cursor() as cursor:
        if is_postgres:
            cursor.execute("SET enable_seqscan = off")
        plan = str(query(f"{explain}{streams._ASKED}{these}{streams._IN_ORDER}", [ids]))
        if is_postgres:
            cursor.execute("RESET enable_seqscan")
    assert "delivery_open_interactive" in plan, plan
