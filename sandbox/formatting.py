"""Text and captions: parsed before anything else is looked up, finished when the chat is known.

Order and limits of telegram-bot-api Client.cpp (get_formatted_text) and TDLib MessageEntity.cpp
(fix_formatted_text); the parsing itself is `botapi`'s, by TDLib where it is installed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botapi.entities import MessageEntity, add_found, find_entities, normalize
from botapi.entities import parse_text as parse_markup
from botapi.entities_model import Parsed, ParseError
from botapi.markup_escape import clean, is_blank_text
from sandbox import entities as message_entities
from sandbox.errors import Refusal
from sandbox.model import Json
from sandbox.parameters import Parameters
from sandbox.world import World

MAX_RAW_BYTES = 32_768
MAX_TEXT_LENGTH = 4096
MAX_CAPTION_LENGTH = 1024
"""Code points, after parsing and trimming."""


@dataclass(frozen=True, slots=True)
class ParsedText:
    text: str
    entities: Sequence[MessageEntity]


def parse_text(text: str, parse_mode: str, entities: Any) -> ParsedText:
    """Parse marked-up text, or take `entities` (decoded JSON) when there is no parse mode.

    Raises Refusal.
    """
    if len(text) * 4 > MAX_RAW_BYTES and len(text.encode(errors="replace")) > MAX_RAW_BYTES:
        raise Refusal("Text is too long")
    if text and parse_mode.lower() not in {"", "none"}:
        with _refusals():
            parsed = parse_markup(text, parse_mode)
            return ParsedText(parsed.text, parsed.entities)
    return ParsedText(text, message_entities.from_json(entities))


def message_text(parameters: Parameters) -> ParsedText:
    """The `text` of a call. Raises Refusal: `Message text is empty`, parse errors."""
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
    """`text` and `entities` as they are sent.

    Raises Refusal: `Text must be non-empty`, `Message is too long`.
    """
    finished = _finish(parsed)
    if len(finished.text) > MAX_TEXT_LENGTH:
        raise Refusal("Message is too long")
    return _fields(world, "text", "entities", finished)


def finished_caption(world: World, parsed: ParsedText) -> Json:
    """`caption` and `caption_entities`, or nothing. Raises Refusal: `Message caption is too
    long`.
    """
    if is_blank_text(clean(parsed.text)):
        return {}
    finished = _finish(parsed)
    if len(finished.text) > MAX_CAPTION_LENGTH:
        raise Refusal("Message caption is too long")
    return _fields(world, "caption", "caption_entities", finished)


def finished_quote(world: World, parsed: ParsedText) -> Json:
    """The `text` and `entities` of a quote, or nothing."""
    if is_blank_text(clean(parsed.text)):
        return {}
    return _fields(world, "text", "entities", _finish(parsed))


def _finish(parsed: ParsedText) -> Parsed:
    """Clean, trim and normalise; drop what exceeds 100 entities; find links, commands and so on."""
    entities = message_entities.with_checked_links(parsed.entities)
    with _refusals():
        normal = normalize(Parsed(parsed.text, tuple(entities)))
        kept = Parsed(normal.text, message_entities.drop_surplus(normal.entities))
        return add_found(kept, find_entities(kept.text))


def _fields(world: World, text_name: str, entities_name: str, finished: Parsed) -> Json:
    fields: Json = {text_name: finished.text}
    if shown := message_entities.shown(finished.entities, world.users):
        fields[entities_name] = shown
    return fields


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the parser's descriptions back into TDLib's sentences, which may get a context."""
    try:
        yield
    except ParseError as error:
        sentence = error.description.removeprefix("Bad Request: ")
        raise Refusal(sentence[:1].upper() + sentence[1:]) from None
