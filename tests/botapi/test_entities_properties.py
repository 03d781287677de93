"""Our parsers and TDLib agree on anything that looks like markup, whether it parses or not."""

import json
from typing import Any

import tdjson
from hypothesis import given
from hypothesis import strategies as st

from botapi import tdlib
from botapi.entities import MessageEntity, ParseError, normalize, parse_text
from botapi.entities_model import Parsed, utf16_length
from tests.botapi.markup_trees import many

SPICE = [*"ab é😀 \n\r\t\0", "\u200e", "\u202e", "\x7f"]
URL_PIECES = [
    *("http://", "https://", "tg:", "tg://", "ton://", "tonsite://", "ftp://", "//", "mailto:"),
    *("e.com", "E.Com", "localhost", "[::1]", "[::g]", "user", "emoji", "time", "..", "%41", "%4"),
    *(":80", ":0", ":99999", ":065", "?id=12", "?unix=1", "format=t", "x=1", "a", "é"),
    *'/?#@& \t._-!<"',
]
MARKDOWN_PIECES = [
    *("*", "_", "__", "~", "||", "|", "`", "```", "```py\n", "[", "![", "](", ")", "](e.com)"),
    *("](tg://user?id=12)", "](tg://time?unix=12&format=wr)", "](tg://emoji?id=4)", "(", "]"),
    *(">", "\n>", "\n**>", "||\n", "\\", "\\\\", "#", "+", "-", "=", "{", "}", ".", "!"),
]
HTML_PIECES = [
    *("<b>", "</b>", "<i>", "</i>", "<u>", "</u>", "<s>", "</s>", "<B >", "<strong>", "</strong>"),
    *("<tg-spoiler>", "</tg-spoiler>", '<span class="tg-spoiler">', "</span>", "<code>", "</code>"),
    *("<pre>", "</pre>", '<code class="language-py">', "<blockquote>", "</blockquote>"),
    *("<blockquote expandable>", '<a href="http://e.com">', "<a href='", "<a>", "</a>", "</>"),
    *("<tg-emoji emoji-id=", '"5"', "</tg-emoji>", "<tg-time unix=", "12", "format", "</tg-time>"),
    *("&lt;", "&amp", "&quot;x", "&#65;", "&#x41", "&#x1F600;", "&#9999999;", "&#x10ffff;", "&#0;"),
    *("&nbsp;", "</", "<", ">", "&", "=", '"', "'", "/", "-", "\v", "\f"),
]


def _texts(pieces: list[str]) -> st.SearchStrategy[str]:
    some = st.sampled_from(pieces) | st.sampled_from(pieces) | st.sampled_from(SPICE)
    return st.lists(some, max_size=14).map("".join)


urls = st.lists(st.sampled_from(URL_PIECES), max_size=6).map("".join)
markdown = _texts(MARKDOWN_PIECES) | urls.map(lambda url: f"[x]({url})")
anchors = urls.map(lambda url: url.replace('"', "&quot;")).map('<a href="{}">x</a>'.format)
html = _texts(HTML_PIECES) | anchors
Verdict = Parsed | str


def _verdict(source: str, mode: str, *, force_python: bool) -> Verdict:
    try:
        return parse_text(source, mode, force_python=force_python)
    except ParseError as refusal:
        return refusal.description


@many
@given(markdown)
def test_markdown_reads_as_in_tdlib(source: str) -> None:
    for mode in ("MarkdownV2", "Markdown"):
        judged = _verdict(source, mode, force_python=False)
        assert _verdict(source, mode, force_python=True) == judged


@many
@given(html)
def test_html_reads_as_in_tdlib(source: str) -> None:
    judged = _verdict(source, "HTML", force_python=False)
    assert _verdict(source, "HTML", force_python=True) == judged


TDLIB_TYPES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "blockquote": "BlockQuote",
    "expandable_blockquote": "ExpandableBlockQuote",
}
# Free of the markup that `parseMarkdown`, our way to TDLib's normal form, reads besides.
unmarked = st.lists(st.sampled_from([*SPICE, "\u200f", "\u030a"]), min_size=1, max_size=12).map(
    "".join
)


@st.composite
def texts_with_entities(draw: st.DrawFn) -> Parsed:
    text = draw(unmarked)
    size = utf16_length(text)
    entities: list[MessageEntity] = []
    for kind in draw(st.lists(st.sampled_from(sorted(TDLIB_TYPES)), max_size=6)):
        offset = draw(st.integers(0, size))
        length = draw(st.integers(0, size - offset + 1))
        made: MessageEntity = {"type": kind, "offset": offset, "length": length}
        if kind == "text_link":
            made["url"] = draw(st.sampled_from(["http://e.com/", "http://e.org/"]))
        entities.append(made)
    return Parsed(text, tuple(entities))


@many
@given(texts_with_entities())
def test_normal_form_is_that_of_tdlib(parsed: Parsed) -> None:
    judged = _normalized_by_tdlib(parsed)
    try:
        ours: Verdict = normalize(parsed, trim=False)
    except ParseError as refusal:
        if refusal.description == "Bad Request: text must be non-empty":
            return  # parseMarkdown allows empty texts
        ours = refusal.description
    assert ours == judged


def _normalized_by_tdlib(parsed: Parsed) -> Verdict:
    entities = [_tdlib_entity(entity) for entity in parsed.entities]
    formatted = {"@type": "formattedText", "text": parsed.text, "entities": entities}
    request = {"@type": "parseMarkdown", "text": formatted}
    assert tdlib.available()
    answer = json.loads(tdjson.td_execute(json.dumps(request).encode()) or b"")
    if answer["@type"] == "error":
        message = answer["message"]
        return f"Bad Request: {message[0].lower()}{message[1:]}"
    bot_api = {tdlib_type: kind for kind, tdlib_type in TDLIB_TYPES.items()}
    kept: list[Any] = []
    for found in answer["entities"]:
        kind = found["type"]
        shown = {"type": bot_api[kind["@type"].removeprefix("textEntityType")]}
        shown |= {"offset": found["offset"], "length": found["length"]}
        kept.append(shown | ({"url": kind["url"]} if "url" in kind else {}))
    return Parsed(answer["text"], tuple(kept))


def _tdlib_entity(entity: MessageEntity) -> dict[str, Any]:
    kind = {"@type": f"textEntityType{TDLIB_TYPES[entity['type']]}"}
    if "url" in entity:
        kind["url"] = entity["url"]
    return {
        "@type": "textEntity",
        "offset": entity["offset"],
        "length": entity["length"],
        "type": kind,
    }
