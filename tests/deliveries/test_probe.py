"""Probes: Telegram's verdict about a bot, a channel, or a test message, with advice."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.audit import COMMAND_LINE
from channels_app import bots, loans
from channels_app.models import Bot, NotificationChannel
from deliveries import health, probe, probing
from deliveries.advice import ADVICE, Problem
from deliveries.models import Probe
from tests import clock
from tests.deliveries.conftest import Liar, Stage
from tests.factories import make_bot, make_channel, make_organization, make_token


def verdict(probe_row: Probe) -> tuple[str, str]:
    """Runs what waits; (state, problem)."""
    probing.run_pending()
    probe_row.refresh_from_db()
    return probe_row.state, probe_row.verdict["problem"]


def ask(stage: Stage, channel: NotificationChannel | None = None, kind: str = "channel") -> Probe:
    return probe.request_probe(kind, stage.bot, channel, COMMAND_LINE)


def test_a_working_bot_is_verified(stage: Stage) -> None:
    assert verdict(ask(stage, kind="bot")) == ("ok", "")
    bot = stage.bot_now()
    assert (bot.verification, bot.username) == ("ok", stage.sandbox_bot.username)
    assert bot.facts["is_bot"] is True


def test_a_wrong_token_says_where_to_find_the_right_one(stage: Stage) -> None:
    bot = make_bot(stage.organization, name="Wrong", api_url=stage.telegram.url)
    row = probe.request_probe("bot", bot, None, COMMAND_LINE)
    assert verdict(row) == ("failed", "wrong_token")
    assert "@BotFather" in row.verdict["advice"]
    assert row.verdict["telegram"].startswith("Unauthorized")
    assert Bot.objects.get(pk=bot.pk).verification == "failed"


def test_an_unreachable_server_fails_within_seconds(stage: Stage) -> None:
    bot = make_bot(stage.organization, name="Away", api_url="http://127.0.0.1:9")
    started = clock.now()
    row = probe.request_probe("bot", bot, None, COMMAND_LINE)
    assert verdict(row) == ("failed", "unreachable")
    assert clock.now() - started < 10


@pytest.mark.parametrize("kind", ["private", "group", "supergroup", "channel"])
def test_a_working_channel_is_verified(stage: Stage, kind: str) -> None:
    channel, chat = stage.channel(kind)
    row = ask(stage, channel)
    assert verdict(row) == ("ok", "")
    assert row.verdict["rights"] == {"text": True, "photos": True, "documents": True}
    channel.chat.refresh_from_db()
    assert (channel.chat.type, channel.chat.title) == (kind, chat.title)
    assert NotificationChannel.objects.get().verification == "ok"


@pytest.mark.parametrize(
    ("kind", "state", "problem"),
    [
        ("private", "blocked", "blocked"),
        ("supergroup", "kicked", "kicked"),
        ("supergroup", "not_member", "not_member"),
        ("channel", "not_admin", "not_admin"),
    ],
)
def test_what_is_wrong_with_a_channel_is_named(
    stage: Stage, kind: str, state: str, problem: str
) -> None:
    channel, chat = stage.channel(kind)
    stage.telegram.set_state(chat, state, bot=stage.sandbox_bot)
    row = ask(stage, channel)
    assert verdict(row) == ("failed", problem)
    assert row.verdict["advice"]
    assert NotificationChannel.objects.get().verdict["problem"] == problem


def test_a_missing_right_to_send_photos_is_a_warning(stage: Stage) -> None:
    channel, _ = stage.channel("supergroup", forbidden=["photo"])
    row = ask(stage, channel)
    assert verdict(row) == ("ok", "")
    assert [warning["problem"] for warning in row.verdict["warnings"]] == ["no_photos"]


def test_topics_are_checked(stage: Stage) -> None:
    forum, _ = stage.channel("supergroup", topics=["Alerts"], message_thread_id=4711)
    assert verdict(ask(stage, forum)) == ("failed", "topic_missing")
    plain, _ = stage.channel("supergroup", message_thread_id=4711)
    assert verdict(ask(stage, plain)) == ("failed", "not_a_forum")


def test_a_chat_known_by_name_learns_its_number(stage: Stage) -> None:
    channel, chat = stage.channel("supergroup", username="ops_alerts")
    channel.chat.chat_id, channel.chat.username = None, "ops_alerts"
    channel.chat.save()
    assert verdict(ask(stage, channel)) == ("ok", "")
    channel.chat.refresh_from_db()
    assert channel.chat.chat_id == chat.id


def test_a_test_message_goes_the_way_of_all_messages(stage: Stage) -> None:
    channel, chat = stage.channel()
    row = ask(stage, channel, "test")
    run = stage.dispatch_in_background()
    assert verdict(row) == ("ok", "")
    run.join()
    assert "Tocsin" in stage.texts(chat)[0]


def test_a_test_to_a_blocked_chat_hears_telegrams_words(stage: Stage) -> None:
    channel, chat = stage.channel()
    stage.telegram.set_state(chat, "blocked", bot=stage.sandbox_bot)
    row = ask(stage, channel, "test")
    run = stage.dispatch_in_background()
    assert verdict(row) == ("failed", "blocked")
    run.join()
    assert "blocked by the user" in row.verdict["telegram"]


def test_a_test_that_waits_says_why(stage: Stage) -> None:
    channel, _ = stage.channel()
    row = ask(stage, channel, "test")
    Probe.objects.update(created_at=stage.ago(9))
    assert verdict(row) == ("failed", "still_waiting")
    assert "no worker" in row.verdict["because"]


def test_passing_again_enables_what_telegram_made_us_disable(stage: Stage) -> None:
    channel, chat = stage.channel()
    stage.telegram.set_state(chat, "blocked", bot=stage.sandbox_bot)
    stage.send(channel, "waits")
    stage.dispatch()
    assert not NotificationChannel.objects.get().enabled
    stage.telegram.set_state(chat, "active", bot=stage.sandbox_bot)
    NotificationChannel.objects.update(disabled_at=stage.ago(3700))
    assert health.reprobe_disabled() == 1
    assert health.reprobe_disabled() == 0, "once an hour"
    probing.run_pending()
    assert NotificationChannel.objects.get().enabled
    stage.dispatch()
    assert stage.texts(chat) == ["waits"]


def meanwhile(stage: Stage, liar: Liar, act: Callable[[], object]) -> Probe:
    """Checks the bot, and runs `act` while its server ponders; then it answers that all is well."""
    liar.says(200, {"ok": True, "result": {"id": stage.bot.telegram_id, "is_bot": True}})
    liar.free.clear()
    wrong = ADVICE[Problem.WRONG_TOKEN].wrong
    Bot.objects.update(api_url=liar.url, enabled=False, disabled_reason=wrong)
    ask(stage, kind="bot")
    return run_and(liar, act)


def run_and(liar: Liar, act: Callable[[], object]) -> Probe:
    """Runs the probe that waits, and `act` while the server ponders."""

    def run() -> None:
        probing.run_pending()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert liar.asked.wait(60)
    act()
    liar.free.set()
    thread.join()
    return Probe.objects.get()


def test_a_check_of_the_former_token_takes_no_new_one_back(stage: Stage, liar: Liar) -> None:
    """Its verdict is about what is no more: the bot is checked again."""
    wrong = make_token(stage.bot.telegram_id)

    def replace_token() -> None:
        bots.change_bot(COMMAND_LINE, stage.bot_now(), token=wrong, enabled=False)

    asked = meanwhile(stage, liar, replace_token)
    assert asked.state == "ok"
    assert bots.token_of(stage.bot_now()) == wrong
    assert (stage.bot_now().enabled, stage.bot_now().verification) == (False, "pending")


def test_a_check_that_enables_a_bot_keeps_what_was_changed_meanwhile(
    stage: Stage, liar: Liar
) -> None:
    meanwhile(stage, liar, lambda: Bot.objects.update(name="renamed"))
    bot = stage.bot_now()
    assert (bot.enabled, bot.verification, bot.name) == (True, "ok", "renamed")


def test_a_check_during_which_the_loan_ended_has_a_verdict_and_enables_nothing(
    stage: Stage, liar: Liar
) -> None:
    borrower = make_organization()
    grant = loans.lend_bot(COMMAND_LINE, stage.bot, borrower)
    channel = make_channel(stage.bot, organization=borrower, chat_id=700)
    health.disable(channel, Problem.BLOCKED, "")
    Bot.objects.update(api_url=liar.url)
    liar.says(200, {"ok": True, "result": {"id": 700, "type": "private"}})
    liar.free.clear()
    probe.request_probe("channel", stage.bot_now(), channel, COMMAND_LINE)
    asked = run_and(liar, lambda: loans.take_back(COMMAND_LINE, grant))
    assert asked.finished_at is not None
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (False, loans.LOAN_ENDED)


def test_what_a_person_switched_off_stays_off(stage: Stage) -> None:
    channel, _ = stage.channel()
    health.switch_off(COMMAND_LINE, channel)
    NotificationChannel.objects.update(disabled_at=stage.ago(3700))
    assert health.reprobe_disabled() == 0
    channel.refresh_from_db()
    assert verdict(ask(stage, channel)) == ("ok", "")
    assert not NotificationChannel.objects.get().enabled


def test_a_probe_runs_once(stage: Stage) -> None:
    ask(stage, kind="bot")
    assert (probing.run_pending(), probing.run_pending()) == (1, 0)
    calls: list[Any] = stage.telegram.calls("getMe")
    assert len(calls) == 1
    assert not connection.in_atomic_block
