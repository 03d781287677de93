"""One bot's trouble, however odd or long, is no other bot's: its lane alone waits."""

import threading
import time

import pytest

from accounts.audit import COMMAND_LINE
from channels_app.loans import lend_bot
from channels_app.models import Bot, NotificationChannel
from deliveries import probe, probing
from deliveries.models import Delivery, DeliveryAttempt, Lane, Probe, SentMessage
from deliveries.senders import Senders
from tests.deliveries.conftest import Liar, Stage, until
from tests.factories import make_bot, make_channel, make_organization

State = Delivery.State


def channel_at(url: str) -> NotificationChannel:
    return make_channel(make_bot(make_organization(), api_url=url))


def only(channel: NotificationChannel) -> Delivery:
    return Delivery.objects.get(channel=channel)


def test_an_outage_of_days_stops_nobody_else(stage: Stage, liar: Liar) -> None:
    down = channel_at(liar.url)
    liar.says(502, "")
    Lane.objects.create(bot=down.chat.bot, failures=5000)
    channel, chat = stage.channel()
    stage.send(down)
    stage.send(channel, "hello")
    lane = Lane.objects.filter(bot=down.chat.bot)
    stage.dispatch_until(lambda: stage.texts(chat) and lane.get().failures > 5000)
    assert stage.texts(chat) == ["hello"]
    assert only(down).state == State.WAITING
    paused_until = lane.get().not_before
    assert paused_until is not None
    tried_at = DeliveryAttempt.objects.get(bot=down.chat.bot).started_at
    assert (paused_until - tried_at).total_seconds() > 20
    assert paused_until < stage.ago(-31)
    assert liar.calls == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"proxy_encrypted": "v1:lost:AAAA"},
        {"api_url": "ftp://nowhere"},
        {"token_encrypted": "v1:lost:AAAA"},
    ],
)
def test_a_bot_that_nobody_can_call_stops_nobody_else(stage: Stage, broken: dict[str, str]) -> None:
    bad = make_channel(make_bot(make_organization()))
    Bot.objects.filter(pk=bad.chat.bot_id).update(**broken)
    channel, chat = stage.channel()
    stage.send(bad)
    stage.send(channel, "hello")
    doubted = Lane.objects.exclude(suspected_at=None)
    stage.dispatch_until(lambda: stage.texts(chat) == ["hello"] and doubted.exists())
    lane = Lane.objects.get(bot=bad.chat.bot)
    assert lane.suspected_at is not None
    assert lane.trouble
    doubted.update(suspected_at=stage.ago(31))
    stage.dispatch_until(lambda: not Bot.objects.get(pk=bad.chat.bot_id).enabled)
    assert only(bad).state == State.WAITING, "nothing is lost"


@pytest.mark.parametrize(
    ("status", "answer", "state"),
    [
        (200, {"ok": True, "result": {"message_id": 2**70}}, State.WAITING),
        (200, {"ok": True, "result": {"message_id": -1}}, State.WAITING),
        (200, {"ok": True, "result": "yes"}, State.WAITING),
        (400, {"ok": False, "error_code": 10**9, "description": "x"}, State.WAITING),
        (400, {"ok": False, "error_code": -1, "description": "x\0y"}, State.DEAD),
        (400, {"ok": False, "error_code": 10**30, "description": "x"}, State.WAITING),
    ],
)
def test_what_a_lying_server_says_is_settled_once(
    stage: Stage, liar: Liar, status: int, answer: object, state: str
) -> None:
    channel = channel_at(liar.url)
    liar.says(status, answer)
    stage.send(channel)
    stage.dispatch_until(lambda: DeliveryAttempt.objects.exclude(finished_at=None).exists())
    delivery = only(channel)
    assert delivery.state == state
    assert delivery.claim is None or state == State.SENT
    assert not DeliveryAttempt.objects.filter(finished_at=None).exists()


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, {"ok": True, "result": True}),
        (400, {"ok": False, "error_code": 400, "description": "message is not modified"}),
    ],
    ids=["no message", "a send that modifies nothing"],
)
def test_what_is_sent_but_names_no_message_is_not_sent_for_ever(
    stage: Stage, liar: Liar, status: int, answer: object
) -> None:
    """The whole lane backs off, and a person hears of it after three copies."""
    channel = channel_at(liar.url)
    liar.says(status, answer)
    message = stage.send(channel)
    stage.dispatch(30)
    message.refresh_from_db()
    delivery = only(channel)
    assert (liar.calls, delivery.state) == (3, State.DEAD)
    assert (delivery.outcome, delivery.maybe_sent) == ("unconfirmed", True)
    assert message.state == SentMessage.State.EXPECTED, "or whoever keeps it would send it anew"
    lane = Lane.objects.get(bot=channel.chat.bot)
    assert (lane.failures, lane.not_before is not None) == (3, True)
    assert "message_id" in lane.trouble


