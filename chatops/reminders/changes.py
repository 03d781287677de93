"""Reminders are made, moved, ended, and told when they are due.

Telling one is a short transaction: the row moves on to its next time, or is over, by a conditional
UPDATE, and its message stands in the outbox. So each is told once, whoever looks.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Q

from accounts.audit import Actor
from accounts.models import Organization, User
from botapi import failpoints
from channels_app.models import Chat
from chatops.models import Reminder
from chatops.reminders import telling
from chatops.when.recurrences import Recurrence, RecurrenceError
from deliveries import clock
from languages.numbers import grouped
from languages.speaking import gettext

log = logging.getLogger(__name__)

TEXT_MAX = 1_000
OPEN_MAX, OPEN_OF_ONE = 2_000, 200
LONGEST = timedelta(days=5 * 366)
SHORTEST = timedelta(minutes=5)
"""Between two times of one that comes again and again."""
TOLD_AT_ONCE = 50
"""Of one organization."""


class ReminderRefused(ValueError):
    """It cannot be made or changed; the text says why."""


@dataclass(frozen=True, slots=True)
class Where:
    """The chat and topic that are told, and whom to name there; "" for nobody. `recipient`: whose
    private chat it is. `set_in` and `set_in_thread`: where it is asked for."""

    chat: Chat
    message_thread_id: int = 0
    mention: str = ""
    recipient: User | None = None
    set_in: Chat | None = None
    set_in_thread: int = 0


def make_reminder(
    actor: Actor,
    organization: Organization,
    telegram_user_id: int,
    where: Where,
    what: str,
    when: datetime | Recurrence,
) -> Reminder:
    """Raises ReminderRefused."""
    words = checked_text(what)
    rows = Reminder.objects.for_organization(organization).filter(due_at__isnull=False)
    if rows.count() >= OPEN_MAX:
        raise ReminderRefused(
            gettext("{organization} has {count} reminders already.").format(
                organization=organization.name, count=grouped(OPEN_MAX)
            )
        )
    if rows.filter(telegram_user_id=telegram_user_id).count() >= OPEN_OF_ONE:
        raise ReminderRefused(
            gettext("You have {count} reminders already. /reminders lists them.").format(
                count=OPEN_OF_ONE
            )
        )
    return Reminder.objects.create(
        organization=organization,
        chat=where.chat,
        message_thread_id=where.message_thread_id,
        mention=where.mention[:160],
        recipient=where.recipient,
        set_in=where.set_in,
        set_in_thread=where.set_in_thread,
        text=words,
        due_at=first_time(when),
        recurrence=when.to_json() if isinstance(when, Recurrence) else None,
        telegram_user_id=telegram_user_id,
        made_by=actor.user,
        made_by_name=actor.name[:254],
        made_at=clock.now(),
    )


def checked_text(what: str) -> str:
    """What to be reminded of. Raises ReminderRefused."""
    words = what.strip()
    if not words:
        raise ReminderRefused(gettext("Write what you want to be reminded of."))
    if len(words) > TEXT_MAX:
        message = gettext("Write at most {count} characters.").format(count=grouped(TEXT_MAX))
        raise ReminderRefused(message)
    return words


def first_time(when: datetime | Recurrence) -> datetime:
    """When it is told next. Raises ReminderRefused."""
    due = when.next_after(clock.now()) if isinstance(when, Recurrence) else when
    if due is None:
        raise ReminderRefused(gettext("That never comes."))
    return due


def move_reminder(reminder: Reminder, when: datetime | Recurrence) -> None:
    """Have it told then, also when it was over. Raises ReminderRefused."""
    again = when.to_json() if isinstance(when, Recurrence) else None
    _own(reminder).update(
        due_at=first_time(when),
        recurrence=again,
        ended_at=None,
        cancelled=False,
        untold_since=None,
    )


def reword_reminder(reminder: Reminder, what: str) -> None:
    """Have it say something else. Raises ReminderRefused."""
    _own(reminder).update(text=checked_text(what))


def snooze(reminder: Reminder, until: datetime) -> bool:
    """Have it told once more, then; one that comes again keeps its times besides. Pressed twice it
    is still once. False for one that a person ended."""
    if reminder.recurrence is None:
        told = _own(reminder).filter(cancelled=False, times__gt=0)
        return bool(told.update(due_at=until, ended_at=None))
    with transaction.atomic():
        if not _own(reminder).filter(cancelled=False).exists():
            return False
        values = {
            name: getattr(reminder, name)
            for name in ("organization_id", "chat_id", "message_thread_id", "text", "mention")
        }
        values |= {
            name: getattr(reminder, name)
            for name in ("telegram_user_id", "made_by_id", "made_by_name", "recipient_id")
        }
        values |= {name: getattr(reminder, name) for name in ("set_in_id", "set_in_thread")}
        values |= {"made_at": clock.now(), "due_at": until, "ended_at": None, "cancelled": False}
        Reminder.objects.update_or_create(put_off=reminder, defaults=values)
    return True


def end_reminder(reminder: Reminder) -> bool:
    """It is over; False when it was."""
    now = clock.now()
    still_open = _own(reminder).filter(~Q(due_at=None) | ~Q(untold_since=None))
    ended = {"due_at": None, "ended_at": now, "cancelled": True, "untold_since": None}
    return bool(still_open.update(**ended))


def restore_reminder(reminder: Reminder, due_at: datetime) -> bool:
    """Take its end back: it is told then, or at its next time; False where that is past."""
    now = clock.now()
    if reminder.recurrence is not None:
        again = recurrence_of(reminder)
        due = again.next_after(now) if again else None
    else:
        due = due_at if due_at > now else None
    if due is None:
        return False
    over = _own(reminder).filter(due_at=None)
    return bool(over.update(due_at=due, ended_at=None, cancelled=False))


def fire_due() -> int:
    """Tell what is due; returns how many. One's defect keeps no other back, and nobody's many."""
    now = clock.now()
    due = Reminder.objects.filter(due_at__lte=now).order_by("due_at")
    owners = due.order_by().values_list("organization", flat=True).distinct()
    told = 0
    for owner in list(owners):
        rows = due.filter(organization=owner).select_related(*telling.RELATED)
        for reminder in rows[:TOLD_AT_ONCE]:
            try:
                with transaction.atomic():
                    told += _fire(reminder, now)
            except OperationalError:
                raise  # the database is away: what is due stays so
            except Exception:
                log.exception("reminder %s could not be told", reminder.pk)
    return told


def recurrence_of(reminder: Reminder) -> Recurrence | None:
    """None for one that comes once, and for one that nobody can read any more."""
    if reminder.recurrence is None:
        return None
    try:
        return Recurrence.from_json(reminder.recurrence)
    except RecurrenceError:
        return None


def _fire(reminder: Reminder, now: datetime) -> bool:
    """Only the next time counts: what an outage missed is told once."""
    due_at, again = reminder.due_at, recurrence_of(reminder)
    assert due_at is not None  # only what is due comes here
    following = again.next_after(now) if again else None
    over = None if following else now
    mine = _own(reminder).filter(due_at=due_at)
    if not mine.update(due_at=following, ended_at=over, times=reminder.times + 1):
        return False
    if not telling.may_hear(reminder, reminder.chat, reminder.recipient):
        _own(reminder).update(due_at=None, ended_at=now)
        return False
    telling.tell(reminder, due_at, now)
    failpoints.hit("reminder.before_commit")
    return True


def _own(reminder: Reminder) -> Any:
    return Reminder.objects.for_organization(reminder.organization_id).filter(pk=reminder.pk)
