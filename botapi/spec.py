"""The Bot API's specification of the methods that send and change messages, and values checked
against it. Pure.

The table is `send_methods.json`; `bin/send-methods` makes it anew from a newer specification.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

INTEGER_MAX: Final = 2**31 - 1
"""Of the integers that the server reads as 32 bits (Client.cpp, get_integer_arg)."""

Path_ = tuple[str, ...]
"""Where something is: names and positions, from the outside in."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that Telegram would refuse: where, why and what to do instead, and a code."""

    path: Path_
    words: str
    code: str = "invalid"

    def below(self, *path: str) -> "Fault":
        """The same, seen from further outside."""
        return Fault((*path, *self.path), self.words, self.code)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a method or a field of an object. `length` counts in `unit`; `range` of
    numbers and `items` of lists are both inclusive."""

    name: str
    types: tuple[str, ...]
    required: bool = False
    length: tuple[int, int] | None = None
    unit: str = ""
    range: tuple[float, float] | None = None
    items: tuple[int, int] | None = None
    enum: tuple[str, ...] = ()
    const: str = ""

    @property
    def is_file(self) -> bool:
        """Whether a file may be uploaded in its place."""
        return "InputFile" in self.types

    @property
    def is_structure(self) -> bool:
        """Whether forms carry it as JSON."""
        return not set(self.types) & {"Integer", "Float", "String", "Boolean"}


Fields = Mapping[str, Parameter]


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(
        Path(__file__).with_name("send_methods.json").read_text(encoding="utf-8")
    )
    return table


STATED: Final[Mapping[str, Mapping[str, Any]]] = {
    "latitude": {"range": (-90, 90)},
    "longitude": {"range": (-180, 180)},
    "sendLocation.live_period": {"range": None},
    "duration": {"range": (0, 86_400)},
    "width": {"range": (0, 10_000)},
    "height": {"range": (0, 10_000)},
    "length": {"range": (0, 640)},
    "start_timestamp": {"range": (0, 86_400)},
    "message_thread_id": {"range": (1, INTEGER_MAX)},
    "open_period": {"range": (5, 2_628_000)},
    "options": {"items": (1, 12)},
    "country_codes": {"items": (0, 12)},
    "title": {"length": (1, 255), "unit": "characters"},
    "address": {"length": (1, 255), "unit": "characters"},
    "phone_number": {"length": (1, 32), "unit": "characters"},
    "first_name": {"length": (1, 64), "unit": "characters"},
    "last_name": {"length": (0, 64), "unit": "characters"},
    "performer": {"length": (0, 255), "unit": "characters"},
    "emoji": {"length": (0, 16), "unit": "characters"},
    "question": {"length": None},
    "explanation": {"length": None},
    "sendMessage.text": {"length": None},
    "editMessageText.text": {"length": None, "required": True},
    "InputPollOption.text": {"length": None},
    **{
        f"{name}parse_mode": {"enum": ("MarkdownV2", "HTML", "")}
        for name in ("", "question_", "explanation_", "description_", "text_")
    },
}
"""What the specification says only in words, or what differs (telegram.org's limits of texts hold
after formatting; names are cut by Telegram beyond what is here)."""


@lru_cache(maxsize=256)
def fields_of(owner: str) -> Fields:
    """The parameters of a method, or the fields of an object. KeyError: the table has neither."""
    table = _table()
    return _fields(owner, table["methods"].get(owner) or table["types"][owner])


def methods() -> list[str]:
    """The methods that the table has."""
    return list(_table()["methods"])


def _fields(owner: str, rows: Mapping[str, Mapping[str, Any]]) -> Fields:
    found = {}
    for name, row in rows.items():
        field = Parameter(
            name,
            tuple(row["types"]),
            bool(row.get("required")),
            _pair(row.get("len")),
            row.get("unit", ""),
            _pair(row.get("range")),
            _pair(row.get("items")),
            tuple(row.get("enum", ())),
            row.get("const", ""),
        )
        found[name] = replace(field, **STATED.get(f"{owner}.{name}", STATED.get(name, {})))
    return found


def _pair(value: Any) -> Any:
    return None if value is None else tuple(value)


def object_faults(
    owner: str, given: Mapping[str, Any], withheld: Mapping[str, str]
) -> Iterator[Fault]:
    """What is wrong with the parameters of a method or with an object.

    `withheld`: what is not offered and why, by its name, or by `Owner.name`.
    """
    known = fields_of(owner)
    offered = [name for name in known if not _reason(owner, name, withheld)]
    for name, value in given.items():
        if name not in known:
            yield Fault((name,), _no_such(name, offered), "unknown")
        elif reason := _reason(owner, name, withheld):
            yield Fault((name,), reason, "unsupported")
        else:
            yield from (one.below(name) for one in value_faults(known[name], value, withheld))
    for name in offered:
        if known[name].required and name not in given:
            yield Fault((name,), "This is required.", "required")


def _reason(owner: str, name: str, withheld: Mapping[str, str]) -> str:
    return withheld.get(f"{owner}.{name}") or withheld.get(name, "")


def _no_such(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Fields are: {', '.join(known)}."
    return f"There is no such field. {hint}"


def value_faults(field: Parameter, value: Any, withheld: Mapping[str, str]) -> Iterator[Fault]:
    """What is wrong with a value of this field."""
    kinds = [kind for kind in field.types if kind != "InputFile"]
    nested = [kind.removeprefix("Array of ") for kind in kinds if kind.startswith("Array of ")]
    if isinstance(value, list) and nested:
        yield from _list_faults(field, nested, value, withheld)
    elif isinstance(value, Mapping) and (objects := [k for k in kinds if k in _table()["types"]]):
        yield from _one_of(objects, value, withheld)
    elif not any(_is(kind, value) for kind in kinds):
        yield Fault((), f"Give {_article(kinds)}.")
    elif isinstance(value, str):
        yield from _text_faults(field, value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number_faults(field, value)


def _list_faults(
    field: Parameter, kinds: list[str], value: list[Any], withheld: Mapping[str, str]
) -> Iterator[Fault]:
    if field.items is not None and not field.items[0] <= len(value) <= field.items[1]:
        least, most = field.items
        yield Fault((), f"Give {least} to {most} items, not {len(value)}.", "items")
    item = Parameter("", tuple(kinds))
    for number, one in enumerate(value):
        yield from (fault.below(str(number)) for fault in value_faults(item, one, withheld))


def _one_of(
    kinds: list[str], value: Mapping[str, Any], withheld: Mapping[str, str]
) -> Iterator[Fault]:
    """An object of one of these types: told apart by a constant field, else by a required one."""
    for kind in kinds:
        known = fields_of(kind)
        constants = [one for one in known.values() if one.const]
        if constants:
            fits = all(value.get(one.name) == one.const for one in constants)
        else:
            fits = all(one.name in value for one in known.values() if one.required)
        if fits or len(kinds) == 1:
            yield from object_faults(kind, value, withheld)
            return
    yield _none_of(kinds)


def _none_of(kinds: list[str]) -> Fault:
    constants = {one.const for kind in kinds for one in fields_of(kind).values() if one.const}
    if constants:
        return Fault(("type",), f"Use one of {', '.join(sorted(constants))}.")
    return Fault((), f"Give an object of {' or '.join(kinds)}.")


def _is(kind: str, value: Any) -> bool:
    if kind == "Boolean":
        return isinstance(value, bool)
    if kind == "Integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "Float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return kind == "String" and isinstance(value, str)


_WORDS: Final = {
    "Boolean": "true or false",
    "Integer": "a whole number",
    "Float": "a number",
    "String": "a text",
}


def _article(kinds: list[str]) -> str:
    names = [
        _WORDS.get(kind, "a list" if kind.startswith("Array of ") else "an object")
        for kind in kinds
    ]
    return " or ".join(dict.fromkeys(names))


def _text_faults(field: Parameter, value: str) -> Iterator[Fault]:
    if "\0" in value:
        yield Fault((), "The text holds the character U+0000. Take it out.", "null_character")
    elif field.enum and value not in field.enum:
        yield Fault((), f"Use one of {', '.join(map(repr, field.enum))}.", "invalid_choice")
    elif field.const and value != field.const:
        yield Fault((), f"Use {field.const!r}.", "invalid_choice")
    elif field.length is not None and "parsing" not in field.unit:
        least, most = field.length
        unit = "bytes" if field.unit == "bytes" else "characters"
        size = len(value.encode("utf-8", "replace")) if unit == "bytes" else len(value)
        if not least <= size <= most:
            yield Fault((), f"Give {least} to {most} {unit}, not {size}.", "length")


def _number_faults(field: Parameter, value: float) -> Iterator[Fault]:
    least, most = field.range or (-INTEGER_MAX, INTEGER_MAX)
    if not least <= value <= most:
        yield Fault((), f"Give a number from {least} to {most}.", "range")
