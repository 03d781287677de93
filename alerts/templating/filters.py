"""The filters and tests that templates have; there are no others.

`guarded` stands before each: it counts what comes in and goes out, and takes marks away, so that a
filter sees text alone. What is made of markup (`bold`, `link`) is markup again.
"""

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, Undefined, pass_environment
from jinja2.filters import FILTERS
from markupsafe import Markup

from alerts.rendering import words
from alerts.templating.budget import (
    NUMBER_MAX,
    TEXT_MAX,
    MadeDict,
    MadeList,
    current,
    weight_of,
)
from alerts.templating.context import Record
from alerts.templating.faults import TemplateFault
from alerts.templating.marks import joined, kind_of, text_of
from alerts.templating.patterns import match, regex_replace
from alerts.templating.quantities import (
    between,
    duration,
    humanize,
    humanize1024,
    iso,
    percent,
    rounded,
    time_of,
    unix,
)
from botapi import markup
from botapi.markup import Node

_INDENT_MAX = 20


def made(value: Any) -> Any:
    """What a filter or an operator gave, counted. Raises TemplateFault when it is too much."""
    if isinstance(value, MadeList | MadeDict):
        return value
    if isinstance(value, str):
        current().text(len(value))
    elif isinstance(value, int | float) and abs(value) > NUMBER_MAX:
        raise TemplateFault("limit", f"A number is larger than {NUMBER_MAX:,}.")
    elif isinstance(value, list | tuple | Iterator):
        return MadeList(value)
    elif type(value) is dict:
        return MadeDict(value)
    return value


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, counted, and given texts without marks."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        current().spend(1 + sum([weight_of(arg) for arg in (*args, *kwargs.values())]))
        named = {name: _unmarked(value) for name, value in kwargs.items()}
        return made(function(*[_unmarked(arg) for arg in args], **named))

    return run


def _unmarked(value: Any) -> Any:
    return text_of(value) if isinstance(value, Markup) else value


# --- text ----------------------------------------------------------------------------------------


def _trim(value: Any) -> Any:
    current().spend(1 + weight_of(value))
    return value.strip() if isinstance(value, Markup) else text_of(value).strip()


def _truncate(value: Any, length: int = 80) -> str:
    return words.shorten_end(text_of(value), between(length, 2, TEXT_MAX, "truncate"))


def _truncate_middle(value: Any, length: int = 40) -> str:
    return words.shorten_middle(text_of(value), between(length, 3, TEXT_MAX, "truncate_middle"))


def _one_line(value: Any) -> str:
    return words.one_line(text_of(value))


def _lines(value: Any, count: int = 0) -> list[str]:
    found = words.lines_of(text_of(value))
    return found[:count] if count > 0 else found


def _replace(value: Any, old: Any, new: Any) -> str:
    text, before, after = text_of(value), text_of(old), text_of(new)
    if not before:
        return text
    current().text(len(text) + text.count(before) * max(len(after) - len(before), 0))
    return text.replace(before, after)


def _indent(value: Any, width: int = 2) -> str:
    space = " " * between(width, 0, _INDENT_MAX, "indent")
    text = text_of(value)
    current().text(len(text) + text.count("\n") * len(space))
    return text.replace("\n", f"\n{space}")


def _split(value: Any, separator: Any = None) -> list[str]:
    return text_of(value).split(text_of(separator) or None)


def _plural(count: Any, one: Any, many: Any = "") -> str:
    number = len(count) if isinstance(count, list | tuple | dict) else count
    return text_of(one) if number == 1 else text_of(many) or f"{text_of(one)}s"


def _json(value: Any) -> str:
    return json.dumps(_plain(value, 0), ensure_ascii=False)


