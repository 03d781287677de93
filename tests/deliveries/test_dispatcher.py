"""Dispatching against a real HTTP stand-in for Telegram, with and without trouble."""

from itertools import pairwise
from uuid import UUID

import pytest
from django.db import OperationalError

from botapi.client import InputFile
from channels_app.models import NotificationChannel
from deliveries import files
from deliveries.models import Delivery, DeliveryAttempt, Lane, SentMessage
from deliveries.outbox import Call
from tests import clock
from tests.deliveries.conftest import Stage

State = Delivery.State


def states(channel: NotificationChannel) -> list[tuple[str, str]]:
    rows = Delivery.objects.filter(channel=channel).order_by("stream_id", "sequence")
    return [(row.method, row.state) for row in rows]


def only(channel: NotificationChannel) -> Delivery:
    return Delivery.objects.select_related("target").get(channel=channel)


def test_a_message_is_sent_and_known(stage: Stage) -> None:
    channel, chat = stage.channel()
    message = stage.send(channel, "hello")
    stage.dispatch()
    message.refresh_from_db()
    (shown,) = stage.telegram.messages(chat)
    assert (shown.text, shown.message_id) == ("hello", message.message_id)
    assert message.state == SentMessage.State.SHOWN
    assert only(channel).state == State.SENT
    assert Lane.objects.get().holder == ""
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.outcome, attempt.status, attempt.fence) == ("sent", 200, 1)


def test_the_calls_of_a_stream_leave_in_order(stage: Stage) -> None:
    channel, chat = stage.channel()
    message = stage.send(channel, "one")
    reply = stage.send(channel, "reply", stream=message.stream, reply_to=message)
    stage.dispatch()
    stage.edit(channel, message, "two")
    stage.dispatch()
    assert [call.method for call in stage.telegram.calls(chat=chat)] == [
        "sendMessage",
        "sendMessage",
        "editMessageText",
    ]
    first, second = stage.telegram.messages(chat)
    assert first.text == "two"
    assert second.message["reply_to_message"]["message_id"] == first.message_id
    reply.refresh_from_db()
    assert reply.message_id == second.message_id


def test_the_newest_content_is_what_leaves(stage: Stage) -> None:
    channel, chat = stage.channel()
    message = stage.send(channel, "old")
    for words in ("newer", "newest"):
        stage.edit(channel, message, words)
    stage.dispatch()
    assert [call.method for call in stage.telegram.calls(chat=chat)] == ["sendMessage"]
    assert stage.texts(chat) == ["newest"]


def test_urgent_streams_of_a_chat_leave_first(stage: Stage) -> None:
    channel, chat = stage.channel()
    for text, priority in (("low", 4), ("normal", 3), ("critical", 1), ("interactive", 0)):
        stage.send(channel, text, priority=priority)
    stage.dispatch()
    assert stage.texts(chat) == ["interactive", "critical", "normal", "low"]


def test_a_chat_has_one_call_in_flight(stage: Stage) -> None:
    channel, chat = stage.channel()
    other, other_chat = stage.channel()
    stage.telegram.set_latency(0.15)
    for number in range(3):
        stage.send(channel, str(number))
        stage.send(other, str(number))
    stage.dispatch()
    for one in (chat, other_chat):
        calls = sorted(stage.telegram.calls("sendMessage", chat=one), key=lambda call: call.time)
        for earlier, later in pairwise(calls):
            assert later.time >= earlier.time + earlier.duration - 0.01
    calls = sorted(stage.telegram.calls("sendMessage"), key=lambda call: call.time)
    assert any(
        later.time < earlier.time + earlier.duration for earlier, later in pairwise(calls)
    ), "different chats do not wait for each other"


@pytest.mark.parametrize(
    ("fault", "copies"),
    [
        ("internal_error", 1),
        ("bad_gateway", 1),
        ("reset_before", 1),
        ("lost_answer", 2),
        ("reset_after", 2),
    ],
)
def test_an_unreachable_server_is_tried_again(stage: Stage, fault: str, copies: int) -> None:
    channel, chat = stage.channel()
    stage.telegram.fault(fault, bot=stage.sandbox_bot, method="sendMessage")
    message = stage.send(channel, "hello")
    stage.dispatch()
    message.refresh_from_db()
    shown = stage.telegram.messages(chat)
    assert [one.text for one in shown] == ["hello"] * copies
    assert message.message_id == shown[-1].message_id
    delivery = only(channel)
    assert delivery.state == State.SENT
    if copies == 2:
        assert delivery.maybe_sent, "a possible second copy is marked"


