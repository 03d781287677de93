"""Go's ways to write times, numbers and replacements, as ours."""

import re
from collections.abc import Iterator
from typing import Final

from alerts.importing.go_template.values import Kind, Level, Lost, Value, quoted

_LAYOUT: Final = {
    "January": "%B",
    "Jan": "%b",
    "Monday": "%A",
    "Mon": "%a",
    "MST": "%Z",
    "2006": "%Y",
    "Z07:00": "%z",
    "Z0700": "%z",
    "-07:00": "%z",
    "-0700": "%z",
    "002": "%j",
    "01": "%m",
    "02": "%d",
    "03": "%I",
    "04": "%M",
    "05": "%S",
    "06": "%y",
    "15": "%H",
    "PM": "%p",
    "_2": "%-d",
    "1": "%-m",
    "2": "%-d",
    "3": "%-I",
    "4": "%-M",
    "5": "%-S",
}
"""time/format.go of Go 1.22; longer ones first."""
_STEP: Final = re.compile("|".join(map(re.escape, _LAYOUT)))
_FRACTION: Final = re.compile(r"[.,](?:0+|9+)(?!\d)")
_COLON_ZONES: Final = ("Z07:00", "-07:00", "Z0700")
_VERB: Final = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d*)(?:\.(?P<digits>\d+))?(?P<verb>.)")
_GROUP: Final = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")
PLAIN_TIME: Final = "%Y-%m-%d %H:%M:%S %z %Z"
"""What Go writes for a time without a format."""


def time_format(layout: str) -> tuple[str, list[str]]:
    """For our filter `time`, and what is otherwise then."""
    notes = []
    if _FRACTION.search(layout):
        layout = _FRACTION.sub("", layout)
        notes.append("Fractions of a second are left out.")
    if any(zone in layout for zone in _COLON_ZONES):
        notes.append("The zone is written as +0000.")
    return _STEP.sub(lambda found: _LAYOUT[found[0]], layout.replace("%", "%%")), notes


def replacement(text: str) -> str:
    """Of a regular expression: `${1}` → `\\1`."""

    def group(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name is None:
            return "$"
        return rf"\g<{name}>"

    return _GROUP.sub(group, text.replace("\\", "\\\\"))


def printf(form: str, values: list[Value]) -> tuple[Value, list[str]]:
    """The texts and values joined, and what is otherwise then. Raises Lost."""
    notes: list[str] = []
    parts = [part for part in _parts(form, values, notes) if part]
    if not parts:
        return Value('""', Kind.TEXT, const=""), notes
    if len(parts) == 1:
        return Value(f"{parts[0]} | string", Kind.TEXT, Level.FILTERED), notes
    return Value(" ~ ".join(parts), Kind.TEXT, Level.JOINED), notes


def _parts(form: str, values: list[Value], notes: list[str]) -> Iterator[str]:
    rest, end, literal = list(values), 0, ""
    for found in _VERB.finditer(form):
        literal += form[end : found.start()]
        end = found.end()
        if found["verb"] == "%":
            literal += "%"
            continue
        if not rest:
            raise Lost(f"{found[0]} has no value; write the text by hand.")
        yield quoted(literal) if literal else ""
        literal = ""
        yield from _written(found, rest.pop(0), notes)
    literal += form[end:]
    yield quoted(literal) if literal else ""
    if rest:
        raise Lost("There are more values than the format has places for.")


def _written(found: re.Match[str], value: Value, notes: list[str]) -> Iterator[str]:
    verb, digits = found["verb"], found["digits"]
    if found["width"]:
        notes.append(f"{found[0]} pads with spaces; Telegram's letters have no one width.")
    if verb in "svd" and not digits:
        yield value.within()
    elif verb == "q":
        yield from (quoted('"'), value.within(), quoted('"'))
    elif verb == "s":
        yield f"{value.within(Level.ATOM)}[:{digits}]" if not value.may_miss else value.within()
    elif verb in "fgev":
        notes.append(f"{found[0]} rounds; zeros at the end are not written.")
        yield f"{value.within()} | round({digits or 6})"
    else:
        raise Lost(f"{found[0]} has no counterpart; a filter such as round may do.")
