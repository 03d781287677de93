"""MessageEntity objects: between Bot API and TDLib form, and what happens to them when a message is
sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox import strict_json, tdlib
from sandbox.errors import Refusal
from sandbox.model import Json
from sandbox.tdlib import TdEntity

MAX_ENTITIES = 100
"""Entities of one message; the rest is dropped silently (TDLib get_input_message_entities)."""

_SIMPLE = {
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
    "BlockQuote": "blockquote",
    "ExpandableBlockQuote": "expandable_blockquote",
}
AUTOMATIC = frozenset(list(_SIMPLE.values())[:8])
_SPLITTABLE = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_TD_NAMES = {name: f"textEntityType{td}" for td, name in _SIMPLE.items() if name not in AUTOMATIC}
_STAND_IN_LINK = "http://automatic.entity/"


def from_json(value: Any) -> list[TdEntity]:
    """TDLib entities of an `entities` parameter; automatic types are left out. Raises 400 naming
    the fault.
    """
    if not isinstance(value, list):
        return []
    try:
        return [entity for item in value if (entity := _entity_from_json(item)) is not None]
    except Refusal as error:
        raise Refusal(f"Can't parse MessageEntity: {error}") from None


def _entity_from_json(value: Any) -> TdEntity | None:
    if not isinstance(value, dict):
        raise Refusal("expected an Object")
    offset = strict_json.required_integer(value, "offset")
    length = strict_json.required_integer(value, "length")
    kind = strict_json.required_string(value, "type")
    if not kind:
        raise Refusal("Type is not specified")
    if kind in AUTOMATIC:
        return None
    return {"offset": offset, "length": length, "type": _td_type(kind, value)}


def _td_type(kind: str, value: Json) -> Json:
    if kind in _TD_NAMES and not (kind == "pre" and value.get("language")):
        return {"@type": _TD_NAMES[kind]}
    if kind == "pre":
        language = strict_json.optional_string(value, "language")
        return {"@type": "textEntityTypePreCode", "language": language}
    if kind == "text_link":
        return {"@type": "textEntityTypeTextUrl", "url": strict_json.required_string(value, "url")}
    if kind == "text_mention":
        user = strict_json.required_object(value, "user")
        user_id = strict_json.required_integer(user, "id", bits=64)
        return {"@type": "textEntityTypeMentionName", "user_id": user_id}
    if kind == "custom_emoji":
        emoji_id = strict_json.required_integer(value, "custom_emoji_id", bits=64)
        return {"@type": "textEntityTypeCustomEmoji", "custom_emoji_id": str(emoji_id)}
    if kind == "date_time":
        return _td_date_time(value)
    raise Refusal("Unsupported type specified")


def _td_date_time(value: Json) -> Json:
    unix_time = strict_json.required_integer(value, "unix_time")
    letters = strict_json.optional_string(value, "date_time_format")
    entity: Json = {"@type": "textEntityTypeDateTime", "unix_time": unix_time}
    if letters in {"r", "R"}:
        entity["formatting_type"] = {"@type": "dateTimeFormattingTypeRelative"}
    elif letters:
        if set(letters) - set("tTdDwW"):
            raise Refusal("Invalid date-time format specified")
        entity["formatting_type"] = {
            "@type": "dateTimeFormattingTypeAbsolute",
            "time_precision": _precision(letters, "t"),
            "date_precision": _precision(letters, "d"),
            "show_day_of_week": "w" in letters.lower(),
        }
    return entity


def _precision(letters: str, letter: str) -> Json:
    last = max(letters.rfind(letter), letters.rfind(letter.upper()))
    name = "None" if last < 0 else "Short" if letters[last] == letter else "Long"
    return {"@type": f"dateTimePartPrecision{name}"}


def to_bot_api(entity: TdEntity, user_of: Callable[[int], Json | None]) -> Json | None:
    """The MessageEntity; None for a mention of somebody unknown, which sending loses."""
    fields: Json = {"offset": entity["offset"], "length": entity["length"]}
    kind = entity["type"]
    name = kind["@type"].removeprefix("textEntityType")
    if name in _SIMPLE:
        return fields | {"type": _SIMPLE[name]}
    if name == "PreCode":
        return fields | {"type": "pre", "language": kind["language"]}
    if name == "TextUrl":
        return fields | {"type": "text_link", "url": kind["url"]}
    if name == "MentionName":
        user = user_of(kind["user_id"])
        return None if user is None else fields | {"type": "text_mention", "user": user}
    if name == "CustomEmoji":
        return fields | {"type": "custom_emoji", "custom_emoji_id": str(kind["custom_emoji_id"])}
    letters = _date_time_format(kind.get("formatting_type"))
    return fields | {
        "type": "date_time",
        "unix_time": kind["unix_time"],
        "date_time_format": letters,
    }


def _date_time_format(formatting: Json | None) -> str:
    if formatting is None:
        return ""
    if formatting["@type"] == "dateTimeFormattingTypeRelative":
        return "r"
    letters = "w" if formatting.get("show_day_of_week") else ""
    for part, letter in (("date_precision", "d"), ("time_precision", "t")):
        precision = formatting[part]["@type"]
        if precision.endswith("Short"):
            letters += letter
        elif precision.endswith("Long"):
            letters += letter.upper()
    return letters


def drop_surplus(entities: list[TdEntity]) -> list[TdEntity]:
    """At most 100 of them, those that cannot be split counted first; custom emoji do not count."""
    if len(entities) <= MAX_ENTITIES:
        return entities
    kept: set[int] = set()
    for wanted in (False, True):
        for index, entity in enumerate(entities):
            if _name(entity) == "custom_emoji":
                continue
            if (_name(entity) in _SPLITTABLE) is wanted and len(kept) < MAX_ENTITIES:
                kept.add(index)
    return [
        entity
        for index, entity in enumerate(entities)
        if index in kept or _name(entity) == "custom_emoji"
    ]


def with_automatic(text: str, entities: list[TdEntity]) -> list[TdEntity]:
    """Adds the entities that Telegram finds by itself where no code, link or mention is.

    They split bold and the like as links do; so links stand in for them while TDLib normalises once
    more.
    """
    found = [entity for entity in tdlib.automatic_entities(text) if _fits(entity, entities)]
    if not found or not entities:
        return found or entities
    stand_ins = [
        entity | {"type": {"@type": "textEntityTypeTextUrl", "url": f"{_STAND_IN_LINK}{index}"}}
        for index, entity in enumerate(found)
    ]
    _, merged = tdlib.normalize(text, entities + stand_ins)
    for entity in merged:
        url = str(entity["type"].get("url", ""))
        if url.startswith(_STAND_IN_LINK):
            entity["type"] = found[int(url.removeprefix(_STAND_IN_LINK))]["type"]
    return merged


def _fits(new: TdEntity, entities: list[TdEntity]) -> bool:
    start, end = new["offset"], new["offset"] + new["length"]
    for entity in entities:
        other_start, other_end = entity["offset"], entity["offset"] + entity["length"]
        if other_end <= start or end <= other_start:
            continue
        name = _name(entity)
        if name in _QUOTES:
            if not (other_start <= start and end <= other_end):
                return False
        elif name not in _SPLITTABLE:
            return False
    return True


def _name(entity: TdEntity) -> str:
    name = entity["type"]["@type"].removeprefix("textEntityType")
    return _SIMPLE.get(name, "custom_emoji" if name == "CustomEmoji" else name)
