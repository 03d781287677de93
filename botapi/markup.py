"""Telegram text as a tree: build it once, render it as MarkdownV2, HTML or plain text.

The nodes are plain data. Everything user-made goes into `Text`, `Code`, `Pre` or `Link.url`, and is cleaned
and escaped by its place when it is rendered, so that no value can break a message.
Limits: 4,096 code points after parsing, 32,768 raw bytes, 100 entities (Bot API, sendMessage).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

ParseMode: TypeAlias = Literal["MarkdownV2", "HTML", ""]


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


def join(separator: str | Node, parts: Iterable[str | Node | Sequence[Node]]) -> tuple[Node, ...]:
    """The parts (each a string, a node or several nodes) with the separator between them."""
    between = Text(separator) if isinstance(separator, str) else separator
    joined: list[Node] = []
    for number, part in enumerate(parts):
        if number:
            joined.append(between)
        if isinstance(part, str):
            joined.append(Text(part))
        elif isinstance(part, Sequence):
            joined.extend(part)
        else:
            joined.append(part)
    return tuple(joined)


MAX_LENGTH = 4096
MAX_RAW_BYTES = 32_768
MAX_ENTITIES = 100

_DIRTY = {c: " " for c in range(0x20) if c != 0x0A}
_DIRTY |= dict.fromkeys((0x0D, *range(0x2028, 0x202F), 0x033F, 0x0333, 0x030A), "")
_DIRTY |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_MD_TEXT = _DIRTY | {ord(c): "\\" + c for c in "_*[]()~`>#+-=|{}.!\\"}
_MD_CODE = _DIRTY | {ord(c): "\\" + c for c in "`\\"}
_MD_URL = _DIRTY | {ord(c): "\\" + c for c in ")\\"}
_HTML = _DIRTY | {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
_MD_MARKS: dict[type, str] = {
    Bold: "*",
    Italic: "_",
    Underline: "__",
    Strikethrough: "~",
    Spoiler: "||",
}
_HTML_TAGS: dict[type, str] = {
    Bold: "b",
    Italic: "i",
    Underline: "u",
    Strikethrough: "s",
    Spoiler: "tg-spoiler",
}


def render(nodes: Sequence[Node], parse_mode: ParseMode) -> str:
    """The nodes as `text` for a call with this `parse_mode`; always valid UTF-8."""
    if parse_mode == "HTML":
        return "".join(map(_html, nodes))
    if parse_mode == "MarkdownV2":
        return "".join(map(_markdown, nodes))
    return "".join(map(_plain, nodes))


def _html(node: Node) -> str:
    if isinstance(node, Text):
        return node.text.translate(_HTML)
    if isinstance(node, Code):
        return f"<code>{node.text.translate(_HTML)}</code>"
    if isinstance(node, Pre):
        inner = node.text.translate(_HTML)
        if node.language:
            language = node.language.translate(_HTML)
            inner = f'<code class="language-{language}">{inner}</code>'
        return f"<pre>{inner}</pre>"
    inner = "".join(map(_html, node.children))
    if isinstance(node, Link):
        return f'<a href="{node.url.translate(_HTML)}">{inner}</a>'
    if isinstance(node, Blockquote):
        return f"<blockquote{' expandable' if node.expandable else ''}>{inner}</blockquote>"
    tag = _HTML_TAGS[type(node)]
    return f"<{tag}>{inner}</{tag}>"


def _markdown(node: Node) -> str:
    if isinstance(node, Text):
        return node.text.translate(_MD_TEXT)
    if isinstance(node, Code):
        return f"`{node.text.translate(_MD_CODE)}`"
    if isinstance(node, Pre):
        return f"```{node.language.translate(_MD_CODE)}\n{node.text.translate(_MD_CODE)}```"
    inner = "".join(map(_markdown, node.children))
    if isinstance(node, Link):
        return f"[{inner}]({node.url.translate(_MD_URL)})"
    if isinstance(node, Blockquote):
        body = inner.replace("\n", "\n>")
        return f"**>{body}{'||' if node.expandable else ''}\n"
    mark = _MD_MARKS[type(node)]
    return f"{mark}{inner}{mark}"


def _plain(node: Node) -> str:
    if isinstance(node, Text | Code | Pre):
        return node.text.translate(_DIRTY)
    inner = "".join(map(_plain, node.children))
    if isinstance(node, Link) and inner != node.url:
        return f"{inner} ({node.url.translate(_DIRTY)})"
    return inner


def visible(nodes: Sequence[Node]) -> str:
    """What Telegram shows: the text after parsing and cleaning, before trimming."""
    return "".join(
        node.text.translate(_DIRTY)
        if isinstance(node, Text | Code | Pre)
        else visible(node.children)
        for node in nodes
    )


def length(nodes: Sequence[Node]) -> int:
    """Code points after parsing, before trimming: never less than what Telegram counts."""
    return len(visible(nodes))


def entity_count(nodes: Sequence[Node]) -> int:
    """How many entities Telegram makes of the nodes, at most."""
    return sum(
        0
        if isinstance(node, Text)
        else 1
        if isinstance(node, Code | Pre)
        else 1 + entity_count(node.children)
        for node in nodes
    )


def raw_bytes(nodes: Sequence[Node], parse_mode: ParseMode) -> int:
    """Bytes of the rendered text in UTF-8."""
    return len(render(nodes, parse_mode).encode())


def fits(nodes: Sequence[Node], parse_mode: ParseMode, limit: int = MAX_LENGTH) -> bool:
    """Whether one message (limit 4,096) or caption (1,024) can hold the nodes."""
    return (
        length(nodes) <= limit
        and entity_count(nodes) <= MAX_ENTITIES
        and raw_bytes(nodes, parse_mode) <= MAX_RAW_BYTES
    )


def shorten(nodes: Sequence[Node], limit: int, mark: str = "…") -> tuple[Node, ...]:
    """The nodes cut to `limit` code points, the mark included; unchanged where they fit."""
    if length(nodes) <= limit:
        return tuple(nodes)
    room = limit - len(mark)
    kept: list[Node] = []
    for node in nodes:
        size = length((node,))
        if size > room:
            if isinstance(node, Text):
                kept.append(Text(node.text[: max(room, 0)]))
            break
        kept.append(node)
        room -= size
    return (*kept, Text(mark))


def split(
    nodes: Sequence[Node], parse_mode: ParseMode, limit: int = MAX_LENGTH
) -> list[tuple[Node, ...]]:
    """The nodes as messages that each fit."""
    messages: list[tuple[Node, ...]] = []
    current: list[Node] = []
    for node in nodes:
        if current and not fits([*current, node], parse_mode, limit):
            messages.append(tuple(current))
            current = []
        current.append(node)
    if current:
        messages.append(tuple(current))
    return messages
