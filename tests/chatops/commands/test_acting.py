"""What commands do to alerts: by reply, by name, alone; and taking it back."""

from datetime import UTC, datetime

import pytest

from alerts.models import AlertGroup, Silence, TimelineEvent
from botapi.callback_data import pack
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, buttons_of, make_stage

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


def acknowledged(stage: Stage) -> list[str]:
    """Titles of what somebody is on."""
    rows = AlertGroup.objects.filter(organization=stage.talk.organization)
    return sorted(
        rows.filter(acknowledged_at__isnull=False).values_list("members__alert__name", flat=True)
    )


def silences(stage: Stage) -> list[Silence]:
    return list(Silence.objects.filter(organization=stage.talk.organization).order_by("pk"))


def test_a_reply_acknowledges_that_alert_and_is_taken_back(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull")
    said = stage.says(stage.ada, "/ack", to=stage.message_of("DiskFull"))
    assert "is yours" in said
    assert acknowledged(stage) == ["DiskFull"]
    assert stage.group_row("DiskFull").acknowledged_by == "Ada Lovelace"
    assert "acknowledged already" in stage.says(stage.ada, "/ACK", to=stage.message_of("DiskFull"))
    stage.press(stage.ada, stage.group, "Undo")
    assert acknowledged(stage) == []
    assert any("nobody is on it any more" in text for text in stage.talk.texts(stage.group))


def test_undo_takes_back_what_it_was_offered_for_alone(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/ack")
    offered = stage.last(stage.group).message_id
    AlertGroup.objects.update(acknowledged_at=START, acknowledged_by="Grace")
    assert "cannot be taken back" in stage.press(stage.ada, stage.group, "Undo")
    assert acknowledged(stage) == ["HighCPU"]
    assert stage.last(stage.group).message_id == offered


def test_the_answer_quotes_the_command_in_a_group(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/ack")
    assert stage.last(stage.group).message["reply_to_message"]["text"] == "/ack"


@pytest.mark.parametrize(
    ("words", "done"),
    [
        ("/ack HighCPU", ["HighCPU"]),
        ("/ack highcpu", ["HighCPU"]),
        ('/ack alertname="HighCPU"', ["HighCPU"]),
        ("/ack {alertname=~Disk.*}", ["DiskFull"]),
        ("/ack Nothing", []),
        ("/ack Disk", []),
        ("/ack a=~(", []),
    ],
)
def test_an_alert_is_named(stage: Stage, words: str, done: list[str]) -> None:
    stage.fire("HighCPU", "DiskFull")
    assert stage.says(stage.ada, words)
    assert acknowledged(stage) == done


def test_the_only_one_is_meant_and_of_several_one_is_chosen(stage: Stage) -> None:
    assert "Nothing is open here" in stage.says(stage.ada, "/ack")
    stage.fire("HighCPU", "DiskFull")
    assert "Which one" in stage.says(stage.ada, "/ack")
    assert len(buttons_of(stage.last(stage.group))) == 2
    stage.press(stage.ada, stage.group, "HighCPU")
    assert acknowledged(stage) == ["HighCPU"]
    assert "is yours" in stage.last(stage.group).text, "in the place of the question"
    stage.says(stage.ada, "/ack")
    assert acknowledged(stage) == ["DiskFull", "HighCPU"], "one was left"
    stage.says(stage.ada, "/unack DiskFull")
    assert acknowledged(stage) == ["HighCPU"]


def test_what_is_said_beside_a_reply_is_a_comment(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/ack looking into it", to=stage.message_of("HighCPU"))
    lines = TimelineEvent.objects.filter(organization=stage.talk.organization).exclude(way="system")
    assert [(one.kind, one.data.get("why", "")) for one in lines] == [
        ("acknowledged", ""),
        ("comment", "looking into it"),
    ]
    assert {one.way for one in lines} == {"telegram"}


def test_resolving(stage: Stage) -> None:
    stage.fire("HighCPU")
    assert "is resolved" in stage.says(stage.ada, "/resolve HighCPU")
    assert not stage.group_row("HighCPU").is_open
    assert buttons_of(stage.last(stage.group)) == []
    assert "Nothing fires in it" in stage.says(
        stage.ada, "/resolve", to=stage.message_of("HighCPU")
    )


def test_a_silence_says_what_was_understood_and_is_taken_back(stage: Stage) -> None:
    stage.talk.organization.timezone = "Europe/Berlin"
    stage.talk.organization.save()
    stage.fire("HighCPU")
    said = stage.says(stage.ada, "/silence HighCPU for 2 hours because of the deploy")
    (silence,) = silences(stage)
    assert 'Silenced alertname="HighCPU" until ' in said
    assert "(Europe/Berlin): 1 firing now" in said
    assert silence.matchers == [{"name": "alertname", "op": "=", "value": "HighCPU"}]
    assert round((silence.ends_at - silence.starts_at).total_seconds()) == 7_200
    assert (silence.author, silence.comment) == ("Ada Lovelace", "the deploy")
    stage.press(stage.ada, stage.group, "Undo")
    silence.refresh_from_db()
    assert silence.ends_at == silence.updated_at
    assert "cannot be taken back" in stage.press_data(
        stage.ada,
        stage.group,
        stage.last(stage.group).message_id,
        undo_of(silence),
    )


def undo_of(silence: Silence) -> str:
    return pack("cu", silence.pk, "silence")


def test_a_reply_silences_what_its_alerts_have_in_common(stage: Stage) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/silence 2h deploy", to=stage.message_of("HighCPU"))
    (silence,) = silences(stage)
    assert {one["name"] for one in silence.matchers} == {"alertname", "instance", "severity"}
    assert silence.comment == "deploy"


@pytest.mark.parametrize(
    "words", ["/unsilence", "/unsilence HighCPU", '/unsilence alertname="HighCPU"']
)
def test_ending_a_silence_and_having_it_back(stage: Stage, words: str) -> None:
    stage.fire("HighCPU")
    stage.says(stage.ada, "/silence HighCPU 2h")
    (silence,) = silences(stage)
    assert "No longer silenced" in stage.says(stage.ada, words)
    stage.press(stage.ada, stage.group, "Undo")
    ended, again = silences(stage)
    assert again.matchers == ended.matchers
    assert abs((again.ends_at - silence.ends_at).total_seconds()) <= 1


def test_of_several_silences_one_is_chosen(stage: Stage) -> None:
    stage.fire("HighCPU", "DiskFull")
    stage.says(stage.ada, "/silence HighCPU 2h")
    stage.says(stage.ada, "/silence DiskFull 2h")
    assert "Which silence" in stage.says(stage.ada, "/unsilence")
    stage.press(stage.ada, stage.group, "DiskFull")
    now = [one.ends_at > one.updated_at for one in silences(stage)]
    assert now == [True, False]
