"""Loans that end, channels that move or go: nothing leaves to where it should not."""

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry, Organization
from channels_app import channels, loans
from channels_app.models import Bot, BotGrant, NotificationChannel
from deliveries import health, probe, probing
from deliveries.advice import Problem
from deliveries.models import Delivery, Probe, SentMessage
from deliveries.selectors import why_waiting
from tests.console import Person
from tests.deliveries.conftest import Stage
from tests.factories import make_channel, make_organization
from tests.rest import Api
from tests.sandbox.process import SandboxChat

State = Delivery.State


class Loan:
    """A bot lent to another organization, which has a channel with it."""

    def __init__(self, stage: Stage) -> None:
        self.borrower: Organization = make_organization()
        self.grant: BotGrant = loans.lend_bot(COMMAND_LINE, stage.bot, self.borrower)
        self.chat: SandboxChat = stage.telegram.create_chat("private", bot=stage.sandbox_bot)
        self.channel: NotificationChannel = make_channel(
            stage.bot, organization=self.borrower, chat_id=self.chat.id
        )


@pytest.fixture
def loan(stage: Stage) -> Loan:
    return Loan(stage)


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def test_an_ended_loan_stops_what_waits_and_what_comes(stage: Stage, loan: Loan) -> None:
    stage.send(loan.channel, "before")
    loans.take_back(COMMAND_LINE, loan.grant)
    stage.dispatch(2)
    loan.channel.refresh_from_db()
    stage.send(loan.channel, "after")
    stage.dispatch(2)
    assert stage.telegram.calls() == []
    assert states() == [State.PARKED, State.PARKED]
    assert not loan.channel.enabled
    assert "loan" in loan.channel.disabled_reason
    told = AuditEntry.objects.filter(organization=loan.borrower, action="disable")
    assert told.count() == 1


def test_an_ended_loan_leaves_others_alone(stage: Stage, loan: Loan) -> None:
    own, chat = stage.channel()
    loans.take_back(COMMAND_LINE, loan.grant)
    stage.send(own, "mine")
    stage.dispatch()
    assert stage.texts(chat) == ["mine"]


def test_nobody_enables_or_checks_a_channel_on_a_bot_that_is_not_theirs_any_more(
    stage: Stage, loan: Loan
) -> None:
    health.disable(loan.channel, Problem.BLOCKED, "Forbidden: bot was blocked by the user")
    loans.take_back(COMMAND_LINE, loan.grant)
    loan.channel.refresh_from_db()
    with pytest.raises(channels.ChannelRefused, match="bot"):
        health.enable(COMMAND_LINE, loan.channel)
    NotificationChannel.objects.update(disabled_at=stage.ago(7200))
    assert health.reprobe_disabled() == 0
    asked = probe.request_probe(Probe.Kind.CHANNEL, stage.bot, loan.channel, COMMAND_LINE)
    probing.run_pending()
    asked.refresh_from_db()
    assert asked.state == Probe.State.FAILED
    assert stage.telegram.calls() == []


def test_a_new_loan_lets_the_channel_be_enabled_again(stage: Stage, loan: Loan) -> None:
    stage.send(loan.channel, "waits")
    loans.take_back(COMMAND_LINE, loan.grant)
    stage.dispatch(1)
    loans.lend_bot(COMMAND_LINE, stage.bot, loan.borrower)
    loan.channel.refresh_from_db()
    health.enable(COMMAND_LINE, loan.channel)
    stage.dispatch()
    assert stage.texts(loan.chat) == ["waits"]


def test_what_waits_for_a_deleted_channel_is_taken_back(stage: Stage) -> None:
    channel, chat = stage.channel()
    kept = make_channel(stage.bot, chat_id=chat.id, message_thread_id=None, name="same chat")
    stage.send(channel, "for the deleted one")
    stage.send(kept, "for the other one")
    channels.delete_channel(COMMAND_LINE, channel)
    stage.dispatch(2)
    assert stage.texts(chat) == ["for the other one"]
    assert sorted(states()) == [State.SENT, State.SUPERSEDED]


