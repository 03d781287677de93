"""Who pressed a button under an alert, and whether they may: judged anew with every press.

What stands behind a button names a GroupMessage and grants nothing. It counts only where its
channel writes, and as the channel's policy says.
"""

from dataclasses import dataclass
from uuid import UUID

from accounts.audit import Actor
from accounts.models import Way
from accounts.permissions import Capability
from alerts.models import AlertGroup, GroupMessage
from channels_app.models import Chat, NotificationChannel
from chatops.context import Context
from chatops.responding.roles import role_name
from languages.speaking import gettext, gettext_noop

NO_CHANNEL = gettext_noop("This chat gets no alerts here any more, so its buttons do nothing.")
NO_CHAT = gettext_noop("This button works only under the alert in its own chat.")
OTHER_CHAT = gettext_noop("This button belongs to another chat.")
DELETED = gettext_noop("This alert was deleted, so there is nothing left to do about it.")
NO_BUTTONS = gettext_noop("Buttons are switched off for this channel.")
LINK = gettext_noop(
    "Only members of the team may do this. Link your Telegram account, then press again."
)
UNNAMED = gettext_noop(
    "Only members may do this, and Telegram does not say who you are: do not act anonymously."
)
NO_MEMBER = gettext_noop(
    "Only members of the organization whose chat this is may do this. You are none of them."
)
PUBLIC = gettext_noop(
    "Everybody can join this chat, so only members with a linked account may do this."
)
ROLE = gettext_noop("Your role, {role}, does not include this. Ask an admin for another one.")

START_LINKING = "link"
"""The parameter of /start that begins linking an account."""

Actions = NotificationChannel.Actions


@dataclass(frozen=True, slots=True)
class Refused:
    """Why not, in English, for the inbox. `may_link`: linking their account would help."""

    text: str
    may_link: bool = False

    def told(self) -> str:
        """To whoever pressed."""
        return gettext(self.text)


@dataclass(frozen=True, slots=True)
class RefusedRole(Refused):
    """Their role does not include it."""

    role: str = ""

    def told(self) -> str:
        """Names their role."""
        return gettext(ROLE).format(role=role_name(self.role))


@dataclass(frozen=True, slots=True)
class Press:
    """A press that counts. `row` was read with its group and channel, and as what the buttons
    showed may be behind."""

    context: Context
    row: GroupMessage
    actor: Actor
    argument: str

    @property
    def group(self) -> AlertGroup:
        """What it is about."""
        return self.row.group


def judge(
    context: Context, row_id: UUID, argument: str, needs: Capability = Capability.RESPOND
) -> Press | Refused:
    """Whether this press counts; `needs`: what members' roles must include for it."""
    if context.incoming.chat is None:
        return Refused(NO_CHAT)
    chat, organization = context.chat, context.organization
    if chat is None or organization is None or not context.channels:
        return Refused(NO_CHANNEL)
    row = (
        GroupMessage.objects.for_organization(organization)
        .select_related("group__organization", "channel")
        .filter(pk=row_id)
        .first()
    )
    if row is None:
        return Refused(DELETED)
    if row.channel.chat_id != chat.pk:
        return Refused(OTHER_CHAT)
    refused = _refused(context, row.channel, chat, needs)
    return refused or Press(context, row, actor_of(context), argument)


def policy_in(channel: NotificationChannel, chat: Chat) -> str:
    """Who may press there. A public chat has no members to speak of: all the world can join it."""
    if channel.actions == Actions.ANYONE and chat.is_public:
        return Actions.MEMBERS
    return channel.actions


def actor_of(context: Context) -> Actor:
    """Who acts, where a group or channel may be shown in a person's place."""
    if context.incoming.is_anonymous:
        return Actor("an anonymous admin", Way.TELEGRAM)
    return context.actor


def linking_url(context: Context) -> str:
    """Where a Telegram account is linked: answerCallbackQuery.url takes t.me/<bot>?start=… of this
    bot alone. "" while its name is not known."""
    username = context.bot.username
    return f"https://t.me/{username}?start={START_LINKING}" if username else ""


def _refused(
    context: Context, channel: NotificationChannel, chat: Chat, needs: Capability
) -> Refused | None:
    policy = policy_in(channel, chat)
    if policy == Actions.ANYONE:
        return None
    if policy != Actions.MEMBERS:
        return Refused(NO_BUTTONS)
    if context.incoming.is_anonymous:
        return Refused(UNNAMED)
    if context.identity is None:
        return Refused(PUBLIC if channel.actions == Actions.ANYONE else LINK, may_link=True)
    if context.membership is None:
        return Refused(NO_MEMBER)
    if not context.may(needs):
        role = context.membership.role
        return RefusedRole(ROLE.format(role=role), role=role)
    return None
