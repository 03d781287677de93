"""How a chat shows a run: what was asked, how far it is, what came of it. Pure."""

from dataclasses import dataclass

from alerts.rendering.commands import without_commands
from alerts.rendering.words import isolate
from botapi.markup import Node, code, quote, text
from chatops.responding import told

MARKS = {
    "asked": "❔",
    "waiting": "⏳",
    "running": "⏳",
    "done": "✅",
    "failed": "❌",
    "timed_out": "⌛",
    "cancelled": "🚫",
}
ENDS = {
    "done": "done",
    "failed": "failed",
    "timed_out": "timed out",
    "cancelled": "cancelled",
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
    if run.state == "asked":
        nodes.append(text(f"\nRun it, {told.name_of(run.asked_by)}?"))
    elif run.state in ENDS:
        nodes.append(text(f" {ENDS[run.state]}"))
    else:
        nodes.append(text(f" asked by {told.name_of(run.asked_by)}"))
        if run.progress is not None:
            full = run.progress * _BAR // 100
            nodes.append(text(f"\n{'▓' * full}{'░' * (_BAR - full)} {run.progress} %"))
    if run.said:
        nodes += [text("\n"), quote(*without_commands([text(run.said)]))]
    return told.html(nodes)