def test_a_lost_answer_is_retried_with_the_newest_content(stage: Stage) -> None:
    channel, chat = stage.channel()
    stage.telegram.fault("lost_answer", bot=stage.sandbox_bot, method="sendMessage")
    stage.telegram.set_latency(0.3)
    message = stage.send(channel, "old")
    run = stage.dispatch_in_background()
    stage.telegram.wait_for_calls("sendMessage", 1, chat=chat)
    stage.edit(channel, message, "new")
    run.join()
    assert stage.texts(chat)[-1] == "new"
    assert {state for _, state in states(channel)} <= {State.SENT, State.SUPERSEDED}


def test_an_outage_stops_the_lane_and_not_each_call(stage: Stage) -> None:
    channels = [stage.channel()[0] for _ in range(6)]
    fault = stage.telegram.fault("bad_gateway", bot=stage.sandbox_bot, count=None)
    assert fault
    for channel in channels:
        stage.send(channel)
    stage.dispatch(3)
    calls = stage.telegram.calls("sendMessage")
    assert 6 <= len(calls) <= 6 + 4, "the first ones, then one probe at a time, ever later"
    lane = Lane.objects.get()
    assert lane.failures >= 3
    assert "502" in lane.trouble
    stage.telegram.clear_faults()
    stage.dispatch(8)
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    lane.refresh_from_db()
    assert (lane.failures, lane.trouble) == (0, "")


def test_a_limited_chat_waits_and_others_do_not(stage: Stage) -> None:
    channel, chat = stage.channel()
    other, other_chat = stage.channel()
    stage.telegram.fault(
        "too_many_requests", bot=stage.sandbox_bot, chat=chat, retry_after=2, method="sendMessage"
    )
    stage.send(channel, "limited")
    stage.send(other, "free")
    stage.dispatch(6)
    (first, second) = stage.telegram.calls("sendMessage", chat=chat)
    assert second.time - first.time >= 2
    assert stage.texts(other_chat) == ["free"]
    delivery = only(channel)
    assert (delivery.state, delivery.attempts) == (State.SENT, 1), "429 is not an attempt"


def test_a_lane_that_waits_for_our_own_database_blames_nobody(stage: Stage) -> None:
    def make(organization_id: UUID, name: str) -> InputFile:
        raise OperationalError("the connection is lost")

    files.register_maker("lost", make)
    channel, _ = stage.channel()
    call = Call("sendDocument", {}, {"document": {"render": "lost", "id": "1"}})
    stage.send(channel, call=call)
    stage.dispatch(1)
    lane = Lane.objects.get()
    assert lane.failures
    assert lane.trouble == ""


def test_a_bot_that_was_limited_in_several_chats_is_in_trouble_no_longer_than_that(
    stage: Stage,
) -> None:
    for _ in range(3):
        channel, chat = stage.channel()
        stage.telegram.fault("too_many_requests", bot=stage.sandbox_bot, chat=chat, retry_after=1)
        stage.send(channel)
    stage.dispatch(6)
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
    lane = Lane.objects.get()
    assert (lane.trouble, lane.not_before) == ("", None)


def test_a_group_that_became_a_supergroup_is_followed(stage: Stage) -> None:
    channel, chat = stage.channel("group")
    changed = stage.telegram.set_state(chat, "upgraded")
    stage.send(channel, "moved")
    stage.dispatch()
    channel.chat.refresh_from_db()
    new_id = channel.chat.chat_id
    assert new_id is not None
    assert new_id < -1_000_000_000_000, changed
    assert only(channel).state == State.SENT


