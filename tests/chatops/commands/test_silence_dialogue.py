"""Asking for what /silence leaves open, to its end, in private and in a group."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from alerts.models import Silence, TimelineEvent
from chatops.conversations import sweep
from chatops.models import Conversation
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, buttons_of, make_stage


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


def silences(stage: Stage) -> list[Silence]:
    return list(Silence.objects.filter(organization=stage.talk.organization).order_by("pk"))


def markup(stage: Stage, number: int = -1) -> dict[str, Any]:
    """The reply_markup that the bot sent last."""
    calls = stage.talk.telegram.calls("sendMessage", bot=stage.talk.telegram_bot)
    found: dict[str, Any] = json.loads(calls[number].parameters["reply_markup"])
    return found


def test_a_dialogue_in_private_to_its_end_with_wrong_answers(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull")
    assert "Which alert shall be quiet" in stage.asks(stage.ada, "/silence")
    stage.press(stage.ada, stage.ada, "DiskFull")
    assert buttons_of(stage.talk.messages(stage.ada)[0]) == [], "the choice took their place"
    assert "How long shall" in stage.last(stage.ada).text
    assert "DiskFull" in stage.last(stage.ada).text
    shown = markup(stage)
    assert [button["text"] for row in shown["keyboard"] for button in row] == [
        *("30 minutes", "1 hour", "2 hours", "4 hours", "1 day", "1 week"),
        *("‹ Back", "Cancel"),
    ]
    assert shown["one_time_keyboard"]
    assert shown["input_field_placeholder"]
    assert "“soonish” is no time that I can read" in stage.asks(stage.ada, "soonish")
    assert "Why?" in stage.taps(stage.ada, stage.ada, "2 hours")
    assert "Keep DiskFull" in stage.asks(stage.ada, "the disk is being replaced")
    assert "the disk is being replaced" in stage.last(stage.ada).text
    assert "Press Silence, Back or Cancel" in stage.asks(stage.ada, "perhaps")
    assert silences(stage) == []
    stage.press(stage.ada, stage.ada, "Silence")
    (silence,) = silences(stage)
    assert silence.comment == "the disk is being replaced"
    assert {one["value"] for one in silence.matchers} >= {"DiskFull"}
    assert timedelta(minutes=115) < silence.ends_at - silence.starts_at <= timedelta(hours=2)
    assert "Silenced" in stage.last(stage.ada).text
    assert not Conversation.objects.exists()
    stage.press(stage.ada, stage.ada, "Undo")
    silence.refresh_from_db()
    assert silence.ends_at == silence.updated_at


def test_back_and_cancel(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull")
    stage.asks(stage.ada, "/silence")
    stage.press(stage.ada, stage.ada, "DiskFull")
    assert "Why?" in stage.asks(stage.ada, "2h")
    assert "How long" in stage.asks(stage.ada, "‹ Back")
    assert "Which alert" in stage.asks(stage.ada, "‹ Back")
    stage.press(stage.ada, stage.ada, "HighCPU")
    assert "How long shall HighCPU" in stage.last(stage.ada).text.replace(" · web-1", "")
    assert "Dropped" in stage.asks(stage.ada, "Cancel")
    assert markup(stage) == {"remove_keyboard": True, "selective": False}
    assert not Conversation.objects.exists()
    assert "I am not asking" in stage.asks(stage.ada, "/cancel")
    assert silences(stage) == []


def test_what_the_command_tells_is_not_asked(stage: Stage) -> None:
    stage.fire("HighCPU")
    assert "How long" in stage.asks(stage.ada, "/silence HighCPU")
    stage.fire("DiskFull")
    said = stage.asks(stage.ada, "/silence 2h")
    assert said.startswith("I drop the question before this one. Which alert")
    assert Conversation.objects.count() == 1
    stage.press(stage.ada, stage.ada, "DiskFull")
    assert "Why?" in stage.last(stage.ada).text
    stage.asks(stage.ada, "Without")
    stage.press(stage.ada, stage.ada, "Silence")
    assert len(silences(stage)) == 1


def test_in_a_group_only_the_one_who_is_asked_answers_and_talk_is_no_answer(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/silence HighCPU")
    question = stage.last(stage.group)
    assert question.message["reply_to_message"]["text"] == "/silence HighCPU"
    assert markup(stage)["selective"]
    assert stage.says(stage.ada, "let me think for 2 hours") == ""
    assert "somebody else" in stage.says(stage.vic, "2 hours", to=question.message_id)
    assert Conversation.objects.get().step == "time"
    assert "Why?" in stage.says(stage.ada, "3 hours", to=question.message_id)
    stage.talk.telegram.change_bot(stage.talk.telegram_bot, can_read_all_group_messages=False)
    assert "Keep" in stage.taps(stage.ada, stage.group, "Without"), "with privacy mode on as well"
    confirm = stage.last(stage.group)
    data = buttons_of(confirm)[0]["callback_data"]
    assert "somebody else" in stage.press_data(stage.vic, stage.group, confirm.message_id, data)
    stage.press(stage.ada, stage.group, "Silence")
    assert len(silences(stage)) == 1
    assert "not open any more" in stage.press_data(stage.ada, stage.group, confirm.message_id, data)
    assert "not open any more" in stage.says(stage.ada, "1 hour", to=question.message_id)


def test_time_runs_out(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/silence HighCPU")
    assert sweep.end_expired() == 0
    Conversation.objects.update(expires_at=Conversation.objects.get().started_at)
    assert sweep.end_expired() == 1
    assert sweep.end_expired() == 0
    stage.talk.settle()
    assert "Time is up" in stage.last(stage.group).text
    assert stage.last(stage.group).message["reply_to_message"]["text"] == "/silence HighCPU"


def test_who_answers_too_late_before_the_sweep_hears_it(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.asks(stage.ada, "/silence HighCPU")
    Conversation.objects.update(expires_at=Conversation.objects.get().started_at)
    assert "Time is up" in stage.asks(stage.ada, "2 hours")
    assert sweep.end_expired() == 0
    assert silences(stage) == []


def test_what_another_version_asked_is_begun_anew(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.asks(stage.ada, "/silence HighCPU")
    Conversation.objects.update(data={"v": 0})
    assert "Begin anew" in stage.asks(stage.ada, "2 hours")
    assert not Conversation.objects.exists()


def test_who_may_not_any_more_is_told_in_the_middle(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.asks(stage.ada, "/silence HighCPU")
    stage.member.delete()
    assert stage.asks(stage.ada, "2 hours")
    assert silences(stage) == []
    assert not Conversation.objects.exists()


def test_a_dialogue_that_only_reads_is_answered_by_who_may_read(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.sam, "/report")
    while Conversation.objects.exists():
        question = stage.last(stage.group)
        shown = markup(stage).get("keyboard") or markup(stage)["inline_keyboard"]
        label = shown[0][0]["text"]
        before = Conversation.objects.get().turn
        if "keyboard" in markup(stage):
            assert stage.says(stage.sam, label, to=question.message_id)
        else:
            stage.press(stage.sam, stage.group, label)
        assert not Conversation.objects.filter(turn=before).exists(), "it goes on"
    assert "role" not in stage.last(stage.group).text
    assert "do not know you" not in stage.last(stage.group).text


def test_topics_have_their_own_questions(talk: Talk) -> None:
    stage = make_stage(talk, topics=["Ops", "Web"])
    stage.fire("HighCPU")
    ops, web = stage.group.topics["Ops"], stage.group.topics["Web"]
    stage.says(stage.ada, "/silence HighCPU", message_thread_id=ops)
    assert stage.last(stage.group).message["message_thread_id"] == ops
    stage.says(stage.ada, "/comment HighCPU", message_thread_id=web)
    assert Conversation.objects.count() == 2
    stage.says(stage.ada, "/cancel", message_thread_id=ops)
    assert Conversation.objects.get().kind == "comment"


def test_a_comment_is_asked_for(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/comment HighCPU")
    question = stage.last(stage.group)
    assert markup(stage)["force_reply"]
    assert "noted" in stage.says(stage.ada, "a rat bit the cable", to=question.message_id)
    line = TimelineEvent.objects.get(organization=stage.talk.organization, kind="comment")
    assert (line.data["why"], line.actor_name, line.way) == (
        "a rat bit the cable",
        "Ada Lovelace",
        "telegram",
    )


def test_a_time_that_can_mean_several_is_asked_back_with_buttons(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.asks(stage.ada, "/silence HighCPU on 01/02")
    ways = [row[0]["text"] for row in markup(stage)["keyboard"][:-1]]
    assert len(ways) == 2
    assert all("January" in way or "February" in way for way in ways)
    assert "can mean" in stage.asks(stage.ada, "on 03/04")
    others = [row[0]["text"] for row in markup(stage)["keyboard"][:-1]]
    assert len(others) == 2
    assert "Why?" in stage.asks(stage.ada, others[0])
    stage.asks(stage.ada, "Without")
    assert others[0].rpartition(" ")[2] in stage.last(stage.ada).text
    stage.press(stage.ada, stage.ada, "Silence")
    (silence,) = silences(stage)
    assert silence.ends_at - silence.starts_at == timedelta(days=1)
    assert silence.starts_at > silence.updated_at


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("HighCPU until yesterday", "passed"),
        ("HighCPU for 20 years", "longest"),
    ],
)
def test_a_time_that_cannot_be_meant_says_why(stage: Stage, words: str, said: str) -> None:
    stage.fire("HighCPU")
    assert said in stage.asks(stage.ada, f"/silence {words}")
    assert silences(stage) == []


def test_a_bot_that_hears_all_takes_a_buttons_words_without_a_reply(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/silence HighCPU")
    assert stage.says(stage.ada, "let me think for 2 hours") == ""
    assert stage.says(stage.vic, "2 hours") == ""
    assert "Why?" in stage.says(stage.ada, "2 hours")


def test_nothing_is_silenced_by_its_severity_alone(stage: Stage) -> None:
    """As little as by a button: it would keep all others of that severity quiet."""
    fired = json.dumps({"title": "Kiln hot", "status": "firing", "severity": "critical"})
    answer = Client().post(f"/hooks/v1/{stage.key}/", fired, content_type="application/json")
    assert answer.status_code == 202
    stage.fire()
    for words in ("/silence Kiln hot 1h", "/silence Kiln hot until tomorrow 9:00"):
        assert "Its only label is the severity" in stage.asks(stage.ada, words)
    assert silences(stage) == []
    assert "🔕 Silenced" in stage.asks(stage.ada, '/silence {severity="critical"} 1h')
    assert len(silences(stage)) == 1, "whoever writes it means it"
