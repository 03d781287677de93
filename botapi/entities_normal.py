"""What Telegram does to a parsed text before it keeps it (TDLib, fix_formatted_text).

Characters are cleaned, both ends trimmed, and entities brought into one nesting: code excludes
everything else, links and quotes do not nest, styles are split where others begin and merged where
they touch.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from botapi.entities_model import (
    NOT_UTF8,
    QUOTES,
    STYLES,
    MessageEntity,
    Parsed,
    ParseError,
    end_of,
    in_order,
    utf16_length,
)
from botapi.markup_escape import clean, is_blank_text, merge_marks

# Types within which there is nothing else.
_CODE_TYPES = ("code", "pre", "date_time")
_MAX_POSITION = 1_000_000


def normalize(parsed: Parsed, found: Sequence[MessageEntity] = (), *, trim: bool = True) -> Parsed:
    """The text as a message shows it.

    Raises ParseError for an empty text and for entities that do not fit the text.
    `found`: automatic entities of the cleaned and trimmed text, to be merged in.
    """
    if any("\ud800" <= char <= "\udfff" for char in parsed.text):
        raise ParseError(NOT_UTF8)
    _check_numbers(parsed.entities)
    entities = _nested(entity for entity in parsed.entities if entity["length"])
    _check_positions(parsed.text, entities)
    text, entities = _cleaned(parsed.text, entities)
    if not text.strip(" \n"):
        raise ParseError("Bad Request: text must be non-empty")
    entities = _nested(entities)
    if trim:
        text, entities = _trimmed(text, entities)
    if is_blank_text(text):
        raise ParseError("Bad Request: text must be non-empty")
    return add_found(Parsed(text, in_order(entities)), found)


def add_found(parsed: Parsed, found: Sequence[MessageEntity]) -> Parsed:
    """The text, which is normal, with automatic entities, where no code, link or quote's edge is in
    the way."""
    if not found:
        return parsed
    styles, quotes, others = _sorted_out(parsed.entities)
    free = _clear_of_quotes(found, quotes)
    taken = _Spans(others)
    new = [entity for entity in free if not taken.met_by(entity)]
    return Parsed(parsed.text, _with_styles(in_order([*others, *new, *quotes]), styles))


def _check_numbers(entities: Iterable[MessageEntity]) -> None:
    for entity in entities:
        for field in ("offset", "length"):
            value = entity[field]
            if not 0 <= value <= _MAX_POSITION:
                raise ParseError(f"Bad Request: receive an entity with incorrect {field} {value}")


def _check_positions(text: str, entities: Sequence[MessageEntity]) -> None:
    """Refuse what begins or ends within a surrogate pair or behind the text.

    Of several faults TDLib names the one it meets first; where entities share it, the innermost.
    """
    if not entities:
        return
    starts = [0, *accumulate([1 + (char > "\uffff") for char in text])]
    size = starts[-1]
    for at in sorted({at for entity in entities for at in (entity["offset"], end_of(entity))}):
        following = bisect_left(starts, at)
        if at >= size or starts[following] == at:
            continue
        where = f"in a middle of a UTF-16 symbol at byte offset {len(text[:following].encode())}"
        ending = [entity["offset"] for entity in entities if end_of(entity) == at]
        if ending:
            raise _bad_entity(f"beginning at UTF-16 offset {ending[-1]} ends {where}")
        raise _bad_entity(f"begins {where}")
    behind = [entity["offset"] for entity in entities if entity["offset"] > size]
    if behind:
        raise _bad_entity(f"begins after the end of the text at UTF-16 offset {behind[0]}")
    over = [entity for entity in entities if end_of(entity) > size]
    if over:
        raise _bad_entity(
            f"beginning at UTF-16 offset {over[-1]['offset']} ends after the end of the text "
            f"at UTF-16 offset {end_of(over[-1])}"
        )


def _bad_entity(fault: str) -> ParseError:
    return ParseError(f"Bad Request: entity {fault}")


def _cleaned(text: str, entities: Sequence[MessageEntity]) -> tuple[str, tuple[MessageEntity, ...]]:
    """The text as Telegram cleans it, the entities moved along; those of nothing are gone."""
    if clean(text) == text:
        return merge_marks(text), tuple(entities)
    removed: list[int] = []
    offset = 0
    for char in text:
        if not clean(char):
            removed.append(offset)
        offset += 1 + (char > "\uffff")
    moved = [
        _between(
            entity,
            entity["offset"] - bisect_left(removed, entity["offset"]),
            end_of(entity) - bisect_left(removed, end_of(entity)),
        )
        for entity in entities
    ]
    return merge_marks(clean(text)), tuple([entity for entity in moved if entity["length"]])


def _between(entity: MessageEntity, begin: int, end: int) -> MessageEntity:
    changed = entity.copy()
    changed["offset"], changed["length"] = begin, end - begin
    return changed


def _trimmed(text: str, entities: Sequence[MessageEntity]) -> tuple[str, tuple[MessageEntity, ...]]:
    """Blanks go at the end, cutting entities, and at the beginning up to the first entity."""
    text = text.rstrip(" \n")
    size = utf16_length(text)
    kept = [
        _between(entity, entity["offset"], min(end_of(entity), size))
        for entity in entities
        if entity["offset"] < size
    ]
    blanks = len(text) - len(text.lstrip(" \n"))
    if kept:
        blanks = min(blanks, *(entity["offset"] for entity in kept))
    return text[blanks:], tuple(
        [_between(entity, entity["offset"] - blanks, end_of(entity) - blanks) for entity in kept]
    )


def _sorted_out(
    entities: Iterable[MessageEntity],
) -> tuple[list[MessageEntity], list[MessageEntity], list[MessageEntity]]:
    """Styles, quotes and the others."""
    styles: list[MessageEntity] = []
    quotes: list[MessageEntity] = []
    others: list[MessageEntity] = []
    for entity in entities:
        kind = entity["type"]
        (styles if kind in STYLES else quotes if kind in QUOTES else others).append(entity)
    return styles, quotes, others


def _nested(entities: Iterable[MessageEntity]) -> tuple[MessageEntity, ...]:
    """The entities in the one nesting that Telegram keeps (TDLib, fix_entities)."""
    styles, quotes, others = _sorted_out(in_order(entities))
    quotes = _apart(quotes)
    others = _clear_of_quotes(_apart(others), quotes)
    return _with_styles(in_order([*others, *quotes]), styles)


def _apart(entities: Iterable[MessageEntity]) -> list[MessageEntity]:
    """Without those that begin within an earlier one."""
    apart: list[MessageEntity] = []
    for entity in entities:
        if not apart or entity["offset"] >= end_of(apart[-1]):
            apart.append(entity)
    return apart


def _clear_of_quotes(
    entities: Iterable[MessageEntity], quotes: Sequence[MessageEntity]
) -> list[MessageEntity]:
    """Without those that cross a quote's edge or hold a quote."""
    spans = _Spans(quotes)
    return [
        entity
        for entity in entities
        if not (met := spans.met_by(entity))
        or (met[0] <= entity["offset"] and end_of(entity) <= met[1])
    ]


