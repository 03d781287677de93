"""Finds what people read and nobody marked: sentences outside of `gettext` and its kin."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

MARKS = frozenset({"gettext", "ngettext", "pgettext", "gettext_noop"})
NOT_READ_IN_CHATS = frozenset(
    {
        *("Handled", "Look", "info", "warning", "exception", "error", "debug"),
        *("AssertionError", "RuntimeError", "TypeError", "NotImplementedError", "compile"),
        *("Actor", "record"),  # names and changes as the audit has them
    }
)
"""Calls whose texts are for the inbox, the log or us."""
OUTCOMES = {"Said": 1, "Done": 0}
"""Which argument of the call is the outcome, for the inbox alone."""
STORED = ("outcome", "help_text", "comment")
"""Keywords of texts that are for the inbox or the console, or that stay as they were stored."""
SENTENCE = re.compile(r"[A-Za-z]{2,}[,:;.]? [A-Za-z]{2,}")


def unmarked(source: str) -> list[tuple[int, str]]:
    """The line and text of each sentence that is not marked."""
    return sorted(_unmarked(ast.parse(source)))


def _unmarked(node: ast.AST) -> Iterator[tuple[int, str]]:
    is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if is_docstring or isinstance(node, ast.Assert):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if SENTENCE.search(node.value) and not node.value.startswith("/"):  # a command is typed
            yield node.lineno, node.value
        return
    children = _read_of(node) if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for child in children:
        yield from _unmarked(child)


def _read_of(call: ast.Call) -> Iterator[ast.AST]:
    """The arguments that people may read."""
    name = _name_of(call.func)
    if name in MARKS or name in NOT_READ_IN_CHATS:
        return
    for number, argument in enumerate(call.args):
        if number != OUTCOMES.get(name):
            yield argument
    for keyword in call.keywords:
        if keyword.arg not in STORED:
            yield keyword.value


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def modules(*roots: Path) -> Iterator[Path]:
    """The Python files below these, or these."""
    for root in roots:
        yield from sorted(root.rglob("*.py")) if root.is_dir() else [root]
