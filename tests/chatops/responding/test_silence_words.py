"""What people say of silences, taken apart and read."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chatops.responding.silence_words import (
    Time,
    TimeRefused,
    TimeUnclear,
    read_time,
    take_apart,
    time_from_json,
)

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")


def test_parts() -> None:
    words = take_apart("HighCPU for 2 hours because of the deploy")
    assert (words.subject, words.when) == ("HighCPU", "for 2 hours")
    assert words.comment == "the deploy"
    with pytest.raises(TimeUnclear, match="Which one is the time"):
        take_apart("HighCPU for 2 hours until 17:00")


def test_times_are_kept_as_they_are() -> None:
    for words, start, end in (
        ("2h", None, NOW + timedelta(hours=2)),
        ("from 20:00 to 21:00", NOW + timedelta(hours=7), NOW + timedelta(hours=8)),
    ):
        time = read_time(words, ZONE, NOW)
        assert time == Time(end, start)
        assert time_from_json(time.to_json()) == time


def test_what_is_said_of_them() -> None:
    assert read_time("2h", ZONE, NOW).said(ZONE, NOW) == "until today 15:00 (Europe/Berlin)"
    ahead = read_time("from 20:00 to 21:00", ZONE, NOW)
    assert ahead.said(ZONE, NOW) == "from today 20:00 until today 21:00 (Europe/Berlin)"
    assert ahead.said(ZONE, NOW + timedelta(hours=7)) == "until today 21:00 (Europe/Berlin)"


@pytest.mark.parametrize("words", ["", "soonish", "until yesterday", "for 20 years"])
def test_what_is_no_time(words: str) -> None:
    with pytest.raises(TimeRefused):
        read_time(words, ZONE, NOW)


def test_what_may_be_several() -> None:
    with pytest.raises(TimeUnclear) as unclear:
        read_time("on 01/02", ZONE, NOW)
    assert len(unclear.value.ways) == 2
    for _, way in unclear.value.ways:
        read_time(way, ZONE, NOW)
