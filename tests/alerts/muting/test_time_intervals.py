"""Time intervals: read as Alertmanager reads them, and when they hold."""

import random
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from alerts.muting.time_intervals import (
    IntervalError,
    TimeInterval,
    holds,
    next_change,
    periods,
    read_intervals,
)

BERLIN = ZoneInfo("Europe/Berlin")


def interval(**parts: Any) -> TimeInterval:
    (read,) = read_intervals([parts])
    return read


def hours(begin: str, end: str) -> dict[str, str]:
    return {"start_time": begin, "end_time": end}


@pytest.mark.parametrize(
    ("parts", "inside", "outside"),
    [
        ({}, ["2026-11-26T00:00"], []),
        (
            {"times": [hours("09:00", "17:00")]},
            ["2026-11-26T09:00", "2026-11-26T16:59:59"],
            ["2026-11-26T08:59:59", "2026-11-26T17:00"],
        ),
        (
            {"times": [hours("22:00", "24:00"), hours("00:00", "06:00")]},
            ["2026-11-26T22:00", "2026-11-26T23:59:59", "2026-11-27T00:00", "2026-11-27T05:59"],
            ["2026-11-26T21:59", "2026-11-27T06:00"],
        ),
        (
            {"weekdays": ["monday:friday"]},
            ["2026-11-23T12:00", "2026-11-27T12:00"],
            ["2026-11-22T12:00", "2026-11-28T12:00"],
        ),
        (
            {"weekdays": ["Saturday", "sunday"]},
            ["2026-11-28T00:00", "2026-11-29T23:59"],
            ["2026-11-27T23:59", "2026-11-30T00:00"],
        ),
        (
            {"days_of_month": ["-1"]},
            ["2026-02-28T12:00", "2028-02-29T12:00", "2026-11-30T12:00", "2026-12-31T12:00"],
            ["2026-02-27T12:00", "2028-02-28T12:00"],
        ),
        (
            {"days_of_month": ["29:31"]},
            ["2028-02-29T12:00", "2026-01-31T12:00"],
            ["2026-02-28T12:00"],
        ),
        ({"days_of_month": ["1:-1"]}, ["2026-02-01T00:00", "2026-02-28T12:00"], []),
        (
            {"days_of_month": ["-31:-30"]},
            ["2026-01-01T00:00", "2026-04-01T00:00"],
            ["2026-02-01T00:00", "2026-01-03T00:00", "2026-04-02T00:00"],
        ),
        (
            {"months": ["january", "6:August"]},
            ["2026-01-15T00:00", "2026-06-01T00:00", "2026-08-31T00:00"],
            ["2026-02-01T00:00", "2026-09-01T00:00"],
        ),
        (
            {"years": ["2026:2027", "2030"]},
            ["2026-01-01T00:00", "2027-12-31T23:59", "2030-05-01T00:00"],
            ["2025-12-31T23:59", "2028-01-01T00:00"],
        ),
        (
            {"weekdays": ["thursday"], "times": [hours("09:00", "10:00")], "months": ["11"]},
            ["2026-11-26T09:30"],
            ["2026-11-27T09:30", "2026-11-26T10:00", "2026-12-03T09:30"],
        ),
    ],
)
def test_when_it_holds(parts: dict[str, Any], inside: list[str], outside: list[str]) -> None:
    read = interval(**parts)
    for text in inside:
        assert read.contains(datetime.fromisoformat(text).replace(tzinfo=UTC)), text
    for text in outside:
        assert not read.contains(datetime.fromisoformat(text).replace(tzinfo=UTC)), text


def test_a_location_decides_day_and_hour_also_over_a_change_of_clocks() -> None:
    night = interval(times=[hours("00:00", "03:00")], weekdays=["sunday"], location="Europe/Berlin")
    for text, expected in [
        ("2026-10-24T22:00", True),  # 00:00 summer time
        ("2026-10-25T00:59", True),  # 02:59 summer time
        ("2026-10-25T01:30", True),  # 02:30 again, winter time
        ("2026-10-25T02:00", False),  # 03:00
        ("2026-03-29T00:59", True),  # 01:59 winter time; 02:00 does not exist
        ("2026-03-29T01:00", False),  # 03:00 summer time
    ]:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        assert night.contains(moment) is expected, text


