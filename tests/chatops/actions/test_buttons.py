"""Own buttons in the More… menu under alerts."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F

from accounts.audit import COMMAND_LINE
from alerts.models import TimelineEvent
from botapi.callback_data import pack, short
from channels_app.models import NotificationChannel
from chatops.actions import changes
from chatops.models import ActionRun, InboundUpdate, OwnAction
from tests.chatops.actions.stage import Stage
from tests.chatops.stage import buttons_of
from tests.factories import make_channel


@pytest.fixture
def burning(stage: Stage) -> Stage:
    """An alert, and a button that may be pressed under it."""
    stage.action("restart", is_command=False, button="Restart it", who="anyone")
    stage.fire("HighCPU")
    return stage


def history(stage: Stage) -> list[tuple[str, str]]:
    rows = TimelineEvent.objects.filter(kind="action").order_by("id")
    return [(row.actor_name, row.data["why"]) for row in rows]


def menu(stage: Stage, number: int = 0) -> list[str]:
    """The buttons under the alert."""
    number = number or stage.message_of("HighCPU")
    shown = next(one for one in stage.talk.messages(stage.group) if one.message_id == number)
    return [button["text"] for button in buttons_of(shown)]


def test_it_is_in_the_menu_and_runs(burning: Stage) -> None:
    burning.answers(text="Restarted")
    assert "Restart it" not in menu(burning)
    burning.press(burning.ada, burning.group, "More…")
    assert menu(burning)[-2:] == ["Restart it", "‹ Back"]
    assert burning.press(burning.ada, burning.group, "Restart it") == "Asked."
    shown = burning.last(burning.group)
    assert shown.text == "⏳ /restart asked by Ada Lovelace"
    assert shown.message["reply_to_message"]["message_id"] == burning.message_of("HighCPU")
    assert burning.call() == "✅ /restart done\nRestarted"
    told = burning.receiver.bodies[-1]["run"]["alert"]
    group = burning.group_row("HighCPU")
    assert (told["id"], told["title"], told["status"]) == (str(group.pk), group.title, "firing")
    assert told["labels"]["alertname"] == "HighCPU"
    assert history(burning) == [("Ada Lovelace", "/restart"), ("Tocsin", "/restart: done")]


def test_who_may_press_it(burning: Stage) -> None:
    burning.press(burning.ada, burning.group, "More…")
    said = burning.press(burning.sam, burning.group, "Restart it")
    assert said.startswith("Only members of the team may do this. Link")
    assert burning.press(burning.vic, burning.group, "Restart it").startswith("Your role in")
    NotificationChannel.objects.update(actions="anyone")
    assert burning.press(burning.sam, burning.group, "Restart it") == "Asked."
    [run] = ActionRun.objects.all()
    assert run.telegram_user_id == burning.sam.id


def test_it_is_confirmed_and_asked_for_what_it_needs(stage: Stage) -> None:
    stage.action(
        "restart", button="Restart it", confirm=True, parameter="required", choices=["web", "db"]
    )
    stage.answers()
    stage.fire("HighCPU")
    stage.press(stage.ada, stage.group, "More…")
    assert stage.press(stage.ada, stage.group, "Restart it") == ""
    asked = stage.last(stage.group)
    assert asked.text.endswith(", /restart: what?")
    mentioned = [one for one in asked.message["entities"] if one["type"] == "text_mention"]
    assert [one["user"]["id"] for one in mentioned] == [stage.ada.id]
    stage.press(stage.ada, stage.group, "db")
    assert stage.last(stage.group).text.startswith("❔ /restart db")
    replied = stage.last(stage.group).message["reply_to_message"]["message_id"]
    assert replied == stage.message_of("HighCPU")
    assert stage.press(stage.ada, stage.group, "Run") == "Asked."
    assert stage.call() == "✅ /restart db done"
    assert stage.receiver.bodies[-1]["run"]["alert"]["title"] == stage.group_row("HighCPU").title
    assert [why for _, why in history(stage)] == ["/restart db", "/restart db: done"]


def test_what_is_pressed_after_it_was_removed_says_so(burning: Stage) -> None:
    burning.press(burning.ada, burning.group, "More…")
    changes.delete_action(COMMAND_LINE, OwnAction.objects.get())
    said = burning.press(burning.ada, burning.group, "Restart it")
    assert said == "This command was removed, or is not for this chat any more."
    assert not ActionRun.objects.exists()


def test_a_press_that_waited_for_long_runs_nothing(burning: Stage) -> None:
    """Whoever handles updates was away."""
    burning.press(burning.ada, burning.group, "More…")
    talk, number = burning.talk, burning.message_of("HighCPU")
    shown = next(one for one in talk.messages(burning.group) if one.message_id == number)
    [data] = [one["callback_data"] for one in buttons_of(shown) if one["text"] == "Restart it"]
    pressed = talk.telegram.press(
        burning.group, number, data, from_id=burning.ada.id, bot_id=talk.telegram_bot.id
    )
    assert talk.hear() == 1
    received = F("received_at") - timedelta(minutes=3)
    InboundUpdate.objects.filter(state="waiting").update(received_at=received)
    talk.settle()
    assert burning.outcome() == "/restart: too late"
    assert talk.telegram.callback(pressed["id"])["text"].startswith("This press came here")
    assert not ActionRun.objects.exists()


def test_no_made_up_button_runs_anything(burning: Stage) -> None:
    elsewhere = burning.talk.telegram.create_chat("supergroup", bot=burning.talk.telegram_bot)
    other = make_channel(burning.talk.bot, name="Elsewhere", chat_id=elsewhere.id)
    hidden = burning.action("hidden", button="Hidden", channels=[other])
    plain = burning.action("plain")
    number = burning.message_of("HighCPU")
    message = burning.group_row("HighCPU").messages.get()
    for code in (short(hidden.pk), short(plain.pk), short(uuid4()), "", "x"):
        data = pack("ow", message.pk, code)
        said = burning.press_data(burning.ada, burning.group, number, data)
        assert said.startswith("This command was removed"), code
    assert not ActionRun.objects.exists()
