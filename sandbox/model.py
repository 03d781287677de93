"""What the sandbox's Telegram consists of. Plain data; the verbs are in `world` and in the method
modules.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from sandbox.errors import BotApiError

Json: TypeAlias = dict[str, Any]
ChatKind: TypeAlias = Literal["private", "group", "supergroup", "channel"]
ContentKind: TypeAlias = Literal[
    "text",
    "photo",
    "document",
    "audio",
    "video",
    "voice",
    "video_note",
    "animation",
    "sticker",
    "location",
    "venue",
    "contact",
    "poll",
    "dice",
    "service",
]
"""`service` is what people did: who came and went, a new title, what was shared with a bot."""
MediaKind: TypeAlias = Literal["audio", "video", "voice", "video_note", "animation", "sticker"]
InputMediaKind: TypeAlias = Literal["photo", "document", "audio", "video", "animation"]
FileKind: TypeAlias = Literal[
    "photo",
    "document",
    "thumbnail",
    "audio",
    "video",
    "voice",
    "video_note",
    "animation",
    "sticker",
]

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
    certificate: str = ""
    """The PEM that was uploaded."""
    last_error_time: float = 0
    last_error_message: str = ""


@dataclass(frozen=True, slots=True)
class QueuedUpdate:
    """An Update that waits for its bot. `lane` names the updates that are delivered in one order:
    those of a chat, or those of a person and kind. It is gone at `expires`, Unix time.
    """

    update: Json
    lane: str
    expires: float


@dataclass(slots=True)
class CallbackQuery:
    """A press of a button, and what the bot said to it; `message_id` 0 for none that it can see."""

    id: str
    bot_id: int
    from_id: int
    dialog_key: str
    message_id: int
    time: float
    data: str = ""
    text: str = ""
    show_alert: bool = False
    url: str = ""
    answered_time: float = 0
    cache_seconds: int = 0
    """For so long the person's app gives the same answer itself."""


@dataclass(slots=True)
class InlineQuery:
    """What a person typed after a bot's name, and what the bot offered."""

    id: str
    bot_id: int
    from_id: int
    chat_id: int
    query: str
    offset: str
    time: float
    answer: Json | None = None
    """`results`, `next_offset`, `button`, as answerInlineQuery gave them."""


@dataclass(slots=True)
class Bot:
    user: User
    token: str
    last_message_id: int = 0
    """The common counter of its private chats and basic groups."""
    last_update_id: int = 0
    updates: dict[int, QueuedUpdate] = field(default_factory=dict)
    """By update_id, oldest first."""
    allowed_updates: list[str] | None = None
    webhook: Webhook = field(default_factory=Webhook)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    menu_buttons: dict[str, Json] = field(default_factory=dict)
    """Chat ID, "" for the default → MenuButton."""
    reads_all_messages: bool = False
    """Privacy mode is off: it hears everything in its groups."""
    supports_inline: bool = False
    """Inline mode is on."""
    hears_choices: bool = False
    """Inline feedback is on: it gets `chosen_inline_result`."""
    callback_queries: dict[str, CallbackQuery] = field(default_factory=dict)
    inline_queries: dict[str, InlineQuery] = field(default_factory=dict)
    inline_cache: dict[tuple[str, str, int], tuple[float, Json]] = field(default_factory=dict)
    """Query, offset and person (0: everybody) → until when, and the answer."""
    parked: asyncio.Future[BotApiError | None] | None = None
    """The getUpdates call that waits; the error ends it."""
    is_closed: bool = False
    """It said `close`, and nothing since."""

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
    last_bot_id: int = 0
    """The bot that spoke last."""
    pinned: dict[int, list[int]] = field(default_factory=dict)
    """Bot ID, 0 outside private chats → message IDs, the newest last."""
    rights: dict[int, list[str]] = field(default_factory=dict)
    """Administrator's ID → rights; absent means the usual ones."""


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
    reply_keyboard: Json | None = None
    """What it put below the person's input field: `kind`, `rows` and flags."""
    message_thread_id: int = 0
    is_topic_message: bool = False
    reply_to_message_id: int = 0
    quote: Json | None = None
    via_bot_id: int = 0
    """The bot whose inline result it is."""
    inline_message_id: str = ""
    """How that bot names it, when it may edit it."""
    forward: Json | None = None
    """`forward_origin` and its predecessors."""
    reactions: dict[str, list[Json]] = field(default_factory=dict)
    """User ID → ReactionTypes."""
    votes: dict[str, list[int]] = field(default_factory=dict)
    """User ID → options of the poll, from 0 on."""
    media_group_id: str = ""
    is_silent: bool = False
    is_protected: bool = False
    edit_time: float = 0
    deleted_time: float = 0
    versions: list[Version] = field(default_factory=list)
    """Superseded versions, oldest first."""

    def reply_keyboard_rows(self) -> list[list[Json]]:
        rows: list[list[Json]] = (self.reply_keyboard or {}).get("rows", [])
        return rows

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
    keyboard_message_id: int = 0
    """The last message that changed what is below the input field."""

    @property
    def key(self) -> str:
        return f"{self.bot_id}:{self.chat_id}" if self.bot_id else str(self.chat_id)


@dataclass(slots=True)
class StoredFile:
    """`file_id` is one bot's name for it, `file_unique_id` everybody's."""

    file_id: str
    file_unique_id: str
    bot_id: int
    kind: FileKind
    file_path: str
    file_name: str
    mime_type: str
    size: int
    width: int = 0
    height: int = 0
    thumbnail: Json | None = None
    """The PhotoSize of its thumbnail."""
    details: Json = field(default_factory=dict)
    """What else the Message tells of it: duration, performer, emoji …"""
    sizes: list[Json] = field(default_factory=list)
    """The PhotoSizes of the photo that this is one of."""
