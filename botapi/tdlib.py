"""Telegram's own text functions, by TDLib's `tdjson` wheel where it is installed.

They work offline and without an account.

Loaded at first use, since the library is large.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from botapi.entities_model import NOT_UTF8, MessageEntity, Parsed, ParseError

_PARSE_MODES = {
    "MarkdownV2": {"@type": "textParseModeMarkdown", "version": 2},
    "Markdown": {"@type": "textParseModeMarkdown", "version": 1},
    "HTML": {"@type": "textParseModeHTML"},
}
_TYPES = {
    "Mention": "mention",
    "Hashtag": "hashtag",
    "Cashtag": "cashtag",
    "BotCommand": "bot_command",
    "Url": "url",
    "EmailAddress": "email",
    "PhoneNumber": "phone_number",
    "BankCardNumber": "bank_card_number",
    "Bold": "bold",
    "Italic": "italic",
    "Underline": "underline",
    "Strikethrough": "strikethrough",
    "Spoiler": "spoiler",
    "Code": "code",
    "Pre": "pre",
    "PreCode": "pre",
    "BlockQuote": "blockquote",
    "ExpandableBlockQuote": "expandable_blockquote",
    "TextUrl": "text_link",
    "MentionName": "text_mention",
    "CustomEmoji": "custom_emoji",
    "DateTime": "date_time",
}
_TYPE_PREFIX = "textEntityType"
# TDLib 1.8 aborts the whole process on a surrogate within an HTML attribute, so it never sees one.
_SURROGATE_REFERENCE = re.compile(
    "&#(?:x0*d[89a-f][0-9a-f]{2}|0*(?:5529[6-9]|55[3-9][0-9]{2}|5[67][0-9]{3}))", re.IGNORECASE
)


@cache
def _library() -> Any:
    """The module, silenced, or None where it is missing or does not load."""
    try:
        library = importlib.import_module("tdjson")
    except ImportError:
        return None
    quiet = {"@type": "setLogVerbosityLevel", "new_verbosity_level": 0}
    library.td_execute(json.dumps(quiet).encode())
    return library


def available() -> bool:
    """Whether TDLib can be used here."""
    return _library() is not None


def accepts(text: str, parse_mode: str) -> bool:
    """Whether the text may be given to TDLib at all."""
    return parse_mode != "HTML" or _SURROGATE_REFERENCE.search(text) is None


def parse(text: str, parse_mode: str) -> Parsed:
    """The text as Telegram parses it; raises ParseError with the Bot API's description.

    `parse_mode`: "MarkdownV2", "HTML" or "Markdown".
    Raises ValueError for a text that TDLib would not survive (`accepts`).
    """
    if not accepts(text, parse_mode):
        raise ValueError("text refers to a surrogate (&#xD800; to &#xDFFF;); use another parser")
    request = {"@type": "parseTextEntities", "text": text, "parse_mode": _PARSE_MODES[parse_mode]}
    return _formatted(_execute(request))


def find_entities(text: str) -> tuple[MessageEntity, ...]:
    """The entities that Telegram finds by itself: url, mention, hashtag, bot_command and so on."""
    found = _execute({"@type": "getTextEntities", "text": text})
    return _entities(found["entities"])


def _execute(request: dict[str, Any]) -> dict[str, Any]:
    try:
        encoded = json.dumps(request, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ParseError(NOT_UTF8) from None
    answer: dict[str, Any] = json.loads(_library().td_execute(encoded))
    if answer["@type"] == "error":
        message = answer["message"]
        raise ParseError(f"Bad Request: {message[:1].lower()}{message[1:]}")
    return answer


def _formatted(answer: dict[str, Any]) -> Parsed:
    return Parsed(answer["text"], _entities(answer["entities"]))


def _entities(found: Iterable[dict[str, Any]]) -> tuple[MessageEntity, ...]:
    return tuple([entity for item in found if (entity := _message_entity(item)) is not None])


def _message_entity(item: dict[str, Any]) -> MessageEntity | None:
    """The entity in Bot API terms; None for what bots do not get (media timestamps)."""
    kind = item["type"]
    name = _TYPES.get(kind["@type"].removeprefix(_TYPE_PREFIX))
    if name is None:
        return None
    entity: MessageEntity = {"type": name, "offset": item["offset"], "length": item["length"]}
    if "url" in kind:
        entity["url"] = kind["url"]
    if "language" in kind:
        entity["language"] = kind["language"]
    if "user_id" in kind:
        entity["user"] = {"id": kind["user_id"]}
    if "custom_emoji_id" in kind:
        entity["custom_emoji_id"] = kind["custom_emoji_id"]
    if "unix_time" in kind:
        entity["unix_time"] = kind["unix_time"]
        entity["date_time_format"] = _date_time_format(kind.get("formatting_type"))
    return entity


def _date_time_format(kind: dict[str, Any] | None) -> str:
    if kind is None:
        return ""
    if kind["@type"] == "dateTimeFormattingTypeRelative":
        return "r"
    day_of_week = "w" if kind["show_day_of_week"] else ""
    date = _PRECISION[kind["date_precision"]["@type"]][0]
    time = _PRECISION[kind["time_precision"]["@type"]][1]
    return day_of_week + date + time


_PRECISION = {
    "dateTimePartPrecisionNone": ("", ""),
    "dateTimePartPrecisionShort": ("d", "t"),
    "dateTimePartPrecisionLong": ("D", "T"),
}
