"""Many people ask at once, and one bot's server hangs: everybody hears within 10 s."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from accounts.audit import COMMAND_LINE
from channels_app.models import Bot, NotificationChannel
from deliveries import probe, probing
from deliveries.models import Probe
from deliveries.senders import Senders
from tests import clock
from tests.deliveries.conftest import Stage, until

SOON = 30.0
"""Seconds, on however slow a machine; the server hangs for twice as long. It is 10 s for people."""


def ask(kind: str, bot: Bot, channel: NotificationChannel | None = None) -> Probe:
    return probe.request_probe(kind, bot, channel, COMMAND_LINE)


@contextmanager
def probing_run() -> Iterator[None]:
    """A run beside the test, as the worker has it."""

    def run() -> None:
        try:
            probing.run_pending()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        probing.stop()
        thread.join()


def heard_soon(row: Probe, *, stalled_since: float) -> bool:
    assert row.finished_at is not None
    took = (row.finished_at - row.created_at).total_seconds()
    return took < SOON + clock.lost() - stalled_since


def unfinished() -> int:
    return Probe.objects.filter(finished_at=None).count()


def test_tests_are_heard_of_while_another_bots_server_hangs(stage: Stage) -> None:
    stalled = clock.lost()
    hanging = [stage.channel_of_another_bot()]
    hanging += [stage.channel_at(hanging[0].chat.bot) for _ in range(11)]
    stage.telegram.fault(
        "hang_before", bot_id=hanging[0].chat.bot.telegram_id, count=None, seconds=60
    )
    well = [stage.channel()[0] for _ in range(10)]
    with stage.running(Senders(8)):
        for channel in hanging + well:
            ask("test", channel.chat.bot, channel)
        with probing_run():
            until(lambda: not unfinished(), 40)
        stage.telegram.clear_faults()
    for row in Probe.objects.all():
        assert heard_soon(row, stalled_since=stalled)
    verdicts = {
        bot: {row.verdict["problem"] for row in Probe.objects.filter(bot=bot)}
        for bot in (stage.bot, hanging[0].chat.bot)
    }
    assert verdicts == {stage.bot: {""}, hanging[0].chat.bot: {"still_waiting"}}


def test_checks_are_heard_of_while_another_bots_server_hangs(stage: Stage) -> None:
    """More checks of the deaf bot than it may have threads: the last ones hear of that."""
    stalled = clock.lost()
    deaf = stage.channel_of_another_bot().chat.bot
    stage.telegram.fault("hang_before", bot_id=deaf.telegram_id, count=None, seconds=60)
    for _ in range(probing.PER_BOT + 2):
        ask("bot", deaf)
    with probing_run():
        until(lambda: not Probe.objects.filter(state="pending", bot=deaf)[2:].exists())
        asked = ask("bot", stage.bot)
        until(lambda: Probe.objects.get(pk=asked.pk).state == "ok", 20)
        until(lambda: not unfinished(), 40)
        stage.telegram.clear_faults()
    for row in Probe.objects.filter(bot=deaf):
        assert heard_soon(row, stalled_since=stalled)
        assert row.verdict["problem"] == "unreachable"


def test_a_run_under_way_hears_of_what_is_asked_for_later(stage: Stage) -> None:
    stage.telegram.set_latency(0.5)
    first = ask("bot", stage.bot)
    with probing_run():
        until(lambda: Probe.objects.get(pk=first.pk).state == "running")
        second = ask("bot", stage.bot)
        assert probing.run_pending() == 0, "it is only told"
        until(lambda: Probe.objects.get(pk=second.pk).state == "ok")


def test_a_test_of_a_worker_that_stops_goes_on_at_once_in_the_next(stage: Stage) -> None:
    channel, _ = stage.channel()
    asked = ask("test", stage.bot, channel)
    with probing_run():
        until(lambda: Probe.objects.get(pk=asked.pk).state == "running")
    assert Probe.objects.get().state == "pending"
    with stage.running(Senders(4)):
        assert probing.run_pending() == 1
    assert Probe.objects.get().state == "ok"


def test_what_a_dead_worker_ran_is_run_again_when_its_claim_ends(stage: Stage) -> None:
    asked = ask("bot", stage.bot)
    Probe.objects.update(state="running", claimed_until=stage.ago(-5))
    assert probing.run_pending() == 0
    Probe.objects.update(claimed_until=stage.ago(1))
    assert probing.run_pending() == 1
    asked.refresh_from_db()
    assert asked.state == "ok"


def test_a_test_whose_channel_is_deleted_keeps_no_run_alive(stage: Stage) -> None:
    channel = stage.channel_of_another_bot()
    asked = ask("test", channel.chat.bot, channel)
    run = probing.Run()
    run.step()
    assert Probe.objects.get(pk=asked.pk).state == "running"
    channel.delete()
    run.step()
    assert run.is_done
