"""What reminders look like in a chat. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from alerts.rendering.words import isolate, one_line, shorten_end
from botapi.callback_data import pack
from botapi.keyboards import CallbackButton, keyboard
from botapi.markup import Node, bold, italic, render, text
from chatops.when import saying
from chatops.when.recurrences import Recurrence
from languages.speaking import gettext, gettext_noop

END, UNDO, SNOOZE = "re", "ru", "rs"
"""Verbs of buttons: it is over; take that back (until when, Unix seconds); once more later."""
SNOOZES = (
    (gettext_noop("10 min"), "10"),
    (gettext_noop("1 h"), "60"),
    (gettext_noop("1 day"), "1440"),
)
"""Labels and minutes."""
ROW_MAX = 60
Whom = Literal["you", "you_in_private", "them_in_private", "them_here", "this_chat"]
"""Who is reminded, and where. "them" have a name."""


@dataclass(frozen=True, slots=True)
class Row:
    """A reminder in a list. `again`: None for once; `where`: "" where all are of this chat;
    `untold`: it was due then, and whom it is for lets the bot write no more."""

    text: str
    due_at: datetime
    again: Recurrence | None
    where: str = ""
    untold: bool = False


def told(
    words: str, mention: str, late: datetime | None, zone: ZoneInfo, now: datetime
) -> tuple[str, str]:
    """HTML and plain words of one that is due. `late`: when it was due, where that is long ago."""
    nodes: list[Node] = [text("⏰ ")]
    if mention:
        nodes.append(text(f"{mention}: "))
    nodes.append(bold(words))
    if late is not None:
        due = saying.told(late, zone, now, exact=False)
        words = gettext("It was due {time} ({zone}); I could not tell it then.")
        nodes.append(italic("\n" + words.format(time=due, zone=zone.key)))
    return render(nodes, "HTML"), render(nodes, "")


def told_elsewhere(
    words: str, name: str, late: datetime | None, zone: ZoneInfo, now: datetime
) -> tuple[str, str]:
    """The same, in the chat where it was asked for: whom it was for, and that the bot may not."""
    nodes: list[Node] = [text(f"⏰ {isolate(name)}: "), bold(words)]
    why = gettext("This was to come in private, but they let me write no more.")
    if late is not None:
        due = saying.told(late, zone, now, exact=False)
        why += " " + gettext("It was due {time} ({zone}).").format(time=due, zone=zone.key)
    nodes.append(italic(f"\n{why}"))
    return render(nodes, "HTML"), render(nodes, "")


def told_keyboard(reminder: UUID) -> dict[str, object]:
    """Once more later."""
    row = [
        CallbackButton(gettext(label), pack(SNOOZE, reminder, minutes))
        for label, minutes in SNOOZES
    ]
    made = keyboard(row)
    assert made is not None  # it has buttons
    return made.as_json()


def understood(
    words: str,
    when: datetime | Recurrence,
    whom: Whom,
    zone: ZoneInfo,
    now: datetime,
    *,
    name: str = "",
) -> list[Node]:
    """ "⏰ I remind you tomorrow 09:00 (Europe/Berlin): call Ann"."""
    if isinstance(when, Recurrence):
        said = saying.said(when, zone, now)
    else:
        said = f"{saying.told(when, zone, now, exact=False)} ({zone.key})"
    lead = _reminding(whom).format(time=said, name=name)
    return [text(f"⏰ {lead}\n"), bold(short(words))]


def _reminding(whom: Whom) -> str:
    match whom:
        case "you":
            return gettext("I remind you {time}:")
        case "you_in_private":
            return gettext("I remind you, in private, {time}:")
        case "them_in_private":
            return gettext("I remind {name}, in private, {time}:")
        case "them_here":
            return gettext("I remind {name} here {time}:")
        case "this_chat":
            return gettext("I remind this chat {time}:")
        case _:
            assert_never(whom)


def listed(rows: Sequence[Row], first: int, zone: ZoneInfo, now: datetime) -> list[list[Node]]:
    """Numbered from `first`: "1. call Ann · tomorrow 09:00"."""
    lines: list[list[Node]] = []
    for number, row in enumerate(rows, first):
        told_at = saying.told(row.due_at, zone, now, exact=False)
        again = f", {row.again}" if row.again else ""
        where = f" · {isolate(row.where)}" if row.where else ""
        if row.untold:
            where += " · " + gettext("could not be told: I am blocked there")
        lines.append(
            [text(f"{number}. "), bold(short(row.text)), text(f" · {told_at}{again}{where}")]
        )
    return lines


def short(words: str) -> str:
    """On one line, as long as a phone shows."""
    return isolate(shorten_end(one_line(words), ROW_MAX))
