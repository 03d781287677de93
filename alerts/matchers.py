r"""Alertmanager's label matchers: `severity="critical"`, `{team=~"core|web", env!="dev"}`.

Accepts what Alertmanager's two parsers do (matcher/parse and the classic pkg/labels/parse.go):
names and values in double quotes or bare, any Unicode, braces optional, a trailing comma. Quoted
texts know the escapes `\\ \" \n \t \r \u0041 \U0001F514`; any other backslash stays, so that
`"\d+"` means digits.

Regular expressions are RE2 (linear time), anchored at both ends. A missing label is the text "".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

import re2

from languages.speaking import gettext

MAX_NAME: Final = 256
MAX_VALUE: Final = 4_096
MAX_MATCHERS: Final = 100
_RE2_MEMORY: Final = 1 << 20
"""Bytes for one compiled expression: `(a{1000}){1000}` is refused, not compiled."""


class MatchOp(StrEnum):
    """Operator of a matcher."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


class MatcherError(ValueError):
    """Matchers cannot be used. `position` counts characters from 0 in the text, or is None where
    there was no text (JSON); the message names it counted from 1."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        at = gettext("{reason} (at character {position})")
        whole = reason if position is None else at.format(reason=reason, position=position + 1)
        super().__init__(whole)
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label. Raises MatcherError when the expression does not compile."""

    name: str
    op: MatchOp
    value: str
    _pattern: Any = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if not self.name:
            raise MatcherError(gettext("a label name is required"))
        if len(self.name) > MAX_NAME or len(self.value) > MAX_VALUE:
            raise MatcherError(
                gettext(
                    "the matcher for {name} is too long: names have at most {longest} characters, "
                    "values {longest_value}"
                ).format(name=repr(self.name[:50]), longest=MAX_NAME, longest_value=MAX_VALUE)
            )
        if _UNSAFE.search(self.name) or _UNSAFE.search(self.value):
            raise MatcherError(
                gettext("the matcher for {name} holds NUL or half a character").format(
                    name=repr(self.name[:50])
                )
            )
        if self.op in (MatchOp.REGEX, MatchOp.NOT_REGEX):
            object.__setattr__(self, "_pattern", _compiled(self.value))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy it."""
        text = labels.get(self.name, "")
        if self._pattern is None:
            return (text == self.value) is (self.op is MatchOp.EQUAL)
        found = self._pattern.fullmatch(text.encode()) is not None
        return found is (self.op is MatchOp.REGEX)

    def matches_empty(self) -> bool:
        """Whether it holds where the label is missing."""
        return self.matches({})

    def __str__(self) -> str:
        name = self.name if _CLASSIC_NAME.fullmatch(self.name) else _quoted(self.name)
        return f"{name}{self.op}{_quoted(self.value)}"

    def to_json(self) -> dict[str, str]:
        """As we store it: `{"name", "op", "value"}`."""
        return {"name": self.name, "op": self.op.value, "value": self.value}

    def to_alertmanager(self) -> dict[str, str | bool]:
        """As Alertmanager's API shows it: `{"name", "value", "isRegex", "isEqual"}`."""
        return {
            "name": self.name,
            "value": self.value,
            "isRegex": self.op in (MatchOp.REGEX, MatchOp.NOT_REGEX),
            "isEqual": self.op in (MatchOp.EQUAL, MatchOp.REGEX),
        }


def matches_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether every matcher holds; no matchers match everything."""
    return all(matcher.matches(labels) for matcher in matchers)


def format_matchers(matchers: Iterable[Matcher]) -> str:
    """`{a="b", c=~"d"}`, which `parse_matchers` reads back."""
    return f"{{{', '.join(map(str, matchers))}}}"


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Matchers from one text, in braces or not; "" and "{}" are none. Raises MatcherError."""
    return _Scanner(text).matchers()


def parse_matcher(text: str) -> Matcher:
    """Exactly one matcher. Raises MatcherError."""
    matchers = parse_matchers(text)
    if len(matchers) != 1:
        raise MatcherError(f'one matcher such as team="core" is expected, not {len(matchers)}', 0)
    return matchers[0]


def read_matchers(value: object) -> tuple[Matcher, ...]:
    """Matchers from JSON: a text, or a list of texts and objects. Objects are ours (`op`) or
    Alertmanager's (`isRegex`, `isEqual`, which defaults to true). Raises MatcherError."""
    if value is None:
        return ()
    if isinstance(value, str):
        return parse_matchers(value)
    if not isinstance(value, Sequence):
        raise MatcherError(f"matchers are a text or a list, not {type(value).__name__}")
    matchers: list[Matcher] = []
    for index, item in enumerate(value):
        try:
            matchers += parse_matchers(item) if isinstance(item, str) else [_from_object(item)]
        except MatcherError as error:
            raise MatcherError(f"matcher {index + 1}: {error.reason}", error.position) from None
    if len(matchers) > MAX_MATCHERS:
        raise MatcherError(f"{len(matchers)} matchers; at most {MAX_MATCHERS} are allowed")
    return tuple(matchers)


def readable_matchers(value: object) -> tuple[Matcher, ...] | None:
    """As `read_matchers`; None for what cannot be read, so that one stored row that nobody can read
    hides no other one."""
    try:
        return read_matchers(value)
    except MatcherError:
        return None


