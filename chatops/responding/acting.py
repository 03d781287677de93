"""What commands and their buttons do to a group, what the answer says of it, and how it is taken
back."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from alerts import responding
from alerts.models import AlertGroup
from alerts.responding import ResponseRefused
from botapi import callback_data
from botapi.keyboards import CallbackButton, InlineKeyboard, keyboard
from botapi.markup import Node, bold, text
from chatops.context import Context
from chatops.responding import told
from chatops.responding.pressing import actor_of

UNDO = "cu"
CHOOSE = "cg"


@dataclass(frozen=True, slots=True)
class Done:
    """`outcome` for the inbox, `text` (HTML) and `keyboard` for the person."""

    outcome: str
    text: str
    keyboard: InlineKeyboard | None = None


def ack(context: Context, group: AlertGroup) -> Done:
    """Somebody is on it."""
    try:
        fresh = responding.acknowledge(actor_of(context), group)
    except ResponseRefused as refusal:
        return refused("ack", group, refusal)
    if not fresh:
        group.refresh_from_db(fields=["acknowledged_by"])
        words = f" is acknowledged already, by {told.name_of(group.acknowledged_by)}."
        return Done("acknowledged already", of_group("👀 ", group, words))
    group.refresh_from_db(fields=["acknowledged_at"])
    button = undo(group.pk, f"ack.{_second(group)}")
    return Done("acknowledged", of_group("👀 ", group, " is yours."), button)


def unack(context: Context, group: AlertGroup) -> Done:
    """Nobody is on it any more."""
    if not responding.unacknowledge(actor_of(context), group):
        return Done("nobody was on it", of_group("", group, ": nobody was on it."))
    words = ": nobody is on it any more."
    return Done("unacknowledged", of_group("↩️ ", group, words), undo(group.pk, "unack"))


def take_back(context: Context, group: AlertGroup, second: str) -> Done | None:
    """Nobody is on it any more, unless somebody else has acknowledged it since."""
    return unack(context, group) if second == str(_second(group)) else None


def _second(group: AlertGroup) -> int:
    return int(group.acknowledged_at.timestamp()) if group.acknowledged_at else 0


def resolve(context: Context, group: AlertGroup) -> Done:
    """It is over. That cannot be taken back: it fires again when its sender says so."""
    try:
        ended = responding.resolve(actor_of(context), group)
    except ResponseRefused as refusal:
        return refused("resolve", group, refusal)
    number = "" if ended == 1 else f", {ended:,} alerts"
    words = f" is resolved{number}. It comes back when it begins anew."
    return Done(f"resolved {ended}", of_group("✅ ", group, words))


ACTIONS: dict[str, Callable[[Context, AlertGroup], Done]] = {
    "ack": ack,
    "unack": unack,
    "resolve": resolve,
}


def of_group(mark: str, group: AlertGroup, words: str) -> str:
    """HTML: the mark, the group's name, the words."""
    nodes: list[Node] = [text(mark), bold(told.name_of(group.title)), text(words)]
    return told.html(nodes)


def refused(action: str, group: AlertGroup, refusal: Exception) -> Done:
    """It cannot be done; the refusal says why."""
    return Done(f"/{action}: refused", of_group("", group, f": {refusal}"))


def undo(row: UUID, what: str) -> InlineKeyboard | None:
    """The button that takes it back."""
    return keyboard([CallbackButton("↩️ Undo", callback_data.pack(UNDO, row, what))])


def choices(action: str, groups: tuple[AlertGroup, ...]) -> InlineKeyboard | None:
    """A button for each."""
    return keyboard(
        *(
            [
                CallbackButton(
                    told.label_of(group.title), callback_data.pack(CHOOSE, group.pk, action)
                )
            ]
            for group in groups
        )
    )
