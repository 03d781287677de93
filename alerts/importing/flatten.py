"""Alertmanager's tree of routes as a list that is tried from above. Pure.

In a list the first route that matches takes the alert, and those after it only as long as each that
took it continues. Children stand before their parent, which takes what none of them took. That is
all where nothing continues (dispatch/route.go, Match).

A route under `continue` lets its alerts pass to everything below it in the list, also to what the
tree would not ask any more: to its own parent, and to siblings that only matter when an earlier one
did not match. Those get what the earlier one asks for, inverted, as matchers of their own. Not all
of several matchers is one route for each way to miss: the first does not hold; the first holds and
the second does not; and so on, so that no alert takes two of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.importing.amconfig import Node
from alerts.importing.yaml_text import YamlError
from alerts.matchers import MAX_MATCHERS, Matcher, MatchOp

MAX_PIECES: Final = 50
"""Of one route; what needs more is clearer written anew."""
_INVERSE: Final = {
    MatchOp.EQUAL: MatchOp.NOT_EQUAL,
    MatchOp.NOT_EQUAL: MatchOp.EQUAL,
    MatchOp.REGEX: MatchOp.NOT_REGEX,
    MatchOp.NOT_REGEX: MatchOp.REGEX,
}


@dataclass(frozen=True, slots=True)
class FlatRoute:
    """A route of the list. `node`: the one of the tree that it stands for; several may stand for
    the same one, each with other matchers. The last one has none: it is the root."""

    node: Node
    matchers: tuple[Matcher, ...]
    continues: bool


def flatten(root: Node) -> list[FlatRoute]:
    """In the order in which they are tried; the root, which takes what is left, comes last.

    Raises YamlError for a route that cannot be put into a list at reasonable length.
    """
    found = list(_inside(root, (), (), goes_on=False))
    return [*found, FlatRoute(root, (), continues=False)]


def _inside(
    node: Node, path: tuple[Matcher, ...], missed: tuple[Node, ...], *, goes_on: bool
) -> Iterator[FlatRoute]:
    """What stands before the node. `path`: matchers from the top down to it; `missed`: routes that
    must not match, though the list does not end with them; `goes_on`: it or one around it
    continues."""
    for child in node.children:
        yield from _flat(child, path, missed, continues=goes_on)
        if not child.continues and _may_pass(child, is_within=goes_on):
            missed = (*missed, child)


def _flat(
    node: Node, above: tuple[Matcher, ...], missed: tuple[Node, ...], *, continues: bool
) -> Iterator[FlatRoute]:
    path = _joined(above, node.matchers)
    goes_on = continues or node.continues
    yield from _inside(node, path, missed, goes_on=goes_on)
    passed = [child for child in node.children if _may_pass(child, is_within=goes_on)]
    for matchers in _pieces(node, path, (*missed, *passed)):
        yield FlatRoute(node, matchers, goes_on)


def _may_pass(node: Node, *, is_within: bool) -> bool:
    """Whether an alert that it or a route in it took may go on in the list."""
    return (
        is_within or node.continues or any(_may_pass(one, is_within=False) for one in node.children)
    )


def _pieces(
    node: Node, path: tuple[Matcher, ...], missed: Sequence[Node]
) -> list[tuple[Matcher, ...]]:
    pieces = [path]
    for other in missed:
        pieces = [
            _joined(piece, ways) for piece in pieces for ways in _ways_to_miss(other.matchers)
        ]
        pieces = [piece for piece in pieces if not _contradicts(piece)]
        if len(pieces) > MAX_PIECES or any(len(piece) > MAX_MATCHERS for piece in pieces):
            raise YamlError(
                f"With `continue` before it, this route would become more than {MAX_PIECES} routes "
                f"of a list, or one with more than {MAX_MATCHERS} matchers. Make fewer routes "
                "continue, or give each one matcher.",
                node.path,
            )
    return pieces


def _ways_to_miss(matchers: Sequence[Matcher]) -> list[tuple[Matcher, ...]]:
    """Disjoint conjunctions that together are the opposite; none for no matchers, which nothing
    misses."""
    return [
        (*matchers[:n], Matcher(one.name, _INVERSE[one.op], one.value))
        for n, one in enumerate(matchers)
    ]


def _contradicts(matchers: Sequence[Matcher]) -> bool:
    """Whether two of them are opposites, so that nothing matches."""
    asked = {(one.name, one.op, one.value) for one in matchers}
    return any((name, _INVERSE[op], value) in asked for name, op, value in asked)


def _joined(first: tuple[Matcher, ...], second: tuple[Matcher, ...]) -> tuple[Matcher, ...]:
    return tuple(dict.fromkeys((*first, *second)))
