"""A value shows as it is wherever it stands, whatever it holds."""

import pytest
from hypothesis import given

from alerts.templating.context import context_of
from alerts.templating.faults import TemplateFault
from alerts.templating.marks import MARKS
from alerts.templating.program import compiled
from botapi import entities, tdlib
from botapi.markup import ParseMode, render, text
from tests.alerts.rendering.cases import group
from tests.alerts.rendering.groups import many_examples, words

needs_tdlib = pytest.mark.skipif(not tdlib.available(), reason="tdjson is not installed")

HTML = [
    ("[{{ title }}]", "[{}]", None),
    ("<b>[{{ title }}]</b>", "[{}]", "bold"),
    ("<code>[{{ title }}]</code>", "[{}]", "code"),
    ("<pre>[{{ title }}]</pre>", "[{}]", "pre"),
    ('<pre><code class="language-x">[{{ title }}]</code></pre>', "[{}]", "pre"),
    ("<blockquote>[{{ title }}]</blockquote>", "[{}]", "blockquote"),
    ("<tg-spoiler>[{{ title }}]</tg-spoiler>", "[{}]", "spoiler"),
    ("a &lt; b [{{ title }}]", "a < b [{}]", None),
    ("{% if true %}<i>{% endif %}[{{ title }}]{% if true %}</i>{% endif %}", "[{}]", "italic"),
    ("{% macro m(x) %}<u>[{{ x }}]</u>{% endmacro %}{{ m(title) }}", "[{}]", "underline"),
    ("{% set x %}<s>[{{ title }}]</s>{% endset %}{{ x }}", "[{}]", "strikethrough"),
    ("{{ '[' ~ title ~ ']' }}", "[{}]", None),
    ("{{ ('[' ~ title ~ ']') | bold }}", "[{}]", "bold"),
    ("{{ ['[', title, ']'] | join }}", "[{}]", None),
]
MARKDOWN = [
    ("\\[{{ title }}\\]", "[{}]", None),
    ("*\\[{{ title }}\\]*", "[{}]", "bold"),
    ("__\\[{{ title }}\\]__", "[{}]", "underline"),
    ("||\\[{{ title }}\\]||", "[{}]", "spoiler"),
    ("`[{{ title }}]`", "[{}]", "code"),
    ("```\n[{{ title }}]```", "[{}]", "pre"),
    ("```x\n[{{ title }}]\n```", "[{}]", "pre"),
    (">\\[{{ title }}\\]\n", "[{}]", "blockquote"),
    ("a\n>\\[{{ title }}\\]\n", "a\n[{}]", "blockquote"),
    ("\\`\\[{{ title }}\\]\\`", "`[{}]`", None),
    ("{% macro m(x) %}`[{{ x }}]`{% endmacro %}{{ m(title) }}", "[{}]", "code"),
    ("{{ ('[' ~ title ~ ']') | code }}", "[{}]", "code"),
]


def kept(value: str) -> str:
    return render((text(MARKS.sub("", value)),), "")


@needs_tdlib
@pytest.mark.parametrize(
    ("body", "shown", "entity", "parse_mode"),
    [*[(*one, "HTML") for one in HTML], *[(*one, "MarkdownV2") for one in MARKDOWN]],
)
@many_examples
@given(value=words)
def test_a_value_shows_as_it_is(
    body: str, shown: str, entity: str | None, parse_mode: ParseMode, value: str
) -> None:
    context = {**context_of(group()), "title": value}
    written = compiled(body, parse_mode).run(context)
    for force_python in (False, True):
        parsed = entities.parse_text(written, parse_mode, force_python=force_python)
        normal = entities.normalize(parsed)
        assert kept(normal.text) == kept(shown.format(kept(value))).strip(" \n")
        assert [one["type"] for one in normal.entities] == ([entity] if entity else [])
        if entity:
            (one,) = normal.entities
            covered = normal.text.encode("utf-16-le")[2 * one["offset"] :]
            assert covered.decode("utf-16-le").startswith("[")


@needs_tdlib
@pytest.mark.parametrize(
    ("body", "parse_mode"),
    [
        ('<a href="{{ external_url }}">x</a>', "HTML"),
        ("<a href='{{ external_url }}'>x</a>", "HTML"),
        ("[x]({{ external_url }})", "MarkdownV2"),
        ("{{ external_url | link('x') }}", "HTML"),
        ("{{ external_url | link('x') }}", "MarkdownV2"),
    ],
)
@many_examples
@given(path=words)
def test_a_url_leads_where_it_says(body: str, parse_mode: ParseMode, path: str) -> None:
    url = f"https://example.org/?a={path}"
    context = {**context_of(group()), "external_url": url}
    parsed = entities.parse_text(compiled(body, parse_mode).run(context), parse_mode)
    alone = entities.parse_text(f"[x]({escaped(kept(url.strip()))})", "MarkdownV2")
    assert parsed == alone


def escaped(url: str) -> str:
    return url.replace("\\", "\\\\").replace(")", "\\)")


@pytest.mark.parametrize(
    "body",
    ["<a href={{ title }}>x</a>", "<{{ title }}>x", "<b {{ title }}>x</b>", "1 < {{ title }}"],
)
def test_a_value_in_a_tag_is_refused(body: str) -> None:
    with pytest.raises(TemplateFault, match="quotation marks"):
        compiled(body, "HTML").run(context_of(group()))


def test_marks_in_a_value_are_no_marks() -> None:
    context = {**context_of(group()), "title": "a\ufdd1<b>\ufdd0"}
    assert compiled("{{ title }}{{ title | upper }}", "HTML").run(context) == "a&lt;b&gt;A&lt;B&gt;"


@pytest.mark.parametrize("body", [r"\{{ title }}", r"a\\\{{ title }}", r"`\{{ title }}`"])
def test_a_backslash_frees_no_value(body: str) -> None:
    with pytest.raises(TemplateFault, match="backslash") as refused:
        compiled(body, "MarkdownV2").run(context_of(group()))
    assert refused.value.kind == "markup"


def test_two_backslashes_before_a_value_are_one() -> None:
    context = {**context_of(group()), "title": "*a"}
    assert compiled(r"\\{{ title }}", "MarkdownV2").run(context) == r"\\\*a"


@pytest.mark.parametrize("before", ["", ">a\n", "a\n"])
def test_all_lines_of_a_value_belong_to_its_expandable_quote(before: str) -> None:
    context = {**context_of(group()), "title": "x\ny"}
    written = compiled(before + "**>{{ title }}||", "MarkdownV2").run(context)
    assert written == before + "**>x\n>y||"
