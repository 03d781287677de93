"""What Telegram makes of a text: the text without markup, and the entities over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict


class MessageEntity(TypedDict):
    """Bot API MessageEntity; offset and length in UTF-16 code units.

    `user` has only the `id` that the link named.
    """

    type: str
    offset: int
    length: int
    url: NotRequired[str]
    user: NotRequired[dict[str, Any]]
    language: NotRequired[str]
    custom_emoji_id: NotRequired[str]
    unix_time: NotRequired[int]
    date_time_format: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text and its entities, ordered by offset, then the longer first, then by type."""

    text: str
    entities: tuple[MessageEntity, ...]


class ParseError(ValueError):
    """Telegram refuses the text; `description` is the Bot API's answer (status 400)."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


def cannot_parse(reason: str) -> ParseError:
    """The answer to markup that does not parse; reasons are worded as TDLib words them."""
    return ParseError(f"Bad Request: can't parse entities: {reason}")


NOT_UTF8 = "Bad Request: strings must be encoded in UTF-8"

STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
QUOTES = ("blockquote", "expandable_blockquote")
# What of two entities over the same range comes first (TDLib, MessageEntity::get_type_priority).
_PRIORITY = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 11,
    "code": 20,
    "date_time": 30,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
_PRIORITY_OF_FOUND = 50
_PRIORITY_WITH_LANGUAGE = 10


def utf16_length(text: str) -> int:
    """UTF-16 code units of the text, the unit of offsets and lengths."""
    return len(text) + sum([char > "\uffff" for char in text])


def sort_key(entity: MessageEntity) -> tuple[int, int, int]:
    """TDLib's order of entities."""
    priority = _PRIORITY.get(entity["type"], _PRIORITY_OF_FOUND)
    if entity["type"] == "pre" and entity.get("language"):
        priority = _PRIORITY_WITH_LANGUAGE
    return entity["offset"], -entity["length"], priority


def in_order(entities: Iterable[MessageEntity]) -> tuple[MessageEntity, ...]:
    """The entities as TDLib orders them."""
    return tuple(sorted(entities, key=sort_key))


def end_of(entity: MessageEntity) -> int:
    """Where the entity ends."""
    return entity["offset"] + entity["length"]
