"""Go's pipelines → expressions of ours, for what the dot and the variables are at their place."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from alerts.importing.go_template.formats import PLAIN_TIME
from alerts.importing.go_template.functions import call
from alerts.importing.go_template.members import Note, member
from alerts.importing.go_template.nodes import Const, Dot, Function, Operand, Pipeline, Variable
from alerts.importing.go_template.values import Kind, Level, Lost, Value, constant, quoted


@dataclass(frozen=True, slots=True)
class Scope:
    """What `.`, `$` and the variables are at a place. A block works on its own copy."""

    dot: Value
    root: Value
    variables: dict[str, Value] = field(default_factory=dict)

    def inner(self, dot: Value | None = None) -> "Scope":
        """Of a block in it."""
        return replace(self, dot=dot or self.dot, variables=dict(self.variables))


def value_of(pipeline: Pipeline, scope: Scope, note: Note) -> Value:
    """Raises Lost."""
    value: Value | None = None
    for command in pipeline.commands:
        value = _command(command, scope, value, note)
    if value is None:
        raise Lost("A value is missing.")
    return value


def _command(operands: Sequence[Operand], scope: Scope, before: Value | None, note: Note) -> Value:
    first, *others = operands
    args = [_operand(one, scope, note) for one in others]
    args += [before] if before else []
    if isinstance(first.base, Function):
        return _members(call(first.base.name, args, note), first.names, (), note)
    if args and not first.names:
        raise Lost("This is no function, and takes no values.")
    return _members(_base(first, scope, note), first.names, args, note)


def _operand(operand: Operand, scope: Scope, note: Note) -> Value:
    return _members(_base(operand, scope, note), operand.names, (), note)


def _members(value: Value, names: Sequence[str], args: Sequence[Value], note: Note) -> Value:
    for number, name in enumerate(names, start=1):
        value = member(value, name, args if number == len(names) else (), note)
    return value


def _base(operand: Operand, scope: Scope, note: Note) -> Value:
    base = operand.base
    if isinstance(base, Dot):
        return scope.dot
    if isinstance(base, Const):
        return constant(base.value)
    if isinstance(base, Function):
        return call(base.name, (), note)
    if isinstance(base, Pipeline):
        return value_of(base, scope, note)
    if isinstance(base, Variable) and base.name:
        if base.name not in scope.variables:
            raise Lost(f"${base.name} is not set here; what should set it was not converted.")
        return scope.variables[base.name]
    return scope.root


_WHOLES: Final = {
    Kind.DATA: "all of the data",
    Kind.ALERTS: "a list of alerts",
    Kind.ALERT: "an alert",
    Kind.PAIRS: "a list of pairs",
    Kind.PAIR: "a pair",
}


def written(value: Value, note: Note) -> str:
    """For `{{ … }}`, as Go writes a value of this kind. Raises Lost."""
    if whole := _WHOLES.get(value.kind):
        raise Lost(f"This writes {whole} as Go would in its code; write its fields one by one.")
    if value.kind is Kind.TIME:
        return f"{value.within()} | time({quoted(PLAIN_TIME)})"
    if value.kind is Kind.TEXTS:
        return f'"[" ~ {value.within()} | join(" ") ~ "]"'
    if value.kind is Kind.LABELS:
        note("Labels as a whole are written as a=b, c=d.")
    return value.text


def condition(value: Value) -> str:
    """For `{% if … %}`."""
    return value.text if value.kind is not Kind.DATA else "true"


def is_path(value: Value) -> bool:
    """Whether it is as good as a name: to write it twice costs nothing."""
    return value.level is Level.ATOM and not value.is_constant and "(" not in value.text
