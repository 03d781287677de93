"""Reading markup: our parsers and TDLib give the same verdict on the same text."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

import pytest

from botapi import entities_found, tdlib
from botapi.entities import (
    MessageEntity,
    ParseError,
    as_sent,
    entities_to_nodes,
    find_entities,
    normalize,
    parse_text,
)
from botapi.entities_links import checked_link, link_user_id
from botapi.entities_model import Parsed
from botapi.markup import Node, bold, code, italic, link, pre, quote, render, text, visible
from botapi.markup_runs import clean_language
from tests.reference import REFERENCE

VECTORS = REFERENCE / "telegram_entity_vectors.json"
needs_vectors = pytest.mark.skipif(
    not VECTORS.exists(), reason="the reference folder with parser verdicts is missing"
)
MODES = ("MarkdownV2", "HTML", "Markdown")


def entity(kind: str, offset: int, length: int, **fields: Any) -> MessageEntity:
    made: Any = {"type": kind, "offset": offset, "length": length, **fields}
    return cast("MessageEntity", made)


PARSED: list[tuple[str, str, str, list[MessageEntity]]] = [
    ("MarkdownV2", r"*a* \. b", "a . b", [entity("bold", 0, 1)]),
    ("MarkdownV2", "😀 _i_", "😀 i", [entity("italic", 3, 1)]),
    (
        "MarkdownV2",
        "[t](tg://user?id=7) [u](E.com) [v](http://node:1)",
        "t u v",
        [
            entity("text_mention", 0, 1, user={"id": 7}),
            entity("text_link", 2, 1, url="http://e.com/"),
        ],
    ),
    (
        "MarkdownV2",
        "```sh\nls``` `x`",
        "ls x",
        [entity("pre", 0, 2, language="sh"), entity("code", 3, 1)],
    ),
    ("MarkdownV2", ">a\n>b||\nc", "a\nb\nc", [entity("expandable_blockquote", 0, 4)]),
    (
        "MarkdownV2",
        "![x](tg://time?unix=9&format=TwD)![y](tg://emoji?id=5)",
        "xy",
        [
            entity("date_time", 0, 1, unix_time=9, date_time_format="wDT"),
            entity("custom_emoji", 1, 1, custom_emoji_id="5"),
        ],
    ),
    ("HTML", "<b>a</B > &lt;&amp", "a <&", [entity("bold", 0, 1)]),
    (
        "HTML",
        '<a href="https://e.com/?a=1&amp;b=2">t</a>',
        "t",
        [entity("text_link", 0, 1, url="https://e.com/?a=1&b=2")],
    ),
    (
        "HTML",
        '<pre><code class="language-sh">ls</code></pre><code class="language-sh">x</code>',
        "lsx",
        [entity("pre", 0, 2, language="sh"), entity("code", 2, 1)],
    ),
    (
        "HTML",
        "<blockquote expandable>q</blockquote>",
        "q",
        [entity("expandable_blockquote", 0, 1)],
    ),
    (
        "Markdown",
        "*a_b* \\_ [t](e.com)",
        "a_b _ t",
        [entity("bold", 0, 3), entity("text_link", 6, 1, url="http://e.com/")],
    ),
]

REFUSED: list[tuple[str, str, str]] = [
    ("MarkdownV2", "é.b", "Character '.' is reserved and must be escaped with the preceding '\\'"),
    ("MarkdownV2", "é*b", "Can't find end of Bold entity at byte offset 2"),
    ("MarkdownV2", ">é*\nb*", "Can't find end of Bold entity at byte offset 3"),
    ("MarkdownV2", "é[b](c", "Can't find end of a URL at byte offset 6"),
    ("MarkdownV2", "![b](c)", "Invalid tg://emoji or tg://time URL specified"),
    ("MarkdownV2", "```", "Can't find end of Pre entity at byte offset 0"),
    ("HTML", "é<br>", 'Unsupported start tag "br" at byte offset 2'),
    ("HTML", "é<b", "Unclosed start tag at byte offset 2"),
    ("HTML", "<b>é</i>", 'Unmatched end tag at byte offset 5, expected "</b>", found "</i>"'),
    ("HTML", "<b>", 'Can\'t find end tag corresponding to start tag "b"'),
    ("HTML", "<a href=x/>", "Unexpected end of name token at byte offset 8"),
    ("HTML", "<a =>", 'Empty attribute name in the tag "a" at byte offset 0'),
    ("HTML", "<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
    ("HTML", "x" * 65_537, "Text is too long"),
    ("Markdown", "é_b", "Can't find end of the entity starting at byte offset 2"),
]


@pytest.mark.parametrize("force_python", [False, True])
@pytest.mark.parametrize(("mode", "source", "words", "entities"), PARSED)
def test_parsed(
    mode: str, source: str, words: str, entities: list[MessageEntity], *, force_python: bool
) -> None:
    parsed = parse_text(source, mode.lower(), force_python=force_python)
    assert (parsed.text, list(parsed.entities)) == (words, entities)


@pytest.mark.parametrize("force_python", [False, True])
@pytest.mark.parametrize(("mode", "source", "reason"), REFUSED)
def test_refused(mode: str, source: str, reason: str, *, force_python: bool) -> None:
    with pytest.raises(ParseError) as refusal:
        parse_text(source, mode, force_python=force_python)
    assert refusal.value.description == f"Bad Request: can't parse entities: {reason}"


@pytest.mark.parametrize(
    "source", ['<a href="http://e.com/&#xD83D;">x</a>', "&#55357;x", "&#xdfff"]
)
def test_a_surrogate_reference_is_refused_without_harm(source: str) -> None:
    """TDLib would end the process over the first one."""
    with pytest.raises(ParseError, match="invalid Unicode characters"):
        parse_text(source, "HTML")
    with pytest.raises(ValueError, match="surrogate"):
        tdlib.parse(source, "HTML")


@pytest.mark.parametrize("force_python", [False, True])
@pytest.mark.parametrize("mode", [*MODES, ""])
def test_what_is_not_utf8_is_refused(mode: str, *, force_python: bool) -> None:
    with pytest.raises(ParseError, match="strings must be encoded in UTF-8"):
        as_sent("a\ud800", mode, force_python=force_python)


def test_plain_text_is_taken_as_it_is() -> None:
    assert parse_text("*a*", "None") == Parsed("*a*", ())
    with pytest.raises(ParseError, match="unsupported parse_mode"):
        parse_text("a", "MarkdownV3")


def test_without_tdlib_the_same_answers_come_from_python() -> None:
    """In a process where the wheel does not load."""
    script = (
        "import sys; sys.modules['tdjson'] = None\n"
        "from botapi import entities, tdlib\n"
        "print(tdlib.available(), entities.as_sent(' *a* see e.com', 'MarkdownV2').entities)\n"
    )
    script = script.replace("e.com", "e\\\\.com")
    shown = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout
    expected = as_sent(" *a* see e\\.com", "MarkdownV2").entities
    assert shown == f"False {expected}\n"
    assert len(expected) == 2


NORMALIZED: list[tuple[str, list[MessageEntity], str, list[MessageEntity]]] = [
    # styles split where others begin, and merge where they touch
    (
        "abc",
        [entity("bold", 0, 3), entity("italic", 1, 1)],
        "abc",
        [entity("bold", 0, 1), entity("bold", 1, 2), entity("italic", 1, 1)],
    ),
    ("ab", [entity("bold", 0, 1), entity("bold", 1, 1)], "ab", [entity("bold", 0, 2)]),
    # code stands alone
    (
        "abc",
        [entity("bold", 0, 3), entity("code", 1, 1)],
        "abc",
        [entity("bold", 0, 1), entity("code", 1, 1), entity("bold", 2, 1)],
    ),
    (
        "ab",
        [entity("blockquote", 0, 2), entity("blockquote", 1, 1)],
        "ab",
        [entity("blockquote", 0, 2)],
    ),
    # cleaning moves entities; trimming cuts them
    ("a\r\tb\u202ec", [entity("bold", 3, 3)], "a bc", [entity("bold", 2, 2)]),
    ("\n  a b \n", [entity("bold", 5, 3)], "a b", [entity("bold", 2, 1)]),
    ("  a", [entity("bold", 1, 2)], " a", [entity("bold", 0, 2)]),
    ("a  ", [entity("bold", 2, 1)], "a", []),
    ("a\u200e\u200f", [], "a\u200c\u200f", []),
]


@pytest.mark.parametrize(("words", "entities", "kept", "kept_entities"), NORMALIZED)
def test_normalized(
    words: str, entities: list[MessageEntity], kept: str, kept_entities: list[MessageEntity]
) -> None:
    normal = normalize(Parsed(words, tuple(entities)))
    assert (normal.text, list(normal.entities)) == (kept, kept_entities)


@pytest.mark.parametrize(
    ("words", "entities", "reason"),
    [
        ("", [], "text must be non-empty"),
        (" \n\u200b", [], "text must be non-empty"),
        ("\r\u202e", [], "text must be non-empty"),
        (
            "😀",
            [entity("bold", 1, 1)],
            "entity begins in a middle of a UTF-16 symbol at byte offset 4",
        ),
        (
            "😀",
            [entity("bold", 0, 1)],
            (
                "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol "
                "at byte offset 4"
            ),
        ),
        ("a", [entity("bold", 2, 1)], "entity begins after the end of the text at UTF-16 offset 2"),
        (
            "a",
            [entity("bold", 0, 2)],
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 2",
        ),
        ("a", [entity("bold", -1, 2)], "receive an entity with incorrect offset -1"),
        ("a", [entity("bold", 0, 2_000_000)], "receive an entity with incorrect length 2000000"),
    ],
)
def test_not_sent(words: str, entities: list[MessageEntity], reason: str) -> None:
    with pytest.raises(ParseError) as refusal:
        as_sent(words, entities=entities)
    assert refusal.value.description == f"Bad Request: {reason}"


@pytest.mark.parametrize("force_python", [False, True])
def test_found_entities_keep_clear_of_code_links_and_quotes(*, force_python: bool) -> None:
    source = "*/start* `/a` [e\\.com](http://x.org) e\\.com @durov\n>\\#tag"
    sent = as_sent(source, "MarkdownV2", force_python=force_python)
    assert sent == Parsed(
        "/start /a e.com e.com @durov\n#tag",
        (
            entity("bot_command", 0, 6),
            entity("bold", 0, 6),
            entity("code", 7, 2),
            entity("text_link", 10, 5, url="http://x.org/"),
            entity("url", 16, 5),
            entity("mention", 22, 6),
            entity("blockquote", 29, 4),
            entity("hashtag", 29, 4),
        ),
    )


FOUND = (
    "/cmd@a_bot x/y //no /usr/bin @abcd @ab #tag #1 $USD me@e.com 10.0.0.1:9100 "
    "https://e.com/a_(b)). main.py http://node:1/ 4111 1111 1111 1111 tg://resolve?domain=x "
    "😀 e.com"
)


def test_a_long_text_full_of_entities_takes_no_time_to_speak_of() -> None:
    size = 16_384
    sent: list[MessageEntity] = [
        {"type": ("blockquote", "code")[at % 8 > 0], "offset": at, "length": 1}
        for at in range(0, size, 4)
    ]
    found: list[MessageEntity] = [
        {"type": "hashtag", "offset": at, "length": 1} for at in range(2, size, 4)
    ]
    began = time.thread_time()
    normal = normalize(Parsed("a " * (size // 2), tuple(sent)), found)
    assert time.thread_time() - began < 1
    assert len(normal.entities) == len(sent) + len(found)


def test_found_entities_are_those_of_tdlib() -> None:
    assert entities_found.find_entities(FOUND) == tdlib.find_entities(FOUND) == find_entities(FOUND)
    assert [e["type"] for e in find_entities(FOUND)] == [
        *("bot_command", "mention", "hashtag", "cashtag", "email", "url", "url", "url"),
        *("bank_card_number", "url", "url"),
    ]


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("http://E.com", "http://e.com/"),
        ("e.com?x", "http://e.com/?x"),
        ("https://u:p@e.com:0443/a b", "https://u:p@e.com:443/a%20b"),
        ("http://[::1]:80", "http://[::1]:80/"),
        ("TG:resolve?domain=x", "tg://resolve?domain=x"),
        ("http://node:3000", ""),
        ("ftp://e.com", ""),
        ("http://e.com:0", ""),
        ("http://e.com:65536", ""),
        ("http://[::g]", ""),
        ("http://e .com", ""),
        ("http://e.com%4", ""),
        ("tg://a@b", ""),
        ("", ""),
    ],
)
def test_checked_link(url: str, stored: str) -> None:
    assert checked_link(url) == stored
    parsed = tdlib.parse(f"[x]({url})" if url else "x", "MarkdownV2")
    assert [e.get("url") for e in parsed.entities] == ([stored] if stored else [])


def test_link_user_id() -> None:
    assert link_user_id("TG://user/?a=b&id=7#x") == 7
    assert [link_user_id(f"tg://user?id={n}") for n in ("0", "07", "-1", 1 << 40, "")] == [None] * 5


TREES: list[tuple[str, list[MessageEntity], tuple[Node, ...]]] = [
    ("a😀b", [entity("bold", 1, 2), entity("italic", 3, 1)], (text("a"), bold("😀"), italic("b"))),
    (
        "abc",
        [entity("text_link", 0, 3, url="http://e.com"), entity("bold", 1, 1)],
        (link("http://e.com", "a", bold("b"), "c"),),
    ),
    (
        "ls\nx",
        [entity("pre", 0, 2, language="sh"), entity("code", 3, 1)],
        (pre("ls", "sh"), text("\n"), code("x")),
    ),
    ("a\nb", [entity("blockquote", 0, 2), entity("url", 2, 1)], (quote("a"), text("\nb"))),
    (
        "ab",
        [entity("text_mention", 0, 1, user={"id": 7})],
        (link("tg://user?id=7", "a"), text("b")),
    ),
]


@pytest.mark.parametrize(("words", "entities", "nodes"), TREES)
def test_entities_to_nodes(
    words: str, entities: list[MessageEntity], nodes: tuple[Node, ...]
) -> None:
    assert entities_to_nodes(words, entities) == nodes


def _vectors(mode: str) -> list[dict[str, Any]]:
    vectors: list[dict[str, Any]] = json.loads(VECTORS.read_text())[mode]
    assert len(vectors) > 20
    return vectors


def _verdict(source: str, mode: str, *, force_python: bool) -> dict[str, Any]:
    try:
        parsed = parse_text(source, mode, force_python=force_python)
    except ParseError as refusal:
        return {"error": refusal.description}
    return {"text": parsed.text, "entities": [_with_user_id(e) for e in parsed.entities]}


def _with_user_id(found: MessageEntity) -> dict[str, Any]:
    """The vectors have a mention's user as `user_id`."""
    shown: dict[str, Any] = dict(found)
    if "user" in shown:
        shown["user_id"] = shown.pop("user")["id"]
    return shown


