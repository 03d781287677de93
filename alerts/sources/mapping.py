"""Any JSON → alerts, by expressions that a user wrote for each field of an alert.

A mapping as it is stored and as the REST API takes it:

    {"v": 1, "items": "alerts", "rules": {"title": {"expression": "concat(host, ': ', name)"},
     "status": {"expression": "state", "values": {"OK": "resolved", "*": "firing"}}}}

`items` yields the list when a payload holds several; each of its values is `@` to the fields then,
and `root()` the whole payload. Nothing from it (`[]` or `false`) means that there is no alert.
`values` replaces what the expression yields, `*` standing for everything else. What the fields are
worth is read as our own JSON is (generic.py), which says what each of them may be.
"""

from collections.abc import Mapping as Pairs
from dataclasses import dataclass, field
from typing import Any, Final

from alerts import fingerprints
from alerts.sources import generic
from alerts.sources.alertmanager import Context
from alerts.sources.expression_functions import Budget, Exhausted
from alerts.sources.expressions import BadExpression, Expression, Failed, compiled
from alerts.sources.fields import Object, one_line
from alerts.sources.incoming import (
    IncomingAlert,
    IncomingBatch,
    ParseOptions,
    Source,
)
from alerts.sources.json_text import Json, beginning, clean, shorten, text_of
from alerts.sources.problems import Problems, pointer_to

