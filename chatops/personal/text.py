"""What the bot says in private of what was assigned to somebody. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.rendering.times import Times
from botapi.markup import Node, bold, text
from chatops.responding import told
from chatops.responding.told import GroupRow

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
    lead: list[Node] = [text("👤 "), bold(f"Assigned to you by {told.name_of(assigned.by)}")]
    if assigned.held:
        lead.append(text(" in your quiet hours"))
    return f"{told.html(lead)}\n\n{card}"


def several(assigned: Sequence[Assigned], times: Times) -> str:
    """A line for each."""
    head: list[Node] = [text("👤 "), bold(f"Assigned to you: {len(assigned)} alerts")]
    if any(one.held for one in assigned):
        head.append(text(", some in your quiet hours"))
    rows = [
        [*told.group_row(one.row, times), text(f" · by {told.name_of(one.by)}")] for one in assigned
    ]
    return told.lines(head, rows)
