"""The tree's rendering, example by example; `test_markup_properties` has the rest of the world."""

import pytest

from botapi import tdlib
from botapi.markup import (
    Blockquote,
    Bold,
    Code,
    Italic,
    Link,
    Node,
    Pre,
    Text,
    bold,
    code,
    entity_bytes,
    entity_count,
    filled,
    fits,
    is_blank,
    italic,
    join,
    length,
    link,
    plain,
    pre,
    quote,
    raw_bytes,
    render,
    shorten,
    split,
    spoiler,
    strike,
    text,
    underline,
    visible,
)

RENDERED: list[tuple[str, tuple[Node, ...], str, str, str]] = [
    # name, nodes, MarkdownV2, HTML, plain
    (
        "reserved",
        (text("a.b <c> & _d_"),),
        r"a\.b <c\> & \_d\_",
        "a.b &lt;c&gt; &amp; _d_",
        "a.b <c> & _d_",
    ),
    ("quote sign", (text("> #1"),), r"\> \#1", "&gt; #1", "> #1"),
    ("backslash at the end", (text("C:\\"), bold("x")), r"C:\\*x*", "C:\\<b>x</b>", "C:\\x"),
    ("code", (code("a`b\\c_d"),), r"`a\`b\\c_d`", "<code>a`b\\c_d</code>", "a`b\\c_d"),
    (
        "pre",
        (pre("x = '`'\n", "py"),),
        "```py\nx = '\\`'\n```",
        "<pre><code class=\"language-py\">x = '`'\n</code></pre>",
        "x = '`'\n",
    ),
    ("no language", (pre("py x"),), "```\npy x```", "<pre>py x</pre>", "py x"),
    (
        "all styles",
        (bold("b"), italic("i"), underline("u"), strike("s"), spoiler("p")),
        "*b*_i_**__u__~s~||p||",
        "<b>b</b><i>i</i><u>u</u><s>s</s><tg-spoiler>p</tg-spoiler>",
        "biusp",
    ),
    ("underscores", (italic(underline("x")),), "_**__x__**_", "<i><u>x</u></i>", "x"),
    ("two italics", (italic("a"), italic("b")), "_a_**_b_", "<i>a</i><i>b</i>", "ab"),
    ("same style twice", (bold("a", bold("b")),), "*ab*", "<b>ab</b>", "ab"),
    (
        "code in bold",
        (bold("a", code("b"), "c"),),
        "*a`b`c*",
        "<b>a<code>b</code>c</b>",
        "abc",
    ),
    ("empty", (bold(), code(""), bold(italic("")), quote(), text("")), "", "", ""),
    (
        "link",
        (link("http://e.com/(a)\\", "[x]"),),
        r"[\[x\]](http://e.com/(a\)\\)",
        '<a href="http://e.com/(a)\\">[x]</a>',
        "[x] (http://e.com/(a)\\)",
    ),
    (
        "link without label",
        (link("https://e.com/?a=1&b=2"),),
        r"[https://e\.com/?a\=1&b\=2](https://e.com/?a=1&b=2)",
        '<a href="https://e.com/?a=1&amp;b=2">https://e.com/?a=1&amp;b=2</a>',
        "https://e.com/?a=1&b=2",
    ),
    (
        "refused link",
        (link("http://grafana:3000/d", "Grafana"),),
        r"Grafana \(`http://grafana:3000/d`\)",
        "Grafana (<code>http://grafana:3000/d</code>)",
        "Grafana (http://grafana:3000/d)",
    ),
    (
        "refused link is its own label",
        (link("http://grafana:3000/d"),),
        "`http://grafana:3000/d`",
        "<code>http://grafana:3000/d</code>",
        "http://grafana:3000/d",
    ),
    (
        "code in a link",
        (link("http://e.com", code("x")),),
        "[x](http://e.com)",
        '<a href="http://e.com">x</a>',
        "x (http://e.com)",
    ),
    (
        "link in a link",
        (link("http://a.com", "a", link("http://b.com", "b"), "c"),),
        "[a](http://a.com)[b](http://b.com)[c](http://a.com)",
        '<a href="http://a.com">a</a><a href="http://b.com">b</a><a href="http://a.com">c</a>',
        "ab (http://b.com)c (http://a.com)",
    ),
    (
        "quote",
        (quote("a\nb"), text("\nc")),
        ">a\n>b\nc",
        "<blockquote>a\nb</blockquote>\nc",
        "a\nb\nc",
    ),
    (
        "quote in a line",
        (text("a"), quote("b"), text("c")),
        "a\n**>b\nc",
        "a\n<blockquote>b</blockquote>\nc",
        "a\nb\nc",
    ),
    (
        "two quotes",
        (quote("a"), quote("b", expandable=True)),
        ">a\n**>b||",
        "<blockquote>a</blockquote>\n<blockquote expandable>b</blockquote>",
        "a\nb",
    ),
    (
        "quote in bold",
        (bold("a", quote("b"), "c"),),
        "*a*\n**>*b*\n*c*",
        "<b>a</b>\n<blockquote><b>b</b></blockquote>\n<b>c</b>",
        "a\nb\nc",
    ),
    (
        "quote in a quote",
        (quote("a", quote("b"), "c"),),
        ">a\n**>b\n**>c",
        "<blockquote>a</blockquote>\n<blockquote>b</blockquote>\n<blockquote>c</blockquote>",
        "a\nb\nc",
    ),
    (
        "spoiler at the end of an expandable quote",
        (quote("a ", spoiler("b"), expandable=True),),
        ">a ||b||||",
        "<blockquote expandable>a <tg-spoiler>b</tg-spoiler></blockquote>",
        "a b",
    ),
    (
        "lines of code in a quote",
        (quote("a\n", pre("b\nc"), "d"),),
        ">a\n>```\nb\nc```d",
        "<blockquote>a\n<pre>b\nc</pre>d</blockquote>",
        "a\nb\ncd",
    ),
    (
        "newlines behind a quote",
        (quote("a\n\n"), text("b")),
        ">a\n\nb",
        "<blockquote>a</blockquote>\n\nb",
        "a\n\nb",
    ),
    ("blank style", (bold(" "), text("x")), "* *x", "<b> </b>x", " x"),
    (
        "control characters",
        (text("a\0b\tc\r\nd\u2028\u202ee"),),
        "a b c\nde",
        "a b c\nde",
        "a b c\nde",
    ),
    ("surrogates", (text("a\ud800b \ud83d\udc4d"),), "a\ufffdb 👍", "a\ufffdb 👍", "a\ufffdb 👍"),
]


