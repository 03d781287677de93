"""Functions of Go's templates, of Alertmanager's and of Grafana's, as our filters and operators."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from alerts.importing.go_template.formats import printf, replacement
from alerts.importing.go_template.members import Note, formatted, label
from alerts.importing.go_template.values import Kind, Level, Lost, Value, quoted

Function = Callable[[Sequence[Value], Note], Value]
_COUNTS: Final = {"alerts": "total", "firing": "firing", "resolved": "resolved"}
_ZONE = "Times are told in the channel's zone; `tz` is left out."
_MARKUP = "Values are always escaped here: markup within a value is shown, not followed."


def call(name: str, args: Sequence[Value], note: Note) -> Value:
    """What the function makes of its arguments. Raises Lost."""
    function = _FUNCTIONS.get(name)
    if function is None:
        raise Lost(_GONE.get(name, f"There is no counterpart of {name}; see the guide's filters."))
    least, most = _ARGUMENTS.get(name, (1, 1))
    if not least <= len(args) <= most:
        raise Lost(f"{name} is given {len(args)} values.")
    return function(args, note)


_GONE: Final = {
    "since": "A message would be wrong a minute later: write when it began, with the filter time.",
    "now": "A message would be wrong a minute later: there is no clock.",
    "html": "Values are escaped where they are written; leave it out.",
}


def _filter(name: str, kind: Kind = Kind.TEXT) -> Function:
    return lambda args, _: args[0].filtered(name, kind)


def _same(text: str) -> Function:
    def same(args: Sequence[Value], note: Note) -> Value:
        note(text)
        return args[-1]

    return same


def _len(args: Sequence[Value], _: Note) -> Value:
    (value,) = args
    if value.text in _COUNTS:
        return Value(f"counts.{_COUNTS[value.text]}", Kind.NUMBER)
    return value.filtered("length", Kind.NUMBER)


def _index(args: Sequence[Value], _: Note) -> Value:
    value, *keys = args
    for key in keys:
        if value.kind is Kind.MEASURED:
            value = Value(value.text, Kind.TEXT)
        elif value.kind is Kind.LABELS and isinstance(key.const, str):
            value = label(value, key.const)
        elif kind := _ELEMENTS.get(value.kind):
            path = f"{value.within(Level.ATOM)}[{key.text}]"
            value = Value(path, kind, may_miss=value.kind is Kind.LABELS)
        else:
            raise Lost("What is asked for here is no list and no labels.")
    return value


_ELEMENTS: Final = {Kind.ALERTS: Kind.ALERT, Kind.LABELS: Kind.TEXT, Kind.TEXTS: Kind.TEXT}


def _slice(args: Sequence[Value], _: Note) -> Value:
    value, *bounds = args
    base = value.as_text() if value.may_miss else value.within(Level.ATOM)
    start, stop = [*(bound.text for bound in bounds), ""][:2] if bounds else ("", "")
    return Value(f"{base}[{start}:{stop}]", value.kind)


def _equal(args: Sequence[Value], _: Note) -> Value:
    value, *others = args
    if len(others) == 1:
        return _compared(value, "==", others[0])
    listed = ", ".join(one.as_text() for one in others)
    return Value(f"{value.as_text()} in [{listed}]", Kind.BOOL, Level.COMPARED)


def _comparison(operator: str) -> Function:
    return lambda args, _: _compared(args[0], operator, args[1])


def _compared(left: Value, operator: str, right: Value) -> Value:
    sides = []
    for one, other in ((left, right), (right, left)):
        is_told_apart = operator in ("==", "!=") and other.const not in (None, "")
        sides.append(one.within(Level.JOINED) if is_told_apart else one.as_text())
    return Value(f"{sides[0]} {operator} {sides[1]}", Kind.BOOL, Level.COMPARED)


def _logic(operator: str) -> Function:
    def joined(args: Sequence[Value], _: Note) -> Value:
        if len(args) == 1:
            return args[0]
        kinds = {one.kind for one in args}
        kind = kinds.pop() if len(kinds) == 1 else Kind.UNKNOWN
        text = f" {operator} ".join(one.within(Level.COMPARED) for one in args)
        return Value(text, kind, Level.LOGIC, may_miss=any(one.may_miss for one in args))

    return joined


def _not(args: Sequence[Value], _: Note) -> Value:
    return Value(f"not {args[0].within(Level.COMPARED)}", Kind.BOOL, Level.COMPARED)


def _print(args: Sequence[Value], _: Note) -> Value:
    """Spaces stand only between two that are no texts."""
    parts = [args[0].within()]
    for before, after in pairwise(args):
        if Kind.TEXT not in (before.kind, after.kind):
            parts.append(quoted(" "))
        parts.append(after.within())
    if len(parts) == 1:
        return args[0].filtered("string", Kind.TEXT)
    return Value(" ~ ".join(parts), Kind.TEXT, Level.JOINED)


def _println(args: Sequence[Value], _: Note) -> Value:
    parts = ' ~ " " ~ '.join(one.within() for one in args)
    return Value(rf'{parts} ~ "\n"', Kind.TEXT, Level.JOINED)


def _printf(args: Sequence[Value], note: Note) -> Value:
    form, *values = args
    if not isinstance(form.const, str):
        raise Lost("The format of printf is no constant; join texts with ~.")
    value, notes = printf(form.const, values)
    for told in notes:
        note(told)
    return value


def _join(args: Sequence[Value], _: Note) -> Value:
    separator, values = args
    return values.filtered(f"join({separator.text})", Kind.TEXT)


def _match(args: Sequence[Value], _: Note) -> Value:
    pattern, value = args
    return value.filtered(f"match({pattern.text})", Kind.BOOL)


def _replace_all(args: Sequence[Value], note: Note) -> Value:
    pattern, new, value = args
    if not isinstance(new.const, str):
        raise Lost("The replacement is no constant; use the filters replace or regex_replace.")
    if "\\" in new.const:
        note("Values are escaped for you: one that your template escapes itself is escaped twice.")
    text = quoted(replacement(new.const))
    return value.filtered(f"regex_replace({pattern.text}, {text})", Kind.TEXT)


def _texts(args: Sequence[Value], _: Note) -> Value:
    return Value(f"[{', '.join(one.text for one in args)}]", Kind.TEXTS)


def _date(args: Sequence[Value], note: Note) -> Value:
    layout, value = args
    if not isinstance(layout.const, str) or value.kind is not Kind.TIME:
        raise Lost("A time and a constant layout are needed; see the filter time.")
    return formatted(value, layout.const, note)


def _percentage(args: Sequence[Value], note: Note) -> Value:
    note("A percentage is written as 97.3 %.")
    return args[0].filtered("percent", Kind.TEXT)


def _lasting(args: Sequence[Value], note: Note) -> Value:
    note("A duration is written as 1 h 12 min.")
    return args[0].filtered("duration", Kind.TEXT)


_FUNCTIONS: Final[dict[str, Function]] = {
    "and": _logic("and"),
    "date": _date,
    "eq": _equal,
    "ge": _comparison(">="),
    "gt": _comparison(">"),
    "humanize": _filter("humanize"),
    "humanize1024": _filter("humanize1024"),
    "humanizeDuration": _lasting,
    "humanizePercentage": _percentage,
    "index": _index,
    "join": _join,
    "le": _comparison("<="),
    "len": _len,
    "lt": _comparison("<"),
    "match": _match,
    "ne": _comparison("!="),
    "not": _not,
    "or": _logic("or"),
    "print": _print,
    "printf": _printf,
    "println": _println,
    "reReplaceAll": _replace_all,
    "safeHtml": _same(_MARKUP),
    "safeUrl": _same("URLs are escaped for where they stand."),
    "slice": _slice,
    "stringSlice": _texts,
    "title": _filter("title"),
    "toJson": _filter("json"),
    "toLower": _filter("lower"),
    "toUpper": _filter("upper"),
    "trimSpace": _filter("trim"),
    "tz": _same(_ZONE),
    "urlquery": _filter("urlencode"),
}
_MANY: Final = 100
_ARGUMENTS: Final = {
    **dict.fromkeys(("date", "ge", "gt", "join", "le", "lt", "match", "ne", "tz"), (2, 2)),
    **dict.fromkeys(("and", "or", "print", "printf", "println"), (1, _MANY)),
    "eq": (2, _MANY),
    "index": (1, 5),
    "reReplaceAll": (3, 3),
    "slice": (1, 3),
    "stringSlice": (0, _MANY),
}
