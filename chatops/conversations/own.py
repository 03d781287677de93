"""An own command without what has to follow it: what is it about?"""

from uuid import UUID

from accounts.permissions import Capability
from alerts.models import AlertGroup
from botapi.markup import Node, code, filled, link, text
from chatops.actions.asking import Place, run
from chatops.actions.rules import ARGUMENT_MAX, ActionRefused, checked_argument
from chatops.context import Context
from chatops.conversations.definition import Again, Dialogue, Step, Stop, Values
from chatops.conversations.questions import Answer, Choice, Prompt
from chatops.handled import Handled
from chatops.models import OwnAction
from chatops.replies import reply
from chatops.responding import told
from languages.speaking import gettext, gettext_noop

GONE = gettext_noop("This command was removed.")
PER_ROW = 2
Parameter = OwnAction.Parameter


def _action(context: Context, values: Values) -> OwnAction:
    """Raises Stop."""
    found = None
    if context.organization is not None:
        rows = OwnAction.objects.for_organization(context.organization)
        found = rows.select_related("endpoint").filter(pk=values["action"], enabled=True).first()
    if found is None:
        raise Stop(gettext(GONE))
    return found


def _ask(context: Context, values: Values) -> Prompt:
    action = _action(context, values)
    nodes: list[Node] = []
    sender = context.incoming.sender
    if context.incoming.kind == "callback_query" and sender is not None and not context.is_private:
        # Who pressed a button wrote nothing that a reply would be shown to.
        nodes += [link(f"tg://user?id={sender.id}", told.name_of(sender.name)), text(", ")]
    nodes += filled(gettext("{command}: what?"), command=code(f"/{action.name}"))
    nodes += [text(f" ({action.hint})")] if action.hint else []
    choices = [Choice(one, one) for one in action.choices]
    rows = tuple(tuple(choices[at : at + PER_ROW]) for at in range(0, len(choices), PER_ROW))
    return Prompt(told.html(nodes), rows, inline=True, placeholder=action.hint)


def _take(context: Context, values: Values, answer: Answer) -> str:
    action = _action(context, values)
    said = answer.text  # a button's is its label: the choices may be others by now
    if not said:
        raise Again(gettext("Write it as text."))
    try:
        return checked_argument(said[: ARGUMENT_MAX + 1], Parameter.REQUIRED, action.choices)
    except ActionRefused as why:
        raise Again(str(why)) from None


def _finish(context: Context, values: Values) -> Handled:
    try:
        action = _action(context, values)
    except Stop as why:
        reply(context, told.html([text(str(why))]))
        return Handled("own: removed")
    return run(context, action, values["argument"], _place(context, values))


def _place(context: Context, values: Values) -> Place:
    group = None
    if values.get("group") and context.organization is not None:
        groups = AlertGroup.objects.for_organization(context.organization)
        group = groups.filter(pk=UUID(values["group"])).first()
    to = values["to"] if context.incoming.kind == "callback_query" else 0
    channel = next((one for one in context.channels if str(one.pk) == values.get("channel")), None)
    return Place(group, channel, to)


OWN = Dialogue(
    kind="own",
    steps=(Step("argument", _ask, _take),),
    finish=_finish,
    needs=Capability.VIEW,
)
