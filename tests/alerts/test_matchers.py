"""Alertmanager's matcher syntax and RE2."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.matchers import (
    Matcher,
    MatcherError,
    MatchOp,
    format_matchers,
    matches_all,
    parse_matcher,
    parse_matchers,
    read_matchers,
)

EQUAL, NOT_EQUAL, REGEX, NOT_REGEX = MatchOp


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("{}", []),
        (" { } ", []),
        ("a=b", [("a", EQUAL, "b")]),
        ('a="b"', [("a", EQUAL, "b")]),
        ('{a="b"}', [("a", EQUAL, "b")]),
        ('{a="b",}', [("a", EQUAL, "b")]),
        ('a="b",', [("a", EQUAL, "b")]),
        (
            '{a="b", c=~"d|e",f!="g",h!~i}',
            [("a", EQUAL, "b"), ("c", REGEX, "d|e"), ("f", NOT_EQUAL, "g"), ("h", NOT_REGEX, "i")],
        ),
        (" a  =  b c ", [("a", EQUAL, "b c")]),
        ("a=", [("a", EQUAL, "")]),
        ('a=""', [("a", EQUAL, "")]),
        ("a==b", [("a", EQUAL, "=b")]),
        ('a="x,y}z"', [("a", EQUAL, "x,y}z")]),
        (r'a="q\"\\\n\t"', [("a", EQUAL, 'q"\\\n\t')]),
        (r'a=~"\d+\.\w"', [("a", REGEX, r"\d+\.\w")]),
        (r'a="\u00e9\U0001F514\ud800"', [("a", EQUAL, "é🔔\N{REPLACEMENT CHARACTER}")]),
        ('"label ü"="x"', [("label ü", EQUAL, "x")]),
        ("größe=ü", [("größe", EQUAL, "ü")]),
        ('a.b-c/d="x"', [("a.b-c/d", EQUAL, "x")]),
        ('a="line\nbreak"', [("a", EQUAL, "line\nbreak")]),
        ("a=it's", [("a", EQUAL, "it's")]),
    ],
)
def test_syntax(text: str, expected: list[tuple[str, MatchOp, str]]) -> None:
    assert [(m.name, m.op, m.value) for m in parse_matchers(text)] == expected


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("a", 1, "one of = != =~ !~ is expected after 'a', not the end"),
        ("a:b", 3, "one of = != =~ !~ is expected after 'a:b', not the end"),
        ("a b=c", 2, "one of = != =~ !~ is expected after 'a', not 'b'"),
        ("=b", 0, "a label name is expected, not '='"),
        ('a="b', 2, "the double quote that opens here is never closed"),
        ('a="b\\"', 2, "the double quote that opens here is never closed"),
        ('{a="b"', 6, "the brace that opens the matchers is never closed"),
        ('a="b"}', 5, "a comma is expected, not '}'"),
        ('{a="b"} c', 8, "nothing is expected after the brace, not 'c'"),
        ('a="b" c="d"', 6, "a comma is expected, not 'c'"),
        ('a="b",,', 6, "a label name is expected, not ','"),
        ("a='b'", 2, "values are quoted with double quotes"),
        ('a=b"c', 3, "'\"' inside a value: put the value in double quotes"),
        ("a=~b{2}", 4, "'{' inside a value: put the value in double quotes"),
        ('x="y", a=~"("', 7, "bad regular expression '(': missing ): ("),
        ('""="x"', 0, "a label name is required"),
    ],
)
def test_errors_name_the_place(text: str, position: int, reason: str) -> None:
    with pytest.raises(MatcherError) as refused:
        parse_matchers(text)
    assert (refused.value.position, refused.value.reason) == (position, reason)
    assert str(refused.value) == f"{reason} (at character {position + 1})"


@pytest.mark.parametrize(
    ("matcher", "labels", "verdict"),
    [
        ('a="b"', {"a": "b"}, True),
        ('a="b"', {"a": "B"}, False),
        ('a="b"', {}, False),
        ('a=""', {}, True),
        ('a!="b"', {}, True),
        ('a!=""', {}, False),
        ('a=~"b|c"', {"a": "c"}, True),
        ('a=~"b|c"', {"a": "bc"}, False),
        ('a=~"b"', {"a": "xbx"}, False),
        ('a=~".*"', {}, True),
        ('a=~".+"', {}, False),
        ('a=~"(?i)web-\\d+"', {"a": "WEB-12"}, True),
        ('a=~"..."', {"a": "é🔔ü"}, True),
        ('a=~"a.b"', {"a": "a\nb"}, False),
        ('a=~"(?s)a.b"', {"a": "a\nb"}, True),
        ('a!~"b.*"', {"a": "bc"}, False),
        ('a!~"b.*"', {"a": "c"}, True),
        ('a!~"b.*"', {}, True),
    ],
)
def test_matching(matcher: str, labels: dict[str, str], verdict: bool) -> None:
    assert parse_matcher(matcher).matches(labels) is verdict


def test_all_must_match() -> None:
    matchers = parse_matchers('a="b", c=~"d.*"')
    assert matches_all(matchers, {"a": "b", "c": "dx", "e": "f"})
    assert not matches_all(matchers, {"a": "b"})
    assert matches_all((), {})


@pytest.mark.parametrize(
    ("matcher", "verdict"), [('a=""', True), ('a!="x"', True), ('a="x"', False), ("a=~x?", True)]
)
def test_a_silence_needs_one_that_fails_without_the_label(matcher: str, verdict: bool) -> None:
    assert parse_matcher(matcher).matches_empty() is verdict


@pytest.mark.parametrize("expression", ["(a{1000}){1000}", "a{1001}", "(?=a)", r"(a)\1", "a)|(b"])
def test_expressions_that_re2_refuses(expression: str) -> None:
    with pytest.raises(MatcherError, match="bad regular expression"):
        Matcher("a", REGEX, expression)


def test_no_expression_is_slow() -> None:
    started = time.thread_time()
    assert not Matcher("a", REGEX, "(a*)*(a*)*(a|aa)+$").matches({"a": "a" * 4_000 + "b"})
    assert time.thread_time() - started < 1


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
matchers_of_any_text = st.builds(
    Matcher, texts.filter(bool), st.sampled_from([EQUAL, NOT_EQUAL]), texts
)


@given(st.lists(matchers_of_any_text, max_size=3))
def test_what_is_written_is_read_back(matchers: list[Matcher]) -> None:
    assert list(parse_matchers(format_matchers(matchers))) == matchers
    assert list(read_matchers([m.to_json() for m in matchers])) == matchers
    assert list(read_matchers([m.to_alertmanager() for m in matchers])) == matchers
    assert list(read_matchers([str(m) for m in matchers])) == matchers


@given(st.text(st.characters(codec=None), max_size=40) | st.text('{}=!~,"\\ ab', max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        matchers = parse_matchers(text)
    except MatcherError as error:
        refusal: MatcherError | None = error
    else:
        refusal = None
        assert parse_matchers(format_matchers(matchers)) == matchers
    if refusal is not None:
        assert refusal.position is not None
        assert 0 <= refusal.position <= len(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ([], []),
        ('a="b"', [("a", EQUAL, "b")]),
        (['a="b"', "c!=d"], [("a", EQUAL, "b"), ("c", NOT_EQUAL, "d")]),
        ([{"name": "a", "op": "!~", "value": "b"}], [("a", NOT_REGEX, "b")]),
        ([{"name": "a", "value": "b", "isRegex": True}], [("a", REGEX, "b")]),
        (
            [{"name": "a", "value": "b", "isRegex": False, "isEqual": False}],
            [("a", NOT_EQUAL, "b")],
        ),
        ([{"name": "a", "value": "b"}], [("a", EQUAL, "b")]),
    ],
)
def test_json(value: Any, expected: list[tuple[str, MatchOp, str]]) -> None:
    assert [(m.name, m.op, m.value) for m in read_matchers(value)] == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (5, "matchers are a text or a list, not int"),
        ({"name": "a"}, "matchers are a text or a list, not dict"),
        ([5], "matcher 1: should be a text or an object, not int"),
        (["a=b", {"name": "a"}], "matcher 2: name and value must be texts"),
        ([{"name": "a", "value": 1}], "matcher 1: name and value must be texts"),
        ([{"name": "a", "value": "b", "op": "=="}], "matcher 1: op is '=='; use one of = != =~ !~"),
        ([{"name": "a", "value": "b", "op": []}], "matcher 1: op is '[]'; use one of = != =~ !~"),
        (
            [{"name": "a", "value": "b", "isRegex": 1}],
            "matcher 1: isRegex and isEqual must be true or false",
        ),
        ([{"name": "", "value": "b"}], "matcher 1: a label name is required"),
        (["a=b"] * 101, "101 matchers; at most 100 are allowed"),
    ],
)
def test_bad_json(value: Any, reason: str) -> None:
    with pytest.raises(MatcherError) as refused:
        read_matchers(value)
    assert refused.value.reason == reason


@pytest.mark.parametrize("text", ['a="\x00"', '"a\ud800"="b"', f"{'a' * 257}=b", f"a={'b' * 4097}"])
def test_what_a_label_cannot_be(text: str) -> None:
    with pytest.raises(MatcherError):
        parse_matchers(text)


def test_exactly_one() -> None:
    with pytest.raises(MatcherError, match="one matcher such as"):
        parse_matcher("a=b,c=d")


AGREED = [
    'a="b"',
    "a=b",
    'a!="b"',
    'a=~"b|c"',
    'a=~"b.*"',
    'a!~"b.*"',
    'a=~".*"',
    'a=~".+"',
    'a=""',
    'a!=""',
    r'a=~"b\\d"',
    r'a=~"b\d"',
    r'a="q\"x"',
    "a=b c",
    'a="b,c"',
    'a=~"(?i)B"',
    'd=~"x?"',
]


@pytest.mark.peers
@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not installed")
@pytest.mark.parametrize("value", [None, "b", "bc", "c", "b1", 'q"x', "b c", "b,c", "B"])
def test_amtool_agrees(value: str | None, tmp_path: Path) -> None:
    """Alertmanager's own routing takes exactly the matchers that ours says match."""
    names = [f"r{index}" for index in range(len(AGREED))]
    routes = [
        {"receiver": name, "matchers": [matcher], "continue": True}
        for name, matcher in zip(names, AGREED, strict=True)
    ]
    config = {
        "route": {"receiver": "none", "routes": routes},
        "receivers": [{"name": name} for name in ["none", *names]],
    }
    path = tmp_path / "alertmanager.yml"
    path.write_text(json.dumps(config))  # JSON is YAML
    labels = {} if value is None else {"a": value}
    arguments = [f"{name}={json.dumps(text)}" for name, text in labels.items()]
    command = ["amtool", "config", "routes", "test", f"--config.file={path}", *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    ours = [
        name
        for name, text in zip(names, AGREED, strict=True)
        if parse_matcher(text).matches(labels)
    ]
    assert output.strip().split(",") == ours
