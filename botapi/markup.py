"""Telegram text as a tree: build it once, render it as MarkdownV2, HTML or plain text.

Everything user-made goes into `Text`, `Code`, `Pre` or `Link.url`, and is cleaned and escaped by
its place when it is rendered, so that no value can break a message. What Telegram would drop or
garble (nested links and quotes, bad URLs, code within styles) is first brought into the normal form
that `markup_runs` describes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from botapi.markup_cut import cut_point, drop_runs, take_runs, text_of
from botapi.markup_escape import (
    clean,
    escape_html,
    escape_html_attribute,
    escape_markdown,
    escape_markdown_code,
    escape_markdown_url,
    is_blank_text,
    merge_marks,
)
from botapi.markup_nodes import (
    LEAVES,
    Blockquote,
    Bold,
    Code,
    Italic,
    Link,
    Node,
    Pre,
    Spoiler,
    Strikethrough,
    Text,
    Underline,
    bold,
    code,
    filled,
    italic,
    join,
    link,
    pre,
    quote,
    spoiler,
    strike,
    text,
    underline,
)
from botapi.markup_runs import Run, nodes_of, plain_runs_of, plain_words, runs_of, settled

__all__ = [
    "LEAVES",
    "MAX_CAPTION_LENGTH",
    "MAX_ENTITIES",
    "MAX_ENTITY_BYTES",
    "MAX_LENGTH",
    "MAX_RAW_BYTES",
    "Blockquote",
    "Bold",
    "Code",
    "Italic",
    "Link",
    "Node",
    "ParseMode",
    "Pre",
    "Spoiler",
    "Strikethrough",
    "Text",
    "Underline",
    "bold",
    "code",
    "entity_bytes",
    "entity_count",
    "filled",
    "fits",
    "fitted",
    "is_blank",
    "italic",
    "join",
    "length",
    "link",
    "plain",
    "pre",
    "quote",
    "raw_bytes",
    "render",
    "shorten",
    "split",
    "spoiler",
    "strike",
    "text",
    "underline",
    "visible",
]

ParseMode: TypeAlias = Literal["MarkdownV2", "HTML", ""]

MAX_LENGTH = 4096  # code points after parsing (Bot API, sendMessage)
MAX_CAPTION_LENGTH = 1024  # code points after parsing (Bot API, sendPhoto)
MAX_RAW_BYTES = 32_768  # of the text before parsing (telegram-bot-api, "text is too long")
MAX_ENTITIES = 100  # Telegram drops the rest silently (TDLib, get_input_message_entities)
# All entities serialized; beyond about 9,500 Telegram answers ENTITIES_TOO_LONG
# (tdlib/telegram-bot-api issue 165).
MAX_ENTITY_BYTES = 9_000
_BYTES_PER_ENTITY = 16

_BLANKS = (" ", "\n")
_ONE_ENTITY = (Link, Blockquote)

# Stand for MarkdownV2 marks that depend on their neighbours (`_write_underscores`).
_ITALIC = "\x01"
_UNDERLINE = "\x02"
_UNDERSCORES_TOUCH = re.compile(f"[{_ITALIC}{_UNDERLINE}](?=[{_ITALIC}{_UNDERLINE}])")
_MARKS: dict[type, str] = {
    Bold: "*",
    Italic: _ITALIC,
    Underline: _UNDERLINE,
    Strikethrough: "~",
    Spoiler: "||",
}
_TAGS: dict[type, tuple[str, str]] = {
    Bold: ("<b>", "</b>"),
    Italic: ("<i>", "</i>"),
    Underline: ("<u>", "</u>"),
    Strikethrough: ("<s>", "</s>"),
    Spoiler: ("<tg-spoiler>", "</tg-spoiler>"),
}


def render(nodes: Sequence[Node], parse_mode: ParseMode) -> str:
    """The nodes as the text of a call with this `parse_mode`; always valid UTF-8.

    Plain text ("") shows a link as `label (url)`.
    """
    return _written(settled(nodes), parse_mode) if parse_mode else plain_words(nodes)


def _written(tree: Sequence[Node], parse_mode: ParseMode) -> str:
    """The settled tree in its parse mode."""
    if parse_mode == "HTML":
        return _html(tree)
    if parse_mode == "MarkdownV2":
        return _write_underscores(_markdown(tree))
    return _words(tree)


def _html(nodes: Sequence[Node]) -> str:
    pieces: list[str] = []
    for node in nodes:
        if isinstance(node, Text):
            pieces.append(escape_html(node.text))
        elif isinstance(node, Code):
            pieces.append(f"<code>{escape_html(node.text)}</code>")
        elif isinstance(node, Link):
            url = escape_html_attribute(node.url)
            pieces.append(f'<a href="{url}">{_html(node.children)}</a>')
        elif isinstance(node, Pre):
            pieces.append(_html_pre(node))
        elif isinstance(node, Blockquote):
            expandable = " expandable" if node.expandable else ""
            inner = _html(node.children)
            pieces.append(f"<blockquote{expandable}>{inner}</blockquote>")
        else:
            begin, end = _TAGS[type(node)]
            pieces.append(f"{begin}{_html(node.children)}{end}")
    return "".join(pieces)


def _html_pre(node: Pre) -> str:
    inner = escape_html(node.text)
    if node.language:
        language = escape_html_attribute(node.language)
        inner = f'<code class="language-{language}">{inner}</code>'
    return f"<pre>{inner}</pre>"


def _markdown(nodes: Sequence[Node], newline: str = "\n") -> str:
    """MarkdownV2, but `_ITALIC` and `_UNDERLINE` for underscores; `newline` as text writes it."""
    pieces: list[str] = []
    for node in nodes:
        if isinstance(node, Text):
            words = escape_markdown(node.text)
            pieces.append(words if newline == "\n" else words.replace("\n", newline))
        elif isinstance(node, Code):
            # Without content the two marks and a third would begin a pre.
            pieces.append(f"`{words}`" if (words := escape_markdown_code(node.text)) else "")
        elif isinstance(node, Link):
            label = _markdown(node.children, newline)
            pieces.append(f"[{label}]({escape_markdown_url(node.url)})")
        elif isinstance(node, Pre):
            pieces.append(f"```{node.language}\n{escape_markdown_code(node.text)}```")
        elif isinstance(node, Blockquote):
            # An empty bold keeps the quote apart from another one on the line before.
            begin = "**>" if pieces else ">"
            end = "||" if node.expandable else ""
            pieces.append(f"{begin}{_markdown(node.children, _QUOTED_NEWLINE)}{end}")
        else:
            mark = _MARKS[type(node)]
            pieces.append(
                f"{mark}{inner}{mark}" if (inner := _markdown(node.children, newline)) else ""
            )
    return "".join(pieces)


_QUOTED_NEWLINE = "\n>"


def _write_underscores(marked: str) -> str:
    """Three underscores in a row would be read as "__" and "_": an empty bold keeps marks apart."""
    if _ITALIC in marked or _UNDERLINE in marked:
        marked = _UNDERSCORES_TOUCH.sub(r"\g<0>**", marked)
        marked = marked.replace(_ITALIC, "_").replace(_UNDERLINE, "__")
    return marked


def plain(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes without any markup, as plain rendering shows them; for measuring and cutting it."""
    return nodes_of(plain_runs_of(nodes))


