"""Chats that a bot was added to without a link: it offers itself there once, and leaves when nobody
connects the chat within a day."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from botapi import callback_data
from botapi.errors import BotApiError, BotApiFailure
from botapi.guard import InvalidAddress
from botapi.keyboards import CallbackButton, keyboard
from botapi.methods import leave_chat, perform
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import NotificationChannel
from chatops import replies
from chatops.context import Context
from chatops.incoming import SeenChat
from chatops.linking.identities import identity_of
from chatops.linking.preferences import language_with
from chatops.models import ChatOffer, UnclaimedChat
from chatops.one_by_one import each
from deliveries import clock, wakeup
from languages.speaking import gettext, gettext_noop, speaking

log = logging.getLogger(__name__)

LEAVE = "chatops.leave"
CONNECT = "gc"
"""The button's verb."""
OFFER_AFTER = timedelta(seconds=5)
"""Who adds the bot by a link says so within that time: then nothing has to be offered."""
STAY = timedelta(hours=24)
TRY_AGAIN = timedelta(minutes=30)
LEAVE_SECONDS = 5.0
AT_ONCE = 20
GONE = (400, 403)
"""Telegram's answers by which the bot is not there any more."""

OFFER_TEXT = gettext_noop(
    "Hello. I bring alerts to chats. An administrator of this group can connect it to their "
    "organization here; if nobody does, I leave tomorrow."
)


def arrive(context: Context, seen: SeenChat) -> None:
    """The bot was added to a group or channel that is nobody's yet."""
    UnclaimedChat.objects.update_or_create(
        bot=context.bot,
        chat_id=seen.id,
        defaults={
            "type": seen.type[:10],
            "title": seen.title[:255],
            "added_by": context.sender.id,
            "arrived_at": context.now,
            "offer_at": context.now + OFFER_AFTER if seen.type != "channel" else None,
            "leave_at": context.now + STAY,
        },
    )


def depart(context: Context, chat_id: int) -> None:
    """The bot is not there any more."""
    UnclaimedChat.objects.filter(bot=context.bot, chat_id=chat_id).delete()


def sweep() -> int:
    """Offer where it is time, forget what was connected; how many chats. What nobody wanted is left
    by another task, which waits for Telegram."""
    done = _forget_connected()
    now = clock.now()
    done += each(_unclaimed().filter(offer_at__lte=now).order_by("offer_at")[:AT_ONCE], _offer)
    if _unclaimed().filter(leave_at__lte=now).exists():
        wakeup.wake(LEAVE)
    return done


def leave_due() -> int:
    """Leave one chat that nobody wanted, on the network, and have the next one left; how many.

    One by one, so that people's updates do not wait for many.
    """
    due = _unclaimed().filter(leave_at__lte=clock.now()).order_by("leave_at")
    row = due.first()
    left = _leave(row) if row is not None else 0
    if due.exists():
        wakeup.wake(LEAVE)
    return left


def _unclaimed() -> QuerySet[UnclaimedChat]:
    rows = UnclaimedChat.objects.filter(bot__enabled=True, bot__proven_at__isnull=False)
    return rows.select_related("bot__organization")


def _forget_connected() -> int:
    """Somebody may have entered the chat's number by hand."""
    channels = NotificationChannel.objects.filter(
        chat__bot=OuterRef("bot"), chat__chat_id=OuterRef("chat_id")
    )
    found = UnclaimedChat.objects.filter(Exists(channels)).values_list("pk", flat=True)[:AT_ONCE]
    deleted, _ = UnclaimedChat.objects.filter(pk__in=list(found)).delete()
    return deleted


def _is_connected(row: UnclaimedChat) -> bool:
    channels = NotificationChannel.objects.filter(chat__bot=row.bot, chat__chat_id=row.chat_id)
    return channels.exists()


def _offer(row: UnclaimedChat) -> int:
    """Once: the mark and the message are one transaction."""
    is_shown = ChatOffer.objects.filter(bot=row.bot, chat_id=row.chat_id, closed_at=None).exists()
    with transaction.atomic():
        mine = UnclaimedChat.objects.filter(pk=row.pk, offer_at=row.offer_at)
        if not mine.update(offer_at=None) or is_shown:
            return 0
        seen = SeenChat(row.chat_id, row.type, row.title)
        with speaking(_language(row)):
            label = gettext("Connect this chat")
            button = CallbackButton(label, callback_data.pack(CONNECT, row.pk))
            text = gettext(OFFER_TEXT)
            replies.tell(row.bot, seen, row.bot.organization_id, text, keyboard([button]))
    return 1


def _language(row: UnclaimedChat) -> str:
    """Of whoever brought the bot there, where they are known: the chat is nobody's yet."""
    owner = row.bot.organization
    known = identity_of(row.bot, row.added_by)
    return language_with(known, owner) if known is not None else owner.language


def _leave(row: UnclaimedChat) -> int:
    """Whoever moves the time makes the call; one that died is followed by another later."""
    mine = UnclaimedChat.objects.filter(pk=row.pk, leave_at=row.leave_at)
    again = clock.now() + TRY_AGAIN
    if not mine.update(leave_at=again) or _is_connected(row):
        return 0
    try:
        perform(
            client_for(row.bot), token_of(row.bot), leave_chat(row.chat_id), timeout=LEAVE_SECONDS
        )
    except BotApiError as refusal:
        log.info("leaving a chat with bot %s: %s", row.bot_id, refusal)
        if refusal.error_code not in GONE:
            return 0
    except (BotApiFailure, InvalidAddress, CannotDecrypt) as failure:
        log.info("leaving a chat with bot %s: %s", row.bot_id, failure)
        return 0
    UnclaimedChat.objects.filter(pk=row.pk, leave_at=again).delete()
    return 1
