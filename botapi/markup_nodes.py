"""The nodes of Telegram text and their constructors: plain data, no behaviour.

Any string is welcome in any place: it is cleaned and escaped where the tree is rendered (`markup`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from string import Formatter
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Bold:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Italic:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Underline:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Strikethrough:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Spoiler:
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Pre:
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Blockquote:
    children: tuple[Node, ...]
    expandable: bool = False


Node: TypeAlias = (
    Text | Bold | Italic | Underline | Strikethrough | Spoiler | Code | Pre | Link | Blockquote
)
LEAVES: Final = (Text, Code, Pre)
"""Nodes with text of their own. A tuple: `isinstance` takes three times as long with a union."""


def _nodes(parts: Iterable[str | Node]) -> tuple[Node, ...]:
    return tuple([Text(part) if isinstance(part, str) else part for part in parts])


def text(value: str) -> Text:
    return Text(value)


def bold(*parts: str | Node) -> Bold:
    return Bold(_nodes(parts))


def italic(*parts: str | Node) -> Italic:
    return Italic(_nodes(parts))


def underline(*parts: str | Node) -> Underline:
    return Underline(_nodes(parts))


def strike(*parts: str | Node) -> Strikethrough:
    return Strikethrough(_nodes(parts))


def spoiler(*parts: str | Node) -> Spoiler:
    return Spoiler(_nodes(parts))


def code(value: str) -> Code:
    return Code(value)


def pre(value: str, language: str = "") -> Pre:
    return Pre(value, language)


def link(url: str, *parts: str | Node) -> Link:
    """A link; without parts the URL is its own label."""
    return Link(url, _nodes(parts or (url,)))


def quote(*parts: str | Node, expandable: bool = False) -> Blockquote:
    return Blockquote(_nodes(parts), expandable)


def filled(template: str, **parts: str | Node) -> tuple[Node, ...]:
    """The template with nodes in the place of what its braces name: a sentence of which a word is
    bold, whatever the order of words in its language."""
    nodes: list[Node] = []
    for words, name, _, _ in Formatter().parse(template):
        if words:
            nodes.append(Text(words))
        if name is not None:
            nodes += _nodes([parts[name]])
    return tuple(nodes)


def join(
    separator: str | Node, parts: Iterable[str | Node | tuple[Node, ...] | list[Node]]
) -> tuple[Node, ...]:
    """The parts (each a string, a node or several nodes) with the separator between them."""
    between = Text(separator) if isinstance(separator, str) else separator
    joined: list[Node] = []
    for number, part in enumerate(parts):
        if number:
            joined.append(between)
        if isinstance(part, str):
            joined.append(Text(part))
        elif isinstance(part, tuple | list):
            joined.extend(part)
        else:
            joined.append(part)
    return tuple(joined)
