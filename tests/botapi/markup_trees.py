"""Random Telegram text: strings of everything that ever broke a message, and trees of it.

`MARKUP_EXAMPLES=20000` makes the property tests run that many examples each (default 50).
"""

import os

from hypothesis import settings
from hypothesis import strategies as st

from botapi.markup import (
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

many = settings(max_examples=int(os.environ.get("MARKUP_EXAMPLES", "50")))

PIECES = [
    *"_*[]()~`>#+-=|{}.!\\ \n&<>\"'/:;ax1",
    *("**", "__", "||", "```", "\n>", "\n\n", "**>", "\\\\", "&amp;", "&#39;", "</b>", "<b>"),
    *("\r", "\r\n", "\0", "\t", "\x1f", "\x7f", "\u2028", "\u202e", "\u0333", "\u030a"),
    *("\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\ufe0f", "\ufeff", "\u00a0", "\u3000"),
    *("\ud800", "\udc00", "\U0001f44d", "\U0001f3fd", "\U0001f1e9\U0001f1ea", "e\u0301", "é"),
    *("שלום", "\U0001f469\u200d\U0001f4bb", "server", "node_exporter", "10.0.0.1:9100"),
]
characters = st.sampled_from(PIECES) | st.characters()
strings = st.lists(characters, max_size=10).map("".join)

ACCEPTED_URLS = [
    "http://e.com",
    'https://e.com/a_b*(c)\\d?x=1&y="2"\'<>',
    "https://E.com:0443/ a\tb#c",
    "http://127.0.0.1:9090/",
    "http://[::1]:80/",
    "tg://resolve?domain=x",
    "tg://user?id=123",
    "e.com",
    "http://e.com/é\u202e",
]
REFUSED_URLS = [
    "",
    "http://grafana:3000/x",
    "mailto:a@b.c",
    "javascript:alert(1)",
    "ftp://e.com",
    "https://e.com:99999/",
    "https://e.com/" + "x" * 5000,
    "*_`",
]
urls = st.sampled_from(ACCEPTED_URLS + REFUSED_URLS) | strings | st.just("http://e.com/\ud800")
languages = st.sampled_from(["", "", "py", "c++", "a b`c", "\\x", '"<&', "\n"])

leaves = st.one_of(
    st.builds(Text, strings),
    st.builds(Text, strings),
    st.builds(Code, strings),
    st.builds(Pre, strings, languages),
)


def containers(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(children, max_size=3).map(tuple)
    return st.one_of(
        *(st.builds(kind, some) for kind in (Bold, Italic, Underline, Strikethrough, Spoiler)),
        st.builds(Link, urls, some),
        st.builds(Blockquote, some, st.booleans()),
    )


nodes = st.recursive(leaves, containers, max_leaves=12)
trees = st.lists(nodes, max_size=6).map(tuple)


def _with_label(children: tuple[Node, ...]) -> tuple[Node, ...]:
    return (*children, Text("label"))


def _sound_containers(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(children, max_size=3).map(tuple)
    return st.one_of(
        *(st.builds(kind, some) for kind in (Bold, Italic, Underline, Strikethrough, Spoiler)),
        st.builds(Link, st.sampled_from(ACCEPTED_URLS), some.map(_with_label)),
        st.builds(Blockquote, some, st.booleans()),
    )


# Without links that Telegram would drop: what is shown is exactly what the leaves hold.
sound_trees = st.lists(st.recursive(leaves, _sound_containers, max_leaves=12), max_size=6).map(
    tuple
)
