"""A tree of Go's → the text of a draft."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, Literal, cast

from alerts.importing.go_template.expressions import Scope, condition, is_path, value_of, written
from alerts.importing.go_template.names import Names
from alerts.importing.go_template.nodes import (
    Action,
    Block,
    Call,
    Comment,
    Node,
    Nodes,
    Origin,
    Pipeline,
    Text,
)
from alerts.importing.go_template.notes import Note
from alerts.importing.go_template.values import Kind, Lost, Value
from alerts.importing.go_template.walk import assigned_in, calls_of, is_blank, uses
from alerts.importing.go_template.writer import Writer

DEPTH_MAX: Final = 40
"""Blocks in each other, those of the templates that are called counted in."""
NOTES_MAX: Final = 200
_ORIGINAL_MAX: Final = 200
_WHOLE: Final = Value("", Kind.DATA)
_ELEMENTS: Final = {Kind.ALERTS: (Kind.ALERT, "a"), Kind.TEXTS: (Kind.TEXT, "text")}
_ARGUMENTS: Final = {Kind.ALERTS: "told", Kind.ALERT: "a", Kind.LABELS: "labels"}


class Blocks:
    """One conversion. `own`: the definitions that stand in the text itself."""

    def __init__(self, definitions: Mapping[str, Nodes], own: Mapping[str, Nodes]) -> None:
        self._definitions = definitions
        self._own = own
        self._calls: Counter[str] = Counter()
        self._assigned: set[str] = set()
        self._names = Names()
        self._macros: dict[tuple[str, Kind], str] = {}
        self._macro_texts: list[str] = []
        self._depth = 0
        self._is_ours = False
        self.notes: list[Note] = []

    def written(self, chosen: Nodes, name: str = "") -> str:
        """The draft; `name`: of the definition that was chosen."""
        self._calls = calls_of(self._definitions, chosen) + Counter([name])
        self._assigned = assigned_in(self._definitions, chosen)
        writer = Writer()
        self._nodes(chosen, Scope(_WHOLE, _WHOLE), writer)
        return "".join([*self._macro_texts, writer.written()]).strip("\n") + "\n"

    def _nodes(self, nodes: Nodes, scope: Scope, writer: Writer) -> None:
        self._depth += 1
        for node in nodes:
            if isinstance(node, Text):
                writer.text(node.text)
            elif isinstance(node, Comment):
                writer.comment(node.text)
            else:
                try:
                    self._node(node, scope, writer)
                except Lost as error:
                    self._note("lost", node.origin, str(error))
                    writer.comment(f"Not converted: {_shortened(node.origin.text)}")
        self._depth -= 1

    def _node(self, node: Node, scope: Scope, writer: Writer) -> None:
        if self._depth > DEPTH_MAX:
            raise Lost("Blocks and templates are too deep in each other.")
        if isinstance(node, Action):
            self._action(node, scope, writer)
        elif isinstance(node, Call):
            self._call(node, scope, writer)
        elif isinstance(node, Block):
            _WRITERS[node.kind](self, node, scope.inner(), writer)
        else:
            raise Lost("A loop can't be left here; choose beforehand what it goes through.")

    def _value(self, pipeline: Pipeline, scope: Scope, origin: Origin) -> Value:
        return value_of(pipeline, scope, self._differing(origin))

    def _differing(self, origin: Origin) -> Callable[[str], None]:
        return lambda text: self._note("differs", origin, text)

    def _note(self, kind: Literal["lost", "differs"], origin: Origin, text: str) -> None:
        if kind == "differs" and any(note.text == text for note in self.notes):
            return
        line, column = (0, 0) if self._is_ours else (origin.line, origin.column)
        if len(self.notes) < NOTES_MAX:
            self.notes.append(Note(kind, line, column, _shortened(origin.text), text))

    # --- values and variables --------------------------------------------------------------------

    def _action(self, node: Action, scope: Scope, writer: Writer) -> None:
        value = self._value(node.pipeline, scope, node.origin)
        if not node.pipeline.variables:
            writer.value(written(value, self._differing(node.origin)))
        elif node.pipeline.assigns:
            (name,) = node.pipeline.variables
            if name not in scope.variables:
                raise Lost(f"${name} is not set here; what should set it was not converted.")
            writer.tag(f"set {scope.variables[name].text} = {value.text}")
        else:
            self._declare(node.pipeline.variables[0], value, scope, writer)

    def _declare(self, name: str, value: Value, scope: Scope, writer: Writer) -> Value:
        """What is set anew within a loop lives in a namespace: in Jinja2 it would be forgotten."""
        if value.kind in (Kind.DATA, Kind.PAIR):
            scope.variables[name] = value
            return value
        own = self._names.free(name)
        if name in self._assigned:
            writer.tag(f"set {own} = namespace(now={value.text})")
            own = f"{own}.now"
        else:
            writer.tag(f"set {own} = {value.text}")
        scope.variables[name] = Value(own, value.kind, may_miss=value.may_miss)
        return scope.variables[name]

    def _named(self, value: Value, pipeline: Pipeline, scope: Scope, writer: Writer) -> Value:
        """What is used more than once: under its own name, else as it is when that is short."""
        if pipeline.variables:
            return self._declare(pipeline.variables[0], value, scope, writer)
        if is_path(value):
            return value
        name = _ARGUMENTS.get(value.kind, "given")
        return self._declare(name, value, scope.inner(), writer)

    # --- blocks ----------------------------------------------------------------------------------

    def _if(self, node: Block, scope: Scope, writer: Writer) -> None:
        self._branches("if", node, scope, writer)
        writer.tag("endif")

    def _branches(self, tag: str, node: Block, scope: Scope, writer: Writer) -> None:
        writer.tag(f"{tag} {self._asked(node, scope, writer)}")
        self._nodes(node.body, scope.inner(), writer)
        other = node.other[0] if len(node.other) == 1 else None
        is_chain = isinstance(other, Block) and other.kind == "if" and not other.pipeline.variables
        if is_chain:
            self._branches("elif", cast("Block", other), scope.inner(), writer)
        else:
            self._else(node, scope, writer)

    def _asked(self, node: Block, scope: Scope, writer: Writer) -> str:
        """A condition that is lost leaves its block, to be given another one."""
        try:
            value = self._value(node.pipeline, scope, node.origin)
        except Lost as error:
            self._note("lost", node.origin, f"{error} The draft goes on as if it were true.")
            return "true"
        if node.pipeline.variables:
            value = self._declare(node.pipeline.variables[0], value, scope, writer)
        return condition(value)

    def _else(self, node: Block, scope: Scope, writer: Writer) -> None:
        if node.other:
            writer.tag("else")
            self._nodes(node.other, scope.inner(), writer)

    def _with(self, node: Block, scope: Scope, writer: Writer) -> None:
        value = self._value(node.pipeline, scope, node.origin)
        value = self._named(value, node.pipeline, scope, writer)
        writer.tag(f"if {condition(value)}")
        self._nodes(node.body, scope.inner(value), writer)
        self._else(node, scope, writer)
        writer.tag("endif")

    def _range(self, node: Block, scope: Scope, writer: Writer) -> None:
        value = self._value(node.pipeline, scope, node.origin)
        if node.pipeline.assigns:
            raise Lost("A loop can't set variables of before; declare them with :=.")
        *keys, name = ["", *node.pipeline.variables]
        key = keys[-1] if keys else ""
        dot, tag = self._turns(value, name, key)
        inner = scope.inner(dot)
        writer.tag(tag)
        if name:
            inner.variables[name] = dot
        if key and value.kind is Kind.LABELS:
            inner.variables[key] = Value(dot.pair[0], Kind.TEXT)
        elif key and uses(node.body, key):
            self._declare(key, Value("loop.index0", Kind.NUMBER), inner, writer)
        self._nodes(node.body, inner, writer)
        self._names.release(dot.text, *dot.pair)
        self._else(node, scope, writer)
        writer.tag("endfor")

    def _turns(self, value: Value, name: str, key: str) -> tuple[Value, str]:
        """What the dot is in a loop, and the loop's tag."""
        if value.kind in (Kind.LABELS, Kind.PAIRS):
            is_sorted = value.kind is Kind.PAIRS
            first = self._names.free(key if key and not is_sorted else "label")
            second = self._names.free(name if name and not is_sorted else "value")
            through = value if is_sorted else value.filtered("dictsort(true)", Kind.PAIRS)
            tag = f"for {first}, {second} in {through.text}"
            if is_sorted:
                return Value("", Kind.PAIR, pair=(first, second)), tag
            return Value(second, Kind.TEXT, pair=(first, second)), tag
        if value.kind not in _ELEMENTS:
            raise Lost("What this goes through has no counterpart; write it by hand.")
        kind, short = _ELEMENTS[value.kind]
        own = self._names.free(name or short)
        return Value(own, kind), f"for {own} in {value.text}"

    # --- templates in the template ---------------------------------------------------------------

    def _call(self, node: Call, scope: Scope, writer: Writer) -> None:
        body = self._definitions.get(node.name)
        if body is None:
            raise Lost(f"There is no definition of {node.name!r} in the text; paste it as well.")
        if is_blank(body):
            return
        given = Value("none", Kind.UNKNOWN)
        if node.pipeline is not None:
            given = self._value(node.pipeline, scope, node.origin)
        was_ours, self._is_ours = self._is_ours, node.name not in self._own
        try:
            if self._calls[node.name] == 1:
                dot = self._named(given, Pipeline(()), scope, writer)
                self._nodes(body, Scope(dot, dot), writer)
            else:
                writer.value(self._macro(node.name, body, given))
        finally:
            self._is_ours = was_ours

    def _macro(self, name: str, body: Nodes, given: Value) -> str:
        """The call of a macro, which is written with the first one for this kind of value."""
        is_pair = given.kind is Kind.PAIR
        args = list(given.pair) if is_pair else [given.text] if given.text else []
        key = (name, given.kind)
        if key not in self._macros:
            self._macros[key] = self._names.free(name)
            names = [self._names.free(_ARGUMENTS.get(given.kind, "given")) for _ in args]
            dot = Value("".join(names), given.kind, may_miss=given.may_miss)
            if is_pair:
                dot = Value("", Kind.PAIR, pair=(names[0], names[1]))
            writer = Writer()
            writer.tag(f"macro {self._macros[key]}({', '.join(names)})")
            self._nodes(body, Scope(dot, dot), writer)
            self._names.release(*names)
            writer.tag("endmacro")
            text = writer.written()
            self._macro_texts.append(text if text.endswith("\n") else f"{text}\n")
        return f"{self._macros[key]}({', '.join(args)})"


def _shortened(text: str) -> str:
    return text if len(text) <= _ORIGINAL_MAX else f"{text[: _ORIGINAL_MAX - 1]}…"


_WRITERS: Final[Mapping[str, Callable[[Blocks, Block, Scope, Writer], None]]] = {
    "if": Blocks._if,
    "range": Blocks._range,
    "with": Blocks._with,
}