def _plain(value: Any, depth: int) -> Any:
    current().spend()
    if depth > 5:
        raise TemplateFault("limit", "Lists within lists within lists can't be written as JSON.")
    if isinstance(value, dict):
        return {text_of(name): _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = iso(value) if isinstance(value, datetime) else text_of(value)
    current().text(len(text))
    return text


def _urlencode(value: Any) -> str:
    return quote(text_of(value), safe="")


# --- mappings and lists --------------------------------------------------------------------------


def _mapping(value: Any) -> Mapping[Any, Any]:
    if isinstance(value, Undefined) or value is None:
        return {}
    if not isinstance(value, dict):
        raise TemplateFault("value", f"A {kind_of(value)} is no mapping such as labels.")
    return value


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(_mapping(value).items())


def _keys(value: Any) -> list[Any]:
    return list(_mapping(value))


def _values(value: Any) -> list[Any]:
    return list(_mapping(value).values())


def _get(value: Any, name: Any, default: Any = "") -> Any:
    return _mapping(value).get(text_of(name), default)


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    """By name; an alert's own name comes first, as in Prometheus's world."""
    mapping = _mapping(value)
    return sorted(mapping.items(), key=lambda pair: (pair[0] != "alertname", pair[0]))


def _without(value: Any, *names: Any) -> dict[Any, Any]:
    left_out: set[str] = set()
    for name in names:
        left_out.update(map(text_of, name if isinstance(name, list | tuple | dict) else (name,)))
    return {name: inner for name, inner in _mapping(value).items() if name not in left_out}


def _only(value: Any, *names: Any) -> dict[Any, Any]:
    mapping = _mapping(value)
    return {name: mapping[name] for one in names if (name := text_of(one)) in mapping}


def _sum(values: Iterable[Any]) -> float:
    numbers = [value for value in values if isinstance(value, int | float)]
    return sum(numbers)


def _length(value: Any) -> int:
    if isinstance(value, Undefined) or value is None:
        return 0
    return len(value)


def _join(values: Any, separator: Any = "") -> str:
    current().spend(1 + weight_of(values))
    return joined(values if isinstance(values, Iterable) else [values], separator)


# --- markup --------------------------------------------------------------------------------------


def _styled(make: Callable[[str], Node]) -> Callable[..., Markup]:
    @pass_environment
    def run(environment: Environment, value: Any) -> Markup:
        text = text_of(value)
        return _written(environment, make(text)) if text else Markup("")

    return run


@pass_environment
def _link(environment: Environment, url: Any, label: Any = "") -> Markup:
    address, words_ = text_of(url).strip(), text_of(label) or text_of(url)
    if not words_:
        return Markup("")
    node = markup.link(address, words_) if address else markup.text(words_)
    return _written(environment, node)


def _written(environment: Environment, node: Node) -> Markup:
    mode = getattr(environment, "parse_mode")  # noqa: B009  # our own environment's attribute
    return Markup(markup.render([node], mode))  # noqa: S704  # escaped there, for Telegram


# --- what they are called ------------------------------------------------------------------------


def _of_text(function: Callable[[str], Any]) -> Callable[[Any], Any]:
    """Jinja2's own would take Python's notation of what is no text: long, and not for readers."""
    return lambda value: function(text_of(value))


_OF_JINJA = (
    *("abs", "d", "default", "dictsort", "first", "float", "groupby", "int", "last", "list"),
    *("map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort"),
    "unique",
)
_OF_JINJA_FOR_TEXT = ("capitalize", "lower", "title", "upper", "wordcount")
_OURS: dict[str, Callable[..., Any]] = {
    "bold": _styled(markup.bold),
    "code": _styled(markup.code),
    "count": _length,
    "duration": duration,
    "get": _get,
    "humanize": humanize,
    "humanize1024": humanize1024,
    "indent": _indent,
    "iso": iso,
    "italic": _styled(markup.italic),
    "items": _items,
    "json": _json,
    "keys": _keys,
    "length": _length,
    "lines": _lines,
    "link": _link,
    "match": match,
    "one_line": _one_line,
    "only": _only,
    "pairs": _pairs,
    "percent": percent,
    "plural": _plural,
    "pre": _styled(markup.pre),
    "quote": _styled(markup.quote),
    "regex_replace": regex_replace,
    "replace": _replace,
    "round": rounded,
    "split": _split,
    "string": text_of,
    "sum": _sum,
    "time": time_of,
    "truncate": _truncate,
    "truncate_middle": _truncate_middle,
    "unix": unix,
    "urlencode": _urlencode,
    "values": _values,
    "without": _without,
}
# `trim` and `join` keep markup as it is, `default` hands on what it is given.
FILTERS_OF_TEMPLATES: dict[str, Callable[..., Any]] = {
    **{name: guarded(FILTERS[name]) for name in _OF_JINJA},
    **{name: guarded(_of_text(FILTERS[name])) for name in _OF_JINJA_FOR_TEXT},
    **{name: guarded(function) for name, function in _OURS.items()},
    "trim": _trim,
    "join": _join,
}
"""By the name that templates use."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _divisible(value: Any, number: Any) -> bool:
    return isinstance(value, int) and isinstance(number, int) and number != 0 and not value % number


_TESTS: dict[str, Callable[..., bool]] = {
    "defined": lambda value: not isinstance(value, Undefined),
    "divisibleby": _divisible,
    "empty": lambda value: isinstance(value, Undefined) or value is None or text_of(value) == "",
    "even": lambda value: _divisible(value, 2),
    "mapping": lambda value: isinstance(value, dict),
    "match": match,
    "none": lambda value: value is None,
    "number": _is_number,
    "odd": lambda value: isinstance(value, int) and not _divisible(value, 2),
    "sequence": lambda value: isinstance(value, Sequence) and not isinstance(value, str | Record),
    "string": lambda value: isinstance(value, str),
    "undefined": lambda value: isinstance(value, Undefined),
}
_TESTS |= {
    name: function
    for names, function in (
        (("eq", "==", "equalto"), lambda a, b: bool(a == b)),
        (("ne", "!="), lambda a, b: bool(a != b)),
        (("lt", "<"), lambda a, b: bool(a < b)),
        (("le", "<="), lambda a, b: bool(a <= b)),
        (("gt", ">"), lambda a, b: bool(a > b)),
        (("ge", ">="), lambda a, b: bool(a >= b)),
        (("in",), lambda a, b: bool(a in b)),
    )
    for name in names
}
TESTS_OF_TEMPLATES = {name: guarded(function) for name, function in _TESTS.items()}
"""By the name that templates use."""
