"""Commands and buttons of an organization's own: typed, pressed under an alert, and confirmed."""

from uuid import UUID

from botapi import callback_data
from chatops.actions import known, runs, telling
from chatops.actions.asking import Place, begin, channel_for, run
from chatops.actions.rules import ActionRefused
from chatops.context import Context
from chatops.conversations import engine
from chatops.conversations.own import OWN
from chatops.handled import Handled, toast
from chatops.models import ActionRun, OwnAction
from chatops.responding.pressing import Press, actor_of
from chatops.responding.said import Said
from languages.speaking import gettext, gettext_noop, pgettext

GONE = gettext_noop("This command was removed, or is not for this chat any more.")
NOT_YOURS = gettext_noop("Only who asked for it may press this.")
OVER = gettext_noop("This is not open any more.")
LATE = gettext_noop(
    "This press came here minutes late, so nothing was run. Press again if you still mean it."
)
State = ActionRun.State


def give(context: Context, action: OwnAction, argument: str) -> Handled:
    """As a command. What has to follow it and does not is asked."""
    place = Place()
    if _asks(context, action, argument):
        return engine.begin(context, OWN, _values(context, action, place))
    return run(context, action, argument, place)


def press(pressed: Press) -> Said:
    """As a button under an alert."""
    context = pressed.context
    action = _action_behind(pressed)
    if action is None:
        return Said(gettext(GONE), "refused: no such action", alert=True)
    if context.is_late:
        return Said(gettext(LATE), f"/{action.name}: too late", alert=True)
    place = Place(pressed.group, pressed.row.channel, context.incoming.message_id)
    if _asks(context, action, ""):
        engine.begin(context, OWN, _values(context, action, place))
        return Said("", f"/{action.name}: asked what")
    try:
        made = begin(context, action, "", place)
    except ActionRefused as refusal:
        return Said(str(refusal), f"/{action.name}: refused", alert=True)
    text = gettext("Confirm it below.") if made.state == State.ASKED else _asked()
    return Said(text, f"/{action.name}: {made.state}")


def handle(context: Context) -> Handled | None:
    """Run or Cancel below what is to be confirmed. None for buttons of others."""
    if context.incoming.kind != "callback_query":
        return None
    pressed = callback_data.unpack(context.incoming.text)
    if pressed is None or pressed.verb != telling.VERB:
        return None
    query = context.incoming.query_id
    found = _run_here(context, pressed.row)
    if found is None:
        return Handled("no such run", toast(query, gettext(OVER)))
    sender = context.incoming.sender
    if sender is None or sender.id != found.telegram_user_id:
        return Handled("somebody else's run", toast(query, gettext(NOT_YOURS), alert=True))
    if pressed.argument == telling.CANCEL:
        why = gettext("You cancelled it.") if context.is_private else gettext("Not run.")
        done = runs.cancel(found, why)
        told = gettext("Cancelled.") if done else gettext(OVER)
        return Handled("cancelled a run", toast(query, told))
    return _confirm(context, found)


def _confirm(context: Context, found: ActionRun) -> Handled:
    """Whether they may is asked anew: what was allowed a minute ago may not be any more."""
    query, action = context.incoming.query_id, found.action
    refused = gettext(GONE)
    if action is not None and channel_for(context, action) is not None:
        refused = known.why_not(context, action)
    if not refused:
        try:
            done = runs.confirm(actor_of(context), found)
            return Handled("confirmed a run", toast(query, _asked() if done else gettext(OVER)))
        except ActionRefused as refusal:
            refused = str(refusal)
    runs.cancel(found, refused)
    return Handled("refused a run", toast(query, refused, alert=True))


def _asked() -> str:
    return pgettext("an endpoint was asked to run something", "Asked.")


def _run_here(context: Context, pk: UUID) -> ActionRun | None:
    if context.organization is None or context.chat is None or not context.channels:
        return None
    rows = ActionRun.objects.for_organization(context.organization)
    return rows.select_related("action__endpoint").filter(pk=pk, chat=context.chat).first()


def _action_behind(pressed: Press) -> OwnAction | None:
    pk = callback_data.from_short(pressed.argument)
    here = known.actions_in([pressed.row.channel])
    return next((one for one in here if one.pk == pk and one.button), None)


def _asks(context: Context, action: OwnAction, argument: str) -> bool:
    """Whether there is something to be asked, of somebody who may give the command."""
    required = action.parameter == OwnAction.Parameter.REQUIRED and not argument
    return required and not known.why_not(context, action)


def _values(context: Context, action: OwnAction, place: Place) -> dict[str, object]:
    group = str(place.group.pk) if place.group else ""
    to = place.to or context.incoming.message_id
    channel = str(place.channel.pk) if place.channel else ""
    return {"action": str(action.pk), "group": group, "channel": channel, "to": to}