def test_the_callers_zone_counts_where_none_is_named() -> None:
    parts = [{"times": [hours("09:00", "10:00")]}]
    moment = datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert holds(read_intervals(parts, BERLIN), moment)
    assert not holds(read_intervals(parts), moment)
    assert not holds((), moment)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, ""),
        ([1], "0"),
        ([{"time": []}], "0.time"),
        ([{"times": {}}], "0.times"),
        ([{"times": []}], "0.times"),
        ([{"times": [{"start_time": "09:00"}]}], "0.times.0"),
        ([{"times": [hours("9:00", "10:00")]}], "0.times.0.start_time"),
        ([{"times": [hours("09:00", "25:00")]}], "0.times.0.end_time"),
        ([{"times": [hours("09:00", "24:01")]}], "0.times.0.end_time"),
        ([{"times": [hours("24:00", "24:00")]}], "0.times.0"),
        ([{"times": [hours("22:00", "06:00")]}], "0.times.0"),
        ([{}, {"weekdays": ["mon"]}], "1.weekdays.0"),
        ([{"weekdays": ["friday:monday"]}], "0.weekdays.0"),
        ([{"weekdays": ["monday:tuesday:friday"]}], "0.weekdays.0"),
        ([{"days_of_month": ["0"]}], "0.days_of_month.0"),
        ([{"days_of_month": ["32"]}], "0.days_of_month.0"),
        ([{"days_of_month": ["-1:5"]}], "0.days_of_month.0"),
        ([{"days_of_month": ["5:-28"]}], "0.days_of_month.0"),
        ([{"months": ["13"]}], "0.months.0"),
        ([{"months": ["june:may"]}], "0.months.0"),
        ([{"years": ["twenty"]}], "0.years.0"),
        ([{"years": [True]}], "0.years.0"),
        ([{"location": "Europe/Nowhere"}], "0.location"),
        ([{"location": "../../etc/passwd"}], "0.location"),
        ([{"location": 5}], "0.location"),
        ([{}] * 101, ""),
        ([{"years": ["2026"] * 101}], "0.years"),
    ],
)
def test_what_cannot_be_used_is_named(value: Any, place: str) -> None:
    with pytest.raises(IntervalError) as error:
        read_intervals(value)
    assert error.value.place == place


# --- beside the real program ---------------------------------------------------------------------

CANDIDATES: dict[str, list[Any]] = {
    "weekdays": [
        "monday",
        "Monday",
        "mon",
        "monday:friday",
        "friday:monday",
        "monday:",
        ":",
        "",
        "1",
        "sunday:saturday",
        "saturday:sunday",
        "monday: friday",
        " monday",
        "a:b:c",
    ],
    "days_of_month": [
        "1",
        "31",
        "32",
        "0",
        "-1",
        "-31",
        "-32",
        "1:5",
        "5:1",
        "1:-1",
        "-1:1",
        "-5:-1",
        "-1:-5",
        "31:-1",
        "30:-3",
        "5:-28",
        "5:-27",
        "1:",
        "x",
        "1.5",
    ],
    "months": [
        "1",
        "12",
        "january",
        "MAY",
        "may:8",
        "5:june",
        "6:5",
        "jan",
        "1:12",
    ],
    "years": ["2026", "2026:2030", "2030:2026", "x", "2026:"],
    "times": [
        hours("09:00", "17:00"),
        hours("9:00", "17:00"),
        hours("00:00", "24:00"),
        hours("24:00", "24:00"),
        hours("09:00", "09:00"),
        hours("17:00", "09:00"),
        hours("09:60", "17:00"),
        hours("09:00", "24:30"),
        {"start_time": "09:00"},
        {"end_time": "09:00"},
        hours("", ""),
    ],
}
NEVER: list[dict[str, Any]] = [
    {"months": ["13"]},
    {"months": ["0"]},
    {"months": ["-1"]},
    {"years": ["0"]},
    {"years": ["-5"]},
    {"weekdays": []},
]
"""What Alertmanager takes, and what holds never."""
LOCATIONS = ["", "UTC", "Europe/Berlin", "Europe/Nowhere", "Australia/Lord_Howe"]


def cases() -> list[dict[str, Any]]:
    """Each candidate by itself, and some hundreds together."""
    chance = random.Random(7)
    single = [{part: [one]} for part, found in CANDIDATES.items() for one in found]
    single += [dict[str, Any](location=name) for name in LOCATIONS]
    mixed = []
    for _ in range(150):
        parts = chance.sample(sorted(CANDIDATES), chance.randint(1, 3))
        mixed.append({part: chance.choices(CANDIDATES[part], k=2) for part in parts})
    return single + mixed


