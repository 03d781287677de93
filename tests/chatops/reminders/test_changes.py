"""Reminders are told once each, at their times, over changes of clocks and outages."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from accounts.audit import Actor
from channels_app.models import Bot, Chat
from chatops.models import Reminder, TelegramIdentity
from chatops.reminders import changes
from chatops.reminders.changes import ReminderRefused, Where
from chatops.when.reading import read_recurrence
from chatops.when.recurrences import Recurrence
from deliveries import clock
from deliveries.models import Delivery
from tests.factories import make_bot, make_channel, make_membership, make_organization

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def where() -> Where:
    member = make_membership()
    bot = make_bot(member.organization)
    chat: Chat = make_channel(bot).chat
    chat.type = Chat.Type.SUPERGROUP
    chat.save()
    return Where(chat)


def make(where: Where, when: datetime | Recurrence, what: str = "call Ann") -> Reminder:
    actor = Actor("Ada", "telegram")
    return changes.make_reminder(actor, where.chat.organization, 77, where, what, when)


def told() -> list[str]:
    calls = Delivery.objects.filter(purpose=Delivery.Purpose.ANSWER).order_by("pk")
    return [call.params["text"] for call in calls]


def test_once_is_told_once(where: Where) -> None:
    make(where, clock.now() + timedelta(hours=1))
    assert changes.fire_due() == 0
    Reminder.objects.update(due_at=clock.now() - timedelta(seconds=1))
    assert [changes.fire_due(), changes.fire_due()] == [1, 0]
    assert told() == ["⏰ <b>call Ann</b>"]
    row = Reminder.objects.get()
    assert (row.due_at, row.times) == (None, 1)
    assert row.ended_at is not None


def test_who_is_slower_tells_nothing(where: Where) -> None:
    make(where, clock.now() + timedelta(hours=1))
    due = clock.now() - timedelta(seconds=1)
    Reminder.objects.update(due_at=due)
    quick = Reminder.objects.select_related(
        "chat__bot", "organization", "made_by", "recipient"
    ).get()
    slow = Reminder.objects.select_related(
        "chat__bot", "organization", "made_by", "recipient"
    ).get()
    assert changes._fire(quick, clock.now())
    assert not changes._fire(slow, clock.now())
    assert len(told()) == 1


def test_what_an_outage_missed_is_told_once_and_says_when_it_was_due(where: Where) -> None:
    now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    again = read_recurrence("every day at 9:00", now=now, zone=BERLIN)
    assert isinstance(again, Recurrence)
    make(where, again)
    Reminder.objects.update(due_at=clock.now() - timedelta(days=5))
    assert changes.fire_due() == 1
    assert changes.fire_due() == 0
    [text] = told()
    assert "It was due" in text
    row = Reminder.objects.get()
    assert row.due_at is not None
    assert clock.now() < row.due_at <= clock.now() + timedelta(days=1)
    assert row.due_at.astimezone(BERLIN).hour == 9


@pytest.mark.parametrize(
    ("now", "local"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), ["29 09:00 +0200", "30 09:00 +0200"]),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), ["25 09:00 +0100", "26 09:00 +0100"]),
    ],
)
def test_the_wall_time_stays_over_a_change_of_clocks(now: datetime, local: list[str]) -> None:
    again = read_recurrence("every day at 9:00", now=now, zone=BERLIN)
    assert isinstance(again, Recurrence)
    stored = Recurrence.from_json(again.to_json())
    first = stored.next_after(now)
    assert first is not None
    second = stored.next_after(first)
    assert second is not None
    shown = [f"{moment.astimezone(BERLIN):%d %H:%M %z}" for moment in (first, second)]
    assert shown == local


def test_ended_restored_moved_and_put_off(where: Where) -> None:
    row = make(where, clock.now() + timedelta(hours=1))
    due = row.due_at
    assert due is not None
    assert changes.end_reminder(row)
    assert not changes.end_reminder(row)
    assert not changes.restore_reminder(row, clock.now() - timedelta(hours=1)), "its time is past"
    assert changes.restore_reminder(row, due)
    changes.move_reminder(row, clock.now() + timedelta(days=2))
    changes.reword_reminder(row, "call Bob")
    row.refresh_from_db()
    assert row.due_at is not None
    assert row.due_at > clock.now() + timedelta(days=1)
    assert row.text == "call Bob"
    assert not changes.snooze(row, clock.now()), "it was not told yet"
    Reminder.objects.update(times=1)
    assert changes.snooze(row, clock.now() + timedelta(minutes=10))
    again = read_recurrence("every day at 9:00", now=clock.now(), zone=BERLIN)
    assert isinstance(again, Recurrence)
    changes.move_reminder(row, again)
    row.refresh_from_db()
    for minutes in (10, 20):  # pressed twice it is told once
        assert changes.snooze(row, clock.now() + timedelta(minutes=minutes))
    once = Reminder.objects.get(recurrence__isnull=True)
    assert once.put_off == row
    assert once.due_at is not None
    assert once.due_at > clock.now() + timedelta(minutes=15)
    assert Reminder.objects.exclude(recurrence__isnull=True).get().due_at == row.due_at
    changes.end_reminder(row)
    assert not changes.snooze(row, clock.now()), "a person ended it"


@pytest.mark.parametrize("what", ["", "  ", "x" * 1_001])
def test_texts_that_are_refused(where: Where, what: str) -> None:
    with pytest.raises(ReminderRefused):
        make(where, clock.now() + timedelta(hours=1), what)


def due_now(**values: Any) -> int:
    past = clock.now() - timedelta(seconds=1)
    Reminder.objects.update(due_at=past, ended_at=None, **values)
    return changes.fire_due()


def test_who_left_hears_nothing_in_private_though_their_friend_stayed(where: Where) -> None:
    member = make_membership(organization=where.chat.organization)
    where.chat.type = Chat.Type.PRIVATE
    where.chat.save()
    private = Where(where.chat, recipient=member.user)
    make(private, clock.now() + timedelta(hours=1))
    assert due_now() == 1
    member.delete()
    assert due_now() == 0
    assert Reminder.objects.get().ended_at is not None
    assert len(told()) == 1


def test_a_chat_or_bot_that_is_not_the_organizations_any_more_is_told_nothing(
    where: Where,
) -> None:
    make(where, clock.now() + timedelta(hours=1))
    other = make_organization()
    Chat.objects.update(organization=other)
    assert due_now() == 0
    Chat.objects.update(organization=where.chat.organization)
    assert due_now() == 1
    Bot.objects.update(organization=other)
    assert due_now() == 0


@pytest.mark.parametrize(("own", "silent"), [(True, False), (False, True)])
def test_what_others_set_is_silent_in_quiet_hours(where: Where, own: bool, silent: bool) -> None:
    member = make_membership(organization=where.chat.organization)
    where.chat.type, where.chat.chat_id = Chat.Type.PRIVATE, 77
    where.chat.save()
    TelegramIdentity.objects.create(
        user=member.user,
        telegram_id=77,
        name="Bob",
        quiet_from=time(0, 0),
        quiet_until=time(23, 59, 59),
    )
    actor = Actor("Ada", "telegram", member.user if own else None)
    changes.make_reminder(
        actor,
        where.chat.organization,
        77,
        Where(where.chat, recipient=member.user),
        "x",
        clock.now() + timedelta(hours=1),
    )
    assert due_now() == 1
    assert bool(Delivery.objects.get().params.get("disable_notification")) is silent


def test_one_that_fails_keeps_no_other_back(where: Where) -> None:
    for what in ("broken", "sound"):
        make(where, clock.now() + timedelta(hours=1), what)
    Reminder.objects.filter(text="broken").update(message_thread_id=-1, times=2**31 - 1)
    assert due_now() >= 1
    assert any("sound" in text for text in told())


def test_a_recurrence_that_nobody_can_read_is_told_and_over(where: Where) -> None:
    make(where, clock.now() + timedelta(hours=1))
    broken: Any = {"version": 99}
    Reminder.objects.update(recurrence=broken, due_at=clock.now() - timedelta(seconds=1))
    assert changes.fire_due() == 1
    assert Reminder.objects.get().due_at is None
