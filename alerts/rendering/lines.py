"""Lines of a message while they are put together, and how much of each there is room for."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from alerts.rendering.words import shorten_end, shorten_name
from botapi.markup import LEAVES, Blockquote, Bold, Code, Node, Text

Piece: TypeAlias = str | Code | Bold | Blockquote
Line: TypeAlias = list[Piece]


class Budget(NamedTuple):
    """How much is told, in characters.

    `rows`: alerts listed; `row`: a line of the list; `text`: a line of details;
    `description`: the description, 0 leaves it out; `url`: the longest link shown as text.
    """

    rows: int
    row: int
    text: int
    description: int
    url: int


class Scissors:
    """Shortens what one message says to its budget. `cut`: something has lost a part or was left
    out for want of room, so that a document has to tell it in full."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.cut = False

    def text(self, value: str, limit: int) -> str:
        """The text in at most `limit` (2 or more) characters."""
        if len(value) <= limit:
            return value
        self.cut = True
        return shorten_end(value, limit)

    def name(self, value: str, limit: int) -> str:
        """The name or place in at most `limit` (3 or more) characters."""
        if len(value) <= limit:
            return value
        self.cut = True
        return shorten_name(value, limit)


def joined(lines: list[Line], room: int, separator: str) -> list[Line]:
    """The lines in at most `room` (1 or more): the last ones are joined to one."""
    if len(lines) <= room:
        return lines
    last: Line = []
    for line in lines[room - 1 :]:
        last += [separator, *line] if last else line
    return [*lines[: room - 1], last]


def nodes_of(lines: Iterable[Sequence[Piece]]) -> list[Node]:
    """The lines as a tree, neighbouring strings in one node."""
    nodes: list[Node] = []
    words: list[str] = []
    for number, line in enumerate(lines):
        if number:
            words.append("\n")
        for piece in line:
            if isinstance(piece, str):
                words.append(piece)
                continue
            if words:
                nodes.append(Text("".join(words)))
                words = []
            nodes.append(piece)
    if words:
        nodes.append(Text("".join(words)))
    return nodes


def words_of(nodes: Iterable[Node]) -> str:
    """The nodes' words without markup: what plain text shows of them, since none is a link."""
    words: list[str] = []
    for node in nodes:
        if isinstance(node, LEAVES):
            words.append(node.text)
        else:
            words.append(words_of(node.children))
    return "".join(words)