def visible(nodes: Sequence[Node]) -> str:
    """The text after parsing and cleaning, before Telegram trims spaces and newlines at both ends.

    Plain text shows more: the URLs (`visible(plain(nodes))`).
    """
    return merge_marks(_words(settled(nodes)))


def _words(nodes: Sequence[Node]) -> str:
    return "".join(
        [clean(node.text) if isinstance(node, LEAVES) else _words(node.children) for node in nodes]
    )


def length(nodes: Sequence[Node]) -> int:
    """Code points after parsing and cleaning, before trimming: never less than Telegram counts."""
    return len(visible(nodes))


def is_blank(nodes: Sequence[Node]) -> bool:
    """Whether Telegram would refuse the text as empty: all spaces and invisible characters."""
    return is_blank_text(visible(nodes))


def entity_count(nodes: Sequence[Node]) -> int:
    """How many entities Telegram makes of the nodes, at most: it splits styles that overlap."""
    return _count(settled(nodes), 0)


def _count(nodes: Sequence[Node], styles: int) -> int:
    """The entities in the nodes, where each run of text may cost one for each style around it."""
    count = 0
    in_text = False
    for node in nodes:
        if isinstance(node, Text):
            count += 0 if in_text else styles
            in_text = True
            continue
        in_text = False
        if isinstance(node, LEAVES):
            count += 1
        elif isinstance(node, _ONE_ENTITY):
            count += 1 + _count(node.children, styles)
        else:
            count += _count(node.children, styles + 1)
    return count


def entity_bytes(nodes: Sequence[Node]) -> int:
    """About how many bytes the entities take when serialized."""
    tree = settled(nodes)
    return _count(tree, 0) * _BYTES_PER_ENTITY + _url_bytes(tree)


def _url_bytes(nodes: Sequence[Node]) -> int:
    return sum(
        [
            (len(node.url.encode()) if isinstance(node, Link) else 0) + _url_bytes(node.children)
            for node in nodes
            if not isinstance(node, LEAVES)
        ]
    )