@pytest.mark.parametrize(
    ("kind", "state", "words"),
    [
        ("private", "blocked", "blocked"),
        ("private", "deactivated", "deleted"),
        ("supergroup", "kicked", "removed"),
        ("channel", "not_admin", "administrators"),
    ],
)
def test_a_chat_that_refuses_disables_its_channel(
    stage: Stage, kind: str, state: str, words: str
) -> None:
    channel, chat = stage.channel(kind)
    stage.telegram.set_state(chat, state, bot=stage.sandbox_bot)
    message = stage.send(channel, "first")
    stage.send(channel, "second", stream=message.stream)
    stage.dispatch()
    channel.refresh_from_db()
    assert not channel.enabled
    assert words in channel.disabled_reason
    assert channel.verdict["telegram"]
    assert {one for _, one in states(channel)} == {State.PARKED}


def test_enabling_a_channel_shows_its_present_state_once(stage: Stage) -> None:
    channel, chat = stage.channel()
    stage.telegram.set_state(chat, "blocked", bot=stage.sandbox_bot)
    message = stage.send(channel, "old")
    stage.dispatch()
    channel.refresh_from_db()
    stage.edit(channel, message, "present")
    stage.telegram.set_state(chat, "active", bot=stage.sandbox_bot)
    stage.enable(channel)
    stage.dispatch()
    assert stage.texts(chat) == ["present"]


def test_markup_that_is_refused_walks_down_the_ladder(stage: Stage) -> None:
    channel, chat = stage.channel()
    call = Call(
        "sendMessage",
        {
            "text": "<b>bad",
            "parse_mode": "HTML",
            "reply_markup": {"inline_keyboard": [[{"text": "open", "url": "http://grafana:3000"}]]},
        },
        plain_text="bad",
    )
    stage.send(channel, call=call)
    stage.dispatch()
    assert stage.texts(chat) == ["bad"]
    delivery = only(channel)
    assert [entry["step"] for entry in delivery.ladder] == ["plain", "keyboard"]
    assert all(entry["defect"] and entry["reason"] for entry in delivery.ladder)


def test_a_photo_that_is_refused_becomes_text(stage: Stage) -> None:
    channel, chat = stage.channel("supergroup", forbidden=["photo"])
    call = Call(
        "sendPhoto", {"photo": "https://example.org/a.png", "caption": "disk full"}, {}, "disk full"
    )
    message = stage.send(channel, call=call, kind=SentMessage.Kind.PHOTO)
    stage.dispatch()
    message.refresh_from_db()
    assert stage.texts(chat) == ["disk full"]
    assert message.kind == SentMessage.Kind.TEXT
    stage.change(channel, message, Call("editMessageCaption", {"caption": "still full"}))
    stage.dispatch()
    assert stage.texts(chat) == ["still full"], "an edit of the caption edits the text instead"


def test_a_closed_topic_is_flagged_and_left(stage: Stage) -> None:
    channel, chat = stage.channel("supergroup", topics=["Alerts"])
    topic = chat.topics["Alerts"]
    stage.telegram.close_topic(chat, topic)
    call = Call("sendMessage", {"text": "here", "message_thread_id": topic})
    stage.send(channel, call=call)
    stage.dispatch()
    channel.refresh_from_db()
    assert stage.texts(chat) == ["here"]
    assert "closed" in channel.topic_problem


def test_what_nothing_can_save_is_a_dead_letter_that_may_be_retried(stage: Stage) -> None:
    channel, chat = stage.channel()
    stage.telegram.fault(
        "error", bot=stage.sandbox_bot, count=None, description="Bad Request: something new"
    )
    stage.send(channel, "hello")
    stage.dispatch()
    delivery = only(channel)
    assert (delivery.state, delivery.outcome) == (State.DEAD, "refused")
    assert "something new" in delivery.description
    stage.telegram.clear_faults()
    stage.retry(delivery)
    stage.dispatch()
    assert stage.texts(chat) == ["hello"]


def test_a_message_deleted_in_telegram_is_sent_anew(stage: Stage) -> None:
    channel, chat = stage.channel()
    message = stage.send(channel, "one")
    stage.dispatch()
    message.refresh_from_db()
    stage.telegram.api(
        stage.sandbox_bot, "deleteMessage", chat_id=chat.id, message_id=message.message_id
    )
    stage.edit(channel, message, "two")
    stage.dispatch()
    (shown,) = stage.telegram.messages(chat)
    assert (shown.text, shown.is_silent) == ("two", True)
    message.refresh_from_db()
    assert message.message_id == shown.message_id


