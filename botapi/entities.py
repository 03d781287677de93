"""What Telegram reads in a text that it is sent: parse modes, cleaning, entities.

TDLib decides where its wheel is installed; else, or when asked for, the parsers of this package do,
which agree with it on everything but some automatic links.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import itemgetter

from botapi import entities_found, tdlib
from botapi.entities_html import parse_html
from botapi.entities_legacy import parse_legacy_markdown
from botapi.entities_markdown import parse_markdown
from botapi.entities_model import (
    NOT_UTF8,
    STYLES,
    MessageEntity,
    Parsed,
    ParseError,
    cannot_parse,
    end_of,
)
from botapi.entities_normal import add_found, normalize
from botapi.markup_nodes import Node
from botapi.markup_runs import LinkSpan, Look, QuoteSpan, Run, nodes_of, settle_quotes

__all__ = [
    "MessageEntity",
    "ParseError",
    "Parsed",
    "add_found",
    "as_sent",
    "entities_to_nodes",
    "find_entities",
    "normalize",
    "parse_text",
]

_PARSERS: dict[str, Callable[[str], Parsed]] = {
    "MarkdownV2": parse_markdown,
    "HTML": parse_html,
    "Markdown": parse_legacy_markdown,
}
_NAMES = {name.lower(): name for name in _PARSERS}
_PLAIN = ("", "none")
_MAX_SOURCE = 65_536  # code points (TDLib, parseTextEntities)


def parse_text(text: str, parse_mode: str, *, force_python: bool = False) -> Parsed:
    """Text and entities as Telegram parses them, neither cleaned nor trimmed (`as_sent` does).

    `parse_mode`: "MarkdownV2", "HTML", "Markdown", "" or "none", in any case of letters. Raises
    ParseError with the Bot API's description where Telegram refuses the text.
    """
    if parse_mode.lower() in _PLAIN:
        return Parsed(text, ())
    mode = _NAMES.get(parse_mode.lower())
    if mode is None:
        raise ParseError("Bad Request: unsupported parse_mode")
    if not force_python and tdlib.available() and tdlib.accepts(text, mode):
        return tdlib.parse(text, mode)
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ParseError(NOT_UTF8)
    if len(text) > _MAX_SOURCE:
        raise cannot_parse("Text is too long")
    return _PARSERS[mode](text)


def find_entities(text: str, *, force_python: bool = False) -> tuple[MessageEntity, ...]:
    """The entities that Telegram finds by itself: url, email, mention, hashtag, bot_command..."""
    if not force_python and tdlib.available():
        return tdlib.find_entities(text)
    return entities_found.find_entities(text)


def as_sent(
    text: str,
    parse_mode: str = "",
    entities: Sequence[MessageEntity] = (),
    *,
    force_python: bool = False,
) -> Parsed:
    """The text and entities that a message has when it was sent so.

    `entities` counts only without a parse mode, as in the Bot API. Raises ParseError with the Bot
    API's description, also for a text that is empty in Telegram's eyes. Lengths are not checked.
    """
    parsed = parse_text(text, parse_mode, force_python=force_python)
    if parse_mode.lower() in _PLAIN:
        parsed = Parsed(text, tuple(entities))
    normal = normalize(parsed)
    return add_found(normal, find_entities(normal.text, force_python=force_python))


def entities_to_nodes(text: str, entities: Sequence[MessageEntity]) -> tuple[Node, ...]:
    """The text as a tree that renders to the same text and entities.

    A quote that shares a line with other text gets lines of its own. Automatic entities, custom
    emoji and dates become their text. Offsets are UTF-16 code units within the text.
    """
    encoded = text.encode("utf-16-le", "surrogatepass")
    edges = {0, len(encoded) // 2}
    for entity in entities:
        edges |= {entity["offset"], end_of(entity)}
    links = {id(e): LinkSpan(url) for e in entities if (url := _url(e))}
    quotes = {
        id(e): QuoteSpan(e["type"] == "expandable_blockquote")
        for e in entities
        if e["type"] in ("blockquote", "expandable_blockquote")
    }
    runs: list[Run] = []
    waiting = deque(sorted(entities, key=itemgetter("offset")))
    over: list[MessageEntity] = []
    for begin, end in pairwise(sorted(edges)):
        words = encoded[2 * begin : 2 * end].decode("utf-16-le", "surrogatepass")
        while waiting and waiting[0]["offset"] <= begin:
            over.append(waiting.popleft())
        over = [e for e in over if end <= end_of(e)]
        link = next((links[id(e)] for e in over if id(e) in links), None)
        quote = next((quotes[id(e)] for e in over if id(e) in quotes), None)
        runs.append(_run(words, over, link, quote))
    return nodes_of(settle_quotes(runs))


def _url(entity: MessageEntity) -> str:
    if entity["type"] == "text_mention":
        return f"tg://user?id={entity['user']['id']}"
    return entity.get("url", "") if entity["type"] == "text_link" else ""


def _run(
    words: str, over: Sequence[MessageEntity], link: LinkSpan | None, quote: QuoteSpan | None
) -> Run:
    for entity in over:
        if entity["type"] == "pre":
            return Run(words, Look(quote=quote), "pre", entity.get("language", ""))
        if entity["type"] == "code":
            return Run(words, Look(quote=quote), "code")
    styles = sum({1 << STYLES.index(e["type"]) for e in over if e["type"] in STYLES})
    return Run(words, Look(styles, link, quote))
