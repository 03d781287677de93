"""Reads a Telegram update (Bot API "Update") into what handlers ask for. Pure, and tolerant: what
a newer Bot API adds is left in `raw`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chatops.receiving.storable import storable

Json = Mapping[str, Any]

MESSAGES = ("message", "edited_message", "channel_post", "edited_channel_post")
KINDS = (
    *MESSAGES,
    "callback_query",
    "inline_query",
    "chosen_inline_result",
    "my_chat_member",
    "poll",
    "poll_answer",
)
"""What we ask Telegram for (`allowed_updates`)."""
STAND_INS = frozenset({1087968824, 136817688})
"""Telegram's @GroupAnonymousBot and @Channel_Bot: who is shown for an admin of a group who does not
show themselves, and for a channel."""


class UnreadableUpdate(ValueError):
    """It has no update_id, or nothing in it has the shape of an update."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Bot API User."""

    id: int
    name: str
    username: str = ""
    language_code: str = ""
    is_bot: bool = False

    @property
    def label(self) -> str:
        """As whom Telegram shows them."""
        return f"{self.name} (@{self.username})" if self.username else self.name


@dataclass(frozen=True, slots=True)
class SeenChat:
    """Bot API Chat."""

    id: int
    type: str
    title: str = ""
    username: str = ""
    is_forum: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """`/name@bot rest`; name in small letters, `rest` without space around it."""

    name: str
    bot: str
    rest: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update. `message` is the message itself, or the one whose button was pressed."""

    update_id: int
    kind: str
    body: Json
    chat: SeenChat | None = None
    sender: Sender | None = None
    message: Json = field(default_factory=dict)
    message_id: int = 0
    message_thread_id: int | None = None
    text: str = ""
    command: Command | None = None

    @property
    def queue(self) -> int:
        """Whose updates are handled one after the other: the chat's, else the person's."""
        if self.chat is not None:
            return self.chat.id
        return self.sender.id if self.sender else 0

    @property
    def is_anonymous(self) -> bool:
        """Whether a group or channel acts, for a person who is not shown. Of a pressed button it is
        not the message that says so (Bot API sender_chat), for that is somebody else's."""
        if self.sender is None or self.sender.id in STAND_INS:
            return True
        return self.kind in MESSAGES and "sender_chat" in self.message

    @property
    def query_id(self) -> str:
        """Of a callback or inline query."""
        return _text(self.body, "id")

    @property
    def replied_to(self) -> int | None:
        """The message_id that this message replies to, in the same chat."""
        return _integer(_object(self.message, "reply_to_message"), "message_id")


def read_update(raw: object) -> Incoming:
    """Raises UnreadableUpdate."""
    if not isinstance(raw, Mapping):
        raise UnreadableUpdate("an update is a JSON object")
    update_id = _integer(raw, "update_id")
    if update_id is None or update_id < 0:
        raise UnreadableUpdate("an update has an update_id")
    kind = next((str(name) for name in raw if name != "update_id"), "")
    body = raw.get(kind)
    if not isinstance(body, Mapping):
        raise UnreadableUpdate("an update has a field that says what happened")
    if kind in MESSAGES:
        return _of_message(update_id, kind, body)
    if kind == "callback_query":
        message = _object(body, "message")
        return Incoming(
            update_id,
            kind,
            body,
            chat=_chat(_object(message, "chat")),
            sender=_sender(_object(body, "from")),
            message=message,
            message_id=_integer(message, "message_id") or 0,
            message_thread_id=_thread(message),
            text=_text(body, "data"),
        )
    sender = _sender(_object(body, "from")) or _sender(_object(body, "user"))
    text = _text(body, "query")
    return Incoming(
        update_id, kind[:32], body, chat=_chat(_object(body, "chat")), sender=sender, text=text
    )


def take_in(raw: object) -> tuple[Incoming, Any]:
    """The update and its JSON, as both databases can store it: any server may send anything, and
    one that could not be stored would keep those after it away for ever.

    What has an update_id and nothing else that is known is taken as well: it is told of in the
    inbox. Raises UnreadableUpdate without an update_id.
    """
    clean = storable(raw)
    try:
        return read_update(clean), clean
    except UnreadableUpdate:
        update_id = _integer(clean, "update_id") if isinstance(clean, Mapping) else None
        if update_id is None or update_id < 0:
            raise
        return Incoming(update_id, "unknown", {}), clean


def _of_message(update_id: int, kind: str, message: Json) -> Incoming:
    return Incoming(
        update_id,
        kind,
        message,
        chat=_chat(_object(message, "chat")),
        sender=_sender(_object(message, "from")),
        message=message,
        message_id=_integer(message, "message_id") or 0,
        message_thread_id=_thread(message),
        text=_text(message, "text") or _text(message, "caption"),
        command=read_command(message),
    )


def read_command(message: Json) -> Command | None:
    """The command that a message begins with, by its entity (Bot API "Commands"); offsets count
    UTF-16 units, and a command's are all ASCII."""
    for texts, entities in (("text", "entities"), ("caption", "caption_entities")):
        text = _text(message, texts)
        found = message.get(entities)
        for entity in found if isinstance(found, list) else []:
            if not isinstance(entity, Mapping) or entity.get("type") != "bot_command":
                continue
            length = _integer(entity, "length") or 0
            if _integer(entity, "offset") == 0 and 1 < length <= len(text):
                name, _, bot = text[1:length].partition("@")
                return Command(name.lower(), bot, text[length:].strip())
    return None


def _thread(message: Json) -> int | None:
    """A forum's topic. Elsewhere the field names a thread of replies, which is none."""
    return _integer(message, "message_thread_id") if message.get("is_topic_message") else None


def _chat(fields: Json) -> SeenChat | None:
    number = _integer(fields, "id")
    if number is None:
        return None
    title = _text(fields, "title") or _name(fields)
    return SeenChat(
        number,
        _text(fields, "type"),
        title,
        _text(fields, "username"),
        fields.get("is_forum") is True,
    )


def _sender(fields: Json) -> Sender | None:
    number = _integer(fields, "id")
    if number is None:
        return None
    return Sender(
        number,
        _name(fields),
        _text(fields, "username")[:64],
        _text(fields, "language_code")[:8],
        fields.get("is_bot") is True,
    )


def _name(fields: Json) -> str:
    parts = (_text(fields, "first_name"), _text(fields, "last_name"))
    return " ".join(part for part in parts if part).strip()[:140] or "somebody"


def _object(fields: Json, name: str) -> Json:
    value = fields.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(fields: Json, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _integer(fields: Json, name: str) -> int | None:
    """Of 64 bits, as all of Telegram's are."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        return None
    return value
