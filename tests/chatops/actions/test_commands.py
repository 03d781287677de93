"""Own commands: given in a group, called over HTTP, and shown as they go."""

import json
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from accounts.models import AuditEntry
from channels_app.models import NotificationChannel
from chatops.actions import changes, runs
from chatops.endpoints import changes as endpoints
from chatops.models import ActionRun, EndpointCall
from deliveries import clock
from tests.chatops.actions.stage import Stage
from tests.chatops.stage import buttons_of
from tests.factories import make_channel


def test_asked_called_and_answered(stage: Stage) -> None:
    stage.action()
    stage.answers(text="3 lamps <on> & /var/run")
    said = stage.says(stage.ada, "/lightson hall")
    assert said == "⏳ /lightson hall asked by Ada Lovelace"
    message = stage.last(stage.group)
    assert message.message["reply_to_message"]["text"] == "/lightson hall"
    assert stage.call() == "✅ /lightson hall done\n3 lamps <on> & /var/run"
    last = stage.last(stage.group)
    assert last.message_id == message.message_id, "edited"
    kinds = {entity["type"] for entity in last.message["entities"]}
    assert "bot_command" not in kinds, "nothing that a tap would run"
    [body] = stage.receiver.bodies
    assert stage.receiver.verified == [True]
    assert stage.receiver.keys == [str(stage.run.pk)] == [body["id"]]
    assert body["event"] == "action"
    run = body["run"]
    assert (run["action"], run["argument"], run["test"]) == ("lightson", "hall", False)
    assert run["asked_by"]["name"] == "Ada Lovelace"
    assert run["asked_by"]["telegram"]["id"] == stage.ada.id
    assert run["asked_by"]["member"]["role"] == "responder"
    assert run["channel"] == {"id": str(stage.channel.pk), "name": "Ops"}
    assert run["chat"]["id"] == stage.group.id
    assert run["alert"] is None
    assert stage.outcome() == "/lightson: waiting"
    entry = AuditEntry.objects.get(action="run")
    assert (entry.actor, entry.object_name) == (stage.member.user, "/lightson hall")


def test_progress_is_edited_into_the_answer(stage: Stage) -> None:
    stage.action()
    stage.answers(202)
    stage.says(stage.ada, "/lightson")
    assert stage.call().startswith("⏳")
    assert stage.run.state == "running"
    assert stage.post(text="Warming up", progress=40) == 200
    assert stage.shown() == "⏳ /lightson asked by Ada Lovelace\n▓▓▓▓░░░░░░ 40 %\nWarming up"
    assert stage.post(state="done", text="On") == 200
    assert stage.shown() == "✅ /lightson done\nOn"


@pytest.mark.parametrize(
    ("typed", "name", "argument"),
    [
        ("/lightson", "lightson", ""),
        ("/lightson hall", "lightson", "hall"),
        ("/lightson_hall", "lightson", "hall"),
        ("/lightson_hall now", "lightson", "hall now"),
        ("/LightsOn_Hall", "lightson", "hall"),
        ("/lightson_all_2", "lightson_all", "2"),
    ],
)
def test_what_follows_may_be_a_part_of_the_name(
    stage: Stage, typed: str, name: str, argument: str
) -> None:
    stage.action()
    stage.action("lightson_all")
    stage.says(stage.ada, typed)
    assert (stage.run.name, stage.run.argument) == (name, argument)


@pytest.mark.parametrize(
    ("values", "typed", "said"),
    [
        ({"parameter": "none"}, "/lightson x", "Nothing may follow this command."),
        ({"choices": ["Hall", "Attic"]}, "/lightson x", "Choose one of Hall, Attic."),
        ({}, f"/lightson {'x' * 301}", "Write at most 300 characters."),
        ({"who": "admin"}, "/lightson", "Only admins may run /lightson."),
        ({"enabled": False}, "/lightson", ""),
        ({"is_command": False, "button": "Lights"}, "/lightson", ""),
    ],
)
def test_what_is_not_run_says_why(
    stage: Stage, values: dict[str, Any], typed: str, said: str
) -> None:
    stage.action(**values)
    assert stage.says(stage.ada, typed) == said
    assert not ActionRun.objects.exists()
    assert not EndpointCall.objects.exists()


def test_who_may_run_it(stage: Stage) -> None:
    stage.action("a")
    stage.action("b", who="anyone")
    assert stage.says(stage.vic, "/a") == "Only members who respond may run /a."
    assert stage.says(stage.sam, "/a").startswith("Only members who respond may run /a. Link your")
    assert stage.says(stage.sam, "/b").startswith("I do not know you yet")
    NotificationChannel.objects.update(actions="anyone")
    assert stage.says(stage.sam, "/a").startswith("Only members who respond")
    assert stage.says(stage.sam, "/b").startswith("⏳ /b asked by")
    assert stage.run.who["member"] is None
    assert stage.run.user is None


def test_it_is_there_in_its_channels_alone(stage: Stage) -> None:
    elsewhere = stage.talk.telegram.create_chat("supergroup", bot=stage.talk.telegram_bot)
    other = make_channel(stage.talk.bot, name="Elsewhere", chat_id=elsewhere.id)
    stage.action(channels=[other])
    assert stage.says(stage.ada, "/lightson") == ""
    stage.talk.say(elsewhere, "/lightson", from_id=stage.ada.id)
    assert stage.talk.texts(elsewhere)[-1].startswith("⏳ /lightson")
    nowhere = stage.talk.telegram.create_chat("supergroup", bot=stage.talk.telegram_bot)
    stage.talk.say(nowhere, "/lightson", from_id=stage.ada.id)
    assert stage.talk.texts(nowhere) == [], "no channel of the organization's"
    assert ActionRun.objects.count() == 1