class _Spans:
    """Entities in order that have nothing in common, to be found by where they are: a text may hold
    thousands."""

    def __init__(self, entities: Sequence[MessageEntity]) -> None:
        self._begins = [entity["offset"] for entity in entities]
        self._ends = [end_of(entity) for entity in entities]

    def met_by(self, entity: MessageEntity) -> tuple[int, int] | None:
        """Begin and end of the first one that has something in common with this; None: none."""
        first = bisect_right(self._ends, entity["offset"])
        if first < len(self._begins) and self._begins[first] < end_of(entity):
            return self._begins[first], self._ends[first]
        return None


def _with_styles(
    others: Sequence[MessageEntity], styles: Sequence[MessageEntity]
) -> tuple[MessageEntity, ...]:
    if not styles:
        return tuple(others)
    return in_order([*others, *_Splitter(styles).split(others)])


class _Splitter:
    """Splits styles where others begin or end, and merges those that touch (split_entities)."""

    def __init__(self, styles: Sequence[MessageEntity]) -> None:
        self.styles = styles
        self.next = 0
        self.active: dict[str, tuple[int, int]] = {}
        self.pieces: list[MessageEntity] = []

    def split(self, others: Sequence[MessageEntity]) -> list[MessageEntity]:
        inside: list[MessageEntity] = []
        for other in others:
            self.leave(inside, other["offset"])
            inside.append(other)
        self.leave(inside, 2 * _MAX_POSITION + 1)
        return self.pieces

    def leave(self, inside: list[MessageEntity], offset: int) -> None:
        """Take in the styles up to `offset`; those within code vanish."""
        while inside and offset >= end_of(inside[-1]):
            pieces = len(self.pieces)
            self.take(end_of(inside[-1]))
            if inside.pop()["type"] in _CODE_TYPES:
                del self.pieces[pieces:]
        self.take(offset)

    def take(self, end: int) -> None:
        while self.next < len(self.styles) and self.styles[self.next]["offset"] < end:
            style = self.styles[self.next]
            self.next += 1
            active = self.active.get(style["type"])
            if active is not None and style["offset"] <= active[1]:
                self.active[style["type"]] = (active[0], max(active[1], end_of(style)))
            else:
                self.flush(style["offset"])
                self.active[style["type"]] = (style["offset"], end_of(style))
        self.flush(end)

    def flush(self, offset: int) -> None:
        if not self.active:
            return
        for kind in STYLES:
            begin, end = self.active.get(kind, (offset, 0))
            if begin >= offset:
                continue
            piece: MessageEntity = {
                "type": kind,
                "offset": begin,
                "length": min(end, offset) - begin,
            }
            self.pieces.append(piece)
            if end <= offset:
                del self.active[kind]
            else:
                self.active[kind] = (offset, end)
