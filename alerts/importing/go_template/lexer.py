"""A Go template → its texts and actions, and the tokens of an action (text/template/parse/lex.go of
Go 1.22)."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from alerts.importing.go_template.nodes import GoSyntaxError, Origin

SPACE: Final = " \t\r\n"
_COMMENT: Final = re.compile(r"\{\{(-[ \t\r\n]+)?/\*(.*?)\*/([ \t\r\n]+-)?\}\}", re.DOTALL)
_STRING: Final = r'"(?:[^"\\\n]|\\.)*"'
_RAW: Final = r"`[^`]*`"
_CHAR: Final = r"'(?:[^'\\\n]|\\.)+'"
_END: Final = re.compile(rf"{_STRING}|{_RAW}|{_CHAR}|([ \t\r\n]-)?\}}\}}")
_TOKEN: Final = re.compile(
    rf"(?P<string>{_STRING})|(?P<raw>{_RAW})|(?P<char>{_CHAR})"
    r"|(?P<number>[-+]?(?:0[xX][0-9a-fA-F_]+|\.?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?))"
    r"|(?P<variable>\$\w*)|(?P<field>\.[^\W\d]\w*)|(?P<dot>\.)|(?P<word>[^\W\d]\w*)"
    r"|(?P<mark>:=|[=|(),])"
)


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: a group of _TOKEN. `is_apart`: white space stands before it."""

    kind: str
    text: str
    position: int
    is_apart: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A text (no origin), a comment or an action between texts. `tokens`: of an action."""

    text: str
    origin: Origin | None = None
    tokens: tuple[Token, ...] = ()
    is_comment: bool = False
    start: int = 0


class Source:
    """The text, which knows its lines."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def fail(self, reason: str, position: int) -> NoReturn:
        """Raises GoSyntaxError for there."""
        line, column = self.place(position)
        raise GoSyntaxError(reason, line, column)

    def place(self, position: int) -> tuple[int, int]:
        """Line and column, from 1."""
        line = bisect_right(self._starts, position)
        return line, position - self._starts[line - 1] + 1

    def origin(self, start: int, end: int) -> Origin:
        """Of what stands there."""
        return Origin(self.text[start:end], *self.place(start))


def pieces_of(source: Source) -> Iterator[Piece]:
    """Texts, comments and actions in turn, white space gone where `{{-` and `-}}` ask for that.
    Raises GoSyntaxError."""
    text, position, trims = source.text, 0, False
    while (start := text.find("{{", position)) >= 0:
        trims_before, piece, end, trims_after = _action(source, start)
        literal = text[position:start]
        literal = literal.lstrip(SPACE) if trims else literal
        if literal := literal.rstrip(SPACE) if trims_before else literal:
            yield Piece(literal)
        yield piece
        position, trims = end, trims_after
    if rest := text[position:].lstrip(SPACE) if trims else text[position:]:
        yield Piece(rest)


def _action(source: Source, start: int) -> tuple[bool, Piece, int, bool]:
    text = source.text
    if comment := _COMMENT.match(text, start):
        piece = Piece(comment[2], source.origin(start, comment.end()), is_comment=True, start=start)
        return bool(comment[1]), piece, comment.end(), bool(comment[3])
    trims = text.startswith("-", start + 2) and text[start + 3 : start + 4] in tuple(SPACE)
    begin = start + (3 if trims else 2)
    ends = (end for end in _END.finditer(text, begin) if end[0][0] not in "\"`'")
    found = next(ends, None)
    if found is None:
        source.fail("This action has no }}.", start)
    tokens = tuple(_tokens(source, begin, found.start()))
    piece = Piece(found[0], source.origin(start, found.end()), tokens, start=start)
    return trims, piece, found.end(), bool(found[1])


def _tokens(source: Source, start: int, end: int) -> Iterator[Token]:
    position, text = start, source.text
    while position < end:
        if text[position] in SPACE:
            position += 1
            continue
        found = _TOKEN.match(text, position, end)
        if found is None:
            source.fail(f"{text[position]!r} can't stand in an action.", position)
        is_apart = position == start or text[position - 1] in SPACE
        yield Token(str(found.lastgroup), found[0], position, is_apart)
        position = found.end()