def test_a_server_that_names_its_messages_again_is_believed(stage: Stage) -> None:
    channel, chat = stage.channel()
    stage.telegram.fault("no_message", bot=stage.sandbox_bot, method="sendMessage")
    message = stage.send(channel, "hello")
    stage.dispatch()
    message.refresh_from_db()
    assert stage.texts(chat) == ["hello"] * 2
    assert message.message_id == stage.telegram.messages(chat)[-1].message_id
    assert (only(channel).state, only(channel).maybe_sent) == (State.SENT, True)


def test_an_edit_needs_no_message_in_its_answer(stage: Stage) -> None:
    channel, chat = stage.channel()
    message = stage.send(channel, "old")
    stage.dispatch()
    stage.telegram.fault("no_message", bot=stage.sandbox_bot, count=None)
    stage.edit(channel, message, "new")
    stage.dispatch()
    assert stage.texts(chat) == ["new"]
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}


def test_a_server_that_hangs_leaves_threads_to_the_others(stage: Stage) -> None:
    """Its calls last up to 45 s each, and it may have more chats than there are threads."""
    hanging = [stage.channel()[0] for _ in range(12)]
    stage.telegram.fault("hang_before", bot=stage.sandbox_bot, count=None, seconds=40)
    for channel in hanging:
        stage.send(channel)
    other = stage.channel_of_another_bot()
    senders = Senders(8)
    with stage.running(senders):
        until(lambda: senders.free <= 4)
        stage.send(other, "hello")
        until(lambda: only(other).state == State.SENT)


@pytest.mark.parametrize("known", ["not to answer", "by no getMe", "half of them by none"])
def test_many_bots_that_nobody_answers_leave_threads_to_the_others(
    stage: Stage, known: str
) -> None:
    deaf = [stage.channel_of_another_bot() for _ in range(12)]
    stage.telegram.fault("hang_before", count=None, seconds=30)
    for number, channel in enumerate(deaf):
        stage.send(channel)
        if known == "by no getMe" or (known == "half of them by none" and number % 2):
            Bot.objects.filter(pk=channel.chat.bot_id).update(proven_at=None)
        else:
            Lane.objects.create(bot=channel.chat.bot, failures=3)
    senders = Senders(8)
    with stage.running(senders):
        until(lambda: senders.free <= 4)
        time.sleep(1)
        assert senders.free == 4, "half of them at most"


def test_threads_are_no_more_than_asked_for_however_many_bots_are_doubted(stage: Stage) -> None:
    for _ in range(6):
        channel = stage.channel_of_another_bot()
        stage.send(channel)
        Lane.objects.create(bot=channel.chat.bot, suspected_at=stage.ago(0))
    stage.telegram.set_latency(0.3)
    before = sender_threads()
    with stage.running(Senders(2)):
        until(lambda: len(stage.telegram.calls("getMe")) == 6)
        assert len(sender_threads() - before) == 2
        until(lambda: not Lane.objects.exclude(suspected_at=None).exists())


def sender_threads() -> set[int | None]:
    return {one.ident for one in threading.enumerate() if one.name.startswith("send-")}


def test_a_send_whose_message_to_edit_is_gone_is_not_sent_for_ever(
    stage: Stage, liar: Liar
) -> None:
    channel = channel_at(liar.url)
    said = "Bad Request: message to edit not found"
    liar.says(400, {"ok": False, "error_code": 400, "description": said})
    stage.send(channel)
    stage.dispatch(30)
    assert (liar.calls, only(channel).state) == (1, State.DEAD)


def test_a_call_that_this_version_can_not_read_stops_nobody_else(stage: Stage) -> None:
    """As a newer version may have left it, while both run."""
    strange, _ = stage.channel()
    stage.send(strange, "x")
    Delivery.objects.update(ladder=[{"step": "of the future"}])
    channel, chat = stage.channel()
    stage.send(channel, "hello")
    stage.dispatch(30)
    assert stage.texts(chat) == ["hello"]
    assert only(strange).state == State.DEAD, "a person hears of it"
    stage.retry(only(strange))
    stage.dispatch(30)
    assert only(strange).state == State.SENT


