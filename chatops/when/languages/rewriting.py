"""A text's tokens with a language's words rewritten into English ones, at the same places.

The longest pattern that matches counts, and what it took is not looked at again; patterns are a few
tokens long, so a text costs what its length is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from chatops.when.languages.language import Language, Node, root_of
from chatops.when.tokens import EITHER, Kind, Token
from chatops.when.words import ARTICLES, NUMBERS

_TWO_DIGITS: Final = 2
_DOTTED: Final = 4
"""Characters of "9.15", the shortest."""
_NUMBER_WORDS: Final = {number: word for word, number in NUMBERS.items() if word not in ARTICLES}
_MARKS: Final = ".,-"
Value = tuple[Kind, Any]


@dataclass(frozen=True, slots=True)
class _Match:
    after: int
    node: Node
    holes: tuple[Value, ...]


def rewritten(tokens: tuple[Token, ...], language: Language) -> tuple[Token, ...]:
    """Word for word where a rule makes as many as it took: in "und Freitag" a time may begin with
    the day. Else what it makes stands where all of them stood, and only one is the `first`."""
    if not language.rules:
        return tokens
    tokens = tuple(_with_decimals(tokens))
    made: list[Token] = []
    at = 0
    while at < len(tokens):
        match = _longest(tokens, at, language)
        values = None if match is None else _values(match)
        if match is None or values is None:
            made.append(_number_word(tokens[at], language))
            at += 1
            continue
        made += _placed(values, tokens[at : match.after])
        at = match.after
    return tuple(made)


def _placed(values: list[Value], taken: tuple[Token, ...]) -> Iterator[Token]:
    if len(values) == len(taken):
        for (kind, value), token in zip(values, taken, strict=True):
            yield Token(kind, value, token.start, token.end, token.first)
        return
    start, end = taken[0].start, taken[-1].end
    for number, (kind, value) in enumerate(values):
        yield Token(kind, value, start, end, first=taken[0].first and number == 0)


def _with_decimals(tokens: tuple[Token, ...]) -> Iterator[Token]:
    """With "1,5" as one number."""
    at = 0
    while at < len(tokens):
        token, after = tokens[at], tokens[at + 1 : at + 3]
        if (
            token.kind is Kind.NUMBER
            and [one.kind for one in after] == [Kind.MARK, Kind.NUMBER]
            and after[0].value == ","
            and (token.end, after[0].end) == (after[0].start, after[1].start)
            and after[1].value.denominator == 1
        ):
            share = after[1].value / 10 ** (after[1].end - after[1].start)
            whole = token.value + share
            yield Token(Kind.NUMBER, whole, token.start, after[1].end, token.first)
            at += 3
        else:
            yield token
            at += 1


def _longest(tokens: tuple[Token, ...], at: int, language: Language) -> _Match | None:
    """The match that reaches furthest; of two that reach as far the one with fewer holes."""
    best: _Match | None = None
    reached = at
    open_ones = [(root_of(language), at, ())]
    while open_ones:
        node, here, holes = open_ones.pop()
        if node.output is not None and here >= reached and here - node.ahead > at:
            best, reached = _Match(here - node.ahead, node, holes), here
        if here < len(tokens):
            open_ones += _steps(node, tokens[here], here, holes, language)
    return best


def _steps(
    node: Node, token: Token, at: int, holes: tuple[Value, ...], language: Language
) -> list[Any]:
    """Where this token leads; the more special comes last, and is looked at first."""
    found: list[Any] = []
    for hole, value in _holes(token, language):
        if hole in node.after:
            found.append((node.after[hole], at + 1, (*holes, value)))
    literal = _literal(token, language)
    if literal in node.after:
        found.append((node.after[literal], at + 1, holes))
    return found


def _literal(token: Token, language: Language) -> str:
    if token.kind is Kind.WORD:
        return language.fold(str(token.value))
    if token.kind is Kind.MARK and token.value in _MARKS:
        return "" if token.first and token.value == "." else str(token.value)
    return ""


def _holes(token: Token, language: Language) -> Iterator[tuple[str, Value]]:
    if token.kind is Kind.NUMBER:
        value: Fraction = token.value
        length = token.end - token.start
        if value.denominator == 1:
            yield "#", (Kind.NUMBER, value)
            if length == _TWO_DIGITS:
                yield "##", (Kind.NUMBER, value)
        elif length >= _DOTTED and (value * 100).denominator == 1:
            hour, minute = divmod(int(value * 100), 100)
            yield "^", (Kind.CLOCK, (hour, minute, 0, EITHER))
    elif token.kind is Kind.ORDINAL:
        yield "%", (Kind.ORDINAL, token.value)
    elif token.kind is Kind.CLOCK:
        yield "~", (Kind.CLOCK, token.value)
    elif token.kind is Kind.WORD:
        number = language.numbers.get(language.fold(str(token.value)))
        if number is not None:
            yield "#", (Kind.NUMBER, Fraction(number))
            if number >= 10:
                yield "##", (Kind.NUMBER, Fraction(number))


def _number_word(token: Token, language: Language) -> Token:
    if token.kind is not Kind.WORD:
        return token
    number = language.numbers.get(language.fold(str(token.value)))
    if number is None:
        return token
    kind, value = _numbered(number)
    return Token(kind, value, token.start, token.end, token.first)


def _numbered(number: int) -> Value:
    """As English says it, else in digits."""
    word = _NUMBER_WORDS.get(number)
    return (Kind.WORD, word) if word else (Kind.NUMBER, Fraction(number))


def _values(match: _Match) -> list[Value] | None:
    """What the rule makes; None where that cannot be, such as a clock's 61 minutes."""
    output = match.node.output
    if not output:
        return [(Kind.OTHER, None)]
    holes = iter(match.holes)
    made = [_value(piece, holes) for piece in output.split()]
    return [value for value in made if value] if all(made) else None


def _value(piece: str, holes: Iterator[Value]) -> Value | None:
    if piece in ("#", "%", "~", "^"):
        return next(holes)
    if piece == "#th":
        return Kind.ORDINAL, int(next(holes)[1])
    if piece.startswith(("#:", "-#:")):
        hour = int(next(holes)[1])
        minutes = piece.partition(":")[2]
        minute = int(next(holes)[1]) if minutes == "#" else int(minutes)
        if piece.startswith("-"):
            hour = (hour or 24) - 1 or 12
        return Kind.CLOCK, (hour, minute, 0, EITHER)
    if piece == ",":
        return Kind.MARK, piece
    if piece.endswith("th") and piece[0].isdigit():
        return Kind.ORDINAL, int(piece[:-2])
    if ":" in piece:
        hour, minute = map(int, piece.split(":"))
        return Kind.CLOCK, (hour, minute, 0, EITHER)
    if piece[0].isdigit():
        return Kind.NUMBER, Fraction(piece)
    return Kind.WORD, piece
