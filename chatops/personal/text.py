"""What the bot says in private of what was assigned to somebody. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.rendering.times import Times
from botapi.markup import Node, bold, text
from chatops.responding import told
from chatops.responding.told import GroupRow
from languages.speaking import gettext, ngettext, pgettext

GROUPS_MAX = 20
"""In one message."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """A group of theirs. `by`: who said so; `held`: in their quiet hours."""

    row: GroupRow
    by: str
    held: bool = False


def one(assigned: Assigned, card: str) -> str:
    """ "👤 Assigned to you by Bert" above the alert itself, both as HTML."""
    words = (
        gettext("Assigned to you by {name} in your quiet hours")
        if assigned.held
        else gettext("Assigned to you by {name}")
    )
    lead: list[Node] = [text("👤 "), bold(words.format(name=told.name_of(assigned.by)))]
    return f"{told.html(lead)}\n\n{card}"


def several(assigned: Sequence[Assigned], times: Times) -> str:
    """A line for each."""
    count = len(assigned)
    words = (
        ngettext(
            "Assigned to you: {count} alert, in your quiet hours",
            "Assigned to you: {count} alerts, some in your quiet hours",
            count,
        )
        if any(one.held for one in assigned)
        else ngettext("Assigned to you: {count} alert", "Assigned to you: {count} alerts", count)
    )
    head: list[Node] = [text("👤 "), bold(words.format(count=count))]
    rows = [[*told.group_row(one.row, times), text(f" · {_by(one)}")] for one in assigned]
    return told.lines(head, rows)


def _by(assigned: Assigned) -> str:
    return pgettext("assigned", "by {name}").format(name=told.name_of(assigned.by))
