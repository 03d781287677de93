"""A server of the owner's choice never speaks as Telegram, not even after the bot has left it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from accounts.audit import COMMAND_LINE
from accounts.models import Role
from channels_app.bots import change_bot, disable_bot, token_of, webhook_secret_of
from channels_app.models import Bot
from channels_app.proof import prove
from chatops import figures, processing
from chatops.incoming import read_update
from chatops.models import InboundUpdate, Reception, TelegramIdentity
from chatops.receiving import agreeing, inbox, receptions
from deliveries import clock
from deliveries.models import Delivery
from tests.chatops.conftest import Talk
from tests.chatops.receiving.test_webhooks import post, url_of
from tests.factories import make_membership

VICTIM = 4242
State = InboundUpdate.State


@pytest.fixture
def talk(talk: Talk) -> Talk:
    """Its bot's server is the owner's, and somebody whom Telegram itself knows is a member."""
    membership = make_membership(organization=talk.organization, role=Role.OWNER)
    TelegramIdentity.objects.create(user=membership.user, telegram_id=VICTIM, name="Victim")
    return talk


def forged(update_id: int) -> dict[str, Any]:
    """What the victim never said."""
    person = {"id": VICTIM, "is_bot": False, "first_name": "Victim"}
    chat = {"id": VICTIM, "type": "private", "first_name": "Victim"}
    return {
        "update_id": update_id,
        "message": {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": "/start"},
    }


def bot_of(talk: Talk) -> Bot:
    return Bot.objects.get(pk=talk.bot.pk)


def move_to_telegram(talk: Talk) -> Bot:
    """With its token, which the installation's own server accepts."""
    bot = change_bot(COMMAND_LINE, bot_of(talk), api_url="", token=token_of(talk.bot))
    prove(bot, {"id": bot.telegram_id})
    return bot_of(talk)


@pytest.mark.parametrize("updates", ["none", "polling", "webhook"])
def test_the_webhook_of_the_former_server_opens_nothing(talk: Talk, updates: str) -> None:
    change_bot(COMMAND_LINE, bot_of(talk), updates="webhook")
    agreeing.agree_due()
    told = talk.telegram.calls("setWebhook", bot=talk.telegram_bot)[-1].parameters["secret_token"]
    url = url_of(bot_of(talk))
    assert post(talk.bot, forged(1), secret=told, url=url).status_code == 200
    bot = move_to_telegram(talk)
    Bot.objects.filter(pk=bot.pk).update(updates=updates)
    # As a look leaves it that found somebody else's webhook, or nothing to do.
    Reception.objects.update(way=updates, server="", bot_proven_at=bot.proven_at, is_settled=True)
    assert post(bot, forged(2), secret=told, url=url).status_code == 403
    processing.process_due()
    row = InboundUpdate.objects.get()
    assert (row.state, row.outcome) == (State.DONE, inbox.FROM_ELSEWHERE)
    assert not Delivery.objects.exists()


def test_what_was_given_up_there_is_not_tried_again(talk: Talk) -> None:
    raw = forged(1)
    inbox.store(talk.bot, [(read_update(raw), raw)])
    InboundUpdate.objects.update(state=State.DEAD)
    move_to_telegram(talk)
    row = InboundUpdate.objects.get()
    with pytest.raises(ValueError, match="another server or proxy"):
        inbox.retry(COMMAND_LINE, row)
    row.refresh_from_db()
    assert row.state == State.DEAD


def test_what_is_under_way_when_the_bot_moves_is_not_taken_for_telegrams(talk: Talk) -> None:
    raw, before = forged(1), bot_of(talk)
    move_to_telegram(talk)
    heard_from = inbox.server_of(before)
    inbox.store(before, [(read_update(raw), raw)], heard_as=before.proven_at, heard_from=heard_from)
    processing.process_due()
    assert InboundUpdate.objects.get().outcome == inbox.FROM_ELSEWHERE


