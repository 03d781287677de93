"""The functions of expressions: JMESPath's own, and those that texts need. Each pays for what it
reads and builds.

Own ones: `root()`, `concat(…)`, `lower(t)`, `upper(t)`, `trim(t)`, `replace(t, old, new)`,
`split(t, separator)`, `capture(t, regex)`, `items(object)`, `from_items(pairs)`. Names and meaning
are those of JMESPath Community where it has them (jmespath.site, functions). Theirs refuse null;
these let it through, for most payloads lack something.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import re2
from jmespath import functions
from jmespath.functions import signature

from alerts.sources.json_text import Json, number_of, text_of

WORK = 400_000
"""Units for all expressions of one POST: 40,000 syntax nodes visited, or 3 MB of text built; about
50 ms of a core."""
_LETTERS = 8
"""Letters that cost as much as a value."""
_RE2_MEMORY = 1 << 18
"""Bytes for one compiled expression."""
_REGEX_STEPS = 100
"""Steps of a regular expression that cost as much as a value: it is linear in the text, and in the
size of its program, and in its groups."""
_AS_TEXT = 4
"""How many times more it costs to write an array or object down as text."""

_ANY: Any = {"types": []}
_MANY: Any = {"types": [], "variadic": True}
_ARRAY: Any = {"types": ["array"]}
_ARRAY_OR_NULL: Any = {"types": ["array", "null"]}
_OBJECT: Any = {"types": ["object"]}
_EXPRESSION: Any = {"types": ["expref"]}

_SHALLOW = frozenset(
    [
        "not_null",
        "to_array",
        "type",
        "length",
        "keys",
        "values",
        "items",
        "merge",
        "map",
        "sort_by",
        "min_by",
        "max_by",
        "root",
    ]
)
"""Functions that do not look into what they are given."""
_NUMERIC = frozenset(
    ["abs", "ceil", "floor", "type", "sum", "avg", "max", "min", "sort", "contains"]
)
_SORTING = frozenset(("sort", "max", "min"))


class Exhausted(Exception):
    """The budget is used up."""


class Budget:
    """The work that is left for one POST."""

    def __init__(self, work: int = WORK) -> None:
        self._left = work

    def spend(self, units: int) -> None:
        """Raises Exhausted when that is more than there is."""
        self._left -= units
        if self._left < 0:
            raise Exhausted

    def weigh(self, value: Any) -> int:
        """Pay for each value in it, as often as it stands there, and for their letters; returns
        how much. Raises Exhausted, and TypeError when it is more than JSON."""
        before = self._left
        unvisited = [value]
        while unvisited:
            node = unvisited.pop()
            if isinstance(node, str):
                self.spend(1 + len(node) // _LETTERS)
            elif isinstance(node, list):
                self.spend(1 + len(node))
                unvisited += node
            elif isinstance(node, dict):
                self.spend(1 + len(node))
                unvisited += node.values()
                unvisited += node
            elif node is None or isinstance(node, int | float | Decimal):
                self.spend(1)
            else:
                raise TypeError("an expression after & is no value")
        return before - self._left


def plain(value: Any) -> Any:
    """A number as the library knows them: json_text makes a Decimal of each fraction."""
    return number_of(value) if isinstance(value, Decimal) else value


def exact(value: Any) -> Json:
    """The other way round: no float is left in what the library made."""
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return {name: exact(item) for name, item in value.items()}
    return value  # type: ignore[no-any-return]  # JSON


@dataclass(frozen=True, slots=True)
class Arity:
    """How many arguments a function takes: so many, or at least so many."""

    count: int
    is_variadic: bool

    def takes(self, given: int) -> bool:
        """Whether that is right."""
        return given >= self.count if self.is_variadic else given == self.count

    def __str__(self) -> str:
        least = "at least " if self.is_variadic else ""
        return f"{least}{self.count} argument{'' if self.count == 1 else 's'}"


def arity_of(name: str) -> Arity | None:
    """None when there is no such function."""
    entry = Functions.FUNCTION_TABLE.get(name)
    if entry is None:
        return None
    wanted = entry["signature"]
    return Arity(len(wanted), bool(wanted) and bool(wanted[-1].get("variadic")))


class Functions(functions.Functions):
    """For one evaluation: `root` is the whole payload."""

    def __init__(self, root: Json, budget: Budget) -> None:
        self._root = root
        self._budget = budget

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        """As the library, once the arguments are paid for."""
        arguments = list(resolved_args)
        for argument in arguments:
            if function_name not in _SHALLOW:
                weight = self._budget.weigh(argument)
                if function_name in _SORTING:
                    self._budget.spend(weight * weight.bit_length())
                elif function_name not in _NUMERIC and isinstance(argument, list | dict):
                    self._budget.spend(_AS_TEXT * weight)
            elif isinstance(argument, list | dict):
                self._budget.spend(len(argument))
        if function_name not in _NUMERIC:
            return super().call_function(function_name, arguments)
        arguments = [
            [plain(item) for item in argument] if isinstance(argument, list) else plain(argument)
            for argument in arguments
        ]
        return exact(super().call_function(function_name, arguments))

    def _built(self, text: str) -> str:
        self._budget.spend(len(text) // _LETTERS)
        return text

    # --- ours ---------------------------------------------------------------------------------
    @signature()
    def _func_root(self) -> Json:
        return self._root

    @signature(_MANY)
    def _func_concat(self, *parts: Json) -> str:
        return self._built("".join(map(text_of, parts)))

    @signature(_ANY)
    def _func_lower(self, value: Json) -> Json:
        return None if value is None else text_of(value).lower()

    @signature(_ANY)
    def _func_upper(self, value: Json) -> Json:
        return None if value is None else text_of(value).upper()

    @signature(_ANY)
    def _func_trim(self, value: Json) -> Json:
        return None if value is None else text_of(value).strip()

    @signature(_ANY, _ANY, _ANY)
    def _func_replace(self, value: Json, old: Json, new: Json) -> Json:
        if value is None or not old:
            return value
        text, gone, instead = text_of(value), text_of(old), text_of(new)
        self._budget.spend(text.count(gone) * max(1, len(instead) // _LETTERS))
        return text.replace(gone, instead)

    @signature(_ANY, _ANY)
    def _func_split(self, value: Json, separator: Json) -> Json:
        text, between = text_of(value), text_of(separator)
        if not text or not between:
            return [text] if text else []
        self._budget.spend(text.count(between))
        parts: list[Json] = [*text.split(between)]
        return parts

    @signature(_ANY, _ANY)
    def _func_capture(self, value: Json, pattern: Json) -> Json:
        regex, text = compiled_regex(text_of(pattern)), text_of(value)
        steps = (len(text) + 100) * regex.programsize * (regex.groups + 1)
        self._budget.spend(steps // _REGEX_STEPS)
        found = regex.search(text)
        if found is None:
            return None
        return found[1] if regex.groups else found[0]  # type: ignore[no-any-return]  # a text

    @signature(_OBJECT)
    def _func_items(self, value: dict[str, Json]) -> list[list[Json]]:
        return [[name, item] for name, item in value.items()]

    @signature(_ARRAY_OR_NULL)
    def _func_from_items(self, pairs: list[Json] | None) -> dict[str, Json]:
        """Of `[[name, value], …]`; what is no pair is left out, as is a name that is null."""
        return {
            text_of(pair[0]): pair[1]
            for pair in pairs or ()
            if isinstance(pair, list) and len(pair) == 2 and pair[0] is not None
        }

    # --- the library's, as far as they could grow or know no Decimal ----------------------------
    @signature(_ANY)
    def _func_to_string(self, value: Json) -> str:
        return self._built(text_of(value))

    @signature(_ANY)
    def _func_to_number(self, value: Json) -> Json:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        number = number_of(value)
        return int(number) if number is not None and number.is_integer() else exact(number)

    @signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, texts: list[str]) -> str:
        self._budget.spend(len(separator) * len(texts) // _LETTERS)
        return separator.join(texts)

    @signature(_EXPRESSION, _ARRAY)
    def _func_map(self, expression: Any, values: list[Json]) -> list[Json]:
        result = [expression.visit(expression.expression, value) for value in values]
        self._budget.weigh(result)
        return result

    @signature(_ARRAY, _EXPRESSION)
    def _func_sort_by(self, values: list[Json], expression: Any) -> list[Json]:
        keys = self._keys(values, expression)
        return [values[index] for index in sorted(range(len(values)), key=keys.__getitem__)]

    @signature(_ARRAY, _EXPRESSION)
    def _func_min_by(self, values: list[Json], expression: Any) -> Json:
        keys = self._keys(values, expression)
        return values[min(range(len(values)), key=keys.__getitem__)] if values else None

    @signature(_ARRAY, _EXPRESSION)
    def _func_max_by(self, values: list[Json], expression: Any) -> Json:
        keys = self._keys(values, expression)
        return values[max(range(len(values)), key=keys.__getitem__)] if values else None

    def _keys(self, values: list[Json], expression: Any) -> list[Any]:
        """What orders each of them. Raises TypeError unless all are numbers or all are texts."""
        keys = [plain(expression.visit(expression.expression, value)) for value in values]
        weight = self._budget.weigh(keys)
        self._budget.spend(weight * weight.bit_length())
        are_texts = all(isinstance(key, str) for key in keys)
        if not are_texts and not all(type(key) in (int, float) for key in keys):
            raise TypeError("an order needs numbers alone or texts alone")
        return keys


@lru_cache(maxsize=512)
def compiled_regex(pattern: str) -> Any:
    """By RE2. Raises ValueError."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _RE2_MEMORY
    options.dot_nl = True
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0] if error.args else "it does not compile"
        detail = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        raise ValueError(f"bad regular expression {pattern[:100]!r}: {detail}") from None
