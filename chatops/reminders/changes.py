"""Reminders are made, moved, ended, and told when they are due.

Telling one is a short transaction: the row moves on to its next time, or is over, by a conditional
UPDATE, and its message stands in the outbox. So each is told once, whoever looks.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import OperationalError, transaction

from accounts.audit import Actor
from accounts.models import Membership, Organization, User
from alerts.group_views import first_zone
from botapi import failpoints
from channels_app.bots import bots_usable_by
from channels_app.models import Chat
from chatops.linking.preferences import in_quiet_hours
from chatops.models import Reminder, TelegramIdentity
from chatops.reminders import text
from chatops.when.recurrences import Recurrence, RecurrenceError
from deliveries import clock, outbox
from deliveries.models import Delivery, SentMessage

log = logging.getLogger(__name__)

TEXT_MAX = 1_000
OPEN_MAX, OPEN_OF_ONE = 2_000, 200
LONGEST = timedelta(days=5 * 366)
SHORTEST = timedelta(minutes=5)
"""Between two times of one that comes again and again."""
LATE = timedelta(minutes=5)
"""What is told later than this says when it was due."""
TOLD_AT_ONCE = 50
"""Of one organization."""


class ReminderRefused(ValueError):
    """It cannot be made or changed; the text says why."""


@dataclass(frozen=True, slots=True)
class Where:
    """The chat and topic that are told, and whom to name there; "" for nobody. `recipient`: whose
    private chat it is."""

    chat: Chat
    message_thread_id: int = 0
    mention: str = ""
    recipient: User | None = None


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
        raise ReminderRefused(f"{organization.name} has {OPEN_MAX:,} reminders already.")
    if rows.filter(telegram_user_id=telegram_user_id).count() >= OPEN_OF_ONE:
        raise ReminderRefused(f"You have {OPEN_OF_ONE} reminders already. /reminders lists them.")
    return Reminder.objects.create(
        organization=organization,
        chat=where.chat,
        message_thread_id=where.message_thread_id,
        mention=where.mention[:160],
        recipient=where.recipient,
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
        raise ReminderRefused("Write what you want to be reminded of.")
    if len(words) > TEXT_MAX:
        raise ReminderRefused(f"Write at most {TEXT_MAX:,} characters.")
    return words


def first_time(when: datetime | Recurrence) -> datetime:
    """When it is told next. Raises ReminderRefused."""
    due = when.next_after(clock.now()) if isinstance(when, Recurrence) else when
    if due is None:
        raise ReminderRefused("That never comes.")
    return due


def move_reminder(reminder: Reminder, when: datetime | Recurrence) -> None:
    """Have it told then, also when it was over. Raises ReminderRefused."""
    again = when.to_json() if isinstance(when, Recurrence) else None
    _own(reminder).update(due_at=first_time(when), recurrence=again, ended_at=None, cancelled=False)


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
        values |= {"made_at": clock.now(), "due_at": until, "ended_at": None, "cancelled": False}
        Reminder.objects.update_or_create(put_off=reminder, defaults=values)
    return True


def end_reminder(reminder: Reminder) -> bool:
    """It is over; False when it was."""
    now = clock.now()
    still_open = _own(reminder).filter(due_at__isnull=False)
    return bool(still_open.update(due_at=None, ended_at=now, cancelled=True))


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
        rows = due.filter(organization=owner).select_related(
            "chat__bot", "organization", "made_by", "recipient"
        )
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


def zone_of(reminder: Reminder) -> ZoneInfo:
    """Its maker's, else the organization's."""
    user = reminder.made_by
    return first_zone(user.timezone if user else "", reminder.organization.timezone)


def _fire(reminder: Reminder, now: datetime) -> bool:
    """Only the next time counts: what an outage missed is told once."""
    again = recurrence_of(reminder)
    following = again.next_after(now) if again else None
    over = None if following else now
    mine = _own(reminder).filter(due_at=reminder.due_at)
    if not mine.update(due_at=following, ended_at=over, times=reminder.times + 1):
        return False
    if not _may_still_hear(reminder):
        _own(reminder).update(due_at=None, ended_at=now)
        return False
    _tell(reminder, now)
    failpoints.hit("reminder.before_commit")
    return True


def _may_still_hear(reminder: Reminder) -> bool:
    """While the bot serves the organization; in private while the person is a member, elsewhere
    while the chat is the organization's."""
    chat, owner = reminder.chat, reminder.organization_id
    if not bots_usable_by(owner).filter(pk=chat.bot_id).exists():
        return False
    if chat.type != Chat.Type.PRIVATE:
        return chat.organization_id == owner
    if reminder.recipient is None:
        return False
    members = Membership.objects.for_organization(owner)
    return members.filter(user=reminder.recipient, user__is_active=True).exists()


def _tell(reminder: Reminder, now: datetime) -> SentMessage:
    assert reminder.due_at is not None  # only what is due comes here
    late = reminder.due_at if now - reminder.due_at > LATE else None
    words, plain = text.told(reminder.text, reminder.mention, late, zone_of(reminder), now)
    params: dict[str, Any] = {
        "text": words,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": text.told_keyboard(reminder.pk),
    }
    if _is_quiet(reminder, now):
        params["disable_notification"] = True
    if reminder.message_thread_id:
        params["message_thread_id"] = reminder.message_thread_id
    return outbox.send(
        outbox.open_stream(reminder.organization_id, reminder.chat),
        outbox.Call("sendMessage", params, plain_text=plain),
        channel=None,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.HIGH,
        kind=SentMessage.Kind.TEXT,
        due_at=now,
    )


def _is_quiet(reminder: Reminder, now: datetime) -> bool:
    """Whether somebody else's reminder comes in the quiet hours of whom it is told: what they asked
    for themselves rings."""
    if reminder.recipient is None or reminder.recipient_id == reminder.made_by_id:
        return False
    rows = TelegramIdentity.objects.filter(
        user=reminder.recipient, telegram_id=reminder.chat.chat_id or 0
    )
    return any(in_quiet_hours(identity, now, zone_of(reminder)) for identity in rows)


def _own(reminder: Reminder) -> Any:
    return Reminder.objects.for_organization(reminder.organization_id).filter(pk=reminder.pk)
