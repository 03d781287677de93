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
from botapi.markup import Node, bold, filled, text
from chatops.context import Context
from chatops.responding import told
from chatops.responding.pressing import actor_of
from languages.numbers import grouped
from languages.speaking import gettext, ngettext

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
        by = told.name_of(group.acknowledged_by)
        words = gettext("{group} is acknowledged already, by {who}.")
        return Done("acknowledged already", _sentence("👀 ", words, group, who=by))
    group.refresh_from_db(fields=["acknowledged_at"])
    button = undo(group.pk, f"ack.{_second(group)}")
    return Done("acknowledged", _sentence("👀 ", gettext("{group} is yours."), group), button)


def unack(context: Context, group: AlertGroup) -> Done:
    """Nobody is on it any more."""
    if not responding.unacknowledge(actor_of(context), group):
        words = gettext("{group}: nobody was on it.")
        return Done("nobody was on it", _sentence("", words, group))
    words = gettext("{group}: nobody is on it any more.")
    return Done("unacknowledged", _sentence("↩️ ", words, group), undo(group.pk, "unack"))


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
    if ended == 1:
        words = gettext("{group} is resolved. It comes back when it begins anew.")
    else:
        words = ngettext(
            "{group} is resolved, {count} alert. It comes back when it begins anew.",
            "{group} is resolved, {count} alerts. It comes back when it begins anew.",
            ended,
        )
    return Done(f"resolved {ended}", _sentence("✅ ", words, group, count=grouped(ended)))


ACTIONS: dict[str, Callable[[Context, AlertGroup], Done]] = {
    "ack": ack,
    "unack": unack,
    "resolve": resolve,
}


def _sentence(mark: str, words: str, group: AlertGroup, **parts: str) -> str:
    """HTML: the mark, then a sentence in which {group} is its name."""
    named = filled(words, group=bold(told.name_of(group.title)), **parts)
    return told.html([text(mark), *named])


def of_group(mark: str, group: AlertGroup, words: str) -> str:
    """HTML: the mark, the group's name, the words."""
    nodes: list[Node] = [text(mark), bold(told.name_of(group.title)), text(words)]
    return told.html(nodes)


def refused(action: str, group: AlertGroup, refusal: Exception) -> Done:
    """It cannot be done; the refusal says why."""
    return Done(f"/{action}: refused", of_group("", group, f": {refusal}"))


def undo(row: UUID, what: str) -> InlineKeyboard | None:
    """The button that takes it back."""
    return keyboard([CallbackButton(gettext("↩️ Undo"), callback_data.pack(UNDO, row, what))])


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
