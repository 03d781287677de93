"""What a Go template consists of: the tree that parser.py makes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias


class GoSyntaxError(ValueError):
    """A text that Go would not take as a template. `line` and `column` count from 1."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(f"{reason} (line {line}, column {column})")
        self.reason = reason
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Origin:
    """The action that something comes from: its text with the braces, and where it begins."""

    text: str
    line: int
    column: int


# --- expressions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`, whatever that is here."""


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`; "" for `$` itself."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Const:
    """A text, number, true or false; None is nil."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Operand:
    """A base, and the fields or methods behind it: `.Labels.team`, `(index .Alerts 0).Status`."""

    base: "Dot | Variable | Function | Const | Pipeline"
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each with its arguments; the result of one is the last argument of the next.

    `variables`: what is declared (`:=`), or with `assigns` set anew (`=`).
    """

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False


# --- what stands in the text ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """As it is written, trimmed as the actions beside it ask for."""

    text: str


@dataclass(frozen=True, slots=True)
class Comment:
    """Without its marks."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """Write a value, or set a variable."""

    pipeline: Pipeline
    origin: Origin


@dataclass(frozen=True, slots=True)
class Block:
    """`if`, `range` or `with`; `other` is what stands behind `else`."""

    kind: Literal["if", "range", "with"]
    pipeline: Pipeline
    body: "Nodes"
    other: "Nodes"
    origin: Origin


@dataclass(frozen=True, slots=True)
class Call:
    """`template "name" pipeline`."""

    name: str
    pipeline: Pipeline | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    origin: Origin


Node: TypeAlias = Text | Comment | Action | Block | Call | Jump
Nodes: TypeAlias = Sequence[Node]


@dataclass(slots=True)
class Tree:
    """A whole text: what stands outside of `define`, and the definitions by name, in order."""

    body: list[Node] = field(default_factory=list)
    definitions: dict[str, list[Node]] = field(default_factory=dict)
