"""Jinja2 for strangers: what templates may reach, and that whatever they do is counted.

Jinja2's own sandbox lists what is forbidden; here is listed what is allowed. A template sees plain
data and no object's methods: `labels.items()` is rewritten to the filter `items` before it is
compiled, attributes are look-ups in mappings, and the only things that can be called are its own
macros, `range` and `namespace`. Loops, operators and everything that makes a text or a list go
through `budget.Run`.
"""

import difflib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn, cast

from jinja2 import ChainableUndefined, nodes, pass_context
from jinja2.exceptions import UndefinedError
from jinja2.lexer import TokenStream
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from alerts.templating.budget import DEPTH_MAX, MadeDict, MadeList, current, weight_of
from alerts.templating.context import Record
from alerts.templating.faults import Place, TemplateFault
from alerts.templating.filters import FILTERS_OF_TEMPLATES, TESTS_OF_TEMPLATES, guarded, made
from alerts.templating.marks import joined, kind_of, marked, text_of
from alerts.templating.positions import with_offsets
from botapi.markup import ParseMode

RANGE_MAX = 10_000
_LOOP_NAMES = frozenset(
    (
        *("index", "index0", "revindex", "revindex0", "first", "last", "length", "cycle"),
        *("changed", "previtem", "nextitem"),
    )
)
_TIME_NAMES = frozenset(("year", "month", "day", "hour", "minute", "second"))
_GROUPED_NAMES = frozenset(("grouper", "list"))
_METHODS = {"strip": "trim"} | {
    name: name
    for name in (
        *("items", "keys", "values", "get", "upper", "lower", "title", "capitalize", "split"),
        *("replace", "startswith", "endswith"),
    )
}
"""Methods as people know them from Python, and the filters that do the same."""


class Missing(ChainableUndefined):
    """What is not there: nothing to show, false, empty. What can't go on without it says so."""

    def _fail_with_undefined_error(self, *_: Any, **__: Any) -> NoReturn:
        raise UndefinedError(f"‘{self._undefined_name}’ is not there")


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """For one parse mode."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))
    intercepted_unops = frozenset(("-", "+"))

    def __init__(self, parse_mode: ParseMode) -> None:
        super().__init__(
            autoescape=True,  # values come marked; escaping waits for their place
            optimized=False,  # nothing is worked out before there is a budget
            undefined=Missing,
            finalize=_finalize,
            cache_size=0,
        )
        self.parse_mode = parse_mode
        self.globals = {"range": _range, "namespace": Namespace}
        self.filters = {**FILTERS_OF_TEMPLATES, **_INTERNAL}
        self.tests = dict(TESTS_OF_TEMPLATES)

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        """With offsets in place of lines."""
        lexer = self.lexer
        tokens = with_offsets(lexer.tokeniter(source, name, filename, state), source)
        return TokenStream(lexer.wrap(tokens, name, filename), name, filename)

    @staticmethod
    def concat(pieces: Any) -> str:
        """What a macro or a block has written."""
        current().text(sum(map(len, pieces)))
        return "".join(pieces)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Look a name up. Raises TemplateFault for what no template may see."""
        current().spend()
        if isinstance(obj, dict):
            return self._looked_up(obj, attribute)
        if isinstance(obj, Missing):
            return obj
        if isinstance(obj, LoopContext) and attribute in _LOOP_NAMES:
            return getattr(obj, attribute)
        if isinstance(obj, Namespace) and not attribute.startswith("_"):
            return getattr(obj, attribute, self.undefined(name=attribute))
        if isinstance(obj, datetime) and attribute in _TIME_NAMES:
            return getattr(obj, attribute)
        if isinstance(obj, tuple) and attribute in _GROUPED_NAMES and hasattr(obj, attribute):
            return made(getattr(obj, attribute))
        raise TemplateFault("denied", f"A {kind_of(obj)} has no ‘{attribute}’ here.")

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look a name or a number up."""
        current().spend()
        if isinstance(obj, dict):
            return self._looked_up(obj, argument)
        if isinstance(obj, list | tuple | str) and isinstance(argument, int):
            try:
                return str(obj)[argument] if isinstance(obj, str) else obj[argument]
            except IndexError:
                return self.undefined(name=str(argument))
        if isinstance(obj, Missing):
            return obj
        return self.getattr(obj, str(argument))

    def _looked_up(self, mapping: dict[Any, Any], name: Any) -> Any:
        try:
            return mapping[name]
        except KeyError:
            pass
        except TypeError:
            raise TemplateFault("value", f"A {kind_of(name)} is no name.") from None
        if isinstance(mapping, Record):
            near = difflib.get_close_matches(str(name), mapping, 1)
            hint = f"Did you mean ‘{near[0]}’?" if near else f"It has: {', '.join(mapping)}."
            raise TemplateFault("denied", f"‘{name}’ is no part of {mapping.what}. {hint}")
        return self.undefined(name=str(name))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805  # as Jinja2 names them, lest they meet a macro's own
        """Call a macro, `range`, `namespace`, or `loop.cycle`."""
        run = current()
        run.spend(20)
        may_be_called = (
            isinstance(__obj, Macro)
            or __obj in (_range, Namespace)
            or isinstance(getattr(__obj, "__self__", None), LoopContext)
        )
        if not may_be_called:
            raise TemplateFault("denied", f"A {kind_of(__obj)} can't be called.")
        if not isinstance(__obj, Macro):  # which takes what it is given as it is
            run.spend(sum([weight_of(arg) for arg in (*args, *kwargs.values())]))
        if run.depth >= DEPTH_MAX:
            raise TemplateFault("limit", f"Macros call each other more than {DEPTH_MAX} deep.")
        run.depth += 1
        try:
            return __context.call(__obj, *args, **kwargs)
        finally:
            run.depth -= 1

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Numbers with numbers, texts and lists with their kind, times with durations."""
        current().spend()
        for value in (left, right):
            if isinstance(value, Missing):
                raise UndefinedError(f"‘{value._undefined_name}’ is not there")
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return joined((left, right))
        if operator == "+" and isinstance(left, list) and isinstance(right, list):
            return MadeList([*left, *right])
        is_number = isinstance(left, int | float) and isinstance(right, int | float)
        is_time = operator in "+-" and all(
            isinstance(value, datetime | timedelta) for value in (left, right)
        )
        if operator == "**" or not (is_number or is_time):
            raise TemplateFault("denied", _unlike(operator, left, right))
        return made(self.binop_table[operator](left, right))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        """Of numbers."""
        if not isinstance(arg, int | float):
            raise TemplateFault("value", f"‘{operator}’ takes a number, not a {kind_of(arg)}.")
        return self.unop_table[operator](arg)

    def prepare(self, tree: nodes.Template) -> nodes.Template:
        """The tree with everything counted. Raises TemplateFault for what templates may not do."""
        rewritten = cast("nodes.Template", _Counting().visit(tree))
        return cast("nodes.Template", rewritten.set_environment(self))


