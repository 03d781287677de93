"""Bots are polled, each by one, and what comes is stored before it is confirmed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from channels_app.bots import change_bot
from channels_app.models import Bot
from chatops.models import InboundUpdate, Reception
from chatops.receiving import agreeing, receptions
from chatops.receiving.poller import Poller
from deliveries import clock
from tests.chatops.conftest import Talk
from tests.flows.system import eventually

Updates = Bot.Updates


@pytest.fixture
def start_poller(transactional_db: None) -> Iterator[Callable[[], Poller]]:
    """Pollers on threads of this process; stopped at the end."""
    with ExitStack() as stack:

        def start() -> Poller:
            poller = Poller()
            poller.start()
            stack.callback(poller.stop, 20)
            return poller

        yield start


def receive_by(talk: Talk, way: str) -> Reception:
    """Choose the way, and have it agreed with Telegram."""
    change_bot(COMMAND_LINE, talk.bot, updates=way)
    receptions.changed(Bot.objects.get(pk=talk.bot.pk))
    agreeing.agree_due()
    return Reception.objects.get(bot=talk.bot)


def hear(talk: Talk, *texts: str) -> None:
    """People write."""
    chat = talk.private_chat()
    for text in texts:
        talk.telegram.say(chat, text, bot_id=talk.telegram_bot.id)


def stored(talk: Talk) -> list[int]:
    rows = InboundUpdate.objects.filter(bot=talk.bot).order_by("update_id")
    return list(rows.values_list("update_id", flat=True))


def waiting_at_telegram(talk: Talk) -> int:
    info = talk.telegram.api(talk.telegram_bot, "getWebhookInfo")["result"]
    return int(info["pending_update_count"])


def row_of(talk: Talk) -> Reception:
    return Reception.objects.get(bot=talk.bot)


def test_what_people_do_is_stored_and_then_confirmed(
    talk: Talk, start_poller: Callable[[], Poller]
) -> None:
    assert receive_by(talk, Updates.POLLING).is_settled
    poller = start_poller()
    eventually(lambda: poller.polled == 1)
    hear(talk, "one", "two")
    eventually(lambda: len(stored(talk)) == 2)
    eventually(lambda: waiting_at_telegram(talk) == 0)
    row = row_of(talk)
    assert row.offset == stored(talk)[-1] + 1
    assert row.received_at is not None
    assert row.polled_at is not None
    assert row.poll_problem == {}


def test_another_process_goes_on_where_the_last_one_stopped(
    talk: Talk, start_poller: Callable[[], Poller]
) -> None:
    receive_by(talk, Updates.POLLING)
    first = start_poller()
    hear(talk, "one")
    eventually(lambda: len(stored(talk)) == 1)
    first.stop(20)
    assert row_of(talk).poller == "", "it let go of its lease"
    hear(talk, "two")
    start_poller()
    eventually(lambda: len(stored(talk)) == 2)
    offsets = [
        call.parameters.get("offset")
        for call in talk.telegram.calls("getUpdates", bot=talk.telegram_bot)
    ]
    assert str(stored(talk)[0] + 1) in offsets


def test_a_bot_is_polled_by_one_at_a_time(talk: Talk, start_poller: Callable[[], Poller]) -> None:
    receive_by(talk, Updates.POLLING)
    both = [start_poller(), start_poller()]
    eventually(lambda: sum(poller.polled for poller in both) == 1)
    holder = row_of(talk).poller
    idle, busy = sorted(both, key=lambda poller: poller.holder == holder)
    for _ in range(3):
        hear(talk, "hello")
    eventually(lambda: len(stored(talk)) == 3)
    assert (idle.polled, busy.polled) == (0, 1)
    busy.stop(20)
    eventually(lambda: row_of(talk).poller == idle.holder)
    hear(talk, "again")
    eventually(lambda: len(stored(talk)) == 4)


def test_who_died_is_waited_for_until_its_lease_ends(
    talk: Talk, start_poller: Callable[[], Poller]
) -> None:
    receive_by(talk, Updates.POLLING)
    elsewhere = "another-host:1:boot/1/1/1"
    until = clock.now() + timedelta(seconds=4)
    Reception.objects.update(poller=elsewhere, polled_until=until)
    poller = start_poller()
    hear(talk, "hello")
    eventually(lambda: len(stored(talk)) == 1)
    assert clock.now() >= until
    assert row_of(talk).poller == poller.holder


@pytest.mark.parametrize("change", ["disabled", "none", "unproven", "deleted"])
def test_a_bot_that_shall_not_be_polled_any_more_is_not(
    talk: Talk, start_poller: Callable[[], Poller], change: str
) -> None:
    receive_by(talk, Updates.POLLING)
    poller = start_poller()
    eventually(lambda: poller.polled == 1)
    if change == "disabled":
        change_bot(COMMAND_LINE, talk.bot, enabled=False)
    elif change == "none":
        change_bot(COMMAND_LINE, talk.bot, updates=Updates.NONE)
    elif change == "unproven":
        Bot.objects.update(proven_at=None)
    else:
        Bot.objects.filter(pk=talk.bot.pk).delete()
    eventually(lambda: poller.polled == 0)
    hear(talk, "hello")
    assert stored(talk) == []
    assert waiting_at_telegram(talk) == 1, "what is not stored is not confirmed"


def test_another_program_with_the_token_is_told_of(
    talk: Talk, start_poller: Callable[[], Poller]
) -> None:
    receive_by(talk, Updates.POLLING)
    poller = start_poller()
    eventually(lambda: poller.polled == 1)
    talk.telegram.wait_for_calls("getWebhookInfo", bot=talk.telegram_bot)

    def interrupt() -> bool:
        talk.telegram.api(talk.telegram_bot, "getUpdates", timeout=1)
        return bool(row_of(talk).poll_problem.get("problem") == "other_poller")

    eventually(interrupt)
    told = row_of(talk).poll_problem
    assert "terminated by other getUpdates" in told["telegram"]
    assert "Another program polls" in told["advice"]
    calls = len(talk.telegram.calls("getUpdates", bot=talk.telegram_bot))
    threading.Event().wait(3)
    assert len(talk.telegram.calls("getUpdates", bot=talk.telegram_bot)) == calls, "it backs off"


def test_that_polls_go_well_again_is_soon_known(
    talk: Talk, start_poller: Callable[[], Poller]
) -> None:
    receive_by(talk, Updates.POLLING)
    talk.telegram.fault("bad_gateway", method="getUpdates")
    start_poller()
    eventually(lambda: row_of(talk).poll_problem)
    eventually(lambda: row_of(talk).poll_problem == {})


def test_a_webhook_of_somebody_else_is_left_alone_until_a_person_takes_over(
    talk: Talk, start_poller: Callable[[], Poller]
) -> None:
    receive_by(talk, Updates.POLLING)
    poller = start_poller()
    eventually(lambda: poller.polled == 1)
    theirs = "https://other.example.net/hook/secret-of-theirs"
    talk.telegram.api(talk.telegram_bot, "setWebhook", url=theirs)
    eventually(lambda: not row_of(talk).is_settled)
    eventually(lambda: poller.polled == 0)
    agreeing.agree_due()
    row = row_of(talk)
    assert row.problem["problem"] == "foreign_webhook"
    assert "other.example.net" in row.problem["advice"]
    assert "secret-of-theirs" not in str(row.problem) + str(row.webhook)
    assert talk.telegram.api(talk.telegram_bot, "getWebhookInfo")["result"]["url"] == theirs
    receptions.take_over(COMMAND_LINE, Bot.objects.get(pk=talk.bot.pk))
    agreeing.agree_due()
    assert row_of(talk).problem == {}
    hear(talk, "hello")
    eventually(lambda: len(stored(talk)) == 1)


def test_a_wrong_token_disables_the_bot_after_a_second_refusal(
    talk: Talk, start_poller: Callable[[], Poller]
) -> None:
    receive_by(talk, Updates.POLLING)
    for method in ("getUpdates", "getMe"):
        talk.telegram.fault(
            "error",
            bot=talk.telegram_bot,
            method=method,
            count=None,
            code=401,
            description="Unauthorized",
        )
    start_poller()
    eventually(lambda: row_of(talk).poll_problem.get("problem") == "wrong_token")
    assert Bot.objects.get(pk=talk.bot.pk).enabled
    eventually(lambda: not Bot.objects.get(pk=talk.bot.pk).enabled, 60)


def test_trouble_is_told_and_goes(talk: Talk, start_poller: Callable[[], Poller]) -> None:
    receive_by(talk, Updates.POLLING)
    bot: Any = talk.telegram_bot
    talk.telegram.fault(
        "error",
        bot=bot,
        method="getUpdates",
        code=429,
        retry_after=2,
        count=1,
        description="Too Many Requests: retry after 2",
    )
    talk.telegram.fault(
        "error", bot=bot, method="getUpdates", code=502, description="Bad Gateway", count=1
    )
    start_poller()
    eventually(lambda: row_of(talk).poll_problem != {})
    hear(talk, "hello")
    eventually(lambda: len(stored(talk)) == 1)
    eventually(lambda: row_of(talk).poll_problem == {})
