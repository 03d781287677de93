"""Goes through a tree, to know beforehand what is used how often."""

from collections import Counter
from collections.abc import Iterator, Mapping

from alerts.importing.go_template.nodes import (
    Action,
    Block,
    Call,
    Comment,
    Node,
    Nodes,
    Pipeline,
    Text,
    Variable,
)


def nodes_of(nodes: Nodes) -> Iterator[Node]:
    """With all that stands within them."""
    todo = list(nodes)
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, Block):
            todo += [*node.body, *node.other]


def calls_of(trees: Mapping[str, Nodes], chosen: Nodes) -> Counter[str]:
    """How often each definition is called, by what is reached from the chosen one."""
    found: Counter[str] = Counter()
    todo: list[Nodes] = [chosen]
    while todo:
        for node in nodes_of(todo.pop()):
            if not isinstance(node, Call):
                continue
            if node.name in trees and not found[node.name]:
                todo.append(trees[node.name])
            found[node.name] += 1
    return found


def assigned_in(trees: Mapping[str, Nodes], chosen: Nodes) -> set[str]:
    """Variables that are set anew somewhere (`$x = …`)."""
    return {
        name
        for nodes in (chosen, *trees.values())
        for node in nodes_of(nodes)
        if isinstance(node, Action) and node.pipeline.assigns
        for name in node.pipeline.variables
    }


def uses(nodes: Nodes, name: str) -> bool:
    """Whether a variable is read in there."""
    pipelines = [
        node.pipeline
        for node in nodes_of(nodes)
        if isinstance(node, Action | Block | Call) and node.pipeline is not None
    ]
    return any(_reads(pipeline, name) for pipeline in pipelines)


def _reads(pipeline: Pipeline, name: str) -> bool:
    for command in pipeline.commands:
        for operand in command:
            if isinstance(operand.base, Variable) and operand.base.name == name:
                return True
            if isinstance(operand.base, Pipeline) and _reads(operand.base, name):
                return True
    return False


def is_blank(nodes: Nodes) -> bool:
    """Whether nothing would be written."""
    return all(
        isinstance(node, Comment) or (isinstance(node, Text) and not node.text.strip())
        for node in nodes
    )
