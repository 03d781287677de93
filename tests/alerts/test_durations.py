"""Durations as Prometheus reads and writes them (prometheus/common, model/time.go)."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.durations import (
    DurationError,
    format_duration,
    parse_duration,
    parse_length,
    parse_seconds,
)

LONGEST = timedelta(milliseconds=(2**63 - 1) // 10**6)
READ = [
    ("0", timedelta(0), "0s"),
    ("0s", timedelta(0), "0s"),
    ("0h0ms", timedelta(0), "0s"),
    ("00", None, ""),
    ("30m", timedelta(minutes=30), "30m"),
    ("2h", timedelta(hours=2), "2h"),
    ("1h30m", timedelta(minutes=90), "1h30m"),
    ("90m", timedelta(minutes=90), "1h30m"),
    ("90s", timedelta(seconds=90), "1m30s"),
    ("1d", timedelta(days=1), "1d"),
    ("24h", timedelta(days=1), "1d"),
    ("7d", timedelta(days=7), "1w"),
    ("10d", timedelta(days=10), "10d"),
    ("90d", timedelta(days=90), "90d"),
    ("2w", timedelta(weeks=2), "2w"),
    ("2w1d", timedelta(days=15), "15d"),
    ("1y", timedelta(days=365), "1y"),
    ("365d", timedelta(days=365), "1y"),
    ("1y1d", timedelta(days=366), "366d"),
    ("52w", timedelta(weeks=52), "52w"),
    ("1500ms", timedelta(seconds=1.5), "1s500ms"),
    ("1m500ms", timedelta(seconds=60.5), "1m500ms"),
    ("007h", timedelta(hours=7), "7h"),
    ("1y2w3d4h5m6s7ms", timedelta(days=382, hours=4, minutes=5, seconds=6.007), "382d4h5m6s7ms"),
    ("1000000000s", timedelta(seconds=10**9), "11574d1h46m40s"),
    ("9223372036854ms", LONGEST, "106751d23h47m16s854ms"),
    ("292y", timedelta(days=292 * 365), "292y"),
]
"""Text, what it says (None: refused), and what is written for it."""
REFUSED = [
    *("", " ", "2", "00", "h", "-2h", "+2h", "2h-", "1.5h", "2 h", " 2h", "2h ", "2h\n"),
    *("30m1h", "1h1h", "1ms1s", "2H", "2D", "1M", "٢h", "9" * 99, "2us", "2ns", "2µs", "1e3s"),
    *("forever", "0x10s", "1_000s", "1h,30m", "1h 30m"),
]
TOO_LONG = [
    *("293y", "9223372036855ms", "9223372037s", "106752d", "292y25w", "99999999999999999999y"),
    "9" * 6_000 + "s",
]


@pytest.mark.parametrize(("text", "length", "written"), READ)
def test_what_prometheus_takes(text: str, length: timedelta | None, written: str) -> None:
    if length is None:
        with pytest.raises(DurationError):
            parse_duration(text)
        return
    assert parse_duration(text) == length
    assert format_duration(length) == written
    assert parse_duration(written) == length


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("parse", [parse_duration, parse_length, parse_seconds])
def test_what_it_refuses(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(DurationError, match="is no duration; write 30m"):
        parse(text)


@pytest.mark.parametrize("text", TOO_LONG)
def test_what_go_cannot_hold(text: str) -> None:
    with pytest.raises(DurationError, match="is too long; the longest is 106751d23h47m16s854ms"):
        parse_duration(text)


def test_no_time_and_parts_of_a_second_where_they_make_no_sense() -> None:
    for text in ("0", "0s", "0ms"):
        assert parse_seconds(text) == 0
        with pytest.raises(DurationError, match="is no time at all"):
            parse_length(text)
    assert parse_length("1ms") == timedelta(milliseconds=1)
    assert (parse_seconds("1h30m"), parse_seconds("2000ms")) == (5400, 2)
    with pytest.raises(DurationError, match="has parts of a second"):
        parse_seconds("1s500ms")


@given(st.timedeltas(timedelta(0), LONGEST))
def test_written_and_read(length: timedelta) -> None:
    written = format_duration(length)
    length -= timedelta(microseconds=length.microseconds % 1000)
    assert parse_duration(written) == length


def test_what_is_shorter_than_its_words() -> None:
    assert format_duration(timedelta(microseconds=999)) == "0s"
    assert format_duration(timedelta(hours=1, microseconds=999)) == "1h"


@pytest.mark.peers
def test_amtool_takes_and_refuses_the_same(tmp_path: Path) -> None:
    found = which("amtool")
    if found is None:
        pytest.skip("amtool is not installed")
    texts = [*(text for text, _, _ in READ), *REFUSED, *TOO_LONG[:-1]]
    for number, text in enumerate(texts):
        quoted = "'" + text.replace("\n", "\n\n") + "'"  # a line break in YAML's single quotes
        file = tmp_path / f"{number}.yml"
        file.write_text(f"route: {{receiver: a, group_wait: {quoted}}}\nreceivers: [{{name: a}}]\n")
        command = [found, "check-config", str(file)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
        assert (done.returncode == 0) == _is_read(text), (text, done.stderr)


def _is_read(text: str) -> bool:
    try:
        parse_duration(text)
    except DurationError:
        return False
    return True