@pytest.mark.parametrize("is_telegrams", [True, False])
def test_another_token_drops_nothing_that_waits(talk: Talk, is_telegrams: bool) -> None:
    """The bot is the same, and so is the server that said who wrote."""
    bot = move_to_telegram(talk) if is_telegrams else bot_of(talk)
    raw = forged(1)
    inbox.store(bot, [(read_update(raw), raw)])
    bot = change_bot(COMMAND_LINE, bot, token=token_of(bot))
    processing.process_due()
    assert InboundUpdate.objects.get().state == State.WAITING, "until the new one is proven"
    assert figures.read(clock.now() + timedelta(minutes=5)).late_by == timedelta(0)
    prove(bot, {"id": bot.telegram_id})
    processing.process_due()
    row = InboundUpdate.objects.get()
    assert (row.state, row.outcome) == (State.DONE, "said what I can do")


def test_what_waits_for_a_proof_does_so_for_a_day(talk: Talk) -> None:
    bot, raw = bot_of(talk), forged(1)
    inbox.store(bot, [(read_update(raw), raw)])
    change_bot(COMMAND_LINE, bot, token=token_of(bot))
    disable_bot(bot_of(talk), "wrong token")
    processing.process_due()
    assert InboundUpdate.objects.get().state == State.WAITING
    InboundUpdate.objects.update(received_at=F("received_at") - inbox.KEPT)
    processing.process_due()
    assert InboundUpdate.objects.get().outcome == inbox.FROM_ELSEWHERE


@pytest.mark.parametrize("proxy", ["", "http://proxy.example.org:3128"])
def test_back_and_forth_does_not_make_a_forgery_true(talk: Talk, proxy: str) -> None:
    talk_server = bot_of(talk).api_url
    bot = move_to_telegram(talk)
    other: dict[str, Any] = {"proxy": proxy} if proxy else {"api_url": talk_server}
    evil = change_bot(COMMAND_LINE, bot, token=token_of(bot), **other)
    prove(evil, {"id": bot.telegram_id})
    raw = forged(1)
    inbox.store(bot_of(talk), [(read_update(raw), raw)])
    back: dict[str, Any] = {"proxy": ""} if proxy else {"api_url": ""}
    again = change_bot(COMMAND_LINE, bot_of(talk), token=token_of(bot), **back)
    prove(again, {"id": bot.telegram_id})
    processing.process_due()
    assert InboundUpdate.objects.get().outcome == inbox.FROM_ELSEWHERE


def test_what_the_release_before_stored_is_judged_as_it_did(talk: Talk) -> None:
    bot = move_to_telegram(talk)
    raw = forged(1)
    inbox.store(bot, [(read_update(raw), raw)])
    InboundUpdate.objects.update(heard_from="")
    prove(change_bot(COMMAND_LINE, bot, token=token_of(bot)), {"id": bot.telegram_id})
    processing.process_due()
    assert InboundUpdate.objects.get().outcome == inbox.FROM_ELSEWHERE


def test_what_was_heard_by_the_bot_as_it_is_now_is_handled(talk: Talk) -> None:
    bot = move_to_telegram(talk)
    raw = forged(1)
    inbox.store(bot, [(read_update(raw), raw)])
    processing.process_due()
    assert InboundUpdate.objects.get().outcome == "said what I can do"


def test_a_look_that_began_before_tells_the_former_server_no_secret_that_counts(
    talk: Talk,
) -> None:
    change_bot(COMMAND_LINE, bot_of(talk), updates="webhook")
    reception = receptions.reception_of(bot_of(talk))
    assert reception.bot.api_url, "read before"
    bot = move_to_telegram(talk)
    secret = webhook_secret_of(bot)
    agreeing.look(reception)
    assert webhook_secret_of(bot_of(talk)) == secret
    told = [
        call.parameters["secret_token"]
        for call in talk.telegram.calls("setWebhook", bot=talk.telegram_bot)
    ]
    assert secret not in told


def test_what_was_agreed_is_agreed_anew_once_the_bot_is_proven_anew(talk: Talk) -> None:
    change_bot(COMMAND_LINE, bot_of(talk), updates="webhook")
    agreeing.agree_due()
    first = webhook_secret_of(bot_of(talk))
    bot = change_bot(COMMAND_LINE, bot_of(talk), token=token_of(talk.bot))
    assert post(bot_of(talk), forged(1)).status_code == 503
    prove(bot, {"id": bot.telegram_id})
    agreeing.agree_due()
    assert webhook_secret_of(bot_of(talk)) != first
    assert post(bot_of(talk), forged(1)).status_code == 200
