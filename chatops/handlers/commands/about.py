"""/help: what this bot can do."""

from collections.abc import Sequence

from botapi.markup import Node, bold, code, text
from chatops.actions import known
from chatops.handled import Handled
from chatops.handlers.commands.asked import Asked, Command
from chatops.models import OwnAction
from chatops.replies import reply
from chatops.responding import told
from languages.speaking import gettext, gettext_noop

HOW = gettext_noop(
    "Reply to an alert with a command, and it is meant: /ack, /silence 2h, /resolve. A reply "
    "without a command is a comment. Elsewhere name the alert: /ack HighCPU, or matchers:"
)
EXAMPLE = '/silence {team="core", env!="dev"} until tomorrow 9:00'


def help_(asked: Asked) -> Handled:
    """All commands, each with what it does."""
    reply(asked.context, how_to_use(asked.commands, own=known.here(asked.context)))
    return Handled("helped")


def how_to_use(
    commands: Sequence[Command], unknown: str = "", own: Sequence[OwnAction] = ()
) -> str:
    """HTML. `unknown`: a name that nobody knows; `own`: commands of the organization's."""
    head: list[Node] = []
    if unknown:
        sorry = gettext("I know no /{command}.").format(command=unknown[:32])
        head.append(text(f"{sorry} "))
    nodes: list[Node] = [*head, bold(gettext("What I can do")), text("\n")]
    for one in commands:
        if one.places:
            usage: list[Node] = [code(gettext(one.usage)), text(" ")] if one.usage else []
            nodes += [text(f"\n/{one.name} "), *usage, text(f"· {gettext(one.description)}")]
    names = {one.name for one in commands}  # of one name everybody's counts
    for number, action in enumerate(one for one in own if one.name not in names):
        between = "\n\n" if number == 0 else "\n"
        nodes += [text(f"{between}/{action.name} "), *_usage(action), text(action.description)]
    nodes += [text(f"\n\n{gettext(HOW)} "), code(EXAMPLE)]
    return told.html(nodes)


def _usage(action: OwnAction) -> list[Node]:
    """What may follow it."""
    if action.parameter == OwnAction.Parameter.NONE:
        return [text("· ")]
    return [code(f"[{action.hint or ' | '.join(action.choices) or '…'}]"), text(" · ")]
