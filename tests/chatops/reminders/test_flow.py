"""/remind from asking to being told, through the sandbox."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from botapi.callback_data import pack
from channels_app.models import Chat, NotificationChannel
from chatops.models import Reminder, TelegramIdentity
from chatops.reminders import changes, text
from chatops.reminders.setting import for_whom
from deliveries import clock
from languages.speaking import gettext, speaking
from tests.chatops.conftest import Talk
from tests.chatops.stage import Stage, buttons_of, make_stage
from tests.sandbox.process import SandboxChat


@pytest.fixture
def stage(talk: Talk) -> Stage:
    return make_stage(talk)


def due_now(stage: Stage) -> None:
    Reminder.objects.update(due_at=clock.now() - timedelta(seconds=1))
    changes.fire_due()
    stage.talk.settle()


@pytest.mark.parametrize(
    ("words", "whom", "what"),
    [
        ("me to call Ann tomorrow", "me", "call Ann tomorrow"),
        ("us: stand-up every day at 9", "us", "stand-up every day at 9"),
        ("everybody to go home", "us", "go home"),
        ("@Bob_x check disks", "@Bob_x", "check disks"),
        ("to call Ann", "", "call Ann"),
        ("me of the kettle in 2h", "me", "the kettle in 2h"),
        ("@Bob_x about disks", "@Bob_x", "disks"),
        ("of the kettle", "", "the kettle"),
        ("offer tea", "", "offer tea"),
        ("me office keys", "me", "office keys"),
        ("medium rare", "", "medium rare"),
        ("user of yours", "", "user of yours"),
        ("", "", ""),
    ],
)
def test_for_whom(words: str, whom: str, what: str) -> None:
    wanted = for_whom(words)
    assert (wanted.whom, wanted.what) == (whom, what)


def test_asked_told_and_put_off(stage: Stage) -> None:
    said = stage.asks(stage.ada, "/remind me to call Ann in 2 hours")
    assert re.match(r"⏰ I remind you (today|tomorrow) \d\d:\d\d \(UTC\):\n", said)
    assert said.endswith("call Ann")
    due_now(stage)
    assert stage.last(stage.ada).text == "⏰ call Ann"
    assert "Once more" in stage.press(stage.ada, stage.ada, "1 h")
    row = Reminder.objects.get()
    assert row.due_at is not None
    assert row.due_at > clock.now() + timedelta(minutes=50)


def test_cancelled_and_taken_back(stage: Stage) -> None:
    stage.asks(stage.ada, "/remind me to call Ann tomorrow at 9:00")
    assert stage.press(stage.ada, stage.ada, "Cancel it") == "Cancelled."
    assert Reminder.objects.get().due_at is None
    assert "Cancelled: call Ann" in stage.last(stage.ada).text
    stage.press(stage.ada, stage.ada, "Undo")
    assert Reminder.objects.get().due_at is not None
    assert "I remind you" in stage.last(stage.ada).text


def test_nonsense_is_refused_and_what_is_missing_is_asked(stage: Stage) -> None:
    assert "When?" in stage.asks(stage.ada, "/remind me when the cows come home")
    assert "no time that I can read" in stage.asks(stage.ada, "when the cows come home")
    assert "I remind you every weekday at 09:15" in stage.asks(stage.ada, "every weekday at 9:15")
    assert Reminder.objects.get().text == "when the cows come home"
    assert "What shall I remind you of?" in stage.asks(stage.ada, "/remind me tomorrow at 9:00")
    assert "call Ann" in stage.asks(stage.ada, "call Ann")
    assert Reminder.objects.count() == 2


def test_for_a_group_and_for_somebody_in_it(stage: Stage) -> None:
    said = stage.says(stage.ada, "/remind us stand-up every day at 9:00")
    assert "I remind this chat every day at 09:00" in said
    due_now(stage)
    assert stage.last(stage.group).text.startswith("⏰ stand-up")
    assert "@bob_the_builder here" in stage.says(
        stage.ada, "/remind @bob_the_builder check disks in 1 hour"
    )
    assert Reminder.objects.get(text="check disks").mention == "@bob_the_builder"
    said = stage.says(stage.ada, "/remind me to go home in 1 hour")
    assert "I remind you" in said
    assert not stage.says(stage.vic, "/remind us nothing in 1 hour").startswith("⏰")


def test_listed_changed_and_whose(stage: Stage) -> None:
    for what in ("first", "second"):
        stage.says(stage.ada, f"/remind us {what} in {len(what)} hours")
    said = stage.says(stage.ada, "/reminders")
    assert said.startswith("Reminders: 2\n1. first · ")
    assert "I remind you to" in stage.says(stage.ada, "/reminders 2 in 30 minutes")
    assert "1. second" in stage.says(stage.ada, "/reminders")
    assert "call Bob" in stage.says(stage.ada, "/reminders 1 say call Bob")
    assert "There is no reminder 3 here" in stage.says(stage.ada, "/reminders 3 cancel")
    assert stage.says(stage.ada, "/reminders 1 cancel") == "Cancelled: call Bob"
    stage.says(stage.ada, "/reminders")
    assert stage.press(stage.vic, stage.group, "✖ 1") == "This is somebody else's reminder."
    assert stage.press(stage.ada, stage.group, "✖ 1") == "Cancelled."
    assert stage.says(stage.ada, "/reminders") == (
        "There is nothing to be reminded of. /remind sets it."
    )


def test_into_a_private_chat_only_members_write_and_only_where_it_is_wished(stage: Stage) -> None:
    identity = TelegramIdentity.objects.get(telegram_id=stage.vic.id)
    identity.username = "vic_v"
    identity.save()
    stage.asks(stage.vic, "/start")
    NotificationChannel.objects.update(actions="anyone")
    said = stage.says(stage.sam, "/remind @vic_v look here in 1 hour")
    assert "@vic_v here" in said
    assert "@vic_v, in private," in stage.says(stage.ada, "/remind @vic_v check disks in 1 hour")
    identity.direct_messages = False
    identity.save()
    assert "@vic_v here" in stage.says(stage.ada, "/remind @vic_v check disks in 2 hours")
    row = Reminder.objects.get(recipient=identity.user)
    due_now(stage)
    data = pack("re", row.pk)
    message = stage.last(stage.vic)
    Reminder.objects.filter(pk=row.pk).update(due_at=clock.now() + timedelta(hours=1))
    assert stage.press_data(stage.vic, stage.vic, message.message_id, data) == "Cancelled."


def for_vic(stage: Stage) -> None:
    """Ada asks in the group that Vic be told in private."""
    TelegramIdentity.objects.filter(telegram_id=stage.vic.id).update(username="vic_v")
    stage.asks(stage.vic, "/start")
    said = stage.says(stage.ada, "/remind @vic_v check disks in 1 hour")
    assert "@vic_v, in private," in said


def block(stage: Stage, who: SandboxChat) -> None:
    stage.talk.telegram.act(f"/bots/{stage.talk.telegram_bot.id}/block", from_id=who.id)
    stage.talk.settle()


@pytest.mark.parametrize("told", [True, False])
def test_who_blocked_the_bot_is_told_where_it_was_asked_for(stage: Stage, told: bool) -> None:
    for_vic(stage)
    block(stage, stage.vic)
    if not told:  # a refused message alone shows it
        Chat.objects.update(blocked_at=None)
    due_now(stage)
    said = stage.last(stage.group).text
    assert said.startswith("⏰ Linked (@vic_v): check disks\n"), said
    assert "they let me write no more" in said
    assert "Once more" in stage.press(stage.ada, stage.group, "1 h")
    assert Chat.objects.get(chat_id=stage.vic.id).blocked_at is not None
    assert "@vic_v here" in stage.says(stage.ada, "/remind @vic_v look again in 1 hour")


@pytest.mark.parametrize("told", [True, False])
def test_what_can_be_told_nowhere_waits_until_they_are_back(stage: Stage, told: bool) -> None:
    stage.asks(stage.ada, "/remind me to call Ann in 2 hours")
    block(stage, stage.ada)
    if not told:  # a refused message alone shows it
        Chat.objects.update(blocked_at=None)
    Reminder.objects.update(due_at=clock.now() - timedelta(hours=1))
    changes.fire_due()
    stage.talk.settle()
    row = Reminder.objects.get()
    assert (row.due_at, row.untold_since is None) == (None, False)
    assert changes.fire_due() == 0
    stage.talk.telegram.act(f"/bots/{stage.talk.telegram_bot.id}/unblock", from_id=stage.ada.id)
    stage.talk.settle()
    assert changes.fire_due() == 1
    stage.talk.settle()
    said = stage.last(stage.ada).text
    assert said.startswith("⏰ call Ann")
    assert ("It was due" in said) == told


def test_what_can_be_told_nowhere_is_listed_for_who_asked(stage: Stage) -> None:
    for_vic(stage)
    Reminder.objects.update(set_in=None)
    block(stage, stage.vic)
    due_now(stage)
    said = stage.asks(stage.ada, "/reminders")
    assert "1. check disks" in said
    assert "could not be told: I am blocked there" in said
    assert stage.asks(stage.ada, "/reminders 1 cancel") == "Cancelled: check disks"
    assert "nothing to be reminded of" in stage.asks(stage.ada, "/reminders")


def test_a_press_writes_over_no_alert(stage: Stage) -> None:
    """A client chooses both the message and the data."""
    stage.fire("HighCPU")
    alert = stage.message_of("HighCPU")
    before = stage.last(stage.group).text
    stage.says(stage.ada, "/remind us stand-up every day at 9:00")
    due_now(stage)
    data = pack("rs", Reminder.objects.get().pk, "10")
    assert stage.press_data(stage.ada, stage.group, alert, data).startswith("Once more")
    shown = {one.message_id: one.text for one in stage.talk.messages(stage.group)}
    assert shown[alert] == before


@pytest.mark.parametrize("late", [False, True])
def test_a_person_is_told_in_their_language_and_a_group_in_its_own(
    stage: Stage, late: bool
) -> None:
    TelegramIdentity.objects.filter(telegram_id=stage.ada.id).update(language="ru")
    NotificationChannel.objects.filter(pk=stage.channel.pk).update(language="de")
    stage.asks(stage.ada, "/remind me to call Ann in 2 hours")
    stage.says(stage.ada, "/remind us stand-up in 2 hours")
    due = clock.now() - timedelta(hours=1 if late else 0)
    Reminder.objects.update(due_at=due)
    now = clock.now()
    changes.fire_due()
    stage.talk.settle()
    for chat, language, what in ((stage.ada, "ru", "call Ann"), (stage.group, "de", "stand-up")):
        with speaking(language):
            _, said = text.told(what, "", due if late else None, ZoneInfo("UTC"), now)
            labels = [gettext(label) for label, _ in text.SNOOZES]
        assert stage.last(chat).text == said
        assert [one["text"] for one in buttons_of(stage.last(chat))] == labels


def test_who_blocked_the_bot_is_told_in_the_language_of_where_it_was_asked_for(
    stage: Stage,
) -> None:
    TelegramIdentity.objects.filter(telegram_id=stage.vic.id).update(language="ru")
    NotificationChannel.objects.filter(pk=stage.channel.pk).update(language="de")
    TelegramIdentity.objects.filter(telegram_id=stage.vic.id).update(username="vic_v")
    stage.asks(stage.vic, "/start")
    stage.says(stage.ada, "/remind @vic_v check disks in 1 hour")
    block(stage, stage.vic)
    due_now(stage)
    with speaking("de"):
        words = "check disks", "Linked (@vic_v)", None, ZoneInfo("UTC"), clock.now()
        _, said = text.told_elsewhere(*words)
    assert stage.last(stage.group).text == said