def raw_bytes(nodes: Sequence[Node], parse_mode: ParseMode) -> int:
    """Bytes of the rendered text in UTF-8."""
    return len(render(nodes, parse_mode).encode())


def fits(nodes: Sequence[Node], parse_mode: ParseMode, limit: int = MAX_LENGTH) -> bool:
    """Whether one message (`limit` 4,096) or caption (1,024) holds the nodes and all entities."""
    return fitted(nodes, parse_mode, limit) is not None


def fitted(nodes: Sequence[Node], parse_mode: ParseMode, limit: int = MAX_LENGTH) -> str | None:
    """The nodes as `render` writes them, where they fit as `fits` tells; else None."""
    tree = settled(nodes) if parse_mode else plain(nodes)
    written = _written(tree, parse_mode)
    # What is written is never shorter than what it shows.
    if len(written) > limit and len(_words(tree)) > limit:
        return None
    count = _count(tree, 0)
    if len(written.encode()) > MAX_RAW_BYTES or count > MAX_ENTITIES:
        return None
    return written if count * _BYTES_PER_ENTITY + _url_bytes(tree) <= MAX_ENTITY_BYTES else None


def shorten(
    nodes: Sequence[Node], limit: int, mark: str = "…", parse_mode: ParseMode | None = None
) -> tuple[Node, ...]:
    """The nodes cut to at most `limit` code points, the mark included; unchanged where they fit.

    Cuts at a paragraph, line or word where there is one, and closes what it cuts. With a
    `parse_mode` the result also keeps the other limits of one message; `""` cuts the plain text.
    """
    if length(nodes) <= limit if parse_mode is None else fits(nodes, parse_mode, limit):
        return tuple(nodes)
    mark = clean(mark)[: max(limit, 0)]
    runs = plain_runs_of(nodes) if parse_mode == "" else runs_of(nodes)
    room = limit - len(mark)
    # A boundary more shows what follows the cut.
    runs = take_runs(runs, limit + 2)
    stop = cut_point(runs, room) if room > 0 else 0
    while True:
        kept = _marked(_stripped(take_runs(runs, stop)), mark)
        shortened = nodes_of(kept)
        if stop == 0 or parse_mode is None or fits(shortened, parse_mode, limit):
            return shortened
        stop = cut_point(runs, stop * 3 // 4) if stop > 1 else 0


def _stripped(runs: list[Run]) -> list[Run]:
    """The runs without spaces and newlines at their end."""
    while runs:
        last = runs.pop()
        if kept := last.text.rstrip(" \n"):
            return [*runs, last._replace(text=kept)]
    return runs


def _marked(runs: list[Run], mark: str) -> list[Run]:
    """The mark right behind what it shortens, of the same look; behind code, not in it."""
    if not mark or not runs:
        return [Run(mark)] if mark else runs
    last = runs[-1]
    if last.leaf == "code":
        return [*runs, Run(mark, last.look)]
    return [*runs[:-1], last._replace(text=last.text + mark)]


def split(
    nodes: Sequence[Node], parse_mode: ParseMode, limit: int = MAX_LENGTH
) -> list[tuple[Node, ...]]:
    """The nodes as messages that each fit; none for nodes that are blank.

    Cuts at paragraphs, else lines, else words; what a cut goes through is closed and opened again.
    Nothing is lost but the blank where a cut falls, and pieces of mere blanks, which Telegram would
    refuse.
    Raises ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError(f"limit is {limit}; a message needs room for at least 1 character")
    rest: Sequence[Run] = runs_of(nodes) if parse_mode else plain_runs_of(nodes)
    parts: list[tuple[Node, ...]] = []
    while rest:
        part, cut = _first_part(rest, parse_mode, limit)
        if not is_blank(part):
            parts.append(part)
        rest = drop_runs(rest, cut)
    return parts


def _first_part(
    runs: Sequence[Run], parse_mode: ParseMode, limit: int
) -> tuple[tuple[Node, ...], int]:
    """A message of the first runs, and how many code points it takes care of."""
    # A boundary more shows what follows the cut.
    window = take_runs(runs, limit + 2)
    words = text_of(window)
    longest = limit
    while True:
        stop = cut_point(window, longest)
        part = nodes_of(take_runs(window, stop))
        if stop == 1 or fits(part, parse_mode, limit):
            break
        longest = stop * 3 // 4
    falls_on_blank = words[stop : stop + 1] in _BLANKS and words[stop - 1] not in _BLANKS
    return part, stop + 1 if falls_on_blank else stop
