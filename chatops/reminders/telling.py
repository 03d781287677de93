"""A reminder that is due is told: in its chat, and where that is a person's who lets the bot write
no more, where it was asked for. What can be told nowhere waits until the person is back."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F

from accounts.models import Membership, User
from alerts.group_views import first_zone
from channels_app.bots import bots_usable_by
from channels_app.models import Chat
from chatops.linking.chat_language import chat_language
from chatops.linking.preferences import in_quiet_hours
from chatops.models import Reminder, TelegramIdentity
from chatops.reminders import text
from deliveries import clock, outbox
from deliveries.models import Delivery, SentMessage
from languages.speaking import speaking

LATE = timedelta(minutes=5)
"""What is told later than this says when it was due."""
RELATED = ("chat__bot", "set_in__bot", "organization", "made_by", "recipient")
"""Of a reminder that is told."""


def tell(reminder: Reminder, due_at: datetime, now: datetime) -> None:
    """Put it into the outbox, in the caller's transaction; its RELATED are loaded."""
    if reminder.chat.blocked_at is not None:
        _tell_elsewhere(reminder, due_at, now)
        return
    with speaking(chat_language(reminder.chat, reminder.organization)):
        words = text.told(
            reminder.text, reminder.mention, _late(due_at, now), zone_of(reminder), now
        )
        silent = _is_quiet(reminder, now)
        message = _say(reminder, reminder.chat, reminder.message_thread_id, words, silent=silent)
    _own(reminder).update(last_message=message)


def person_left(delivery: Delivery) -> None:
    """What this delivery was to tell in private was refused."""
    if delivery.target_id is None:
        return
    rows = Reminder.objects.for_organization(delivery.organization_id)
    reminder = rows.filter(last_message=delivery.target_id).select_related(*RELATED).first()
    if reminder is not None:
        _tell_elsewhere(reminder, delivery.due_at, clock.now())


def person_is_back(chat: Chat) -> int:
    """Tell now what could not be told in this private chat; how many reminders."""
    untold = Reminder.objects.filter(chat=chat, untold_since__isnull=False)
    return untold.update(due_at=F("untold_since"), untold_since=None, ended_at=None)


def may_hear(reminder: Reminder, chat: Chat, person: User | None) -> bool:
    """While the bot serves the organization; in private while the person is a member, elsewhere
    while the chat is the organization's."""
    owner = reminder.organization_id
    if not bots_usable_by(owner).filter(pk=chat.bot_id).exists():
        return False
    if chat.type != Chat.Type.PRIVATE:
        return chat.organization_id == owner
    if person is None:
        return False
    members = Membership.objects.for_organization(owner)
    return members.filter(user=person, user__is_active=True).exists()


def zone_of(reminder: Reminder) -> ZoneInfo:
    """Its maker's, else the organization's."""
    user = reminder.made_by
    return first_zone(user.timezone if user else "", reminder.organization.timezone)


def _tell_elsewhere(reminder: Reminder, due_at: datetime, now: datetime) -> None:
    where = reminder.set_in
    if (
        where is None
        or where.pk == reminder.chat_id
        or where.blocked_at is not None
        or not may_hear(reminder, where, reminder.made_by)
    ):
        _own(reminder).update(untold_since=due_at, last_message=None)
        return
    with speaking(chat_language(where, reminder.organization)):
        words = text.told_elsewhere(
            reminder.text, _name(reminder), _late(due_at, now), zone_of(reminder), now
        )
        message = _say(reminder, where, reminder.set_in_thread, words)
    _own(reminder).update(last_message=message)


def _say(
    reminder: Reminder, chat: Chat, thread: int, words: tuple[str, str], *, silent: bool = False
) -> SentMessage:
    params: dict[str, Any] = {
        "text": words[0],
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "reply_markup": text.told_keyboard(reminder.pk),
    }
    if silent:
        params["disable_notification"] = True
    if thread:
        params["message_thread_id"] = thread
    return outbox.send(
        outbox.open_stream(reminder.organization_id, chat),
        outbox.Call("sendMessage", params, plain_text=words[1]),
        channel=None,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.HIGH,
        kind=SentMessage.Kind.TEXT,
        due_at=clock.now(),
    )


def _late(due_at: datetime, now: datetime) -> datetime | None:
    return due_at if now - due_at > LATE else None


def _is_quiet(reminder: Reminder, now: datetime) -> bool:
    """Whether somebody else's reminder comes in the quiet hours of whom it is told: what they asked
    for themselves rings."""
    if reminder.recipient is None or reminder.recipient_id == reminder.made_by_id:
        return False
    return any(
        in_quiet_hours(identity, now, zone_of(reminder)) for identity in _identities(reminder)
    )


def _name(reminder: Reminder) -> str:
    """Whose private chat it is, as Telegram shows them."""
    return next((str(one) for one in _identities(reminder)), "") or str(reminder.chat)


def _identities(reminder: Reminder) -> list[TelegramIdentity]:
    rows = TelegramIdentity.objects.filter(
        user=reminder.recipient, telegram_id=reminder.chat.chat_id or 0
    )
    return list(rows)


def _own(reminder: Reminder) -> Any:
    return Reminder.objects.for_organization(reminder.organization_id).filter(pk=reminder.pk)
