"""The normal form of Telegram text: a flat list of runs, and the tree that says the same.

Telegram keeps no tree either: a text and ranges over it. In the normal form, as Telegram would have
it (TDLib, fix_entities):
- a run has one set of styles; neighbours of equal style are one run;
- code takes no styles; inside a link it is plain text, so that the link survives;
- of nested links and of nested quotes the inner one wins, the outer one continues around it;
- a link that Telegram would drop stands as label and `(URL as code)`, so that nothing is lost;
- a quote begins at the start of a line, and what follows it with a newline outside all entities.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple, TypeAlias

from botapi.entities_links import checked_link, link_user_id
from botapi.markup_escape import clean
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
)

# Telegram does not say how long a URL may be; all entities together take about 9,500 bytes.
MAX_URL_BYTES = 4096

Style: TypeAlias = type[Bold] | type[Italic] | type[Underline] | type[Strikethrough] | type[Spoiler]
STYLES: tuple[Style, ...] = (Bold, Italic, Underline, Strikethrough, Spoiler)
_BIT: dict[type, int] = {style: 1 << number for number, style in enumerate(STYLES)}
_LINK = 1 << len(STYLES)
_ORDINARY_URL = re.compile(
    r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::(?:[1-9]\d{0,3}|[1-5]\d{4}))?(?:[/?#][!-~]{0,2000})?"
)


class LinkSpan:
    """One link's place; compared by identity."""

    __slots__ = ("url",)

    def __init__(self, url: str) -> None:
        self.url = url


class QuoteSpan:
    """One quote's place; compared by identity."""

    __slots__ = ("expandable",)

    def __init__(self, expandable: bool) -> None:
        self.expandable = expandable


class Look(NamedTuple):
    """What surrounds a run. `styles` is a bit set by the order of `STYLES`."""

    styles: int = 0
    link: LinkSpan | None = None
    quote: QuoteSpan | None = None


PLAIN = Look()


class Run(NamedTuple):
    """A stretch of text of one look."""

    text: str
    look: Look = PLAIN
    leaf: Literal["text", "code", "pre"] = "text"
    language: str = ""


BREAK = Run("\n")


def accepted_url(url: str) -> str:
    """The URL as a link may carry it, or "" when Telegram would drop or garble the link."""
    if _ORDINARY_URL.fullmatch(url):
        return url
    url = clean(url).strip()
    # Telegram takes "mailto:a@b.c" for a user name and a password at b.c.
    if url[:7].lower() == "mailto:" or len(url.encode()) > MAX_URL_BYTES:
        return ""
    return url if link_user_id(url) else checked_link(url)


def clean_language(language: str) -> str:
    """The language of a `Pre` without what would end it in MarkdownV2."""
    return re.sub(r"[\s`]", "", clean(language))


def runs_of(nodes: Sequence[Node]) -> list[Run]:
    """The nodes in normal form."""
    flattener = _Flattener()
    flattener.walk(nodes, PLAIN)
    return settle_quotes(flattener.runs)


def plain_runs_of(nodes: Sequence[Node]) -> list[Run]:
    """The nodes as one run without any look, links as `label (url)`."""
    words = plain_words(nodes)
    return [Run(words)] if words else []


def plain_words(nodes: Sequence[Node]) -> str:
    """The words of `plain_runs_of`."""
    flattener = _Flattener(plain=True)
    flattener.walk(nodes, PLAIN)
    return "".join([run.text for run in settle_quotes(flattener.runs)])


class _Flattener:
    """Walks a tree and collects its runs."""

    def __init__(self, *, plain: bool = False) -> None:
        self.plain = plain
        self.runs: list[Run] = []

    def walk(self, nodes: Sequence[Node], look: Look) -> None:
        for node in nodes:
            if isinstance(node, Text):
                self.add(clean(node.text), look)
            elif isinstance(node, Code):
                self.add_code(node.text, look, "code")
            elif isinstance(node, Pre):
                self.add_code(node.text, look, "pre", clean_language(node.language))
            elif isinstance(node, Link):
                self.walk_link(node, look)
            elif isinstance(node, Blockquote):
                self.walk(node.children, look._replace(quote=QuoteSpan(node.expandable)))
            else:
                styles = look.styles | _BIT[type(node)]
                self.walk(node.children, Look(styles, look.link, look.quote))

    def walk_link(self, node: Link, look: Look) -> None:
        url = "" if self.plain else accepted_url(node.url)
        inside = look._replace(link=LinkSpan(url)) if url else look
        inner = _Flattener(plain=self.plain)
        inner.walk(node.children, inside)
        label = "".join([run.text for run in inner.runs])
        target = clean(node.url).strip()
        if url and not label:
            inner.add(target, inside)
        if url or not target or (self.plain and label == target):
            self.extend(inner.runs)
        elif not label or label == target:
            self.add_code(target, look, "code")
        else:
            self.extend(inner.runs)
            self.add(" (", look)
            self.add_code(target, look, "code")
            self.add(")", look)

    def add_code(
        self, text: str, look: Look, leaf: Literal["code", "pre"], language: str = ""
    ) -> None:
        if self.plain or look.link is not None:
            self.add(clean(text), look)
        elif text := clean(text):
            self.runs.append(Run(text, Look(quote=look.quote), leaf, language))

    def add(self, text: str, look: Look) -> None:
        if not text:
            return
        if self.runs:
            last = self.runs[-1]
            if last.leaf == "text" and last.look == look:
                self.runs[-1] = Run(last.text + text, look)
                return
        self.runs.append(Run(text, look))

    def extend(self, runs: Iterable[Run]) -> None:
        for run in runs:
            if run.leaf == "text":
                self.add(run.text, run.look)
            else:
                self.runs.append(run)


