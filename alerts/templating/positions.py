"""Where the parts of a template stand, to the column.

Jinja2 knows a line for each part and carries it everywhere: into its errors, and into what it
compiles. Here each token has its offset for a line, and what comes back is looked up.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.templating.faults import Place, TemplateFault, place_of

BASE: Final = 1 << 20
"""What is added to offsets, to tell them from lines, of which there are fewer."""
DIGITS_MAX: Final = 1_000
_QUOTED = re.compile(r"['“‘]([^'”’]+)['”’]")
_INNERMOST = re.compile(r"innermost block that needs to be closed is '(\w+)'")
_OPENED = {"comment": "{#", "raw": "{%"}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """`body` as it was written; `origin`: of each character that is parsed, where it stands there,
    and of the end."""

    body: str
    origin: Sequence[int]

    def place(self, line: int, reason: str, *, exact: bool = False) -> Place:
        """Of what Jinja2 calls this line. Where the reason puts something in quotation marks that
        stands there, or a little behind it, that is meant, unless it is `exact`."""
        if line < BASE:
            return self._of_unclosed(line, reason) or place_of(self.body, line, reason)
        opened = _INNERMOST.search(reason)
        at = self._opening(opened[1]) if opened else -1
        if at < 0:
            at = self.origin[min(line - BASE, len(self.origin) - 1)]
        begin = self.body.rfind("\n", 0, at) + 1
        number = self.body.count("\n", 0, at) + 1
        rest = self.body[at:].partition("\n")[0]
        for word in () if exact else _QUOTED.findall(reason):
            found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", rest)
            if found:
                return Place(number, at - begin + found.start() + 1)
        return Place(number, at - begin + 1)

    def _opening(self, name: str) -> int:
        """Of the innermost tag of this name that nothing closes; -1 where none is found."""
        open_tags = [-1]
        for found in re.finditer(rf"\{{%[-+]?\s*(end)?({re.escape(name)})\b", self.body):
            if not found[1]:
                open_tags.append(found.start(2))
            elif len(open_tags) > 1:
                open_tags.pop()
        return open_tags[-1]

    def _of_unclosed(self, line: int, reason: str) -> Place | None:
        """What the lexer looks for the end of; it tells the line alone."""
        lines = self.body.split("\n")
        for what, mark in _OPENED.items():
            if reason.startswith(f"Missing end of {what}") and line <= len(lines):
                column = lines[line - 1].rfind(mark)
                return Place(line, column + 1) if column >= 0 else None
        return None


def with_offsets(
    tokens: Iterable[tuple[int, str, str]], source: str
) -> Iterator[tuple[int, str, str]]:
    """The lexer's tokens, each with its offset for a line. What a minus sign strips is white space,
    and no token begins in it. Raises TemplateFault for a number that Python would not read."""
    at = 0
    for _, kind, value in tokens:
        at = max(at, source.find(value, at))
        if kind in ("integer", "float") and len(value) > DIGITS_MAX:
            raise TemplateFault("syntax", "A number has too many digits.", Place(BASE + at))
        yield BASE + at, kind, value
        at += len(value)
