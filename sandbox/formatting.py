"""Text and captions: parsed before anything else is looked up, finished when the chat is known.

Order and limits of telegram-bot-api Client.cpp (get_formatted_text) and TDLib MessageEntity.cpp
(fix_formatted_text).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sandbox import entities as message_entities
from sandbox import tdlib
from sandbox.errors import Refusal
from sandbox.model import Json
from sandbox.parameters import Parameters
from sandbox.shapes import user_json
from sandbox.tdlib import TdEntity
from sandbox.world import World

MAX_RAW_BYTES = 32_768
MAX_TEXT_LENGTH = 4096
MAX_CAPTION_LENGTH = 1024
"""Code points, after parsing and trimming."""

# What TDLib's strip_empty_characters counts as nothing (td misc.cpp).
_NOTHING = frozenset(
    "\n \xa0\u1680\u180e\u202e\u202f\u205f\u2800\u3000\ufffc\ufeff"
    + "".join(map(chr, range(0x2000, 0x2010)))
    + "".join(map(chr, range(0xE0000, 0xE0080)))
)


@dataclass(frozen=True, slots=True)
class ParsedText:
    text: str
    entities: list[TdEntity]


def parse_text(text: str, parse_mode: str, entities: Any) -> ParsedText:
    """Parse marked-up text, or take `entities` (decoded JSON) when there is no parse mode. Raises
    400.
    """
    if len(text) * 4 > MAX_RAW_BYTES and len(text.encode(errors="replace")) > MAX_RAW_BYTES:
        raise Refusal("Text is too long")
    mode = parse_mode.lower()
    if text and mode and mode != "none":
        return ParsedText(*tdlib.parse(text, mode))
    return ParsedText(text, message_entities.from_json(entities))


def message_text(parameters: Parameters) -> ParsedText:
    """The `text` of a call. Raises 400 `message text is empty` and parse errors."""
    text = parameters.text("text")
    if not text:
        raise Refusal("Message text is empty")
    return parse_text(text, parameters.text("parse_mode"), _entities(parameters, "entities"))


def caption(parameters: Parameters) -> ParsedText:
    entities = _entities(parameters, "caption_entities")
    return parse_text(parameters.text("caption"), parameters.text("parse_mode"), entities)


def _entities(parameters: Parameters, name: str) -> Any:
    try:
        return json.loads(parameters.text(name) or "null")
    except ValueError:
        return None  # the server ignores entities that are no JSON


def finished_text(world: World, parsed: ParsedText) -> Json:
    """`text` and `entities` as they are sent. Raises 400 `text must be non-empty`, `message is too
    long`.
    """
    text, entities = _finish(parsed)
    if is_empty(text):
        raise Refusal("Text must be non-empty")
    if len(text) > MAX_TEXT_LENGTH:
        raise Refusal("Message is too long")
    return _fields(world, "text", "entities", text, entities)


def finished_caption(world: World, parsed: ParsedText) -> Json:
    """`caption` and `caption_entities`, or nothing. Raises 400 `message caption is too long`."""
    text, entities = _finish(parsed)
    if is_empty(text):
        return {}
    if len(text) > MAX_CAPTION_LENGTH:
        raise Refusal("Message caption is too long")
    return _fields(world, "caption", "caption_entities", text, entities)


def finished_quote(world: World, parsed: ParsedText) -> Json:
    text, entities = _finish(parsed)
    return {} if is_empty(text) else _fields(world, "text", "entities", text, entities)


def is_empty(text: str) -> bool:
    return _NOTHING.issuperset(text)


def _finish(parsed: ParsedText) -> tuple[str, list[TdEntity]]:
    if not parsed.text:
        return "", []
    text, entities = tdlib.normalize(parsed.text, parsed.entities)
    text, entities = _trim(text, entities)
    entities = message_entities.drop_surplus(entities)
    return text, message_entities.with_automatic(text, entities) if text else []


def _trim(text: str, entities: list[TdEntity]) -> tuple[str, list[TdEntity]]:
    """Spaces and newlines go at the end, and at the start as far as the first entity."""
    trimmed = text.rstrip(" \n")
    if len(trimmed) < len(text) and entities:
        end = _utf16_length(trimmed)
        for entity in entities:
            entity["length"] = min(entity["length"], end - entity["offset"])
        entities = [entity for entity in entities if entity["length"] > 0]
        entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    lead = len(trimmed) - len(trimmed.lstrip(" \n"))
    if entities:
        lead = min(lead, entities[0]["offset"])
    for entity in entities:
        entity["offset"] -= lead
    return trimmed[lead:], entities


def _fields(
    world: World, text_name: str, entities_name: str, text: str, entities: list[TdEntity]
) -> Json:
    fields: Json = {text_name: text}

    def user_of(user_id: int) -> Json | None:
        user = world.users.get(user_id)
        return None if user is None else user_json(user)

    shown = [message_entities.to_bot_api(entity, user_of) for entity in entities]
    if known := [entity for entity in shown if entity is not None]:
        fields[entities_name] = known
    return fields


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
