"""A Go template → a draft in our language, and what its author has to know."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.importing.go_template.blocks import Blocks
from alerts.importing.go_template.defaults import definitions
from alerts.importing.go_template.nodes import Nodes, Tree
from alerts.importing.go_template.notes import Note
from alerts.importing.go_template.parser import parse
from alerts.importing.go_template.walk import calls_of, is_blank


@dataclass(frozen=True, slots=True)
class Draft:
    """`body`: a template of ours. `notes`: what is not in it, or otherwise, by line."""

    body: str
    notes: tuple[Note, ...]


class NoTemplate(ValueError):
    """There is nothing to convert, or not the template that was asked for."""


def convert(text: str, name: str = "") -> Draft:
    """The definition called `name`; without a name what stands outside of definitions, else the
    last definition that no other one calls. Raises GoSyntaxError and NoTemplate."""
    tree = parse(text)
    known: Mapping[str, Nodes] = {**definitions(), **tree.definitions}
    name = name or _chosen(tree)
    if name and name not in known:
        there = ", ".join(sorted(tree.definitions)) or "none"
        raise NoTemplate(f"There is no definition {name!r}. Defined are: {there}.")
    blocks = Blocks(known, tree.definitions)
    body = blocks.written(known[name] if name else tree.body, name)
    return Draft(body, tuple(sorted(blocks.notes, key=lambda note: (note.line, note.column))))


def _chosen(tree: Tree) -> str:
    """The name of a definition; "" for what stands outside of them. Raises NoTemplate."""
    if not is_blank(tree.body):
        return ""
    if not tree.definitions:
        raise NoTemplate("There is nothing to convert: paste a message or a .tmpl file.")
    called = {
        name for own, body in tree.definitions.items() for name in calls_of({}, body) if name != own
    }
    free = [name for name in tree.definitions if name not in called] or list(tree.definitions)
    return next((name for name in reversed(free) if "telegram" in name.lower()), free[-1])
