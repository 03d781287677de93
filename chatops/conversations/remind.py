"""/remind without all that it needs: of what, and when."""

from datetime import datetime
from typing import Any

from botapi.markup import text
from chatops.context import Context
from chatops.conversations.definition import Again, Dialogue, Step, Values
from chatops.conversations.questions import Answer, Choice, Prompt
from chatops.reminders import setting
from chatops.reminders.changes import ReminderRefused, checked_text
from chatops.responding import told
from chatops.responding.acting import Done
from chatops.when.reading import read_occasion
from chatops.when.readings import Instant, Refused, Unclear
from chatops.when.recurrences import Recurrence
from languages.speaking import gettext, gettext_noop, pgettext

EXAMPLES = gettext_noop("tomorrow 9:00, in 2h, weekdays 9:15")
LENGTHS = (
    (gettext_noop("in 30 minutes"), gettext_noop("in 1 hour")),
    (gettext_noop("in 3 hours"), gettext_noop("tomorrow 9:00")),
)


def _ask_what(context: Context, values: Values) -> Prompt:
    words = gettext("What shall I remind you of?")
    return Prompt(told.html([text(words)]), placeholder=gettext("call Ann"))


def _take_what(context: Context, values: Values, answer: Answer) -> str:
    try:
        return checked_text(answer.text)
    except ReminderRefused as refusal:
        raise Again(str(refusal)) from None


def _ask_when(context: Context, values: Values) -> Prompt:
    if ways := values.get("ways"):
        each = tuple((Choice(shown, read),) for shown, read in ways["choices"])
        return Prompt(told.html([text(ways["question"])]), each)
    rows = tuple(tuple(Choice(gettext(length), length) for length in row) for row in LENGTHS)
    examples = gettext(EXAMPLES)
    words = gettext("When? Choose, or write it: {examples}.").format(examples=examples)
    return Prompt(told.html([text(words)]), rows, placeholder=examples)


def _take_when(context: Context, values: Values, answer: Answer) -> Any:
    words = answer.value or answer.text
    found = read_occasion(
        words,
        now=context.now,
        zone=context.zone,
        longest=setting.LONGEST,
        shortest=setting.SHORTEST,
    )
    if isinstance(found, Unclear):
        raise Again(which_is_meant(found))
    if isinstance(found, Refused):
        raise Again(found.reason)
    return stored(found)


def which_is_meant(unclear: Unclear[Any]) -> str:
    """The question, and what it is about to choose from: "9:00 today or 9:00 tomorrow?"."""
    between = pgettext("between choices", "or")
    choices = f" {between} ".join(choice.shown for choice in unclear.choices)
    return f"{unclear.question} {choices}?"


def stored(found: Instant | Recurrence) -> Any:
    """As a step's value: a text, or an object."""
    return found.at.isoformat() if isinstance(found, Instant) else found.to_json()


def _finish(context: Context, values: Values) -> Done:
    when = values["when"]
    at = datetime.fromisoformat(when) if isinstance(when, str) else Recurrence.from_json(when)
    return setting.make(context, values["what"], at, values.get("whom", ""))


REMIND = Dialogue(
    kind="remind",
    steps=(Step("what", _ask_what, _take_what), Step("when", _ask_when, _take_when)),
    finish=_finish,
    version=2,
)