def test_it_is_confirmed_by_who_asked(stage: Stage) -> None:
    stage.action(confirm=True)
    stage.answers()
    assert stage.says(stage.ada, "/lightson hall").startswith("❔ /lightson hall\nRun it, Ada")
    assert [one["text"] for one in buttons_of(stage.last(stage.group))] == ["Run", "Cancel"]
    assert not EndpointCall.objects.exists()
    assert stage.press(stage.sam, stage.group, "Run") == "Only who asked for it may press this."
    assert stage.press(stage.vic, stage.group, "Cancel") == "Only who asked for it may press this."
    message = stage.last(stage.group)
    data = buttons_of(message)[0]["callback_data"]
    assert stage.press(stage.ada, stage.group, "Run") == "Asked."
    assert stage.call() == "✅ /lightson hall done"
    assert buttons_of(stage.last(stage.group)) == []
    again = stage.press_data(stage.ada, stage.group, message.message_id, data)
    assert again == "This is not open any more."
    assert stage.receiver.keys == [str(stage.run.pk)]


def test_it_may_be_cancelled_or_left(stage: Stage) -> None:
    stage.action(confirm=True)
    stage.says(stage.ada, "/lightson")
    assert stage.press(stage.ada, stage.group, "Cancel") == "Cancelled."
    assert stage.shown() == "🚫 /lightson cancelled\nNot run."
    stage.says(stage.ada, "/lightson")
    data = buttons_of(stage.last(stage.group))[0]["callback_data"]
    number = stage.last(stage.group).message_id
    ActionRun.objects.filter(settled_at=None).update(expires_at=clock.now())
    assert stage.press_data(stage.ada, stage.group, number, data) == "This is not open any more."
    assert runs.end_due() == 1
    assert runs.end_due() == 0
    assert stage.shown() == "🚫 /lightson cancelled\nNobody confirmed it in time."
    assert not EndpointCall.objects.exists()


def test_what_changed_before_it_was_confirmed_counts(stage: Stage) -> None:
    action = stage.action(confirm=True)
    stage.says(stage.ada, "/lightson")
    changes.change_action(COMMAND_LINE, action, who="owner")
    assert stage.press(stage.ada, stage.group, "Run") == "Only owners may run /lightson."
    assert stage.shown().startswith("🚫 /lightson cancelled\nOnly owners")
    changes.change_action(COMMAND_LINE, action, who="responder")
    stage.says(stage.ada, "/lightson")
    changes.delete_action(COMMAND_LINE, action)
    assert stage.press(stage.ada, stage.group, "Run").startswith("This command was removed")
    assert stage.shown().startswith("🚫 /lightson cancelled\nThis command was removed")
    assert not EndpointCall.objects.exists()


def test_what_is_missing_is_asked(stage: Stage) -> None:
    stage.action(parameter="required", hint="which room")
    stage.answers()
    assert stage.says(stage.ada, "/lightson") == "/lightson: what? (which room)"
    asked = stage.last(stage.group)
    call = stage.talk.telegram.calls("sendMessage", bot=stage.talk.telegram_bot)[-1]
    markup = json.loads(call.parameters["reply_markup"])
    assert (markup["force_reply"], markup["selective"]) == (True, True)
    assert markup["input_field_placeholder"] == "which room"
    assert stage.says(stage.sam, "attic", to=asked.message_id).startswith("This question is for")
    assert stage.says(stage.ada, "hall", to=asked.message_id).startswith("⏳ /lightson hall")
    assert stage.call() == "✅ /lightson hall done"


def test_what_is_missing_is_chosen(stage: Stage) -> None:
    stage.action(parameter="required", choices=["Hall", "Living Room"])
    stage.answers()
    stage.says(stage.ada, "/lightson")
    labels = [one["text"] for one in buttons_of(stage.last(stage.group))]
    assert labels == ["Hall", "Living Room", "Cancel"]
    stage.press(stage.ada, stage.group, "Living Room")
    assert stage.last(stage.group).message["reply_to_message"]["text"] == "/lightson"
    assert stage.call() == "✅ /lightson Living Room done"
    assert stage.says(stage.ada, "/lightson_living_room").startswith("⏳ /lightson Living Room")


def test_help_lists_what_is_in_the_chat(stage: Stage) -> None:
    stage.action(description="Lights", hint="room")
    stage.action("off", parameter="none", description="All <off>")
    said = stage.says(stage.ada, "/help")
    assert "/lightson [room] · Lights" in said
    assert "/off · All <off>" in said
    assert "/lightson" not in stage.asks(stage.ada, "/help"), "that is no chat of a channel's"


def test_two_organizations_have_the_same_name(stage: Stage, make_talk: Any) -> None:
    other = make_talk()
    stage.action()
    saved = endpoints.create_endpoint(
        COMMAND_LINE, other.organization, name="House", url=stage.receiver.url
    )
    changes.create_action(
        COMMAND_LINE, other.organization, name="lightson", description="x", endpoint=saved.endpoint
    )
    from_theirs = other.telegram.create_chat("supergroup", bot=stage.talk.telegram_bot)
    stage.talk.bot.grants.create(organization=stage.talk.organization, grantee=other.organization)
    make_channel(
        stage.talk.bot,
        organization=other.organization,
        chat_id=from_theirs.id,
        actions="anyone",
    )
    stage.talk.say(from_theirs, "/lightson", from_id=stage.ada.id)
    assert stage.talk.texts(from_theirs)[-1].startswith("Only members who respond may run")
    stage.says(stage.ada, "/lightson")
    [run] = ActionRun.objects.all()
    assert run.organization_id == stage.talk.organization.pk
