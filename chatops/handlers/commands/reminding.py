"""/remind and /reminders."""

import re
from typing import Any

from botapi.markup import text
from chatops.conversations.engine import begin
from chatops.conversations.remind import REMIND, stored, which_is_meant
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked
from chatops.handlers.commands.reading import listed
from chatops.models import Reminder
from chatops.reminders import changes, setting
from chatops.reminders.changes import ReminderRefused
from chatops.reminders.setting import cancelled
from chatops.reminders.text import understood
from chatops.replies import reply
from chatops.responding import told
from chatops.when.reading import read_occasion
from chatops.when.readings import Instant, Refused, Unclear
from chatops.when.splitting import split_reminder
from languages.speaking import gettext, gettext_noop

NOBODY = gettext_noop("I cannot tell who you are, so I cannot remind you. Write in your own name.")
NO_SUCH = gettext_noop("There is no reminder {number} here. /reminders numbers them.")
HOW = gettext_noop(
    "Write what to change: /reminders 2 tomorrow 9:00, /reminders 2 say call Bob, or cancel."
)
_CHANGE = re.compile(r"#?(\d{1,4})(?:\s+(.*))?", re.DOTALL)
_SAY = re.compile(r"(?:say|text)\b[ :]*(.*)", re.DOTALL | re.IGNORECASE)


def remind(asked: Asked) -> Handled:
    """At once where all is told; else what is missing is asked."""
    context = asked.context
    if context.incoming.sender is None:
        return _say(asked, gettext(NOBODY), "/remind: nobody")
    wanted = setting.for_whom(asked.rest)
    known: dict[str, Any] = {"whom": wanted.whom}
    split = split_reminder(wanted.what)
    if isinstance(split, Unclear):
        known |= {"what": wanted.what, "ways": _ways(split)}
        return begin(context, REMIND, known)
    if split.subject:
        known["what"] = split.subject
    if split.when:
        found = _read(asked, split.when)
        if isinstance(found, Refused):
            return _say(asked, found.reason, "/remind: no time")
        if isinstance(found, Unclear):
            known["ways"] = _ways(found)
        else:
            known["when"] = stored(found)
    return begin(context, REMIND, known)


def reminders(asked: Asked) -> Handled:
    """What is to come; and changes of it: "2 tomorrow 9:00", "2 say call Bob", "2 cancel"."""
    if not asked.rest:
        return listed(asked.context, "reminders", "")
    change = _CHANGE.fullmatch(asked.rest)
    if change is None:
        return _say(asked, gettext(HOW), "/reminders: not understood")
    number, words = int(change[1]), (change[2] or "").strip()
    rows = setting.own_or_here(asked.context)
    if not 1 <= number <= len(rows):
        words = gettext(NO_SUCH).format(number=number)
        return _say(asked, words, "/reminders: no such number")
    reminder = rows[number - 1]
    sender = asked.context.incoming.sender
    if sender is None or reminder.telegram_user_id != sender.id:
        name = told.name_of(reminder.made_by_name)
        words = gettext("That one is {name}'s.").format(name=name)
        return _say(asked, words, "/reminders: somebody else's")
    return _change(asked, reminder, words)


def _change(asked: Asked, reminder: Reminder, words: str) -> Handled:
    if words.lower() in ("cancel", "delete", "off", "done"):
        due = reminder.due_at or reminder.untold_since
        if due is None or not changes.end_reminder(reminder):
            return _say(asked, gettext("That one is over."), "/reminders: over")
        words, buttons = cancelled(reminder, due)
        reply(asked.context, words, buttons)
        return Handled("cancelled a reminder")
    try:
        if said := _SAY.fullmatch(words):
            changes.reword_reminder(reminder, said[1])
        else:
            found = _read(asked, words)
            if isinstance(found, Refused):
                return _say(asked, f"{found.reason} {gettext(HOW)}", "/reminders: no time")
            if isinstance(found, Unclear):
                return _say(asked, which_is_meant(found), "/reminders: unclear")
            when = found.at if isinstance(found, Instant) else found
            changes.move_reminder(reminder, when)
    except ReminderRefused as refusal:
        return _say(asked, str(refusal), "/reminders: refused")
    reminder.refresh_from_db()
    context = asked.context
    again = changes.recurrence_of(reminder)
    then = again or reminder.due_at
    assert then is not None  # it was just given a time
    nodes = understood(reminder.text, then, "you", context.zone, context.now)
    reply(context, told.html(nodes))
    return Handled("changed a reminder")


def _read(asked: Asked, words: str) -> Any:
    return read_occasion(
        words,
        now=asked.context.now,
        zone=asked.context.zone,
        longest=setting.LONGEST,
        shortest=setting.SHORTEST,
    )


def _ways(unclear: Unclear[Any]) -> dict[str, Any]:
    choices = [(choice.shown, choice.text) for choice in unclear.choices]
    return {"question": unclear.question, "choices": choices}


def _say(asked: Asked, words: str, outcome: str) -> Handled:
    reply(asked.context, told.html([text(words)]))
    return Handled(outcome)