@pytest.mark.parametrize(
    ("nodes", "markdown", "html", "plain_text"),
    [case[1:] for case in RENDERED],
    ids=[case[0] for case in RENDERED],
)
def test_rendered(nodes: tuple[Node, ...], markdown: str, html: str, plain_text: str) -> None:
    assert render(nodes, "MarkdownV2") == markdown
    assert render(nodes, "HTML") == html
    assert render(nodes, "") == plain_text
    assert tdlib.parse(markdown, "MarkdownV2").text == visible(nodes)
    assert tdlib.parse(html, "HTML").text == visible(nodes)


def test_constructors_take_strings_and_nodes() -> None:
    assert bold("a", code("b")) == Bold((Text("a"), Code("b")))
    assert link("http://e.com") == Link("http://e.com", (Text("http://e.com"),))
    assert quote("a", expandable=True) == Blockquote((Text("a"),), expandable=True)
    assert pre("x", "py") == Pre("x", "py")
    assert join(", ", ["a", bold("b"), (code("c"), text("d"))]) == (
        Text("a"),
        Text(", "),
        bold("b"),
        Text(", "),
        Code("c"),
        Text("d"),
    )
    assert join(text("-"), []) == ()


def test_a_template_is_filled_in_any_order_of_its_words() -> None:
    first = filled("{name} is {{on}} by {who}.", name=bold("Kiln"), who="Ada <a>")
    assert render(first, "HTML") == "<b>Kiln</b> is {on} by Ada &lt;a&gt;."
    other = filled("{who}: {name}", name=bold("Kiln"), who="Ada <a>")
    assert render(other, "HTML") == "Ada &lt;a&gt;: <b>Kiln</b>"


def test_direction_marks_count_as_telegram_keeps_them() -> None:
    assert visible((text("a\u200e\u200f"), bold("\u200e\u200eb"))) == "a\u200c\u200c\u200c\u200eb"


def test_plain_shows_more_than_is_visible() -> None:
    nodes = (link("http://e.com", "E"), quote("q"))
    assert visible(nodes) == "E\nq"
    assert plain(nodes) == (Text("E (http://e.com)\nq"),)


@pytest.mark.parametrize(
    ("words", "blank"),
    [("", True), (" \n\t", True), ("\u200b\u00a0\u3000", True), ("\u202e", True), (".", False)],
)
def test_is_blank(words: str, *, blank: bool) -> None:
    assert is_blank((bold(words),)) is blank


def test_entities_are_counted_as_telegram_splits_them() -> None:
    assert entity_count((bold("a"), text("b"), code("c"))) == 2
    # Telegram splits the outer bold: bold, bold and italic, bold.
    assert entity_count((bold("a", italic("b"), "c"),)) == 4
    assert entity_count((quote(link("http://e.com", "a"), bold("b")),)) == 3
    assert entity_bytes((link("http://e.com", "a"),)) == 16 + len("http://e.com")


FILL = "x" * 4096


@pytest.mark.parametrize(
    ("nodes", "fitting"),
    [
        ((text(FILL),), True),
        ((text(FILL + "x"),), False),
        ((text("👍" * 4096),), True),
        (tuple(bold(str(number)) for number in range(100)), True),
        (tuple(n for _ in range(100) for n in (bold("a"), text(" "))), True),
        (tuple(n for _ in range(101) for n in (bold("a"), text(" "))), False),
        (tuple(link("http://e.com/" + "a" * 100, "a") for _ in range(60)), True),
        (tuple(link("http://e.com/" + "a" * 200, "a") for _ in range(60)), False),
        ((text("&" * 4096),), True),
    ],
)
def test_fits(nodes: tuple[Node, ...], *, fitting: bool) -> None:
    assert fits(nodes, "HTML") is fitting


