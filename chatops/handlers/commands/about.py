"""/help: what this bot can do."""

from collections.abc import Sequence

from botapi.markup import Node, bold, code, render, text
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked, Command
from chatops.replies import reply

HOW = (
    "Reply to an alert with a command, and it is meant: /ack, /silence 2h, /resolve. A reply "
    "without a command is a comment. Elsewhere name the alert: /ack HighCPU, or matchers: "
)
EXAMPLE = '/silence {team="core", env!="dev"} until tomorrow 9:00'


def help_(asked: Asked) -> Handled:
    """All commands, each with what it does."""
    reply(asked.context, how_to_use(asked.commands))
    return Handled("helped")


def how_to_use(commands: Sequence[Command], unknown: str = "") -> str:
    """HTML. `unknown`: a name that nobody knows."""
    head: list[Node] = [text(f"I know no /{unknown[:32]}. ")] if unknown else []
    nodes: list[Node] = [*head, bold("What I can do"), text("\n")]
    for one in commands:
        if one.places:
            usage: list[Node] = [code(one.usage), text(" ")] if one.usage else []
            nodes += [text(f"\n/{one.name} "), *usage, text(f"· {one.description}")]
    nodes += [text(f"\n\n{HOW}"), code(EXAMPLE)]
    return render(nodes, "HTML")
