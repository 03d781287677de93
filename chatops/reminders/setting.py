"""Whom a reminder is for, as people say it, and what the answer says of it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce

from botapi.callback_data import pack
from botapi.keyboards import CallbackButton, InlineKeyboard, keyboard
from botapi.markup import Node, bold
from botapi.markup import text as text_node
from channels_app.models import Chat
from channels_app.persons import open_chat
from chatops.context import Context
from chatops.linking.identities import speaks_for_telegram
from chatops.models import Reminder, TelegramIdentity
from chatops.reminders import text
from chatops.reminders.changes import (
    LONGEST,
    SHORTEST,
    ReminderRefused,
    Where,
    make_reminder,
)
from chatops.replies import chat_of
from chatops.responding import told
from chatops.responding.acting import Done
from chatops.responding.pressing import actor_of
from chatops.when.languages.known import spoken_language
from chatops.when.recurrences import Recurrence
from chatops.when.splitting import Split, split_reminder
from languages.speaking import gettext

__all__ = ["LONGEST", "SHORTEST", "cancelled", "for_whom", "make", "own_or_here"]

_NAME = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}\b")
_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = " ,:"
_OF = ("to", "of", "about")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`whom`: "me", "us" or "@name"; `what`: the rest."""

    whom: str
    what: str


@dataclass(frozen=True, slots=True)
class Called:
    """Whom the answer says that it reminds; `name`: of "them"."""

    whom: text.Whom
    name: str = ""


def for_whom(words: str) -> Wanted:
    """ "me to call Ann", "us: stand-up", "@robert check disks", "mich an den Anruf"; without any
    it is for who asks, in a group for the group."""
    whom, rest = _addressed(words)
    of = _word(rest)
    if of in (*_OF, *spoken_language().to):
        rest = rest[len(of) :]
    return Wanted(whom, rest.strip())


def _addressed(words: str) -> tuple[str, str]:
    """Whom, and what follows."""
    language = spoken_language()
    if name := _NAME.match(words):
        return name[0], words[name.end() :].lstrip(_BETWEEN)
    word = _word(words)
    whom = "me" if word in language.me else "us" if word in language.us else ""
    if not whom or _begins_with_a_time(words):
        return "", words
    return whom, words[len(word) :].lstrip(_BETWEEN)


def _begins_with_a_time(words: str) -> bool:
    """As "alle 3 Wochen am Dienstag" does, where "alle" is not everybody."""
    split = split_reminder(words)
    return isinstance(split, Split) and bool(split.when) and words.startswith(split.when)


def _word(text: str) -> str:
    """The word with which it begins, in lower case."""
    found = _WORD.match(text)
    return found[0].lower() if found else ""


def make(context: Context, what: str, when: datetime | Recurrence, whom: str) -> Done:
    """Make it, and say what was understood."""
    organization, sender = context.organization, context.incoming.sender
    if organization is None or sender is None:
        words = gettext("Choose an organization first.")
        return Done("nobody's reminder", told.html([text_node(words)]))
    try:
        where, called = _where(context, whom)
        made = make_reminder(actor_of(context), organization, sender.id, where, what, when)
    except ReminderRefused as refusal:
        return Done("reminder refused", told.html([text_node(str(refusal))]))
    nodes = text.understood(
        made.text, when, called.whom, context.zone, context.now, name=called.name
    )
    return Done("reminder made", told.html(nodes), _take_back(made.pk))


def cancelled(reminder: Reminder, due: datetime) -> tuple[str, InlineKeyboard | None]:
    """What the answer says of one that was to come then, with a button to take that back."""
    argument = str(int(due.timestamp()))
    button = CallbackButton(gettext("↩️ Undo"), pack(text.UNDO, reminder.pk, argument))
    lead = gettext("Cancelled:")
    nodes: list[Node] = [text_node(f"{lead} "), bold(text.short(reminder.text))]
    return told.html(nodes), keyboard([button])


def _take_back(pk: UUID) -> InlineKeyboard | None:
    return keyboard([CallbackButton(gettext("Cancel it"), pack(text.END, pk))])


def own_or_here(context: Context) -> list[Reminder]:
    """Those that are to come: of this chat, and in private all of the person's own."""
    if context.organization is None or context.incoming.sender is None:
        return []
    to_come = ~Q(due_at=None) | ~Q(untold_since=None)
    rows = Reminder.objects.for_organization(context.organization).filter(to_come)
    if context.is_private:
        rows = rows.filter(telegram_user_id=context.incoming.sender.id)
    else:
        rows = rows.filter(chat=context.chat)
    by_time = Coalesce("untold_since", "due_at")
    return list(rows.select_related("chat").order_by(by_time, "pk"))


def _where(context: Context, whom: str) -> tuple[Where, Called]:
    """Where it is told, and what the answer calls whom."""
    where, called = _meant(context, whom)
    thread = context.incoming.message_thread_id or 0
    return replace(where, set_in=chat_of(context), set_in_thread=thread), called


def _meant(context: Context, whom: str) -> tuple[Where, Called]:
    here = Where(chat_of(context), context.incoming.message_thread_id or 0)
    sender = context.incoming.sender
    if context.is_private and not whom.startswith("@"):
        return Where(here.chat, here.message_thread_id, recipient=context.user), Called("you")
    if whom == "me" and sender is not None:
        own = _private_chat(context, context.identity)
        if own is not None:
            return Where(own, recipient=context.user), Called("you_in_private")
        name = f"@{sender.username}" if sender.username else sender.name
        return Where(here.chat, here.message_thread_id, name), Called("you")
    if whom.startswith("@"):
        # Into somebody's private chat a member may have written, and where they let the bot.
        person = _linked(context, whom[1:]) if context.membership is not None else None
        wanted = person if person is not None and person.direct_messages else None
        own = _private_chat(context, wanted)
        if own is not None and wanted is not None:
            return Where(own, recipient=wanted.user), Called("them_in_private", whom)
        if context.is_private:
            message = gettext("I may not write to {name}. Ask in a group, where I name them.")
            raise ReminderRefused(message.format(name=whom))
        return Where(here.chat, here.message_thread_id, whom), Called("them_here", whom)
    return here, Called("this_chat")


def _private_chat(context: Context, identity: TelegramIdentity | None) -> Chat | None:
    return None if identity is None else open_chat(context.bot, identity.telegram_id)


def _linked(context: Context, username: str) -> TelegramIdentity | None:
    """A member of the organization with this name in Telegram."""
    realm = None if speaks_for_telegram(context.bot) else context.bot
    rows = TelegramIdentity.objects.filter(bot=realm, username__iexact=username)
    return rows.filter(user__memberships__organization=context.organization).first()
