"""JMESPath (jmespath.org) within a budget: whatever anyone writes over whatever anyone sends, it
ends soon. Nothing in it can loop, call Python or reach beyond the payload; what is left to bound is
how much is visited, built and compared.

Besides JMESPath's own functions there are those that texts need: `expression_functions.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import jmespath
from jmespath import exceptions
from jmespath.visitor import Options, TreeInterpreter

from alerts.sources.expression_functions import (
    Budget,
    Functions,
    arity_of,
    compiled_regex,
    exact,
    plain,
)
from alerts.sources.json_text import Json, shorten

MAX_LENGTH = 2_000
"""Characters of an expression."""
MAX_DEPTH = 64
"""Of its syntax tree, and of its brackets: so that no stack overflows at any caller's depth."""
MAX_CACHED = 1_024
_VISIT = 10

_FAILURES = (
    exceptions.JMESPathError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What the library lets through when a payload is not what an expression takes it for."""


class BadExpression(ValueError):
    """This is no expression. `position`: the character at which it goes wrong, from 0, if known."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class Failed(Exception):
    """The expression has no result for this payload; the text says why."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression."""

    text: str
    tree: Any

    def __call__(self, value: Json, root: Json, budget: Budget) -> Json:
        """Its result for `value`; `root` is what `root()` gives. Raises Failed, Exhausted."""
        interpreter = _Interpreter(root, budget)
        try:
            result = interpreter.visit(self.tree, value)
            budget.weigh(result)
        except exceptions.JMESPathTypeError as error:
            raise Failed(_told(error)) from None
        except _FAILURES as error:
            raise Failed(shorten(f"{type(error).__name__}: {error}", 200)) from None
        return result  # type: ignore[no-any-return]  # weighed: nothing but JSON


@lru_cache(maxsize=MAX_CACHED)
def compiled(text: str) -> Expression:
    """Check and compile. Raises BadExpression."""
    if len(text) > MAX_LENGTH:
        raise BadExpression(f"It has {len(text)} characters; at most {MAX_LENGTH} are allowed.")
    _check_brackets(text)
    try:
        tree: Any = jmespath.compile(text).parsed
    except exceptions.IncompleteExpressionError:
        raise BadExpression("It ends too early.", len(text)) from None
    except exceptions.LexerError as error:
        raise BadExpression(f"{error.message}.", error.lexer_position) from None
    except exceptions.ArityError as error:
        raise BadExpression(str(error)) from None
    except exceptions.ParseError as error:
        what = error.token_value if error.token_value not in (None, "") else "the end"
        raise BadExpression(f"{what} is not expected here.", error.lex_position) from None
    except exceptions.EmptyExpressionError:
        raise BadExpression("It is empty.") from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadExpression(f"It can't be read: {reason}"[:200]) from None
    _finish_tree(text, tree)
    return Expression(text, tree)


def _check_brackets(text: str) -> None:
    depth = 0
    for position, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_DEPTH:
            raise BadExpression(f"It is nested deeper than {MAX_DEPTH} levels.", position)


def _finish_tree(text: str, tree: Any) -> None:
    """Check it, and rid it of floats, which no payload has."""
    for depth, node in _nodes(tree):
        if depth > MAX_DEPTH:
            raise BadExpression(f"It is nested deeper than {MAX_DEPTH} levels.")
        if node["type"] == "literal":
            node["value"] = exact(node["value"])
        elif node["type"] == "function_expression":
            name, given = node["value"], len(node["children"])
            wants = arity_of(name)
            position = text.find(f"{name}(") if f"{name}(" in text else None
            if wants is None:
                raise BadExpression(f"There is no function {name}().", position)
            if not wants.takes(given):
                raise BadExpression(f"{name}() takes {wants}, not {given}.", position)
            if name == "capture":
                _check_regex(node["children"][1], position)


def _check_regex(node: Any, position: int | None) -> None:
    """It stands in the expression itself, so that no payload brings one along."""
    pattern = node["value"] if node["type"] == "literal" else None
    if not isinstance(pattern, str):
        raise BadExpression("capture() needs its regular expression in '…'.", position)
    try:
        compiled_regex(pattern)
    except ValueError as error:
        raise BadExpression(f"{error}."[:200], position) from None


def _nodes(tree: Any) -> Iterator[tuple[int, Any]]:
    unvisited = [(1, tree)]
    while unvisited:
        depth, node = unvisited.pop()
        yield depth, node
        if depth <= MAX_DEPTH:
            children = node.get("children", ())
            unvisited += [(depth + 1, child) for child in children if isinstance(child, dict)]


def _told(error: exceptions.JMESPathTypeError) -> str:
    wanted = " or ".join(error.expected_types)
    return f"{error.function_name}() needs {wanted}, and got {error.actual_type}"


class _Interpreter(TreeInterpreter):
    """The library's, paying for each visit and for what is compared or built beyond that.

    A list of lists of the same lists is small until somebody walks through it, and whoever does
    pays for that: comparators, functions, and at the end `Expression`.
    """

    def __init__(self, root: Json, budget: Budget) -> None:
        functions: Any = Functions(root, budget)
        super().__init__(Options(custom_functions=functions))
        self._budget = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend(_VISIT)
        return super().visit(node, *args, **kwargs)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        left, right = (plain(self.visit(child, value)) for child in node["children"])
        self._budget.weigh(left)
        self._budget.weigh(right)
        operator = node["value"]
        compare = self.COMPARATOR_FUNC[operator]
        if operator in ("eq", "ne"):
            return compare(left, right)
        # JMESPath orders numbers alone; its library, and so everybody, texts too.
        is_ordered = _are_both(left, right, int | float) or _are_both(left, right, str)
        return compare(left, right) if is_ordered else None

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        within = sum(len(one) for one in base if isinstance(one, list))
        self._budget.spend(len(base) + within)  # before it takes memory
        return list(chain.from_iterable(one if isinstance(one, list) else (one,) for one in base))


def _are_both(left: Any, right: Any, kind: Any) -> bool:
    return all(isinstance(one, kind) and not isinstance(one, bool) for one in (left, right))