VERSION: Final = 1
FIELDS: Final = (
    "title",
    "message",
    "severity",
    "status",
    "fingerprint",
    "labels",
    "annotations",
    "url",
    "image_url",
    "starts_at",
    "ends_at",
)
IDENTITY: Final = frozenset(("title", "status", "fingerprint", "labels"))
"""Without one of these it would be another alert: when it fails, the payload is stored as it is."""
DEFAULT: Final = "*"
MAX_VALUES: Final = 100
MAX_VALUE: Final = 200
"""Characters of each of them."""
RAW_KEPT: Final = 2_000
"""Characters of a payload in the alert that stands for it when it could not be mapped."""
_ALERT: Final = 200
"""Units of work for each alert besides its expressions."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is made."""

    expression: Expression
    values: Pairs[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A checked mapping."""

    rules: Pairs[str, Rule]
    items: Expression | None = None


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a mapping. `place`: `items`, a field, or `<field>.values`; `position`: the
    character of its expression, from 0, if known."""

    place: str
    reason: str
    position: int | None = None

    @property
    def words(self) -> str:
        """For people, who count from 1."""
        at = "" if self.position is None else f" (character {self.position + 1})"
        return f"{self.reason.removesuffix('.')}{at}."


class BadMapping(ValueError):
    """Not a mapping; `wrongs` says what is wrong where."""

    def __init__(self, wrongs: list[Wrong]) -> None:
        super().__init__(" ".join(f"{one.place}: {one.words}" for one in wrongs))
        self.wrongs = wrongs


def read_mapping(stored: Json) -> Mapping:
    """Check a mapping and compile its expressions. Raises BadMapping."""
    if not isinstance(stored, dict) or stored.get("v", VERSION) != VERSION:
        raise BadMapping([Wrong("", f'It must be an object such as {{"v": {VERSION}}}.')])
    wrongs: list[Wrong] = []
    items = _expression(stored.get("items"), "items", wrongs)
    rules = {}
    given = stored.get("rules")
    for name, rule in given.items() if isinstance(given, dict) else ():
        if name not in FIELDS:
            wrongs.append(Wrong(name, f"There is no such field. Fields are: {', '.join(FIELDS)}."))
            continue
        parts = rule if isinstance(rule, dict) else {"expression": rule}
        expression = _expression(parts.get("expression"), name, wrongs)
        values = _values(parts.get("values"), f"{name}.values", wrongs)
        if expression is not None:
            rules[name] = Rule(expression, values)
    if not wrongs and not {"title", "message"} & rules.keys():
        wrongs.append(Wrong("title", "Give title or message an expression."))
    if wrongs:
        raise BadMapping(wrongs)
    return Mapping(rules, items)


def stored_form(given: Json) -> dict[str, Any]:
    """How a mapping is kept: checked, all of it said. Raises BadMapping."""
    mapping = read_mapping(given)
    return {
        "v": VERSION,
        "items": mapping.items.text if mapping.items else "",
        "rules": {
            name: {"expression": rule.expression.text, "values": dict(rule.values)}
            for name, rule in mapping.rules.items()
        },
    }


def _expression(text: Json, place: str, wrongs: list[Wrong]) -> Expression | None:
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        wrongs.append(Wrong(place, "An expression is a text."))
        return None
    try:
        return compiled(text.strip())
    except BadExpression as error:
        wrongs.append(Wrong(place, error.reason, error.position))
        return None


def _values(given: Json, place: str, wrongs: list[Wrong]) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        wrongs.append(Wrong(place, 'Give texts by text, such as {"OK": "resolved"}.'))
        return {}
    if len(given) > MAX_VALUES:
        wrongs.append(Wrong(place, f"{len(given)} values; at most {MAX_VALUES} are allowed."))
    if any(len(name) > MAX_VALUE or len(str(text)) > MAX_VALUE for name, text in given.items()):
        wrongs.append(Wrong(place, f"A value may have {MAX_VALUE} characters."))
    return {clean(name): clean(str(text)) for name, text in given.items()}


def parse(
    payload: Json, mapping: Mapping, name: str, options: ParseOptions, problems: Problems
) -> IncomingBatch:
    """All alerts of a payload. What can't be mapped is an alert called `name` that says why, so
    that none is lost. Raises nothing."""
    reader = _Reader(mapping, payload, name, Context(options, problems))
    try:
        items = reader.items()
    except Failed as failure:
        alerts = [reader.unmapped(payload, "/items", f"items: {failure}")]
        return IncomingBatch(source=Source.MAPPED, alerts=tuple(alerts))
    if items is None:
        alerts = [reader.alert(payload, "")]
        return IncomingBatch(source=Source.MAPPED, alerts=tuple(alerts))
    limit = options.max_alerts
    alerts, left = [], 0
    for index, item in enumerate(items[:limit]):
        if reader.has_no_work_left():
            left = min(len(items), limit) - index
            reason = f"{left} of {len(items)} alerts are too much work for one POST"
            alerts.append(reader.unmapped(payload, "", reason))
            break
        alerts.append(reader.alert(item, f"/{index}"))
    beyond = max(0, len(items) - limit)
    if beyond:
        problems.note("", f"{len(items)} alerts; the {beyond} beyond {limit} were not read")
    return IncomingBatch(source=Source.MAPPED, alerts=tuple(alerts), truncated_alerts=left + beyond)


def unmapped(payload: Json, name: str, reason: str) -> IncomingAlert:
    """The alert that stands for a payload which could not be mapped: an event, called as its
    integration is; each payload is one of its own."""
    title = one_line(clean(name)) or "Alert"
    raw = beginning(payload, RAW_KEPT).strip()
    return IncomingAlert(
        status="event",
        fingerprint=fingerprints.of_texts([title, raw]),
        name=title,
        labels={"alertname": title},
        summary=shorten(f"could not be mapped: {clean(reason)}", 500),
        description=raw,
    )


class _Reader:
    """Reads one payload, with one budget."""

    def __init__(self, mapping: Mapping, payload: Json, name: str, context: Context) -> None:
        self._is_exhausted = False
        self._mapping = mapping
        self._payload = payload
        self._name = name
        self._context = context
        self._budget = Budget()

    def items(self) -> list[Json] | None:
        """The list of alerts; None when the payload is one itself. Raises Failed."""
        if self._mapping.items is None:
            return None
        found = self._evaluate(self._mapping.items, self._payload)
        if found is False:
            return []
        if found is None:
            raise Failed("it yields nothing for this payload; [] means no alert")
        if isinstance(found, dict):
            return [found]
        if not isinstance(found, list):
            raise Failed(f"it yields {shorten(text_of(found), 40)!r} instead of a list")
        return found

    def has_no_work_left(self) -> bool:
        """Whether the next alert is one too many; else it is paid for."""
        if not self._is_exhausted:
            try:
                self._budget.spend(_ALERT)
            except Exhausted:
                self._is_exhausted = True
        return self._is_exhausted

    def alert(self, item: Json, pointer: str) -> IncomingAlert:
        """One alert, mapped if it can be."""
        made: Object = {}
        for name, rule in self._mapping.rules.items():
            try:
                made[name] = _replaced(self._evaluate(rule.expression, item), rule.values)
            except Failed as failure:
                where = pointer_to(pointer, name)
                if name in IDENTITY or self._is_exhausted:
                    return self.unmapped(item, where, f"{name}: {failure}")
                self._context.problems.note(where, f"left out: {failure}", item)
        if not any(text_of(made.get(name)).strip() for name in ("title", "message")):
            where = pointer_to(pointer, "title")
            return self.unmapped(item, where, "title and message yield nothing for this payload")
        alert = generic.read_alert(made, pointer, self._context)
        assert alert is not None, "a title or message is all that our own JSON needs"
        return alert

    def unmapped(self, item: Json, pointer: str, reason: str) -> IncomingAlert:
        """Told as a problem, too."""
        self._context.problems.note(pointer, f"could not be mapped: {shorten(reason, 250)}", item)
        return unmapped(item, self._name, reason)

    def _evaluate(self, expression: Expression, item: Json) -> Json:
        try:
            return expression(item, self._payload, self._budget)
        except Exhausted:
            self._is_exhausted = True
            raise Failed("it takes too much work for this payload") from None


def _replaced(value: Json, values: Pairs[str, str]) -> Json:
    """What the table says in its place: the same text, else the same in other letters, else `*`."""
    if not values or isinstance(value, dict | list):
        return value
    text = text_of(value).strip()
    if text in values:
        return values[text]
    folded = {name.casefold(): meant for name, meant in values.items()}
    return folded.get(text.casefold(), values.get(DEFAULT, value))
