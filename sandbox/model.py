"""What the sandbox's Telegram consists of. Plain data; the verbs are in `world` and in the method
modules.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
ChatKind: TypeAlias = Literal["private", "group", "supergroup", "channel"]
ContentKind: TypeAlias = Literal["text", "photo", "document"]

KEPT_VERSIONS = 50
"""How many superseded versions of one message are remembered."""


class Standing(StrEnum):
    """How a bot stands in one chat; what each means for a call is in `access`."""

    ACTIVE = "active"
    ADMINISTRATOR = "administrator"
    NEVER_STARTED = "never_started"
    BLOCKED = "blocked"
    KICKED = "kicked"
    NOT_MEMBER = "not_member"
    NOT_ADMIN = "not_admin"
    NO_WRITE_ACCESS = "no_write_access"
    WRITE_FORBIDDEN = "write_forbidden"


class ChatCondition(StrEnum):
    """What happened to the chat itself, whoever asks."""

    OPEN = "open"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"
    UPGRADED = "upgraded"


@dataclass(slots=True)
class User:
    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False


@dataclass(slots=True)
class Webhook:
    url: str = ""
    secret_token: str = ""
    max_connections: int = 40
    ip_address: str = ""
    has_custom_certificate: bool = False


@dataclass(slots=True)
class Bot:
    user: User
    token: str
    last_message_id: int = 0
    """The common counter of its private chats and basic groups."""
    last_update_id: int = 0
    updates: deque[Json] = field(default_factory=deque)
    allowed_updates: list[str] | None = None
    webhook: Webhook = field(default_factory=Webhook)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    callback_queries: dict[str, float] = field(default_factory=dict)
    """Callback query ID → when it was asked; gone once answered."""
    parked: asyncio.Future[str] | None = None
    """The getUpdates call that waits."""

    @property
    def id(self) -> int:
        return self.user.id


@dataclass(slots=True)
class Topic:
    message_thread_id: int
    name: str
    icon_color: int = 7322096
    is_closed: bool = False


@dataclass(slots=True)
class Chat:
    """A chat; a private one has its person's ID, and holds one dialog per bot."""

    id: int
    kind: ChatKind
    title: str = ""
    username: str = ""
    is_forum: bool = False
    condition: ChatCondition = ChatCondition.OPEN
    upgraded_to: int = 0
    last_message_id: int = 0
    topics: dict[int, Topic] = field(default_factory=dict)
    members: dict[int, str] = field(default_factory=dict)
    """User ID → ChatMember status, of people; bots have standings."""
    standings: dict[int, Standing] = field(default_factory=dict)
    forbidden: dict[int, list[ContentKind]] = field(default_factory=dict)
    """Bot ID → kinds of content it may not send."""


@dataclass(slots=True)
class Content:
    """`fields` are the Message fields of the content in the server's order (text, entities, photo,
    caption …).
    """

    kind: ContentKind
    fields: Json


@dataclass(slots=True)
class Version:
    time: float
    content: Content
    reply_markup: Json | None


@dataclass(slots=True)
class Message:
    message_id: int
    chat_id: int
    bot_id: int
    """The bot that sent it, 0 when a person did."""
    from_id: int
    """Its author's user ID, 0 for a post in a channel."""
    time: float
    content: Content
    reply_markup: Json | None = None
    """An InlineKeyboardMarkup; other markups are never shown."""
    has_reply_keyboard: bool = False
    """Sent with a reply keyboard, a force reply or a removal, and so not editable."""
    message_thread_id: int = 0
    is_topic_message: bool = False
    reply_to_message_id: int = 0
    quote: Json | None = None
    is_silent: bool = False
    is_protected: bool = False
    edit_time: float = 0
    deleted_time: float = 0
    versions: list[Version] = field(default_factory=list)
    """Superseded versions, oldest first."""

    @property
    def date(self) -> int:
        return int(self.time)


@dataclass(slots=True)
class Dialog:
    """One sequence of messages: a bot with a person, or a group, supergroup or channel (`bot_id`
    0).
    """

    chat_id: int
    bot_id: int
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.bot_id}:{self.chat_id}" if self.bot_id else str(self.chat_id)


@dataclass(slots=True)
class StoredFile:
    """`file_id` is one bot's name for it, `file_unique_id` everybody's."""

    file_id: str
    file_unique_id: str
    bot_id: int
    kind: Literal["photo", "document", "thumbnail"]
    file_path: str
    file_name: str
    mime_type: str
    size: int
    width: int = 0
    height: int = 0
    thumbnail: Json | None = None
    """The PhotoSize of a document's thumbnail."""
    sizes: list[Json] = field(default_factory=list)
    """The PhotoSizes of the photo that this is one of."""
