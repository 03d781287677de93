"""Where a channel lets anyone act, strangers act on what its chat was told, and no further."""

from typing import Any

import pytest

from alerts.models import AlertGroup, Silence, TimelineEvent
from botapi.callback_data import pack
from channels_app.models import NotificationChannel
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, make_stage

Actions = NotificationChannel.Actions


@pytest.fixture
def stage(talk: Talk) -> Stage:
    stage = make_stage(talk)
    NotificationChannel.objects.update(actions=Actions.ANYONE)
    return stage


def silences(stage: Stage) -> list[Silence]:
    return list(Silence.objects.filter(organization=stage.talk.organization).order_by("pk"))


def test_a_stranger_acts_and_is_named_as_telegram_shows_them(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull")
    alert = stage.message_of("HighCPU")
    assert "is yours" in stage.says(stage.sam, "/ack", to=alert)
    assert stage.group_row("HighCPU").acknowledged_by.startswith("Person")
    assert stage.group_row("HighCPU").acknowledged_at is not None
    stage.says(stage.sam, "I am on my way.", to=alert)
    line = TimelineEvent.objects.get(kind="comment")
    assert (line.data["why"], line.actor) == ("I am on my way.", None)
    assert "is resolved" in stage.says(stage.vic, "/resolve DiskFull")


def test_a_stranger_silences_alerts_of_the_chat_and_not_by_matchers(stage: Stage) -> None:
    stage.fire("HighCPU")
    assert "for members" in stage.says(stage.sam, '/silence {alertname=~".+"} 2h')
    assert silences(stage) == []
    stage.says(stage.sam, "/silence HighCPU 2h")
    (silence,) = silences(stage)
    assert {one["name"] for one in silence.matchers} == {"alertname", "instance", "severity"}
    assert stage.says(stage.sam, "/unsilence"), (
        "what others are kept from hearing is members' matter"
    )
    silence.refresh_from_db()
    assert silence.ends_at > silence.updated_at
    stage.press(stage.sam, stage.group, "Undo")
    silence.refresh_from_db()
    assert silence.ends_at == silence.updated_at


def test_a_made_up_button_ends_no_silence_of_a_member(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/silence HighCPU 2h")
    (silence,) = silences(stage)
    message = stage.last(stage.group).message_id
    for data in (pack("cu", silence.pk, "silence"), pack("ce", silence.pk)):
        stage.press_data(stage.sam, stage.group, message, data)
    silence.refresh_from_db()
    assert silence.ends_at > silence.updated_at


def test_a_stranger_in_private_may_nothing(stage: Stage) -> None:
    stage.fire("HighCPU")
    assert stage.asks(stage.sam, "/ack HighCPU")
    assert not AlertGroup.objects.filter(acknowledged_at__isnull=False).exists()


@pytest.mark.parametrize(
    ("actions", "chat"),
    [(Actions.NOBODY, {}), (Actions.MEMBERS, {}), (Actions.ANYONE, {"username": "all_the_world"})],
)
def test_where_not_anyone_may(talk: Talk, actions: str, chat: dict[str, Any]) -> None:
    stage = make_stage(talk, **chat)
    NotificationChannel.objects.update(actions=actions)
    stage.fire("HighCPU")
    assert "do not know you yet" in stage.says(stage.sam, "/ack HighCPU")
    assert "is yours" in stage.says(stage.ada, "/ack HighCPU"), "members act by their role"


def test_who_is_anonymous_is_asked_nothing(stage: Stage) -> None:
    stage.fire("HighCPU")
    group = {"id": stage.group.id, "type": "supergroup", "title": "Group"}

    def say(words: str) -> str:
        message = {
            "message_id": 900,
            "date": 1,
            "chat": group,
            "from": {"id": 1087968824, "is_bot": True, "first_name": "Group"},
            "sender_chat": group,
            "text": words,
            "entities": [
                {"type": "bot_command", "offset": 0, "length": len(words.partition(" ")[0])}
            ],
        }
        stage.talk.telegram.queue_update(stage.talk.telegram_bot, "message", message)
        stage.talk.settle()
        return stage.last(stage.group).text

    assert "cannot tell whom to ask" in say("/silence HighCPU")
    assert "Silenced" in say("/silence HighCPU 2h")
    assert silences(stage)[0].author == "an anonymous admin"