def test_what_was_parked_for_a_deleted_channel_is_settled(stage: Stage) -> None:
    channel, chat = stage.channel()
    make_channel(stage.bot, chat_id=chat.id, name="same chat")
    health.switch_off(COMMAND_LINE, channel)
    channel.refresh_from_db()
    stage.send(channel)
    channels.delete_channel(COMMAND_LINE, channel)
    health.settle_deleted()
    assert states() == [State.SUPERSEDED]
    assert Delivery.objects.get().settled_at is not None


@pytest.mark.parametrize("purpose", [Delivery.Purpose.MESSAGE, Delivery.Purpose.GROUP])
def test_a_moved_channel_sends_nothing_more_to_its_former_chat(stage: Stage, purpose: str) -> None:
    channel, former = stage.channel()
    shown = stage.send(channel, "shown")
    stage.dispatch()
    message = stage.send(channel, "waits", purpose=purpose)
    stage.edit(channel, shown, "changed")
    new = stage.telegram.create_chat("private", bot=stage.sandbox_bot)
    channels.change_channel(COMMAND_LINE, channel, chat_id=new.id)
    stage.dispatch(3)
    assert stage.texts(former) == ["shown"]
    message.refresh_from_db()
    if purpose == Delivery.Purpose.MESSAGE:
        assert stage.texts(new) == ["waits"]
        assert message.state == SentMessage.State.SHOWN
    else:
        assert message.state == SentMessage.State.FORGOTTEN, "whoever publishes it sends it anew"
    assert not Delivery.objects.filter(settled_at=None, not_before__lt=timezone.now()).exists()


def test_a_borrower_learns_nothing_of_the_network_of_the_bots_owner(
    stage: Stage, loan: Loan
) -> None:
    own, _ = stage.channel()
    Bot.objects.filter(pk=stage.bot.pk).update(api_url="http://127.0.0.1:9")
    stage.bot.refresh_from_db()
    found: dict[bool, str] = {}
    for channel in (loan.channel, own):
        stage.send(channel)
        asked = probe.request_probe(Probe.Kind.CHANNEL, stage.bot, channel, COMMAND_LINE)
        probe.request_probe(Probe.Kind.BOT, stage.bot, None, COMMAND_LINE)
        delivery = Delivery.objects.get(channel=channel)
        answered = delivery.tries.exclude(description="")
        stage.dispatch_until(answered.exists)
        probing.run_pending()
        asked.refresh_from_db()
        delivery.refresh_from_db()
        tries = list(answered.values_list("description", flat=True))
        api = Api(channel.organization)
        found[channel == own] = "\n".join(
            [
                *tries,
                delivery.description,
                why_waiting(delivery),
                str(asked.verdict),
                api.get(f"bots/{stage.bot.pk}/").content.decode(),
                api.get(f"deliveries/{delivery.pk}/").content.decode(),
                Person(channel.organization).read(f"/channels_app/bot/{stage.bot.pk}/change/"),
            ]
        )
        Delivery.objects.update(state=State.DEAD)
    assert found[True].count("127.0.0.1:9 does not answer") >= 5
    assert "127.0.0.1:9" not in found[False]
    assert "does not answer" in found[False]


def test_a_borrower_learns_no_address_that_the_operator_does_not_allow_any_more(
    stage: Stage, loan: Loan
) -> None:
    own, _ = stage.channel()
    Bot.objects.filter(pk=stage.bot.pk).update(api_url="http://inner.example.org:8081")
    stage.bot.refresh_from_db()
    said = {}
    for channel in (own, loan.channel):
        asked = probe.request_probe(Probe.Kind.CHANNEL, stage.bot, channel, COMMAND_LINE)
        probing.run_pending()
        asked.refresh_from_db()
        assert asked.verdict["problem"] == "unreachable"
        said[channel == own] = str(asked.verdict)
    assert "inner.example.org" in said[True]
    assert "inner.example.org" not in said[False]
    assert "does not answer" in said[False]