def _from_object(item: object) -> Matcher:
    if not isinstance(item, Mapping):
        raise MatcherError(f"should be a text or an object, not {type(item).__name__}")
    name, value = item.get("name"), item.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        raise MatcherError("name and value must be texts")
    if "op" in item:
        if not isinstance(item["op"], str) or item["op"] not in _OPS:
            raise MatcherError(f"op is {str(item['op'])[:20]!r}; use one of = != =~ !~")
        return Matcher(name, MatchOp(item["op"]), value)
    is_regex, is_equal = item.get("isRegex", False), item.get("isEqual", True)
    if not isinstance(is_regex, bool) or not isinstance(is_equal, bool):
        raise MatcherError("isRegex and isEqual must be true or false")
    return Matcher(name, _OP_OF_FLAGS[is_regex, is_equal], value)


_OPS: Final = frozenset(MatchOp)
_OP_OF_FLAGS: Final = {
    (False, True): MatchOp.EQUAL,
    (False, False): MatchOp.NOT_EQUAL,
    (True, True): MatchOp.REGEX,
    (True, False): MatchOp.NOT_REGEX,
}
_CLASSIC_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_BARE_NAME = re.compile(r"[^\s{}!=~,\"'`\\]+")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE_VALUE = re.compile(r"[^,{}\"]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|.)", re.DOTALL)
_ESCAPED: Final = {"\\\\": "\\", '\\"': '"', "\\n": "\n", "\\t": "\t", "\\r": "\r"}
_TO_ESCAPE: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class _Scanner:
    """Reads matchers from a text, left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def matchers(self) -> tuple[Matcher, ...]:
        self._skip_space()
        braced = self._take("{")
        found: list[Matcher] = []
        while not self._at_end(braced=braced):
            if len(found) == MAX_MATCHERS:
                most = gettext("at most {count} matchers are allowed").format(count=MAX_MATCHERS)
                raise MatcherError(most, self.at)
            found.append(self._matcher())
            self._skip_space()
            if not self._take(",") and not self._at_end(braced=braced):
                raise self._instead_of(gettext("a comma is expected, not {found}"))
        if braced:
            self._close()
        return tuple(found)

    def _matcher(self) -> Matcher:
        start = self.at
        name = self._name()
        self._skip_space()
        operator = _OPERATOR.match(self.text, self.at)
        if operator is None:
            expected = gettext("one of = != =~ !~ is expected after {name}, not {found}")
            raise self._instead_of(expected, name=repr(name[:50]))
        self.at = operator.end()
        self._skip_space()
        value = self._value()
        try:
            return Matcher(name, MatchOp(operator[0]), value)
        except MatcherError as error:
            raise MatcherError(error.reason, start) from None

    def _name(self) -> str:
        if self._here_is('"'):
            return self._quoted()
        bare = _BARE_NAME.match(self.text, self.at)
        if bare is None:
            raise self._instead_of(gettext("a label name is expected, not {found}"))
        self.at = bare.end()
        return bare[0]

    def _value(self) -> str:
        if self._here_is('"'):
            return self._quoted()
        if self._here_is("'") or self._here_is("`"):
            raise MatcherError(gettext("values are quoted with double quotes"), self.at)
        bare = _BARE_VALUE.match(self.text, self.at)
        assert bare is not None  # the expression matches nothing at least
        self.at = bare.end()
        if self._here_is('"') or self._here_is("{"):
            raise self._instead_of(
                gettext("{found} inside a value: put the value in double quotes")
            )
        return bare[0].strip()

    def _quoted(self) -> str:
        quoted = _QUOTED.match(self.text, self.at)
        if quoted is None:
            raise MatcherError(gettext("the double quote that opens here is never closed"), self.at)
        self.at = quoted.end()
        return _ESCAPE.sub(_unescaped, quoted[1])

    def _close(self) -> None:
        if not self._take("}"):
            raise MatcherError(
                gettext("the brace that opens the matchers is never closed"), self.at
            )
        self._skip_space()
        if self.at < len(self.text):
            raise self._instead_of(gettext("nothing is expected after the brace, not {found}"))

    def _at_end(self, *, braced: bool) -> bool:
        self._skip_space()
        return self.at >= len(self.text) or (braced and self._here_is("}"))

    def _skip_space(self) -> None:
        space = _SPACE.match(self.text, self.at)
        assert space is not None  # the expression matches nothing at least
        self.at = space.end()

    def _take(self, character: str) -> bool:
        if self._here_is(character):
            self.at += 1
            return True
        return False

    def _here_is(self, character: str) -> bool:
        return self.text.startswith(character, self.at)

    def _here(self) -> str:
        return repr(self.text[self.at]) if self.at < len(self.text) else gettext("the end")

    def _instead_of(self, expected: str, **names: str) -> MatcherError:
        """What is said where something else stands here."""
        return MatcherError(expected.format(found=self._here(), **names), self.at)


def _unescaped(found: re.Match[str]) -> str:
    if digits := found[1] or found[2]:
        code = int(digits, 16)
        is_character = code < 0xD800 or 0xDFFF < code <= 0x10FFFF
        return chr(code) if is_character else "\N{REPLACEMENT CHARACTER}"
    return _ESCAPED.get(found[0], found[0])


def _quoted(text: str) -> str:
    return f'"{text.translate(_TO_ESCAPE)}"'


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _RE2_MEMORY
    options.dot_nl = False  # as Alertmanager's: (?s) makes a dot stand for a line break, too
    options.never_capture = True
    try:
        # As bytes of UTF-8 (RE2's own tongue): twice as fast as str, whose offsets are recounted.
        return re2.compile(expression.encode(), options)
    except re2.error as error:
        detail = error.args[0] if error.args else "it does not compile"
        detail = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        reason = gettext("bad regular expression {expression}: {detail}").format(
            expression=repr(expression[:100]), detail=detail
        )
        raise MatcherError(reason) from None
