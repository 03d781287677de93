"""JSON as senders really write it, and any JSON value as clean text.

Numbers are int or Decimal, never float: a version 3 group key exceeds 64 bits, a label `1.10` is
not `1.1`, and a number of a million digits must cost nothing.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from alerts.sources.incoming import MAX_EXCERPT

MARK = "…"
"""Ends every text that was shortened."""
MAX_DEPTH = 100
"""Deeper nesting is reported once it is too deep for the decoder."""
_TEXT_DEPTH = 16
_LONGEST_NUMBER = 400
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
# A string that never ends is one token up to the end: looked for again at each of its quotes, a
# body of escaped quotes would cost minutes.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


Json: TypeAlias = "str | int | Decimal | bool | list[Json] | dict[str, Json] | None"


def clean(text: str) -> str:
    """A str that UTF-8 carries and PostgreSQL stores: NUL and lone surrogates become U+FFFD."""
    if text.isascii() and "\x00" not in text:
        return str(text)
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, the last one being the mark when something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + MARK


def text_of(value: Json) -> str:
    """Any JSON value as clean text: null is "", containers become compact JSON."""
    if isinstance(value, str):
        return clean(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    return clean("".join(_compact(value, 0)))


def beginning(value: Json, limit: int = MAX_EXCERPT) -> str:
    """How a value starts, as an excerpt for people: at most `limit` characters."""
    if isinstance(value, str):
        return shorten(clean(value[: limit + 1]), limit)
    text = ""
    for piece in _compact(value, 0) if isinstance(value, dict | list) else [text_of(value)]:
        text += piece[: limit + 1]
        if len(text) > limit:
            break
    return shorten(clean(text), limit)


def _compact(value: Json, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for index, (name, item) in enumerate(value.items() if depth < _TEXT_DEPTH else ()):
            yield f"{',' if index else ''}{json.dumps(name, ensure_ascii=False)}:"
            yield from _compact(item, depth + 1)
        yield "}" if depth < _TEXT_DEPTH else f"{MARK}}}"
    elif isinstance(value, list):
        yield "["
        for index, item in enumerate(value if depth < _TEXT_DEPTH else ()):
            yield "," if index else ""
            yield from _compact(item, depth + 1)
        yield "]" if depth < _TEXT_DEPTH else f"{MARK}]"
    elif isinstance(value, str):
        yield json.dumps(value, ensure_ascii=False)
    else:
        yield "null" if value is None else text_of(value)


def number_of(value: Json) -> float | None:
    """A finite float from a number, or from a text that is one; None otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


class JsonError(ValueError):
    """The text is not JSON. `position` counts characters from 0; `reason` names line and column.

    `whole_value`: a complete value ends at `position`, and something else follows.
    """

    def __init__(self, reason: str, position: int, *, whole_value: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position
        self.whole_value = whole_value


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An object in which a name stood more than once; the last value won."""

    owner: dict[str, "Json"]
    name: str


def loads(text: str, duplicates: list[Duplicate] | None = None) -> Json:
    """Decode one JSON value; raw control characters in strings and NaN are let through.

    Of equal names in an object the last wins; such names are added to `duplicates`.
    Raises JsonError, and never RecursionError.
    """

    def build(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        built = dict(pairs)
        if duplicates is not None and len(built) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            duplicates.extend(Duplicate(built, n) for n, count in counts.items() if count > 1)
        return built

    try:
        try:
            value: Json = _decoder(build, int).decode(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # an integer beyond sys.get_int_max_str_digits()
            value = _decoder(build, Decimal).decode(text)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
        whole_value = error.msg == "Extra data"
        raise JsonError(reason, error.pos, whole_value=whole_value) from None
    except RecursionError:
        raise _too_deep(text) from None
    return value


def _decoder(
    build: Callable[[list[tuple[str, Json]]], Json], parse_int: Callable[[str], Json]
) -> json.JSONDecoder:
    return json.JSONDecoder(
        strict=False,
        parse_int=parse_int,
        parse_float=Decimal,
        parse_constant=Decimal,
        object_pairs_hook=build,
    )


def _too_deep(text: str) -> JsonError:
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, token.start()) + 1
            column = token.start() - text.rfind("\n", 0, token.start())
            where = f"at line {line}, column {column}"
            return JsonError(f"nested deeper than {MAX_DEPTH} levels {where}", token.start())
    return JsonError(f"nested deeper than {MAX_DEPTH} levels", len(text))


def complete_elements(text: str, end: int) -> str | None:
    """What can be kept of JSON that is sound only up to `end`: the whole elements of its outermost
    list, closed properly. None when no element of a list was complete."""
    open_brackets: list[str] = []
    first_list: int | None = None
    closing = ""
    kept: tuple[int, str] | None = None
    for token in _TOKEN.finditer(text, 0, end):
        character = token[0]
        if character in "[{":
            open_brackets.append("]" if character == "[" else "}")
            if character == "[" and first_list is None:
                first_list = len(open_brackets)
                closing = "".join(reversed(open_brackets))
        elif character in "]}" and open_brackets:
            open_brackets.pop()
            if first_list == len(open_brackets):
                kept = token.end(), closing
            elif first_list == len(open_brackets) + 1:
                first_list = None
    return None if kept is None else text[: kept[0]] + kept[1]