def settle_quotes(runs: list[Run]) -> list[Run]:
    """The runs with each quote on lines of its own; newlines at a quote's end go behind it."""
    if all(run.look.quote is None for run in runs):
        return runs
    settled: list[Run] = []
    after_quote = False
    for quote, grouped in groupby(runs, attrgetter("look.quote")):
        group = list(grouped)
        newlines = _cut_trailing_newlines(group) if quote is not None else 0
        if group and after_quote:
            group = _begin_with_break(group)
        elif group and quote is not None and settled and not _ends_line(settled[-1]):
            settled.append(BREAK)
        settled += group
        if newlines:
            settled.append(Run("\n" * newlines))
        if group:
            after_quote = quote is not None and not newlines
    return _merged(settled)


def _cut_trailing_newlines(group: list[Run]) -> int:
    """Take the newlines off the end of a quote's text, and say how many there were."""
    count = 0
    while group and group[-1].leaf == "text":
        last = group.pop()
        kept = last.text.rstrip("\n")
        count += len(last.text) - len(kept)
        if kept:
            group.append(last._replace(text=kept))
            break
    return count


def _begin_with_break(group: list[Run]) -> list[Run]:
    first = group[0]
    if first.look.quote is None and first.leaf == "text" and first.text[0] == "\n":
        rest = [first._replace(text=first.text[1:])] if len(first.text) > 1 else []
        return [BREAK, *rest, *group[1:]]
    return [BREAK, *group]


def _ends_line(run: Run) -> bool:
    # A newline within code does not count for MarkdownV2's ">".
    return run.leaf == "text" and run.text[-1] == "\n"


def _merged(runs: Iterable[Run]) -> list[Run]:
    flattener = _Flattener()
    flattener.extend(runs)
    return flattener.runs


def nodes_of(runs: Iterable[Run]) -> tuple[Node, ...]:
    """The tree of runs in normal form: quote around link around styles around leaf."""
    nodes: list[Node] = []
    for quote, in_quote in groupby(runs, attrgetter("look.quote")):
        inner: list[Node] = []
        for link, in_link in groupby(in_quote, attrgetter("look.link")):
            styled = _styled(list(in_link), 0)
            inner += [Link(link.url, tuple(styled))] if link is not None else styled
        nodes += [Blockquote(tuple(inner), quote.expandable)] if quote is not None else inner
    return tuple(nodes)


def _styled(runs: list[Run], number: int) -> list[Node]:
    """The runs as nodes, styles from `STYLES[number]` on."""
    if number == len(STYLES) or not any(run.look.styles for run in runs):
        return [_leaf(run) for run in runs]
    nodes: list[Node] = []
    for has_style, grouped in groupby(runs, lambda run: run.look.styles >> number & 1):
        inner = _styled(list(grouped), number + 1)
        nodes += [STYLES[number](tuple(inner))] if has_style else inner
    return nodes


def _leaf(run: Run) -> Node:
    if run.leaf == "code":
        return Code(run.text)
    return Pre(run.text, run.language) if run.leaf == "pre" else Text(run.text)


def settled(nodes: Sequence[Node]) -> Sequence[Node]:
    """The nodes in normal form, apart from how styles and code nest, which Telegram sorts out.

    Only what is not so takes the detour through runs; mostly the very same object comes back.
    """
    odd = [
        number
        for number, node in enumerate(nodes)
        if not (
            _stands_alone(nodes, number) and _fills_lines(node)
            if isinstance(node, Blockquote)
            else _is_settled_inline(node, 0)
        )
    ]
    if not odd:
        return nodes
    if any(_has_quote(nodes[number]) for number in odd):
        return nodes_of(runs_of(nodes))
    mended: list[Node] = []
    done = 0
    for number in odd:
        mended += nodes[done:number]
        mended += nodes_of(runs_of((nodes[number],)))
        done = number + 1
    return [*mended, *nodes[done:]]


def _has_quote(node: Node) -> bool:
    if isinstance(node, LEAVES):
        return False
    return isinstance(node, Blockquote) or any(_has_quote(child) for child in node.children)


def _is_settled_inline(node: Node, inside: int) -> bool:
    """`inside` is the styles around the node, as bits, and `_LINK`."""
    if isinstance(node, Text):
        return True
    if isinstance(node, Code):
        return not inside & _LINK
    if isinstance(node, Pre):
        is_named = node.language and not node.language.isalnum()
        return not inside & _LINK and not is_named
    bit = _BIT.get(type(node), 0)
    if isinstance(node, Link) and _ORDINARY_URL.fullmatch(node.url):
        bit = _LINK
    # A style within itself, a link within a link, and a node that would show nothing are not.
    if not bit or inside & bit or isinstance(node, Blockquote) or not node.children:
        return False
    inside |= bit
    for child in node.children:
        if isinstance(child, Text):
            if not child.text:
                return False
        elif not _is_settled_inline(child, inside):
            return False
    return True


def _fills_lines(quote: Blockquote) -> bool:
    """Whether the quote has content that does not end with an empty line, and no quote inside."""
    for child in quote.children:
        if isinstance(child, Blockquote) or not _is_settled_inline(child, 0):
            return False
    last = quote.children[-1] if quote.children else None
    return last is not None and not (isinstance(last, Text) and last.text.endswith("\n"))


def _stands_alone(nodes: Sequence[Node], number: int) -> bool:
    before = nodes[number - 1] if number else None
    after = nodes[number + 1] if number + 1 < len(nodes) else None
    return (before is None or (isinstance(before, Text) and before.text.endswith("\n"))) and (
        after is None or (isinstance(after, Text) and after.text.startswith("\n"))
    )
