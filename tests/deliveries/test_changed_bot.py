"""A bot that somebody changes in another process counts as it is now, from the next call."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from channels_app import bots
from channels_app.models import Bot
from deliveries import dispatcher, health
from deliveries.models import Lane
from tests.deliveries.conftest import Liar, Stage, until
from tests.factories import make_token


@contextmanager
def dispatching(stage: Stage) -> Iterator[None]:
    """A run that outlives the test's patience by far and ends with the test."""
    run = stage.dispatch_in_background(60)
    try:
        yield
    finally:
        dispatcher.stop()
        run.join()


def change(stage: Stage, **fields: Any) -> None:
    bots.change_bot(COMMAND_LINE, stage.bot_now(), **fields)
    assert not connection.in_atomic_block


def test_a_new_token_ends_the_doubt_about_the_old_one(stage: Stage) -> None:
    channel, chat = stage.channel()
    right = stage.sandbox_bot.token
    change(stage, token=make_token(stage.bot.telegram_id))
    stage.send(channel, "hello")
    with dispatching(stage):
        until(lambda: len(stage.telegram.calls("getMe")) >= 1)
        until(lambda: Lane.objects.get().suspected_at is not None)
        change(stage, token=right)
        until(lambda: stage.texts(chat) == ["hello"])


def test_a_check_of_the_old_token_does_not_disable_the_bot_with_the_new_one(
    stage: Stage, liar: Liar
) -> None:
    liar.says(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
    liar.free.clear()
    Bot.objects.update(api_url=liar.url)
    checks: list[float | None] = []

    def check() -> None:
        try:
            checks.append(health.check_bot(stage.bot, stage.ago(31), stage.ago(0)))
        finally:
            connection.close()

    thread = threading.Thread(target=check)
    thread.start()
    assert liar.asked.wait(60)
    change(stage, token=stage.sandbox_bot.token)
    liar.free.set()
    thread.join()
    assert stage.bot_now().enabled
    assert checks == [0.0], "the new one is asked at once"


def test_a_new_server_is_asked_at_once_and_not_when_the_old_ones_back_off_ends(
    stage: Stage,
) -> None:
    channel, chat = stage.channel()
    change(stage, api_url="http://127.0.0.1:9", token=stage.sandbox_bot.token)
    Bot.objects.update(proven_at=timezone.now())  # it did answer once
    Lane.objects.create(bot=stage.bot, failures=50)
    stage.send(channel, "hello")
    with dispatching(stage):
        until(lambda: Lane.objects.get().failures > 50)
        change(stage, api_url=stage.telegram.url, token=stage.sandbox_bot.token)
        until(lambda: stage.texts(chat) == ["hello"])
    assert Lane.objects.get().trouble == ""


def test_new_limits_count_while_much_waits(stage: Stage) -> None:
    stage.telegram.set_flood("off")
    channel, chat = stage.channel("supergroup")
    for number in range(12):
        stage.send(channel, str(number))
    Bot.objects.update(group_per_minute=2)
    with dispatching(stage):
        until(lambda: len(stage.texts(chat)) == 2)
        Bot.objects.update(group_per_minute=1000, chat_per_second=100)
        until(lambda: len(stage.texts(chat)) == 12)


def test_new_limits_count_for_a_lane_that_was_let_go_meanwhile(stage: Stage) -> None:
    stage.telegram.set_flood("off")
    group, chat = stage.channel("supergroup")
    other = stage.channel_of_another_bot()
    Bot.objects.update(group_per_minute=2)
    stage.send(other, "keeps the run under way", due_at=stage.ago(-30))
    with dispatching(stage):
        for number in range(2):
            stage.send(group, str(number))
        until(lambda: len(stage.texts(chat)) == 2)
        until(lambda: Lane.objects.get(bot=stage.bot).holder == "")
        Bot.objects.update(group_per_minute=1000, chat_per_second=100)
        stage.send(group, "2")
        until(lambda: len(stage.texts(chat)) == 3)


def test_a_disabled_bot_is_let_go_and_doubted_no_more(stage: Stage) -> None:
    channel, chat = stage.channel()
    change(stage, token=make_token(stage.bot.telegram_id))
    stage.send(channel, "hello")
    with dispatching(stage):
        until(lambda: len(stage.telegram.calls("getMe")) >= 1)
        change(stage, enabled=False)
        until(lambda: Lane.objects.get().holder == "")
    assert stage.texts(chat) == []


@pytest.mark.parametrize("changed", [{"name": "another name"}, {"username": "new_bot"}])
def test_what_no_call_needs_disturbs_no_lane(stage: Stage, changed: dict[str, str]) -> None:
    channel, chat = stage.channel("supergroup")
    Bot.objects.update(group_per_minute=2)
    for number in range(3):
        stage.send(channel, str(number))
    with dispatching(stage):
        until(lambda: len(stage.texts(chat)) == 2)
        fence = Lane.objects.get().fence
        Bot.objects.update(**changed)
        time.sleep(2.5)
        assert Lane.objects.get().fence == fence


def test_a_changed_bots_lane_that_was_marked_at_that_moment_is_let_go_all_the_same(
    stage: Stage,
) -> None:
    """As another process marks it, which found it held: here again and again."""
    stage.telegram.set_flood("off")
    channel, chat = stage.channel("supergroup")
    Bot.objects.update(group_per_minute=2)
    for number in range(3):
        stage.send(channel, str(number))

    def is_taken_anew() -> bool:
        Lane.objects.exclude(holder="").update(dirty=True)
        return Lane.objects.get().fence > fence

    with dispatching(stage):
        until(lambda: len(stage.texts(chat)) == 2)
        fence = Lane.objects.get().fence
        Bot.objects.update(group_per_minute=1000, chat_per_second=100)
        until(is_taken_anew, every=0.002)
        until(lambda: len(stage.texts(chat)) == 3)
