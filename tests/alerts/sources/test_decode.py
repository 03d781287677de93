"""Bytes of every kind of strangeness."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest

from alerts.sources.incoming import Source, Unparseable
from tests.alerts.sources.reading import only, read, reasons

FORM = "application/x-www-form-urlencoded"


def refusal(body: bytes | str, content_type: str = "application/json") -> Unparseable:
    with pytest.raises(Unparseable) as refused:
        read(body, content_type)
    return refused.value


@pytest.mark.parametrize("content_type", [FORM, "text/plain", "", "image/png", "text/html"])
@pytest.mark.parametrize(
    "body", [{"title": "T=1"}, [{"title": "T=1"}], {"version": "4", "alerts": []}]
)
def test_json_is_json_whatever_it_is_called(body: Any, content_type: str) -> None:
    assert read(body, content_type) == read(body)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'\xef\xbb\xbf{"title": "\xc3\xa9"}', "application/json"),
        ('{"title": "é"}'.encode("utf-16"), "application/json"),
        ('{"title": "é"}'.encode("latin-1"), "application/json; charset=ISO-8859-1"),
        (b'{"title": "\\u00e9"}', "application/vnd.example+json"),
    ],
)
def test_encodings(body: bytes, content_type: str) -> None:
    batch = read(body, content_type)
    assert only(batch).name == "é"
    assert batch.problems == ()


def test_invalid_utf8_is_replaced_and_said() -> None:
    batch = read(b'{"title": "a\xffb"}')
    assert only(batch).name == "a\N{REPLACEMENT CHARACTER}b"
    reason = "byte 12 is not valid UTF-8; bytes like it were replaced by U+FFFD"
    assert reasons(batch) == [("", reason)]


@pytest.mark.parametrize("charset", ["zlib", "unicode_escape", "idna", "rot13", "no-such"])
def test_a_charset_that_is_no_text_encoding_is_not_used(charset: str) -> None:
    batch = read(b'{"title": "a\xff"}', f"application/json; charset={charset}")
    assert only(batch).name == "a\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud83d", "\\udd14"])
def test_nul_and_half_characters_are_replaced(escape: str) -> None:
    alert = only(read(f'{{"title": "a{escape}b", "labels": {{"x{escape}": "{escape}"}}}}'))
    assert alert.name == "a\N{REPLACEMENT CHARACTER}b"
    assert alert.labels == {"x\N{REPLACEMENT CHARACTER}": "\N{REPLACEMENT CHARACTER}"}


def test_a_whole_escaped_character_stays() -> None:
    assert only(read('{"title": "\\ud83d\\udd14"}')).name == "🔔"


def test_raw_line_breaks_in_strings_are_let_through() -> None:
    assert only(read('{"title": "T", "message": "a\n\tb"}')).description == "a\n\tb"


def test_doubled_names_are_said_and_the_last_wins() -> None:
    batch = read('{"title": "a", "labels": {"x/y": "1", "x/y": "2"}, "title": "b"}')
    assert (only(batch).name, only(batch).labels) == ("b", {"x/y": "2"})
    assert sorted(reasons(batch)) == [
        ("/labels/x~1y", "stands here more than once; the last was taken"),
        ("/title", "stands here more than once; the last was taken"),
    ]


@pytest.mark.parametrize("body", [b"", b"  \n", b"\xef\xbb\xbf"])
def test_an_empty_body_is_refused(body: bytes) -> None:
    refused = refusal(body)
    assert (refused.status, refused.reason) == (400, "The body is empty.")


def test_broken_json_is_refused_with_its_place() -> None:
    refused = refusal('{"title": "T",\n "message": oops}')
    assert refused.status == 400
    assert refused.reason == "Not JSON: Expecting value at line 2, column 13."
    assert refusal('{"title": oops}', FORM).reason.startswith("Not JSON: Expecting value at line 1")


def test_text_that_only_looks_like_json_is_text_where_text_was_said() -> None:
    batch = read('{"oops', "text/plain")
    assert (batch.source, only(batch).name) == (Source.TEXT, '{"oops')
    assert batch.problems[0].reason.startswith("taken as text, for as JSON it is broken")
    assert only(read("[FIRING] disk", "text/plain")).name == "[FIRING] disk"


@pytest.mark.parametrize("value", ["1", "true", "null", "NaN", '""'])
def test_a_bare_value_is_refused(value: str) -> None:
    assert refusal(value).status == 400


def test_what_is_whole_of_a_cut_payload_is_kept() -> None:
    whole = {"alerts": [{"labels": {"alertname": f"A{n}"}, "x": [{"y": 1}]} for n in range(3)]}
    text = json.dumps({**whole, "version": "4"})
    batch = read(text[: text.index('"A2"')])
    assert [a.name for a in batch.alerts] == ["A0", "A1"]
    assert batch.incomplete
    assert batch.problems[0].reason.startswith("not whole JSON: ")
    assert not read(text).incomplete
    assert [a.name for a in read(text[: text.index('"version"')]).alerts] == ["A0", "A1", "A2"]


def test_what_follows_a_whole_value_is_said() -> None:
    batch = read('{"title": "one"}\n{"title": "two"}')
    assert only(batch).name == "one"
    assert batch.incomplete
    assert "Extra data at line 2, column 1" in batch.problems[0].reason


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_refused_with_its_place(opening: str, closing: str) -> None:
    refused = refusal(opening * 100_000 + "1" + closing * 100_000)
    assert refused.reason.startswith("Not JSON: nested deeper than 100 levels at line 1, column ")


def test_deep_nesting_inside_costs_only_what_follows() -> None:
    deep = "[" * 50_000 + "]" * 50_000
    batch = read(f'[{{"title": "ok"}}, {{"title": "deep", "labels": {{"x": {deep}}}}}]')
    assert only(batch).name == "ok"
    assert batch.incomplete


def test_nesting_within_bounds_becomes_text() -> None:
    labels = only(read('{"title": "T", "labels": {"x": ' + "[" * 50 + "]" * 50 + "}}")).labels
    assert labels["x"] == "[" * 17 + "…" + "]" * 17


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"<alert/>", "application/xml", 415),
        (b"\x89PNG\r\n", "image/png", 415),
        (b"\x00\x01\x02", "application/octet-stream", 400),
        (b"\x00\x01\x02", "", 400),
        (b"\xff\xfe\xfd", FORM, 400),
        (b"title=T", "multipart/form-data", 400),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
        (b"&".join([b"a=b"] * 2_000), FORM, 400),
    ],
)
def test_refusals(body: bytes, content_type: str, status: int) -> None:
    refused = refusal(body, content_type)
    assert refused.status == status
    assert refused.fix


def nested_quotes(size: int) -> bytes:
    return b'{"a": "' + b'\\"' * (size // 2)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 2**20, id="brackets"),
        pytest.param(b'["' * 2**19, id="brackets and quotes"),
        pytest.param(nested_quotes(2**20), id="an endless string"),
        pytest.param(
            b'[{"a": "' + b'\\"' * 2**19 + b'\\x"}]', id="a string that breaks after many quotes"
        ),
        pytest.param(b'{"title": ' + b"9" * 2**20 + b"}", id="a number of a million digits"),
        pytest.param(
            b'{"title": "T", "labels": {"x": [' + b"[]," * 2**18 + b"1]}}", id="a long list"
        ),
        pytest.param(b'{"title": "' + b"a " * 2**19 + b'"}', id="a long title"),
        pytest.param(b'{"title": "T", "url": "' + b"a." * 2**19 + b'"}', id="a long URL"),
        pytest.param(b"[" + b"{}," * 2**18 + b"{}]", id="a crowd of empty alerts"),
        pytest.param(b'[{"title": 1' + b', "a": 1' * 2**17 + b"}]", id="one name again and again"),
        pytest.param(
            b'{"version": "1", "alerts": [{"labels": {"a": "b"}, "valueString": "'
            + b"[ var='B' labels={} " * 2**15
            + b'"}]}',
            id="a value string without end",
        ),
    ],
)
def test_a_megabyte_of_malice_costs_little(body: bytes) -> None:
    """Nothing here is quadratic: that would take minutes. Judged by what it computes: how long it
    waits for a core is the machine's affair."""
    started = time.thread_time()
    with suppress(Unparseable):
        read(body)
    assert time.thread_time() - started < 5
