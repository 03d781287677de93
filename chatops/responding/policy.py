"""Who may act on what a chat was told: one answer for commands and replies, and that of buttons
(chatops/responding/pressing.py). Members act by their role; where a channel lets anyone act, so may
whoever writes in its chat, on what its alerts are and no further."""

from enum import Enum, auto

from accounts.models import Membership, Role
from accounts.permissions import RANK, Capability
from channels_app.models import NotificationChannel
from chatops.context import Context
from chatops.responding.pressing import actor_of, policy_in
from chatops.responding.reach import channels_here
from chatops.responding.roles import role_name
from languages.speaking import gettext, gettext_noop

__all__ = [
    "ANONYMOUS",
    "Lack",
    "actor_of",
    "has_role",
    "is_member",
    "lack_of",
    "may_act",
    "may_read",
    "why_not",
]

ANONYMOUS = gettext_noop(
    "You write in the name of a group or channel, so I cannot tell who you are. Write in your own "
    "name for this."
)
Actions = NotificationChannel.Actions
ANYONE = "anyone"
"""Among those who may: OwnAction.Who and Approval.Who say it so."""


def is_member(context: Context) -> bool:
    """Whether their role lets them act in all of the organization."""
    return context.may(Capability.RESPOND)


def may_act(context: Context) -> bool:
    """Whether whoever did this may acknowledge, silence, resolve and comment here."""
    return is_member(context) or _is_open(context)


def _is_open(context: Context) -> bool:
    """Whether anyone may act on all that is told here."""
    chat, channels = context.chat, channels_here(context)
    if chat is None or not channels:
        return False
    return all(policy_in(channel, chat) == Actions.ANYONE for channel in channels)


class Lack(Enum):
    """What somebody lacks who may not do what is for members of a role."""

    NAME = auto()
    """They are anonymous, so nobody knows which role they have, if any."""
    LINK = auto()
    """No account is linked."""
    ROLE = auto()
    """Theirs is none, or less."""


def lack_of(context: Context, who: str) -> Lack | None:
    """Why whoever did this is not among `who`: "anyone" in the chat, which an anonymous admin is as
    well, or members of at least this role, which nobody is who has no name. None: they are."""
    if who == ANYONE:
        return None
    if context.incoming.is_anonymous:
        return Lack.NAME
    if has_role(context.membership.role if context.membership else "", Role(who)):
        return None
    return Lack.LINK if context.user is None else Lack.ROLE


def has_role(role: str, least: Role) -> bool:
    """Whether this role, "" for none, includes what `least` does."""
    return role in RANK and RANK[Role(role)] >= RANK[least]


def allows(context: Context, needs: Capability | None) -> bool:
    """Whether they may give a command, or answer a question, that needs this; None: nothing."""
    if needs is None:
        return True
    return may_read(context) if needs is Capability.VIEW else may_act(context)


def may_read(context: Context) -> bool:
    """Whether they may ask what is the case. What a chat was told anybody in it may read; all of
    the organization, in private, its members."""
    return context.may(Capability.VIEW) or bool(context.channels)


def why_not(context: Context) -> str:
    """What to tell who may not act: what is missing, and who can give it."""
    if context.incoming.is_anonymous:
        return gettext(ANONYMOUS)
    if context.organization is None and context.memberships:
        return gettext(
            "You are in several organizations here. Choose the one that you mean: /settings"
        )
    if context.user is None:
        return gettext(
            "I do not know you yet, so you cannot do this. Send me /start in a private chat: I say "
            "there how to link your account."
        )
    name = context.organization.name if context.organization else gettext("this organization")
    membership: Membership | None = context.membership
    if membership is None:
        return gettext("You are no member of {organization}, whose chat this is.").format(
            organization=name
        )
    return gettext(
        "Your role in {organization}, {role}, does not include this. Ask an admin."
    ).format(organization=name, role=role_name(membership.role))