def test_an_edit_that_changes_nothing_counts_as_sent(stage: Stage) -> None:
    channel, _ = stage.channel()
    message = stage.send(channel, "same")
    stage.dispatch()
    stage.edit(channel, message, "same")
    stage.dispatch()
    assert {state for _, state in states(channel)} == {State.SENT}


def test_a_chat_that_is_not_found_three_times_disables_its_channel(stage: Stage) -> None:
    channel, _ = stage.channel()
    stage.telegram.fault(
        "error", bot=stage.sandbox_bot, count=None, description="Bad Request: chat not found"
    )
    for _ in range(3):
        stage.send(channel)
        Delivery.objects.filter(state=State.WAITING).update(attempts=0)
        stage.due_now()
        stage.dispatch(1)
    channel.refresh_from_db()
    assert not channel.enabled
    assert channel.verdict["problem"] == "chat_not_found"


def test_a_doubted_bot_is_disabled_after_its_second_failing_check(stage: Stage) -> None:
    channel, _ = stage.channel()
    stage.telegram.fault("unauthorized", bot=stage.sandbox_bot, count=None)
    stage.send(channel)
    stage.dispatch(1)
    assert stage.bot_now().enabled
    assert Lane.objects.get().suspected_at is not None
    Lane.objects.update(suspected_at=stage.ago(31))
    stage.dispatch(2)
    assert not stage.bot_now().enabled
    assert "token" in stage.bot_now().disabled_reason
    assert only(channel).state == State.WAITING, "nothing is lost"
    assert len(stage.telegram.calls("getMe")) == 2


def test_a_bot_that_was_doubted_for_nothing_goes_on(stage: Stage) -> None:
    channel, chat = stage.channel()
    stage.telegram.fault("unauthorized", bot=stage.sandbox_bot, count=1)
    stage.send(channel, "hello")
    stage.dispatch()
    assert stage.texts(chat) == ["hello"]
    assert Lane.objects.get().suspected_at is None


def test_a_disabled_bot_sends_nothing_and_costs_nothing(stage: Stage) -> None:
    channel, chat = stage.channel()
    stage.send(channel)
    type(stage.bot).objects.update(enabled=False)
    stage.dispatch(2)
    assert stage.telegram.calls(chat=chat) == []
    assert only(channel).state == State.WAITING


def test_files_are_sent_and_then_deleted(stage: Stage) -> None:
    channel, chat = stage.channel()
    attachment = stage.store("report.txt", b"everything")
    call = Call(
        "sendDocument", {"caption": "the report"}, {"document": {"attachment": str(attachment.pk)}}
    )
    stage.send(channel, call=call, kind=SentMessage.Kind.DOCUMENT)
    stage.dispatch()
    (shown,) = stage.telegram.messages(chat)
    assert shown.message["document"]["file_name"] == "report.txt"
    assert not type(attachment).objects.exists()


def test_a_file_that_is_gone_does_not_take_the_alert_with_it(stage: Stage) -> None:
    channel, chat = stage.channel()
    call = Call(
        "sendDocument",
        {"caption": "summary"},
        {"document": {"render": "nothing of that name", "id": "1"}},
        "summary",
    )
    stage.send(channel, call=call, kind=SentMessage.Kind.DOCUMENT)
    stage.dispatch()
    assert stage.texts(chat) == ["summary"]


@clock.undisturbed
def test_the_published_limits_are_kept(stage: Stage) -> None:
    """A burst to many chats of one bot: 30 a second.

    The stand-in shares this machine's processors, so its stamps may be off by some milliseconds;
    that the limits are kept exactly is proven in test_pacing.
    """
    stage.telegram.set_flood("off")
    stage.telegram.clear_calls()
    for _ in range(40):
        channel, _ = stage.channel()
        for number in range(2):
            stage.send(channel, str(number))
    stage.dispatch(30)
    calls = sorted(call.time for call in stage.telegram.calls("sendMessage"))
    assert len(calls) == 80
    for earlier, later in zip(calls, calls[30:], strict=False):
        assert later - earlier >= 0.9
    assert calls[-1] - calls[0] < 4