def _unlike(operator: str, left: Any, right: Any) -> str:
    kinds = f"{kind_of(left)} and {kind_of(right)}"
    if operator == "**":
        return "‘**’ is not available; multiply instead."
    if operator == "%" and isinstance(left, str):
        return "‘%’ is for numbers; join texts with ‘~’."
    if operator == "+" and isinstance(left, str) != isinstance(right, str):
        return f"‘+’ can't join {kinds}; use ‘~’."
    return f"‘{operator}’ can't take {kinds}."


@pass_context
def _finalize(_: Context, value: Any) -> Markup:
    """What `{{ … }}` writes."""
    written = marked(value)
    current().spend(1 + len(written) // 64)
    return written


def _range(*bounds: Any) -> range:
    if not 1 <= len(bounds) <= 3 or not all(isinstance(bound, int) for bound in bounds):
        raise TemplateFault("value", "‘range’ takes one to three whole numbers.")
    numbers = range(*bounds)
    if len(numbers) > RANGE_MAX:
        raise TemplateFault("limit", f"‘range’ gives at most {RANGE_MAX:,} numbers.")
    return numbers


# --- what the tree is rewritten to ---------------------------------------------------------------


class _Each:
    """What a loop goes through; each turn is counted."""

    def __init__(self, values: Any) -> None:
        if isinstance(values, Missing) or values is None:
            values = ()
        if not isinstance(values, list | tuple | dict | range | str):
            raise TemplateFault("value", f"A loop can't go through a {kind_of(values)}.")
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        run = current()
        for value in self._values:
            run.spend(2)
            yield value


def _made(values: Sequence[Any], is_mapping: bool) -> Any:
    return MadeDict(values) if is_mapping else MadeList(values)


def _weighed(value: Any) -> Any:
    """A side of a comparison, which goes through all that it holds."""
    current().spend(1 + weight_of(value) // 8)
    return value


def _slice(value: Any, *bounds: Any) -> Any:
    if isinstance(value, Markup):
        raise TemplateFault("denied", "What holds markup can't be cut; cut the value before.")
    if not isinstance(value, str | list | tuple | range):
        raise TemplateFault("value", f"A {kind_of(value)} can't be cut.")
    cut = value[slice(*bounds)]
    return made(cut)


_EACH, _JOINED, _MADE, _WEIGHED, _SLICE = "(each)", "(joined)", "(made)", "(weighed)", "(slice)"
_INTERNAL: dict[str, Callable[..., Any]] = {
    _EACH: _Each,
    _JOINED: joined,
    _MADE: _made,
    _WEIGHED: _weighed,
    _SLICE: _slice,
    "startswith": guarded(lambda value, begin: text_of(value).startswith(text_of(begin))),
    "endswith": guarded(lambda value, end: text_of(value).endswith(text_of(end))),
}
"""Filters that no template can name, and two that stand for methods."""
_REFUSED: dict[type[nodes.Node], str] = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.FilterBlock: "filter",
    nodes.CallBlock: "call",
    nodes.ScopedEvalContextModifier: "autoescape",
    nodes.EvalContextModifier: "autoescape",
}


class _Counting(NodeTransformer):
    """Puts a filter of `_INTERNAL` wherever something is made or gone through."""

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Bottom up."""
        if type(node) in _REFUSED:
            raise _denied(node, f"‘{_REFUSED[type(node)]}’ is not available in templates.")
        node = self.generic_visit(node)
        rewrite = _REWRITES.get(type(node))
        return rewrite(node) if rewrite else node


def _filter(node: nodes.Node, name: str, args: Sequence[nodes.Expr] = ()) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _const(value: Any, node: nodes.Node) -> nodes.Const:
    return nodes.Const(value, lineno=node.lineno)


def _for(node: Any) -> nodes.Node:
    if node.recursive:
        raise _denied(node, "‘recursive’ is not available in templates.")
    node.iter = _filter(node.iter, _EACH)
    return cast("nodes.Node", node)


def _concat(node: Any) -> nodes.Node:
    return _filter(nodes.Tuple(node.nodes, "load", lineno=node.lineno), _JOINED)


def _list(node: Any) -> nodes.Node:
    if isinstance(node, nodes.Tuple) and node.ctx != "load":
        return node
    return _filter(node, _MADE, [_const(isinstance(node, nodes.Dict), node)])


def _call(node: Any) -> nodes.Node:
    """A method's call becomes a filter's."""
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _denied(node, "‘*’ is not available in calls.")
    if not isinstance(node.node, nodes.Getattr):
        return cast("nodes.Node", node)
    name = _METHODS.get(node.node.attr)
    if name is None:
        if node.node.attr in ("cycle", "changed"):
            return cast("nodes.Node", node)
        raise _denied(node, f"‘{node.node.attr}’ can't be called. Is there a filter for it?")
    return nodes.Filter(
        node.node.node, name, node.args, node.kwargs, None, None, lineno=node.lineno
    )


def _filter_call(node: Any) -> nodes.Node:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _denied(node, "‘*’ is not available in calls.")
    return cast("nodes.Node", node)


def _compare(node: Any) -> nodes.Node:
    node.expr = _filter(node.expr, _WEIGHED)
    for operand in node.ops:
        operand.expr = _filter(operand.expr, _WEIGHED)
    return cast("nodes.Node", node)


def _getitem(node: Any) -> nodes.Node:
    """Slices would go past the environment."""
    if not isinstance(node.arg, nodes.Slice):
        return cast("nodes.Node", node)
    bounds = [part or _const(None, node) for part in (node.arg.start, node.arg.stop, node.arg.step)]
    return _filter(node.node, _SLICE, bounds)


def _assign_block(node: Any) -> nodes.Node:
    if node.filter is not None:
        raise _denied(node, "A filter is not available here; use it where the value is written.")
    return cast("nodes.Node", node)


def _output(node: Any) -> nodes.Node:
    """Each part with the line that it stands in."""
    for part in node.nodes:
        part.lineno = part.lineno or node.lineno
    return cast("nodes.Node", node)


_REWRITES: dict[type[nodes.Node], Callable[[Any], nodes.Node]] = {
    nodes.For: _for,
    nodes.Concat: _concat,
    nodes.List: _list,
    nodes.Tuple: _list,
    nodes.Dict: _list,
    nodes.Call: _call,
    nodes.Filter: _filter_call,
    nodes.Test: _filter_call,
    nodes.Compare: _compare,
    nodes.Getitem: _getitem,
    nodes.AssignBlock: _assign_block,
    nodes.Output: _output,
}


def _denied(node: nodes.Node, reason: str) -> TemplateFault:
    return TemplateFault("denied", reason, Place(node.lineno))
