"""What is wrong with a template, for the person who writes it."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from alerts.sources.json_text import clean

Kind: TypeAlias = Literal["syntax", "denied", "limit", "value", "markup"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a template: line and column count from 1; None where it is not known."""

    line: int | None = None
    column: int | None = None


NOWHERE = Place()


class TemplateFault(ValueError):
    """A template can't be used, or failed. `reason` says what to do about it.

    `kind`: "syntax" (it does not parse), "denied" (what templates may not do), "limit" (too large
    or too slow), "value" (it met something that it can't work with) or "markup" (Telegram refuses
    what it wrote). The reason may quote the template, which can make characters that no database
    stores: they are replaced.
    """

    def __init__(self, kind: Kind, reason: str, place: Place = NOWHERE) -> None:
        self.kind = kind
        self.reason = clean(reason)
        super().__init__(self.reason)
        self.place = place

    def at(self, place: Place) -> "TemplateFault":
        """The same, there; what knows its place already keeps it."""
        if self.place.line is None:
            self.place = place
        return self

    def __str__(self) -> str:
        line, column = self.place.line, self.place.column
        if line is None:
            return self.reason
        where = f"line {line}" if column is None else f"line {line}, column {column}"
        return f"{self.reason} ({where})"


_QUOTED = re.compile(r"['“‘]([^'”’]+)['”’]")


def place_of(source: str, line: int, reason: str) -> Place:
    """The line, and the column of what the reason puts in quotation marks where it stands there."""
    lines = source.splitlines()
    if not 1 <= line <= len(lines):
        return Place(line)
    text = lines[line - 1]
    for word in _QUOTED.findall(reason):
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
        column = found.start() if found else text.find(word)
        if column >= 0:
            return Place(line, column + 1)
    return Place(line)
