"""How a chat shows a run: what was asked, how far it is, what came of it. Pure."""

from dataclasses import dataclass

from alerts.rendering.commands import without_commands
from alerts.rendering.words import isolate
from botapi.markup import Node, code, quote, text
from chatops.responding import told
from languages.speaking import gettext, pgettext

MARKS = {
    "asked": "❔",
    "waiting": "⏳",
    "running": "⏳",
    "done": "✅",
    "failed": "❌",
    "timed_out": "⌛",
    "cancelled": "🚫",
}
_BAR = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """A run as it is: `asked_by` as people know them; `said`: by the endpoint, or by us where that
    is why it ended."""

    name: str
    argument: str
    asked_by: str
    state: str
    said: str = ""
    progress: int | None = None


def shown(run: Shown) -> str:
    """HTML of its message."""
    title = isolate(f"/{run.name} {run.argument}".strip())
    # As code: a tap on a command would run it anew.
    nodes: list[Node] = [text(f"{MARKS[run.state]} "), code(title)]
    name = told.name_of(run.asked_by)
    if run.state == "asked":
        nodes.append(text("\n" + gettext("Run it, {name}?").format(name=name)))
    elif ended := _ended(run.state):
        nodes.append(text(f" {ended}"))
    else:
        nodes.append(text(" " + pgettext("a command", "asked by {name}").format(name=name)))
        if run.progress is not None:
            full = run.progress * _BAR // 100
            nodes.append(text(f"\n{'▓' * full}{'░' * (_BAR - full)} {run.progress} %"))
    if run.said:
        nodes += [text("\n"), quote(*without_commands([text(run.said)]))]
    return told.html(nodes)


def _ended(state: str) -> str:
    """What stands after the command that is over; "" for one that is not."""
    words = {
        "done": pgettext("a command", "done"),
        "failed": pgettext("a command", "failed"),
        "timed_out": pgettext("a command", "timed out"),
        "cancelled": pgettext("a command", "cancelled"),
    }
    return words.get(state, "")