def test_a_chat_that_becomes_another_row_meanwhile_keeps_its_lane_busy_no_longer(
    stage: Stage,
) -> None:
    """A check found the group's supergroup among our chats, while its calls waited for the pace."""
    stage.telegram.set_flood("off")
    former, _ = stage.channel()
    other, _ = stage.channel()
    for number in range(5):
        stage.send(former, str(number))
    sent = Delivery.objects.filter(state=State.SENT)
    with stage.running(Senders(4)):
        until(lambda: sent.count() == 3)
        Delivery.objects.filter(state=State.WAITING).update(chat=other.chat)
        NotificationChannel.objects.filter(pk=former.pk).update(chat=other.chat)
        until(lambda: sent.count() == 5)
        until(lambda: Lane.objects.get().holder == "")


def test_chats_that_point_at_each_other_are_not_followed_for_ever(stage: Stage, liar: Liar) -> None:
    channel = channel_at(liar.url)
    moved = {"migrate_to_chat_id": -1_001_234_567_890}
    liar.says(400, {"ok": False, "error_code": 400, "description": "upgraded", "parameters": moved})
    stage.send(channel)
    stage.dispatch(30)
    assert (liar.calls, only(channel).state) == (4, State.DEAD), list(
        DeliveryAttempt.objects.values_list("outcome", "started_at", "description")
    )


def test_a_check_that_finds_another_organizations_chat_stops_the_channel(stage: Stage) -> None:
    chat = stage.telegram.create_chat("supergroup", bot=stage.sandbox_bot, username="their_group")
    borrower = make_organization()
    lend_bot(COMMAND_LINE, stage.bot, borrower)
    make_channel(stage.bot, organization=borrower, chat_id=chat.id)
    intruder = make_channel(stage.bot, chat_id="@their_group")
    asked = probe.request_probe(Probe.Kind.CHANNEL, stage.bot, intruder, COMMAND_LINE)
    probing.run_pending()
    asked.refresh_from_db()
    assert asked.verdict["problem"] == "foreign_chat"
    intruder.refresh_from_db()
    assert not intruder.enabled
    stage.send(intruder, "not yours")
    stage.dispatch(1)
    assert stage.texts(chat) == []


def test_a_check_of_a_bot_with_a_refused_address_has_a_verdict(stage: Stage) -> None:
    bot = make_bot(make_organization())
    Bot.objects.filter(pk=bot.pk).update(api_url="ftp://nowhere")
    asked = probe.request_probe(Probe.Kind.BOT, bot, None, COMMAND_LINE)
    probing.run_pending()
    asked.refresh_from_db()
    assert (asked.state, asked.verdict["problem"]) == ("failed", "unreachable")


def test_an_organization_whose_bots_all_hang_leaves_threads_to_others(
    stage: Stage, liar: Liar
) -> None:
    """A bot each for more threads than there are: nobody knows yet that nobody will answer."""
    liar.free.clear()
    noisy = make_organization()
    for _ in range(12):
        stage.send(make_channel(make_bot(noisy, api_url=liar.url)))
    senders = Senders(8)
    channel, chat = stage.channel()
    with stage.running(senders):
        until(lambda: liar.calls >= 5)
        stage.send(channel, "hello")
        until(lambda: stage.texts(chat) == ["hello"])
        assert liar.calls <= 6
        liar.free.set()


def test_a_flood_on_a_lent_bot_keeps_the_borrowers_alert_a_moment_alone(stage: Stage) -> None:
    """The bot may make 30 calls a second; 150 of its owner's wait in chats of their own."""
    borrower = make_organization()
    lend_bot(COMMAND_LINE, stage.bot, borrower)
    flood = [stage.channel()[0] for _ in range(75)]
    chat = stage.telegram.create_chat("private", bot=stage.sandbox_bot)
    small = make_channel(stage.bot, organization=borrower, chat_id=chat.id)
    for channel in flood * 2:
        stage.send(channel, priority=Delivery.Priority.CRITICAL, due_at=stage.ago(30))
    sent = Delivery.objects.filter(channel__in=flood, state=State.SENT)
    run = stage.dispatch_in_background(40)
    until(lambda: sent.count() >= 35)
    before = sent.count()
    stage.send(small, "hello", priority=Delivery.Priority.LOW)
    until(lambda: stage.texts(chat) == ["hello"])
    assert sent.count() <= before + 60, "it waited behind the flood"
    run.join()