def accepts(amtool: str, folder: Path, parts: dict[str, Any]) -> bool:
    """Whether Alertmanager would start with this interval."""
    config = {
        "route": {"receiver": "x"},
        "receivers": [{"name": "x"}],
        "time_intervals": [{"name": "t", "time_intervals": [parts]}],
    }
    path = folder / "config.yml"
    path.write_text(yaml.safe_dump(config))
    done = subprocess.run([amtool, "check-config", path], capture_output=True, check=False)
    return done.returncode == 0


def test_it_is_read_as_alertmanager_reads_it(tmp_path: Path) -> None:
    amtool = shutil.which("amtool")
    if amtool is None:
        pytest.skip("amtool is not installed")
    wrong = []
    for parts in cases():
        try:
            read_intervals([parts])
            ours = True
        except IntervalError:
            ours = False
        if ours != accepts(amtool, tmp_path, parts):
            wrong.append((parts, "we take it" if ours else "we refuse it"))
    assert not wrong


@pytest.mark.parametrize("parts", NEVER)
def test_what_would_never_hold_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(IntervalError):
        read_intervals([parts])


@pytest.mark.parametrize(
    ("intervals", "moment", "expected"),
    [
        ([{"times": [hours("09:00", "17:00")]}], "2026-11-26T08:59:30", "2026-11-26T09:00"),
        ([{"times": [hours("09:00", "17:00")]}], "2026-11-26T09:00:30", "2026-11-26T17:00"),
        ([{"times": [hours("22:00", "24:00")]}], "2026-11-26T22:00", "2026-11-27T00:00"),
        (
            [{"times": [hours("22:00", "24:00")]}, {"times": [hours("00:00", "06:00")]}],
            "2026-11-26T22:00",
            "2026-11-27T06:00",
        ),
        ([{"weekdays": ["saturday"]}], "2026-11-26T12:00", "2026-11-28T00:00"),
        ([{"months": ["february"]}], "2026-11-26T12:00", "2027-02-01T00:00"),
        ([{"years": ["2031"]}], "2026-11-26T12:00", None),
        ([{}], "2026-11-26T12:00", None),
        # Midnight of Auckland and of Honolulu lie on other days of UTC.
        (
            [
                {"weekdays": ["friday"], "location": "Pacific/Auckland"},
                {"weekdays": ["thursday"], "location": "Pacific/Honolulu"},
            ],
            "2026-11-26T10:30",
            "2026-11-27T11:00",
        ),
        # That time of day does not exist there.
        (
            [{"times": [hours("02:30", "06:00")], "location": "Europe/Berlin"}],
            "2026-03-28T20:00",
            "2026-03-29T01:00",
        ),
    ],
)
def test_when_it_changes_next(intervals: Any, moment: str, expected: str | None) -> None:
    found = next_change(read_intervals(intervals), at(moment))
    assert found == (at(expected) if expected else None)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("seed", range(30))
def test_no_change_is_missed(seed: int) -> None:
    """As if every minute of a few days were tried."""
    chance = random.Random(seed)
    begin = chance.randrange(0, 23 * 60)
    end = chance.randrange(begin + 1, 24 * 60 + 1)
    times = hours(f"{begin // 60:02}:{begin % 60:02}", f"{end // 60:02}:{end % 60:02}")
    zone = chance.choice(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
    weekday = chance.choice(["monday:wednesday", "sunday", "thursday:saturday"])
    intervals = read_intervals(
        [{"times": [times], "location": zone}, {"weekdays": [weekday], "location": "Asia/Tokyo"}]
    )
    moment = at("2026-03-27T00:00") + timedelta(minutes=chance.randrange(7 * 24 * 60))
    is_now = holds(intervals, moment)
    minutes = (moment + timedelta(minutes=one) for one in range(1, 8 * 24 * 60))
    expected = next(one for one in minutes if holds(intervals, one) is not is_now)
    assert next_change(intervals, moment) == expected


def test_periods_are_told_one_after_the_other() -> None:
    night = read_intervals([{"times": [hours("00:00", "06:00"), hours("22:00", "24:00")]}], BERLIN)
    start = datetime(2026, 11, 26, 23, 30, 30, tzinfo=BERLIN)
    assert list(islice(periods(night, start), 2)) == [
        (start, datetime(2026, 11, 27, 6, tzinfo=BERLIN)),
        (datetime(2026, 11, 27, 22, tzinfo=BERLIN), datetime(2026, 11, 28, 6, tzinfo=BERLIN)),
    ]


def test_periods_end_where_nothing_changes_any_more() -> None:
    start = datetime(2026, 11, 26, tzinfo=UTC)
    assert list(periods(read_intervals([{}]), start)) == [(start, None)]
    assert list(periods(read_intervals([{"years": ["1999"]}]), start)) == []
