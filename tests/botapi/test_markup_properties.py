"""Whatever the strings and the tree: Telegram's own parser takes it and shows what we meant."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from botapi import tdlib
from botapi.entities import (
    MessageEntity,
    ParseError,
    as_sent,
    entities_to_nodes,
    normalize,
    parse_text,
)
from botapi.entities_links import checked_link, link_user_id
from botapi.entities_model import Parsed, end_of
from botapi.markup import (
    Blockquote,
    Code,
    Link,
    Node,
    ParseMode,
    Pre,
    Text,
    entity_count,
    fits,
    is_blank,
    length,
    plain,
    raw_bytes,
    render,
    shorten,
    split,
    visible,
)
from botapi.markup_escape import clean, is_blank_text, merge_marks
from tests.botapi.markup_trees import many, sound_trees, strings, trees

MODES: tuple[Literal["MarkdownV2", "HTML"], ...] = ("MarkdownV2", "HTML")
modes = st.sampled_from(MODES)
all_modes: st.SearchStrategy[ParseMode] = st.sampled_from(("MarkdownV2", "HTML", ""))
STYLES = {
    "Bold": "bold",
    "Italic": "italic",
    "Underline": "underline",
    "Strikethrough": "strikethrough",
    "Spoiler": "spoiler",
}


def test_the_judge_is_telegram_itself() -> None:
    assert tdlib.available()


@many
@given(trees, modes)
def test_what_is_rendered_parses_and_shows_the_visible_text(
    tree: tuple[Node, ...], mode: Literal["MarkdownV2", "HTML"]
) -> None:
    parsed = tdlib.parse(render(tree, mode), mode)
    assert merge_marks(parsed.text) == visible(tree)


@many
@given(trees)
def test_plain_text_is_clean_and_shows_every_url(tree: tuple[Node, ...]) -> None:
    text = render(tree, "")
    text.encode()
    assert text == clean(text)
    assert visible(plain(tree)) == merge_marks(text)
    for url in _urls(tree):
        assert url in text


def _urls(tree: Sequence[Node]) -> Iterator[str]:
    for node in tree:
        if isinstance(node, Link):
            yield clean(node.url).strip()
        if not isinstance(node, Text | Code | Pre):
            yield from _urls(node.children)


@many
@given(sound_trees, modes)
def test_every_character_keeps_its_look(
    tree: tuple[Node, ...], mode: Literal["MarkdownV2", "HTML"]
) -> None:
    parsed = tdlib.parse(render(tree, mode), mode)
    try:
        normal = normalize(parsed, trim=False)
    except ParseError:
        assert is_blank(tree)
        return
    assert _seen(_shown(normal)) == _seen(_meant(tree, frozenset(), "", ""))


Look = tuple[str, frozenset[str]]


def _seen(looks: Iterable[Look]) -> list[Look]:
    return [look for look in looks if look[0] not in _UNSEEN]


# Newlines are added around quotes, and direction marks turn into others.
_UNSEEN = " \n\u200c\u200e\u200f"


def _meant(tree: Sequence[Node], styles: frozenset[str], link: str, quote: str) -> Iterator[Look]:
    """Each character and its look, by Telegram's rules: links beat code, code beats styles, and of
    nested links and quotes the inner one counts."""
    for node in tree:
        if isinstance(node, Text):
            look = styles | {link, quote}
            yield from ((char, look - {""}) for char in clean(node.text))
        elif isinstance(node, Code | Pre):
            code = "code" if isinstance(node, Code) else "pre"
            look = (styles | {link} if link else frozenset({code})) | {quote}
            yield from ((char, look - {""}) for char in clean(node.text))
        elif isinstance(node, Link):
            user = link_user_id(node.url)
            target = (
                f"text_mention {user}" if user else f"text_link {checked_link(clean(node.url))}"
            )
            yield from _meant(node.children, styles, target, quote)
        elif isinstance(node, Blockquote):
            kind = "expandable_blockquote" if node.expandable else "blockquote"
            yield from _meant(node.children, styles, link, kind)
        else:
            yield from _meant(node.children, styles | {STYLES[type(node).__name__]}, link, quote)


def _shown(parsed: Parsed) -> Iterator[Look]:
    at = 0
    for char in parsed.text:
        over = [e for e in parsed.entities if e["offset"] <= at < end_of(e)]
        yield char, frozenset(map(_name, over))
        at += 1 + (char > "\uffff")


def _name(entity: MessageEntity) -> str:
    if entity["type"] == "text_link":
        return f"text_link {entity['url']}"
    if entity["type"] == "text_mention":
        return f"text_mention {entity['user']['id']}"
    return entity["type"]


@many
@given(trees, modes)
def test_measures_never_fall_short_of_telegrams(
    tree: tuple[Node, ...], mode: Literal["MarkdownV2", "HTML"]
) -> None:
    rendered = render(tree, mode)
    assert raw_bytes(tree, mode) == len(rendered.encode())
    try:
        normal = normalize(parse_text(rendered, mode))
    except ParseError:
        assert is_blank(tree)
        return
    assert not is_blank(tree)
    assert length(tree) >= len(normal.text)
    assert entity_count(tree) >= len(normal.entities)


@many
@given(trees, all_modes, st.integers(1, 60))
def test_split_loses_nothing_and_every_part_fits(
    tree: tuple[Node, ...], mode: ParseMode, limit: int
) -> None:
    parts = split(tree, mode, limit)
    whole = visible(tree if mode else plain(tree))
    at = 0
    for part in parts:
        assert fits(part, mode, limit)
        assert as_sent(render(part, mode), mode)
        words = visible(part)
        found = _without_marks(whole).find(_without_marks(words), at)
        assert found >= 0
        assert is_blank_text(_without_marks(whole)[at:found])
        at = found + len(_without_marks(words))
    assert is_blank_text(_without_marks(whole)[at:])


def _without_marks(text: str) -> str:
    return text.translate(dict.fromkeys((0x200C, 0x200E, 0x200F), ""))


@many
@given(trees, modes, st.integers(0, 60), strings)
def test_shortened_is_short_enough_and_parses(
    tree: tuple[Node, ...], mode: Literal["MarkdownV2", "HTML"], limit: int, mark: str
) -> None:
    short = shorten(tree, limit, mark)
    assert length(short) <= limit
    tdlib.parse(render(short, mode), mode)
    if length(tree) <= limit:
        assert short == tree
    fitting = shorten(tree, limit, mark, mode)
    assert fits(fitting, mode, limit)
    assert length(shorten(plain(tree), limit, mark)) <= limit


@many
@given(trees, modes, modes)
def test_entities_become_the_tree_that_made_them(
    tree: tuple[Node, ...],
    mode: Literal["MarkdownV2", "HTML"],
    other: Literal["MarkdownV2", "HTML"],
) -> None:
    try:
        sent = normalize(tdlib.parse(render(tree, mode), mode))
        again = entities_to_nodes(sent.text, sent.entities)
        resent = normalize(tdlib.parse(render(again, other), other))
    except ParseError:
        assert is_blank(tree)
        return
    assert resent.text == sent.text
    assert _seen(_shown(resent)) == _seen(_shown(sent))
