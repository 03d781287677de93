"""Times in reading order, and durations."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from alerts.rendering.times import Times, duration, full

BERLIN = ZoneInfo("Europe/Berlin")
NEPAL = timezone(timedelta(hours=5, minutes=45))
KATHMANDU = ZoneInfo("Asia/Kathmandu")


def at(day: int, hour: int, minute: int = 0, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "moments", "expected"),
    [
        (UTC, [at(23, 14, 2), at(23, 14, 5)], ["23 Nov 14:02 UTC", "14:05"]),
        (UTC, [at(23, 14), at(22, 9), at(22, 8)], ["23 Nov 14:00 UTC", "22 Nov 09:00", "08:00"]),
        (BERLIN, [at(23, 23, 30), at(23, 22)], ["24 Nov 00:30 CET", "23 Nov 23:00"]),
        (BERLIN, [at(25, 0, 30, 10), at(25, 1, 30, 10)], ["25 Oct 02:30 CEST", "02:30 CET"]),
        (UTC, [at(31, 23, 0, 12, 2025)], ["31 Dec 2025 23:00 UTC"]),
        (NEPAL, [at(23, 14)], ["23 Nov 19:45 UTC+05:45"]),
        (KATHMANDU, [at(23, 14)], ["23 Nov 19:45 UTC+0545"]),
    ],
)
def test_each_time_says_what_the_last_one_did_not(
    zone: tzinfo, moments: list[datetime], expected: list[str]
) -> None:
    times = Times(zone, reference=at(23, 14))
    assert [times.show(moment) for moment in moments] == expected


def test_times_beyond_the_calendar_stay_in_their_own_zone() -> None:
    west = timezone(-timedelta(hours=3))
    first_day = datetime(1, 1, 1, tzinfo=UTC)
    assert Times(west, first_day).show(first_day) == "1 Jan 00:00 UTC"
    assert full(first_day, west) == "0001-01-01 00:00:00 UTC"


def test_full() -> None:
    assert full(at(23, 14, 2), BERLIN) == "2026-11-23 15:02:00 CET"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "less than 1 s"),
        (0.4, "less than 1 s"),
        (1, "1 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (14 * 60 + 24, "14 min"),
        (3600, "1 h"),
        (72 * 60, "1 h 12 min"),
        (86_400, "1 d"),
        (2 * 86_400 + 3 * 3600 + 59 * 60, "2 d 3 h"),
        (400 * 86_400, "400 d"),
    ],
)
def test_duration(seconds: float, expected: str) -> None:
    assert duration(timedelta(seconds=seconds)) == expected
