"""An own command is given in a chat: its run, and the message that shows it."""

from dataclasses import dataclass

from alerts.models import AlertGroup
from botapi.markup import text
from channels_app.models import NotificationChannel
from chatops.actions import runs, telling
from chatops.actions.contents import who_of
from chatops.actions.known import is_in, why_not
from chatops.actions.rules import ActionRefused
from chatops.actions.runs import Asked
from chatops.context import Context
from chatops.handled import Handled
from chatops.models import ActionRun, OwnAction
from chatops.replies import reply
from chatops.responding import told
from chatops.responding.policy import ANONYMOUS
from chatops.responding.pressing import actor_of
from chatops.responding.reach import channels_here
from languages.speaking import gettext


@dataclass(frozen=True, slots=True)
class Place:
    """What a run is about, and which message it answers: 0 for the update's own."""

    group: AlertGroup | None = None
    channel: NotificationChannel | None = None
    to: int = 0


def run(context: Context, action: OwnAction, argument: str, place: Place) -> Handled:
    """Do it, have it confirmed, or say why not."""
    try:
        made = begin(context, action, argument, place)
    except ActionRefused as refusal:
        reply(context, told.html([text(str(refusal))]), to=place.to)
        return Handled(f"/{action.name}: refused")
    return Handled(f"/{made.name}: {made.get_state_display().lower()}")


def begin(context: Context, action: OwnAction, argument: str, place: Place) -> ActionRun:
    """Raises ActionRefused, whose text says why not."""
    if refused := why_not(context, action):
        raise ActionRefused(refused)
    if action.confirm and context.incoming.is_anonymous:
        raise ActionRefused(gettext(ANONYMOUS))
    channel = channel_for(context, action, place.channel)
    if channel is None:
        raise ActionRefused(gettext("/{name} is not for this chat.").format(name=action.name))
    sender = context.incoming.sender
    asked = Asked(
        channel=channel,
        chat=context.chat,
        message_thread_id=context.incoming.message_thread_id or 0,
        group=place.group,
        user_id=sender.id if sender else 0,
        who=who_of(context),
    )
    made = runs.ask(actor_of(context), action, argument, asked)
    message = reply(context, telling.words_of(made), telling.keyboard_of(made), to=place.to)
    runs.shown_in(made, message)
    return made


def channel_for(
    context: Context, action: OwnAction, channel: NotificationChannel | None = None
) -> NotificationChannel | None:
    """Through which of the chat's channels, or whether through this one, it is there; None where it
    is not any more."""
    channels = (channel,) if channel else channels_here(context)
    return next((one for one in channels if is_in(action, {one.pk})), None)
