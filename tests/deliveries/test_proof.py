"""A bot's Telegram ID is public: whose bot it is, its token alone proves, and only to Telegram."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import Organization
from channels_app import bots, proof
from channels_app.models import Bot
from deliveries import dispatcher, health, outbox, probe, probing
from deliveries.models import Delivery, Lane, SentMessage
from deliveries.selectors import why_waiting
from tests.deliveries.conftest import Stage
from tests.factories import make_bot, make_channel, make_organization, make_token


@pytest.fixture(autouse=True)
def telegram_is_the_sandbox(stage: Stage, settings: Any) -> None:
    """The installation's own server, not one of a bot's."""
    settings.TELEGRAM_API_URL = stage.telegram.url


def registered(organization: Organization, token: str, **values: Any) -> Bot:
    return make_bot(organization, token=token, proven=False, **values)


def checked(bot: Bot) -> Bot:
    """As it is after somebody asked for a check."""
    probe.request_probe("bot", bot, None, COMMAND_LINE)
    probing.run_pending()
    return Bot.objects.get(pk=bot.pk)


def queued(bot: Bot, chat_id: int, text: str = "hello") -> Delivery:
    channel = make_channel(bot, chat_id=chat_id)
    message = outbox.send(
        outbox.open_stream(channel.organization_id, channel.chat),
        outbox.Call("sendMessage", {"text": text}, plain_text=text),
        channel=channel,
        purpose=Delivery.Purpose.GROUP,
        priority=Delivery.Priority.NORMAL,
        kind=SentMessage.Kind.TEXT,
        due_at=timezone.now(),
    )
    return Delivery.objects.get(target=message)


def test_a_false_token_keeps_nobody_out(stage: Stage) -> None:
    real = stage.telegram.create_bot()
    false = registered(make_organization(), make_token(int(real.id)))
    assert checked(false).proven_at is None
    bot = checked(registered(stage.organization, real.token))
    assert (bot.proven_at is not None, bot.verification) == (True, "ok")
    again = checked(false)
    assert (again.proven_at, again.verdict["problem"]) == (None, "wrong_token")


def test_of_two_with_the_true_token_the_first_that_is_accepted_wins(stage: Stage) -> None:
    real = stage.telegram.create_bot()
    early, late = (registered(make_organization(), real.token) for _ in range(2))
    assert checked(late).proven_at
    lost = checked(early)
    assert (lost.proven_at, lost.verdict["problem"]) == (None, "bot_taken")
    assert "lend" in lost.verdict["advice"]
    with pytest.raises(bots.BotRefused, match="lend"):
        registered(make_organization(), real.token)


def test_nothing_is_sent_with_a_bot_that_another_organization_proved(stage: Stage) -> None:
    real = stage.telegram.create_bot()
    chat = stage.telegram.create_chat("private", bot=real)
    lost, winner = (registered(make_organization(), real.token) for _ in range(2))
    checked(winner)
    delivery = queued(lost, chat.id)
    dispatcher.dispatch(1.0)
    assert stage.telegram.messages(chat, bot=real) == []
    # The check is repeated once the suspicion is half a minute old, and settles it.
    health.check_bot(lost, stage.ago(31), timezone.now())
    lost.refresh_from_db()
    assert (lost.enabled, lost.verdict["problem"]) == (False, "bot_taken")
    delivery.refresh_from_db()
    assert "Another organization" in why_waiting(delivery)


def test_the_loser_goes_on_once_the_winner_is_gone(stage: Stage) -> None:
    real = stage.telegram.create_bot()
    chat = stage.telegram.create_chat("private", bot=real)
    lost, winner = (registered(make_organization(), real.token) for _ in range(2))
    queued(lost, chat.id)
    winner = checked(winner)
    health.check_bot(lost, stage.ago(31), timezone.now())
    bots.delete_bot(COMMAND_LINE, winner)
    Bot.objects.filter(pk=lost.pk).update(disabled_at=stage.ago(3700))
    assert health.reprobe_disabled() == 1
    probing.run_pending()
    stage.dispatch()
    assert [message.text for message in stage.telegram.messages(chat, bot=real)] == ["hello"]


def test_the_first_message_proves_the_bot_by_itself(stage: Stage) -> None:
    real = stage.telegram.create_bot()
    chat = stage.telegram.create_chat("private", bot=real)
    bot = registered(stage.organization, real.token)
    queued(bot, chat.id)
    stage.dispatch()
    assert [message.text for message in stage.telegram.messages(chat, bot=real)] == ["hello"]
    bot.refresh_from_db()
    assert (bot.proven_at is not None, bot.username) == (True, real.username)


def test_a_channels_check_proves_its_bot_first(stage: Stage) -> None:
    real = stage.telegram.create_bot()
    chat = stage.telegram.create_chat("private", bot=real)
    lost, winner = (registered(make_organization(), real.token) for _ in range(2))
    for bot, found in ((winner, ("ok", "")), (lost, ("failed", "bot_taken"))):
        channel = make_channel(bot, chat_id=chat.id)
        row = probe.request_probe("channel", bot, channel, COMMAND_LINE)
        probing.run_pending()
        row.refresh_from_db()
        assert (row.state, row.verdict["problem"]) == found
    assert len(stage.telegram.calls("sendChatAction", chat=chat, bot=real)) == 1


def test_while_telegram_is_away_an_unproven_bot_waits_and_says_so(
    stage: Stage, settings: Any
) -> None:
    real = stage.telegram.create_bot()
    chat = stage.telegram.create_chat("private", bot=real)
    bot = registered(stage.organization, real.token)
    delivery = queued(bot, chat.id)
    settings.TELEGRAM_API_URL = "http://127.0.0.1:9"
    lane = Lane.objects.filter(bot=bot)
    stage.dispatch_until(lambda: lane.filter(trouble__contains="does not answer").exists())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == (Delivery.State.WAITING, 0)
    assert why_waiting(delivery) == lane.get().trouble
    settings.TELEGRAM_API_URL = stage.telegram.url
    stage.dispatch()
    assert [message.text for message in stage.telegram.messages(chat, bot=real)] == ["hello"]


def test_what_a_server_of_ones_own_accepts_keeps_nobody_out(stage: Stage) -> None:
    """Such a server can accept any token."""
    real = stage.telegram.create_bot()
    liar = make_bot(make_organization(), token=real.token, api_url="http://127.0.0.1:9")
    assert liar.proven_at
    assert checked(registered(stage.organization, real.token)).proven_at
    moved = bots.change_bot(COMMAND_LINE, liar, api_url="", token=real.token)
    assert moved.proven_at is None
    assert checked(moved).verdict["problem"] == "bot_taken"


def test_a_token_that_telegram_refuses_proves_nothing_any_more(stage: Stage) -> None:
    """The bot was given to somebody else: its former owner's row must not keep them out."""
    real = stage.telegram.create_bot()
    former = registered(make_organization(), make_token(int(real.id)))
    proof.prove(former, {"id": int(real.id)})
    with pytest.raises(bots.BotRefused, match="lend"):
        registered(stage.organization, real.token)
    health.check_bot(former, stage.ago(31), timezone.now())
    assert checked(registered(stage.organization, real.token)).proven_at


def test_a_proof_of_what_was_replaced_meanwhile_counts_for_nothing(stage: Stage) -> None:
    bot = registered(stage.organization, make_token(123456789))
    before = Bot.objects.get(pk=bot.pk)
    bots.change_bot(COMMAND_LINE, bot, token=make_token(123456789))
    assert not proof.prove(before, {"id": 123456789})
    assert Bot.objects.get(pk=bot.pk).proven_at is None
