"""What an endpoint says of a run is read, or refused by the name of its field: pure."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.actions.reports import TEXT_MAX, Report, UnreadableReport, read_answer, read_report


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{}", Report("running")),
        (b'{"text": "x", "progress": 0}', Report("running", "x", 0)),
        (b'{"state": "done", "text": " x "}', Report("done", "x")),
        (b'{"state": "failed", "progress": null}', Report("failed")),
        (b'{"text": "a\\u0000b\\ud800"}', Report("running", "ab?")),
    ],
)
def test_what_is_said(body: bytes, expected: Report) -> None:
    assert read_report(body) == expected


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"x", ""),
        (b"[]", ""),
        (b"\xff", ""),
        (b"[" * 100_000, ""),
        (b'{"state": "over"}', "state"),
        (b'{"state": []}', "state"),
        (b'{"text": 5}', "text"),
        (b'{"progress": 101}', "progress"),
        (b'{"progress": -1}', "progress"),
        (b'{"progress": true}', "progress"),
        (b'{"progress": 1.5}', "progress"),
        (b'{"progres": 1}', "progres"),
        (b'{"a/b~c": 1}', "a/b~c"),
        (b'{"a\\u0000b\\ud800": 1}', "ab?"),
        (b'{"' + b"x" * 60_000 + b'": 1}', "x" * 39 + "\u2026"),
    ],
)
def test_what_says_nothing(body: bytes, field: str) -> None:
    with pytest.raises(UnreadableReport) as refused:
        read_report(body)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"", Report("done")),
        (204, b"", Report("done")),
        (200, b"ok", Report("done")),
        (200, b"<html>", Report("done")),
        (202, b"", Report("running")),
        (202, b'{"text": "queued"}', Report("running", "queued")),
        (200, b'{"text": "x"}', Report("done", "x")),
        (200, b'{"state": "failed", "text": "x"}', Report("failed", "x")),
        (200, b'{"state": "running"}', Report("running")),
        (200, b'{"ok": true, "text": "x"}', Report("done", "x")),
        (202, b'{"task_id": 5}', Report("running")),
        (200, b'{"text": ', Report("done")),
    ],
)
def test_answers_to_the_call(status: int, body: bytes, expected: Report) -> None:
    assert read_answer(status, body) == expected


@given(st.text(), st.integers(0, 100))
def test_any_text_is_read_and_cut(text: str, progress: int) -> None:
    said = read_report(json.dumps({"text": text * 50, "progress": progress}).encode())
    assert len(said.text) <= TEXT_MAX
    assert "\0" not in said.text
    said.text.encode()
    assert said.progress == progress