def test_raw_bytes_are_of_utf8() -> None:
    assert raw_bytes((text("é&"),), "HTML") == 2 + len("&amp;")


SHORTENED: list[tuple[tuple[Node, ...], int, tuple[Node, ...]]] = [
    ((text("short"),), 5, (text("short"),)),
    ((text("one two three four"),), 14, (text("one two three…"),)),
    ((text("one two three four"),), 12, (text("one two…"),)),
    ((text("unbreakable"),), 6, (text("unbre…"),)),
    ((text("line one\nline two\nline three"),), 20, (text("line one\nline two…"),)),
    ((bold("one two three"), text(" four")), 9, (bold("one two…"),)),
    ((text("host "), code("node-exporter-1")), 9, (text("host…"),)),
    ((code("node-exporter-1"),), 8, (code("node-ex"), text("…"))),
    ((pre("one\ntwo\nthree", "py"),), 9, (pre("one\ntwo…", "py"),)),
    ((quote("one two three"), text("\nrest")), 9, (quote("one two…"),)),
    ((text("👩‍💻👩‍💻👩‍💻"),), 8, (text("👩‍💻👩‍💻…"),)),
    ((text("🇩🇪🇫🇷🇮🇹"),), 4, (text("🇩🇪…"),)),
    ((text("cafe\u0301s"),), 5, (text("caf…"),)),
    ((text("abc"),), 1, (text("…"),)),
    ((text("abc"),), 0, ()),
]


@pytest.mark.parametrize(("nodes", "limit", "expected"), SHORTENED)
def test_shortened(nodes: tuple[Node, ...], limit: int, expected: tuple[Node, ...]) -> None:
    assert shorten(nodes, limit) == expected


def test_shortened_to_a_message_keeps_all_limits() -> None:
    crowd = tuple(n for _ in range(300) for n in (bold("a"), text(" ")))
    assert shorten(crowd, 4096) == crowd
    assert fits(shorten(crowd, 4096, parse_mode="HTML"), "HTML")
    assert entity_count(shorten(crowd, 4096, parse_mode="HTML")) > 50


@pytest.mark.parametrize(
    ("words", "limit", "parts"),
    [
        ("aaa bbb ccc\n\nddd\neee fff", 18, ["aaa bbb ccc\n\n", "ddd\neee fff"]),
        ("aaa bbb\nccc ddd eee", 14, ["aaa bbb\n", "ccc ddd eee"]),
        ("aaa bbb ccc", 9, ["aaa bbb ", "ccc"]),
        ("aaa bbb ccc", 7, ["aaa bbb", "ccc"]),
        ("aaa\n  bbb\n  ccc", 9, ["aaa\n  bbb", "  ccc"]),
        ("abcdef", 4, ["abcd", "ef"]),
        ("\n" * 50 + "a" + " " * 50, 20, ["\n" * 10 + "a" + " " * 9]),
        (" \n ", 1, []),
        ("", 1, []),
    ],
)
def test_split_prefers_paragraphs_then_lines_then_words(
    words: str, limit: int, parts: list[str]
) -> None:
    assert _texts(split((text(words),), "HTML", limit)) == parts
    assert _texts(split((text(words),), "", limit)) == parts


def _texts(parts: list[tuple[Node, ...]]) -> list[str]:
    return [visible(part) for part in parts]


def test_split_closes_and_opens_again() -> None:
    assert split((bold("aaa bbb"),), "HTML", 4) == [(bold("aaa "),), (bold("bbb"),)]
    assert split((quote("aaa\nbbb", expandable=True),), "MarkdownV2", 4) == [
        (quote("aaa\n", expandable=True),),
        (quote("bbb", expandable=True),),
    ]
    assert split((pre("a = 1\nb = 2\n", "py"),), "HTML", 7) == [
        (pre("a = 1\n", "py"),),
        (pre("b = 2\n", "py"),),
    ]
    assert split((italic("a", link("http://e.com", "bcd")),), "HTML", 2)[1] == (
        Link("http://e.com", (Italic((Text("cd"),)),)),
    )


def test_split_keeps_the_number_of_entities_and_bytes() -> None:
    many = tuple(n for number in range(500) for n in (bold(str(number)), text("\n")))
    for part in split(many, "MarkdownV2"):
        assert entity_count(part) <= 100
    links = tuple(link(f"http://e.com/{'a' * 1000}{number}", "x") for number in range(40))
    parts = split(links, "HTML")
    assert all(fits(part, "HTML") for part in parts)
    assert "".join(_texts(parts)) == "x" * 40


def test_split_refuses_a_limit_without_room() -> None:
    with pytest.raises(ValueError, match="limit is 0"):
        split((text("a"),), "HTML", 0)


def test_length_is_in_code_points() -> None:
    assert length((text("👍é"), bold("a"))) == 3
