"""What a handler knows about an update: whose chat it is, who wrote, and what they may do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from accounts.audit import Actor
from accounts.models import Membership, Organization, User, Way
from accounts.permissions import Capability, may
from botapi.methods import Call
from channels_app.bots import bots_usable_by
from channels_app.models import Bot, Chat, NotificationChannel
from chatops.incoming import Incoming, Sender
from chatops.linking import identities
from chatops.models import TelegramIdentity
from deliveries import clock
from languages.speaking import first_language, language_of, spoken

T = TypeVar("T")
FRESH = timedelta(minutes=2)
"""What runs something and is older was meant for how things stood then."""


class Look(Exception):
    """A handler needs what takes long to read. It is read outside of any transaction, which on
    SQLite would keep all others from writing, and the handler runs again, from its beginning."""

    def __init__(self, what: str, work: Callable[[], Any]) -> None:
        super().__init__(what)
        self.what = what
        self.work = work
        self.language = spoken()


class Ask(Exception):
    """A handler needs Telegram's answer to this call. It is made outside of any transaction, and
    the handler runs again, from its beginning."""

    def __init__(self, call: Call[Any]) -> None:
        super().__init__(call.method)
        self.call = call


def as_user(user: User) -> Actor:
    """A platform user who acts in Telegram, for organizations that they are a member of."""
    return Actor(user.get_full_name() or user.email, Way.TELEGRAM, user)


@dataclass(frozen=True, slots=True)
class Context:
    """`chat` is the row of the update's chat where one exists, `organization` the one whose
    `channels` it has; where there are none, the person's own. `membership` is the writer's in
    there."""

    bot: Bot
    incoming: Incoming
    now: datetime
    received_at: datetime
    chat: Chat | None = None
    channels: tuple[NotificationChannel, ...] = ()
    organization: Organization | None = None
    identity: TelegramIdentity | None = None
    memberships: tuple[Membership, ...] = ()
    membership: Membership | None = None
    answers: Mapping[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def is_late(self) -> bool:
        """Whether the update waited here for long: a press does not say when it was."""
        return self.now - self.received_at > FRESH

    @property
    def is_private(self) -> bool:
        """Whether it came from a private chat, or from no chat."""
        return self.incoming.chat is None or self.incoming.chat.type == "private"

    @property
    def sender(self) -> Sender:
        """Who did it; posts of channels have the channel's name."""
        if self.incoming.sender is not None:
            return self.incoming.sender
        chat = self.incoming.chat
        return Sender(0, chat.title if chat else "somebody")

    @property
    def user(self) -> User | None:
        """The platform user, if this Telegram account is linked."""
        return self.identity.user if self.identity else None

    @property
    def actor(self) -> Actor:
        """As whom the organization's audit and timelines name them: members under their name here,
        anybody else under Telegram's, for what they are elsewhere on this installation is nothing
        to this organization."""
        if self.membership is not None and self.user is not None:
            return as_user(self.user)
        return Actor(self.sender.label, Way.TELEGRAM)

    @property
    def zone(self) -> ZoneInfo:
        """The person's zone, else the chat's first channel's, else the organization's."""
        names = [self.identity.timezone if self.identity else ""]
        names += [self.user.timezone if self.user else ""]
        names += [channel.timezone for channel in self.channels[:1]]
        names += [self.organization.timezone if self.organization else ""]
        return ZoneInfo(next((name for name in names if name), "UTC"))

    @property
    def language(self) -> str:
        """In private the person's own: what they chose, else their app's, as `language_with` has
        it. A chat of several speaks its first channel's, else the organization's."""
        app = language_of(self.sender.language_code)
        chats = [channel.language for channel in self.channels[:1]]
        if self.organization is not None and (self.channels or self.is_private):
            chats.append(self.organization.language)
        if not self.is_private:
            return first_language(*chats, app)
        own = self.identity.language if self.identity else ""
        if self.identity is not None and not self.sender.language_code:
            app = self.identity.app_language  # Telegram does not say it each time
        return first_language(own, app, *chats)

    def may(self, capability: Capability) -> bool:
        """Whether the writer's role in the organization includes this."""
        return may(self.membership.role if self.membership else None, capability)

    def look(self, what: str, work: Callable[[], T]) -> T:
        """What `work` reads; `what` tells it from all else that is read about this update. Raises
        Look the first time, and then the ValueError that it came to."""
        found: T = self._told((what, ""), Look(what, work))
        return found

    def ask(self, call: Call[T]) -> T:
        """Telegram's answer to a call that changes nothing. Raises Ask the first time, and then
        the BotApiFailure that it came to."""
        key = (call.method, repr(sorted(call.params.items())))
        result: T = self._told(key, Ask(call))
        return result

    def _told(self, key: tuple[str, str], otherwise: Exception) -> Any:
        if key not in self.answers:
            raise otherwise
        answer = self.answers[key]
        if isinstance(answer, Exception):
            raise answer
        return answer


def make_context(
    bot: Bot,
    incoming: Incoming,
    answers: Mapping[tuple[str, str], Any],
    received_at: datetime | None = None,
) -> Context:
    """Read what there is to know; in the transaction in which the update is handled. It was
    received just now where nothing else is said."""
    now = clock.now()
    chat: Chat | None = None
    channels: tuple[NotificationChannel, ...] = ()
    if incoming.chat is not None:
        chat = (
            Chat.objects.filter(bot=bot, chat_id=incoming.chat.id)
            .select_related("organization", "bot")
            .first()
        )
    if chat is not None:
        channels = tuple(
            NotificationChannel.objects.for_organization(chat.organization_id)
            .filter(chat=chat)
            .select_related("chat")
            .order_by("created_at")
        )
    identity = None
    memberships: tuple[Membership, ...] = ()
    if incoming.sender is not None and not incoming.sender.is_bot:
        identity = identities.identity_of(bot, incoming.sender.id)
    if identity is not None:
        memberships = tuple(identities.organizations_of(bot, identity.user))
    if chat is not None and channels and not _counts(chat, incoming, memberships):
        channels = ()
    organization, membership = _whose(chat if channels else None, identity, memberships)
    return Context(
        bot=bot,
        incoming=incoming,
        now=now,
        received_at=received_at or now,
        chat=chat,
        channels=channels,
        organization=organization,
        identity=identity,
        memberships=memberships,
        membership=membership,
        answers=answers,
    )


def _counts(chat: Chat, incoming: Incoming, memberships: tuple[Membership, ...]) -> bool:
    """Whether the chat is its owner's: not in private with a person who is others' member alone,
    nor once the loan of the bot has ended."""
    owner, seen = chat.organization_id, incoming.chat
    is_private = seen is not None and seen.type == "private"
    if is_private and memberships and owner not in [one.organization_id for one in memberships]:
        return False
    if chat.bot.organization_id == owner:
        return True
    return bots_usable_by(owner).filter(pk=chat.bot_id).exists()


def _whose(
    chat: Chat | None, identity: TelegramIdentity | None, memberships: tuple[Membership, ...]
) -> tuple[Organization | None, Membership | None]:
    """A chat with channels is its owner's, whoever writes. Elsewhere the person's own counts."""
    if chat is not None:
        owner = chat.organization_id
        own = next((one for one in memberships if one.organization_id == owner), None)
        return chat.organization, own
    if identity is None:
        return None, None
    chosen = identities.chosen_of(identity, list(memberships))
    return (chosen.organization, chosen) if chosen else (None, None)
