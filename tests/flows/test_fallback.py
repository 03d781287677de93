"""Telegram is down when a critical alert comes in: the fallback tells, and then it is back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from alerts.fallbacks import changes as fallbacks
from alerts.fallbacks import send as fallback_send
from alerts.fallbacks import watch as fallback_watch
from alerts.models import TakeOver
from deliveries.models import Delivery, Lane
from tests.alerts.fallbacks.receivers import Receiver
from tests.alerts.fallbacks.stage import grave, let_pass
from tests.alerts.senders import webhook
from tests.factories import make_bot, make_channel
from tests.flows.conftest import Flow, settle

MakeFlow = Callable[..., Flow]
TRIED_SECONDS = 2.0
"""Enough for a try or two while Telegram is down."""


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with Receiver().running() as server:
        yield server


def tell() -> None:
    """What the worker does every few seconds."""
    fallback_watch.sweep()
    fallback_send.send_waiting(5)
    settle(TRIED_SECONDS)


def telegram_is_back(flow: Flow) -> None:
    """Let the bot's queue try again now."""
    flow.telegram.clear_faults()
    Lane.objects.update(not_before=None)
    Delivery.objects.filter(state="waiting").update(not_before=timezone.now())
    settle()


def test_a_webhook_hears_what_the_chat_lacks_and_that_it_has_it(
    make_flow: MakeFlow, receiver: Receiver
) -> None:
    flow = make_flow()
    saved = fallbacks.set_fallback(COMMAND_LINE, flow.channels[0], kind="webhook", url=receiver.url)
    receiver.secret = saved.secret
    flow.telegram.fault("bad_gateway", bot=flow.bot, count=None)
    flow.post(webhook(grave()), seconds=TRIED_SECONDS)
    assert flow.messages() == []
    tell()
    assert receiver.bodies == []
    let_pass(6)
    tell()
    (body,) = receiver.bodies
    assert (body["event"], body["group"]["title"]) == ("undelivered", "InstanceDown")
    assert body["reason"], "in words"
    tell()
    assert len(receiver.bodies) == 1
    telegram_is_back(flow)
    assert len(flow.messages()) == 1
    tell()
    assert [(one["event"], one.get("end")) for one in receiver.bodies] == [
        ("undelivered", None),
        ("over", "delivered"),
    ]
    assert all(receiver.verified)
    tell()
    flow.post(webhook(grave(status="resolved")))
    tell()
    assert len(receiver.bodies) == 2


def test_another_bots_chat_shows_what_the_first_one_lacks(make_flow: MakeFlow) -> None:
    flow = make_flow()
    other_bot = flow.telegram.create_bot()
    other_chat = flow.telegram.create_chat("private", bot=other_bot)
    row = make_bot(flow.organization, token=other_bot.token, api_url=flow.telegram.url)
    other = make_channel(row, chat_id=other_chat.id)
    fallbacks.set_fallback(COMMAND_LINE, flow.channels[0], kind="channel", target=other)
    flow.telegram.set_state(flow.chats[0], "blocked")
    flow.post(webhook(grave(annotations={"summary": "a_b *c* [d](e) <f> & more"})))
    let_pass(6)
    tell()
    (message,) = flow.telegram.messages(other_chat, bot=other_bot)
    assert f"Undelivered in {flow.channels[0].name} since" in message.text
    assert "the channel is disabled" in message.text
    assert "a_b *c* [d](e) <f> & more" in message.text
    flow.post(webhook(grave(status="resolved")))
    tell()
    texts = [one.text for one in flow.telegram.messages(other_chat, bot=other_bot)]
    assert "Resolved." in texts[-1]
    assert len(texts) == 2
    assert TakeOver.objects.get().end == "resolved"


def test_a_test_of_another_channel_has_telegrams_verdict(make_flow: MakeFlow) -> None:
    flow = make_flow(chats=2)
    saved = fallbacks.set_fallback(
        COMMAND_LINE, flow.channels[0], kind="channel", target=flow.channels[1]
    )
    call = fallbacks.request_test(COMMAND_LINE, saved.fallback)
    settle()
    assert "a test of the fallback" in flow.messages(1)[0].text
    call.refresh_from_db()
    assert call.delivery is not None
    assert call.delivery.state == "sent"
