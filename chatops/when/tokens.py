"""A text cut into what times are told with: words, numbers, clock times, dates, marks.

Everything is cut in one pass over the text, so its cost grows with its length alone. What stands in
quotes or braces is one token that is no time, with all that touches it: `job="2h"`. Only ASCII
digits are numbers; words have the letters of the languages that are read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

EITHER: Final = "either"
"""Of a clock time that people say without its half of the day: "half past two"."""


class Kind(StrEnum):
    """What a token is, and what its `value` then is."""

    WORD = "word"
    """The word in lower case."""
    NUMBER = "number"
    """Fraction, not negative."""
    NEGATIVE = "negative"
    """Fraction."""
    ORDINAL = "ordinal"
    """int."""
    CLOCK = "clock"
    """(hour, minute, second, "am", "pm", EITHER or ""), not checked."""
    DATE = "date"
    """(year or None, month, day), not checked."""
    SLASHED = "slashed"
    """(first, second, year or None): which is the month is open."""
    OFFSET = "offset"
    """Minutes east of UTC."""
    ZONE = "zone"
    """An IANA name, not checked."""
    MARK = "mark"
    """One character."""
    OTHER = "other"
    """No time."""


@dataclass(frozen=True, slots=True)
class Token:
    """`start` and `end` are positions in the text; `first`: with it a word begins."""

    kind: Kind
    value: Any
    start: int
    end: int
    first: bool

    def is_word(self, *words: str) -> bool:
        return self.kind is Kind.WORD and self.value in words


def tokens_of(text: str) -> tuple[Token, ...]:
    """All tokens of the text in order. Of a text of very many words only the first and the last
    are looked at: what is between them is one token that is no time."""
    words = list(_words(text))
    if len(words) > 2 * _EDGE:
        middle = (words[_EDGE][0], words[-_EDGE - 1][1], True)
        words = [*words[:_EDGE], middle, *words[-_EDGE:]]
    return tuple(token for word in words for token in _cut(text, *word))


_LETTERS: Final = "[a-zà-öø-ÿа-яё]"
_DIGITS: Final = r"[0-9]{1,9}"
_NUMBER = re.compile(rf"{_DIGITS}(?:\.[0-9]{{1,6}})?")
_NEGATIVE = re.compile(rf"[-−–]({_DIGITS}(?:\.[0-9]{{1,6}})?)({_LETTERS}*)")
_TIME: Final = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(am|pm)?"
_OFFSET: Final = r"(z|[-+][0-9]{2}:?[0-9]{2})"
_CLOCK = re.compile(rf"{_TIME}{_OFFSET}?")
_HOUR = re.compile(r"([0-9]{1,2})(am|pm)")
_ONLY_OFFSET = re.compile(r"[-+][0-9]{2}:[0-9]{2}")
_ISO = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:t{_TIME}{_OFFSET}?)?")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})?")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?:/([0-9]{4}))?")
_ORDINAL = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.?[ºª°]|ro|[-–]?(?:го|ого|е|ое|ый|й|му))")
_PLAIN = re.compile(rf"{_LETTERS}+(?:'clock|’clock)?|[ap]\.m\.?")
_HYPHENED = re.compile(rf"{_LETTERS}+[-–]{_LETTERS}+")
_GLUED = re.compile(rf"(?:{_DIGITS}(?:\.[0-9]{{1,6}})?{_LETTERS}+){{1,8}}(?:[0-9]{{1,2}})?")
_GLUED_PART = re.compile(rf"[0-9.]+|{_LETTERS}+")
_ZONE = re.compile(r"[A-Za-z_]{2,20}(?:/[A-Za-z0-9_+-]{2,30}){1,2}|UTC|GMT")
_ZONE_WORDS: Final = frozenset({"utc", "gmt"})
_DASHES: Final = frozenset({"-", "--", "–", "—"})
_OPENING: Final = "([“"
_CLOSING: Final = ",;:.!?)]”"
_ENCLOSED_AFTER: Final = frozenset(" \t\n=~!({,")
_LONGEST: Final = 64
"""No time is longer in one piece."""
_EDGE: Final = 25
"""Words at either end of a text in which times are looked for."""


def _words(text: str) -> Iterator[tuple[int, int, bool]]:
    """Pieces between white space: where each starts and ends, and whether it holds quotes."""
    at = 0
    start: int | None = None
    opaque = False
    while at < len(text):
        if text[at].isspace():
            if start is not None:
                yield start, at, opaque
            start, opaque = None, False
            at += 1
            continue
        start = at if start is None else start
        after = _enclosed_until(text, at)
        opaque = opaque or after > at
        at = max(after, at + 1)
    if start is not None:
        yield start, at, opaque


def _enclosed_until(text: str, at: int) -> int:
    """The end of what opens here in quotes or braces; `at` where nothing opens."""
    opening = text[at]
    if opening in '"`':
        return _quoted_until(text, at, opening)
    if opening == "'" and (at == 0 or text[at - 1] in _ENCLOSED_AFTER):
        return _quoted_until(text, at, opening)
    if opening != "{":
        return at
    depth = 0
    while at < len(text):
        if text[at] == '"':
            at = _quoted_until(text, at, '"')
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
        if depth == 0:
            break
    return at


def _quoted_until(text: str, at: int, quote: str) -> int:
    """Past the closing quote; the end of the text where there is none."""
    at += 1
    while at < len(text):
        if text[at] == quote:
            return at + 1
        at += 2 if text[at] == "\\" else 1
    return len(text)


def _cut(text: str, start: int, end: int, opaque: bool) -> Iterator[Token]:
    if opaque or end - start > _LONGEST:
        yield Token(Kind.OTHER, None, start, end, first=True)
        return
    if text[start:end] in _DASHES:
        yield Token(Kind.MARK, "-", start, end, first=True)
        return
    while start < end and text[start] in _OPENING:
        yield Token(Kind.MARK, text[start], start, start + 1, first=True)
        start += 1
    closing = end
    while closing > start and not (found := _read(text, start, closing)):
        if text[closing - 1] not in _CLOSING:
            break
        closing -= 1
    if closing > start:
        yield from found or _pieces(text, start, closing)
    for at in range(closing, end):
        yield Token(Kind.MARK, text[at], at, at + 1, first=at == start)


def _pieces(text: str, start: int, end: int) -> Iterator[Token]:
    """What is no one thing: `monday,thursday` is three, and all else is no time."""
    middle = text.find(",", start, end)
    if middle > start:
        left, right = _read(text, start, middle), _read(text, middle + 1, end)
        if left and right:
            yield from left
            yield Token(Kind.MARK, ",", middle, middle + 1, first=False)
            yield from right
            return
    yield Token(Kind.OTHER, None, start, end, first=True)


def _read(text: str, start: int, end: int) -> list[Token]:
    """The tokens that are exactly this piece; [] where it is none."""
    piece = text[start:end].lower()
    if _PLAIN.fullmatch(piece) and piece not in _ZONE_WORDS:
        return [Token(Kind.WORD, piece.replace("’", "'"), start, end, first=True)]
    if _ZONE.fullmatch(text, start, end):
        return [Token(Kind.ZONE, text[start:end], start, end, first=True)]
    if len(piece) != end - start:  # İ becomes two characters
        return []
    values = _values(piece)
    if values:
        return [
            Token(kind, value, start, end, first=number == 0)
            for number, (kind, value) in enumerate(values)
        ]
    if _HYPHENED.fullmatch(piece):
        left, right = re.split("[-–]", piece)
        middle = start + len(left)
        return [
            Token(Kind.WORD, left, start, middle, first=True),
            Token(Kind.MARK, "-", middle, middle + 1, first=False),
            Token(Kind.WORD, right, middle + 1, end, first=False),
        ]
    if _GLUED.fullmatch(piece):
        return [
            Token(*_glued(part.group()), start + part.start(), start + part.end(), not part.start())
            for part in _GLUED_PART.finditer(piece)
        ]
    return []


def _glued(part: str) -> tuple[Kind, Any]:
    return (Kind.WORD, part) if part[0].isalpha() else (Kind.NUMBER, Fraction(part))


def _values(piece: str) -> list[tuple[Kind, Any]]:
    """What the piece is where that is told by its form alone; it may be two or three things."""
    if _NUMBER.fullmatch(piece):
        return [(Kind.NUMBER, Fraction(piece))]
    if found := _CLOCK.fullmatch(piece):
        return _clock(*found.groups())
    if found := _HOUR.fullmatch(piece):
        return [(Kind.CLOCK, (int(found[1]), 0, 0, found[2]))]
    if found := _ISO.fullmatch(piece):
        year, month, day, *rest = found.groups()
        date = (Kind.DATE, (int(year), int(month), int(day)))
        return [date, *(_clock(*rest) if rest[0] else [])]
    if found := _DOTTED.fullmatch(piece):
        return [(Kind.DATE, (_maybe(found[3]), int(found[2]), int(found[1])))]
    if found := _SLASHED.fullmatch(piece):
        return [(Kind.SLASHED, (int(found[1]), int(found[2]), _maybe(found[3])))]
    if found := _ORDINAL.fullmatch(piece):
        return [(Kind.ORDINAL, int(found[1]))]
    if _ONLY_OFFSET.fullmatch(piece):
        return [(Kind.OFFSET, _minutes(piece))]
    if found := _NEGATIVE.fullmatch(piece):
        unit = [(Kind.WORD, found[2])] if found[2] else []
        return [(Kind.NEGATIVE, -Fraction(found[1])), *unit]
    return []


def _clock(
    hour: str, minute: str, second: str | None, half: str | None, offset: str | None
) -> list[tuple[Kind, Any]]:
    clock = (Kind.CLOCK, (int(hour), int(minute), int(second or 0), half or ""))
    return [clock, *([(Kind.OFFSET, _minutes(offset))] if offset else [])]


def _minutes(offset: str) -> int:
    """Minutes east of UTC of `z`, `+01:00` or `-0330`."""
    if offset == "z":
        return 0
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    return (hours * 60 + minutes) * (-1 if offset[0] == "-" else 1)


def _maybe(number: str | None) -> int | None:
    return int(number) if number else None
