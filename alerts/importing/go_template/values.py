"""Expressions of our language, made of those of Go: their text, and what is known of them."""

import json
from dataclasses import dataclass
from enum import Enum, IntEnum, auto


class Kind(Enum):
    """What a value is; ALERTS: a list of alerts, LABELS: also annotations, PAIRS: labels sorted,
    PAIR: one of them, TEXTS: a list of texts, MEASURED: Grafana's values by name."""

    DATA = auto()
    ALERTS = auto()
    ALERT = auto()
    LABELS = auto()
    PAIRS = auto()
    PAIR = auto()
    TEXTS = auto()
    TEXT = auto()
    TIME = auto()
    DURATION = auto()
    NUMBER = auto()
    BOOL = auto()
    MEASURED = auto()
    UNKNOWN = auto()


class Level(IntEnum):
    """How tightly an expression holds together."""

    LOGIC = auto()
    COMPARED = auto()
    JOINED = auto()
    FILTERED = auto()
    ATOM = auto()


class Lost(Exception):
    """Something has no counterpart. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Value:
    """`text`: an expression of our language, "" for the whole of the data. `may_miss`: a label that
    may not be there, which is not the same as an empty text. `pair`: names of the two variables
    that a PAIR is. `const`: a constant's value."""

    text: str
    kind: Kind
    level: Level = Level.ATOM
    may_miss: bool = False
    pair: tuple[str, str] = ("", "")
    const: str | int | float | bool | None = None

    @property
    def is_constant(self) -> bool:
        """Whether it is one."""
        return self.const is not None

    def within(self, level: Level = Level.FILTERED) -> str:
        """The text, in parentheses where it would not hold together as much."""
        return self.text if self.level >= level else f"({self.text})"

    def filtered(self, call: str, kind: Kind) -> "Value":
        """With a filter behind it."""
        return Value(f"{self.within()} | {call}", kind, Level.FILTERED)

    def as_text(self) -> str:
        """For a comparison: a label that is missing is an empty text in Go."""
        return f"({self.within()} or {quoted('')})" if self.may_miss else self.within()


def quoted(text: str) -> str:
    """A text as a constant."""
    return json.dumps(text, ensure_ascii=False)


def constant(value: str | int | float | bool | None) -> Value:
    """Of Go's constant."""
    if value is None:
        return Value("none", Kind.UNKNOWN)
    if isinstance(value, bool):
        return Value("true" if value else "false", Kind.BOOL, const=value)
    if isinstance(value, str):
        return Value(quoted(value), Kind.TEXT, const=value)
    level = Level.ATOM if value >= 0 else Level.JOINED
    return Value(str(value), Kind.NUMBER, level, const=value)


def texts_of(labels: Value, part: int) -> Value:
    """Names (0) or values (1) of sorted labels."""
    return labels.filtered(f"map(attribute={part})", Kind.TEXTS)
