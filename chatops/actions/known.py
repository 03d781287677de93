"""Which own commands there are in a chat, and under an alert's message."""

from collections.abc import Sequence
from uuid import UUID

from accounts.models import Role
from channels_app.models import NotificationChannel
from chatops.actions.rules import Meant, Named, meant
from chatops.context import Context
from chatops.incoming import Command as Typed
from chatops.models import OwnAction
from chatops.responding import policy
from chatops.responding.reach import channels_here
from languages.speaking import gettext, gettext_noop

Who = OwnAction.Who
LINK = gettext_noop("Link your Telegram account first: /start in private.")
ONLY = {
    Who.ANYONE: gettext_noop("Only whoever may act in the chat may run /{name}."),
    Who.RESPONDER: gettext_noop("Only members who respond may run /{name}."),
    Who.ADMIN: gettext_noop("Only admins may run /{name}."),
    Who.OWNER: gettext_noop("Only owners may run /{name}."),
}


def actions_in(channels: Sequence[NotificationChannel]) -> list[OwnAction]:
    """Those that are there in one of these channels, which are one organization's."""
    if not channels:
        return []
    rows = OwnAction.objects.for_organization(channels[0].organization_id).filter(enabled=True)
    wanted = {channel.pk for channel in channels}
    found = rows.select_related("endpoint").prefetch_related("channels").order_by("name")
    return [one for one in found if is_in(one, wanted)]


def is_in(action: OwnAction, channels: set[UUID]) -> bool:
    """Whether it is there in one of these; its channels are loaded."""
    own = {channel.pk for channel in action.channels.all()}
    return not own or bool(own & channels)


def commands_in(channels: Sequence[NotificationChannel]) -> list[OwnAction]:
    """The commands among them."""
    return [one for one in actions_in(channels) if one.is_command]


def here(context: Context) -> list[OwnAction]:
    """The commands in the chat of the update."""
    if context.organization is None or not context.channels:
        return []
    return commands_in(channels_here(context))


def typed_here(context: Context, typed: Typed) -> tuple[OwnAction, Meant] | None:
    """The own command that was typed in a chat of its organization's."""
    actions = {one.name: one for one in here(context)}
    known = [Named(one.name, one.parameter != OwnAction.Parameter.NONE) for one in actions.values()]
    found = meant(typed.name, typed.rest, known)
    return (actions[found.name], found) if found else None


def button_labels(channel: NotificationChannel) -> list[tuple[UUID, str]]:
    """For alerts.own_buttons: what the More… menu offers in this channel."""
    return [(one.pk, one.button) for one in actions_in([channel]) if one.button]


def why_not(context: Context, action: OwnAction) -> str:
    """Why whoever did this may not run it, and who may; "" when they may."""
    if action.who == Who.ANYONE:  # whoever may act in the chat, which is not all who are in it
        return "" if policy.may_act(context) else policy.why_not(context)
    lack = policy.lack_of(context, action.who)
    if lack is policy.Lack.NAME:
        return gettext(policy.ANONYMOUS)
    if lack is policy.Lack.LINK:
        return f"{_only(action)} {gettext(LINK)}"
    return _only(action) if lack else ""


def why_no_test(role: str, action: OwnAction) -> str:
    """The same of a test, which no chat sees: its endpoint does what it does for a run."""
    return "" if is_for(role, action) else _only(action)


def is_for(role: str, action: OwnAction) -> bool:
    """Whether members of this role may run it, whatever a chat lets others do."""
    least = Role.RESPONDER if action.who == Who.ANYONE else Role(action.who)
    return policy.has_role(role, least)


def _only(action: OwnAction) -> str:
    return gettext(ONLY[Who(action.who)]).format(name=action.name)