@needs_vectors
@pytest.mark.parametrize("force_python", [False, True])
@pytest.mark.parametrize("mode", MODES)
def test_recorded_verdicts(mode: str, *, force_python: bool) -> None:
    for vector in _vectors(mode):
        recorded = {key: vector[key] for key in ("text", "entities", "error") if key in vector}
        assert _verdict(vector["in"], mode, force_python=force_python) == recorded, vector["in"]


@needs_vectors
def test_recorded_automatic_entities() -> None:
    for vector in _vectors("auto_entities"):
        for found in (entities_found.find_entities, tdlib.find_entities):
            assert list(found(vector["in"])) == vector["entities"], vector["in"]


@needs_vectors
@pytest.mark.parametrize("mode", ["MarkdownV2", "HTML"])
def test_recorded_normal_forms(mode: str) -> None:
    for vector in _vectors(mode):
        if "sent_entities" in vector:
            normal = normalize(parse_text(vector["in"], mode), trim=False)
            shown = [_with_user_id(e) for e in normal.entities]
            assert shown == vector["sent_entities"], vector["in"]


@needs_vectors
@pytest.mark.parametrize("mode", ["MarkdownV2", "HTML"])
def test_recorded_texts_survive_as_trees(mode: str) -> None:
    """Parsed, made a tree, rendered and parsed by TDLib, a text is the same again."""
    survived = 0
    for vector in _vectors(mode):
        if "error" in vector or not vector["text"].strip(" \n\u200b"):
            continue
        sent = normalize(parse_text(vector["in"], mode), trim=False)
        if any(e["type"] in ("custom_emoji", "date_time") for e in sent.entities):
            continue  # there are no nodes for them
        tree = entities_to_nodes(sent.text, sent.entities)
        if visible(tree) != sent.text:
            # A quote in the middle of a line got lines of its own.
            assert visible(tree).replace("\n", "") == sent.text.replace("\n", "")
            continue
        for other in ("MarkdownV2", "HTML"):
            again = normalize(tdlib.parse(render(tree, other), other), trim=False)
            assert again.text == sent.text
            assert _comparable(again) == _comparable(sent), vector["in"]
        survived += 1
    assert survived > 80


def _comparable(parsed: Parsed) -> list[MessageEntity]:
    """A quote without the newline that MarkdownV2 adds, a language without what may end it."""
    encoded = parsed.text.encode("utf-16-le")
    shown: list[MessageEntity] = []
    for found in parsed.entities:
        trimmed = found.copy()
        if "language" in trimmed:
            trimmed["language"] = clean_language(trimmed["language"])
        if "blockquote" in found["type"]:
            begin = 2 * found["offset"]
            covered = encoded[begin : begin + 2 * found["length"]].decode("utf-16-le")
            trimmed["length"] -= len(covered) - len(covered.rstrip("\n"))
        shown.append(trimmed)
    return sorted(shown, key=lambda e: (e["offset"], -e["length"], e["type"]))
