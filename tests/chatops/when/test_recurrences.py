"""When what was stored comes next, over every change of clocks."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.when.reading import read_recurrence
from chatops.when.recurrences import Recurrence, RecurrenceError
from tests.chatops.when.places import BERLIN, LORD_HOWE, NEW_YORK, local, utc, wall

HOUR = timedelta(hours=1)
# Where summer begins and ends in 2027, by the zones' own laws and not by zoneinfo: summer's and
# winter's hours from UTC, and the instants between them.
CHANGES = {
    BERLIN: (2.0, 1.0, utc("2027-03-28 01:00"), utc("2027-10-31 01:00")),
    NEW_YORK: (-4.0, -5.0, utc("2027-03-14 07:00"), utc("2027-11-07 06:00")),
    LORD_HOWE: (10.5, 11.0, utc("2027-04-03 15:00"), utc("2027-10-02 15:30")),
}
"""Lord Howe has its summer at either end of the year, so its two are the other way round."""


def times(recurrence: Recurrence, since: datetime, until: datetime) -> Iterator[datetime]:
    at = recurrence.next_after(since)
    while at is not None and at < until:
        yield at
        at = recurrence.next_after(at)


def expected(zone: ZoneInfo, clock: timedelta) -> list[datetime]:
    """That wall time of each day of 2027, in UTC."""
    inside, outside, begins, ends = CHANGES[zone]
    found = []
    for number in range(365):
        shown = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=number) + clock
        by_inside, by_outside = shown - inside * HOUR, shown - outside * HOUR
        is_shown = begins <= by_inside < ends or not begins <= by_outside < ends
        if begins <= by_inside < ends and not begins <= by_outside < ends:
            found.append(min(by_inside, by_outside))  # it comes twice: the first one
        elif begins <= by_inside < ends:
            found.append(by_inside)
        elif is_shown:
            found.append(by_outside)
        else:  # the clock skips it: as if it had not been moved yet
            before = by_outside if abs(shown - outside * HOUR - begins) <= HOUR else by_inside
            found.append(before)
    return found


@pytest.mark.parametrize("zone", CHANGES, ids=str)
@pytest.mark.parametrize("clock", ["00:00", "01:30", "01:45", "02:00", "02:15", "02:30", "09:00"])
def test_each_day_of_a_year_once_at_its_wall_time(zone: ZoneInfo, clock: str) -> None:
    now = local("2026-12-31 12:00", zone)
    daily = read_recurrence(f"every day at {clock}", now=now, zone=zone)
    assert isinstance(daily, Recurrence)
    hours, minutes = map(int, clock.split(":"))
    since, until = local("2027-01-01 00:00", zone), local("2028-01-01 00:00", zone)
    found = list(times(daily, since - timedelta(seconds=1), until))
    assert found == expected(zone, timedelta(hours=hours, minutes=minutes))


@pytest.mark.parametrize(
    ("zone", "clock", "day", "told"),
    [
        (BERLIN, "02:30", "2027-03-28", "2027-03-28 01:30"),  # 03:30 by the new clock
        (BERLIN, "02:30", "2027-10-31", "2027-10-31 00:30"),  # the first of two
        (BERLIN, "02:59", "2027-03-28", "2027-03-28 01:59"),
        (BERLIN, "03:00", "2027-03-28", "2027-03-28 01:00"),
        (NEW_YORK, "02:30", "2027-03-14", "2027-03-14 07:30"),
        (NEW_YORK, "01:30", "2027-11-07", "2027-11-07 05:30"),
        (LORD_HOWE, "01:45", "2027-04-04", "2027-04-03 14:45"),
        (LORD_HOWE, "02:15", "2027-10-03", "2027-10-02 15:45"),
    ],
)
def test_on_the_night_itself(zone: ZoneInfo, clock: str, day: str, told: str) -> None:
    now = local("2026-11-26 10:00", zone)
    daily = read_recurrence(f"every day at {clock}", now=now, zone=zone)
    assert isinstance(daily, Recurrence)
    midnight = local(f"{day} 00:00", zone)
    assert list(times(daily, midnight, midnight + timedelta(hours=23))) == [utc(told)]


def test_between_a_skipped_time_and_the_moment_that_stands_for_it() -> None:
    daily = Recurrence("FREQ=DAILY", wall("2026-12-01 02:30"), "Europe/Berlin")
    half_past_three = utc("2027-03-28 01:30")
    assert daily.next_after(utc("2027-03-28 01:10")) == half_past_three  # asked at 03:10
    assert daily.next_after(half_past_three) == utc("2027-03-29 00:30")


@pytest.mark.parametrize("zone", CHANGES, ids=str)
def test_hours_are_elapsed_time(zone: ZoneInfo) -> None:
    now = local("2026-12-31 12:34:56", zone)
    every = read_recurrence("every 2 hours", now=now, zone=zone)
    assert isinstance(every, Recurrence)
    found = list(times(every, now, now + timedelta(days=365)))
    assert found == [now + 2 * HOUR * step for step in range(1, 365 * 12)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on the 31st of every month", "01-31 03-31 05-31 07-31 08-31 10-31 12-31"),
        ("on the last day of every 2 months", "01-31 03-31 05-31 07-31 09-30 11-30"),
        ("every 3 weeks on tuesday", None),
        ("on the first monday of every 4 months", "01-04 05-03 09-06"),
        ("on the last friday of every 6 months", "01-29 07-30"),
        ("yearly on 24 dec", "12-24"),
    ],
)
def test_the_days_of_a_year(text: str, expected: str | None) -> None:
    now = local("2026-12-31 12:00", BERLIN)
    every = read_recurrence(text, now=now, zone=BERLIN)
    assert isinstance(every, Recurrence)
    found = [at.astimezone(BERLIN) for at in times(every, now, local("2028-01-01 00:00", BERLIN))]
    assert {f"{at:%H:%M}" for at in found} == {"09:00"}
    if expected:
        assert " ".join(f"{at:%m-%d}" for at in found) == expected
    else:
        assert [at.date() for at in found] == [
            date(2027, 1, 5) + timedelta(weeks=3 * step) for step in range(18)
        ]


def test_every_other_week_on_two_days_counts_weeks_from_monday() -> None:
    now = local("2026-11-26 10:00", BERLIN)  # a Thursday
    every = read_recurrence("every 2 weeks on monday and sunday", now=now, zone=BERLIN)
    assert isinstance(every, Recurrence)
    found = [at.astimezone(BERLIN) for at in times(every, now, now + timedelta(days=32))]
    assert [f"{at:%m-%d}" for at in found] == ["11-29", "12-07", "12-13", "12-21", "12-27"]


def test_a_lost_day_comes_with_the_next_one_once() -> None:
    apia = ZoneInfo("Pacific/Apia")  # had no 30 December 2011
    daily = Recurrence("FREQ=DAILY", wall("2011-12-01 09:00"), "Pacific/Apia")
    found = list(times(daily, local("2011-12-29 00:00", apia), local("2012-01-02 00:00", apia)))
    assert [f"{at.astimezone(apia):%m-%d %H:%M}" for at in found] == [
        *("12-29 09:00", "12-31 09:00", "01-01 09:00"),
    ]


@pytest.mark.parametrize("interval", range(1, 11))
def test_29_february_comes_whatever_the_interval(interval: int) -> None:
    now = local("2028-01-01 00:00", BERLIN)
    every = read_recurrence(f"every {interval} years on 29 feb", now=now, zone=BERLIN)
    assert isinstance(every, Recurrence)
    first = every.next_after(now)
    assert first == local("2028-02-29 09:00", BERLIN)
    second = every.next_after(first)
    assert second is not None
    assert (second.astimezone(BERLIN).year - 2028) % interval == 0


@pytest.mark.parametrize(
    "rule", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MINUTELY"]
)
def test_what_began_long_ago_costs_no_more(rule: str) -> None:
    zone = "UTC" if "MINUTELY" in rule else "Europe/Berlin"
    old = Recurrence(rule, wall("1990-01-01 09:00"), zone)
    costs = []
    for _ in range(3):
        begun = time.thread_time()
        assert old.next_after(utc("2027-01-15 00:00"))
        costs.append(time.thread_time() - begun)
    assert min(costs) < 0.02


STORED = {
    "version": 1,
    "rule": "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU",
    "begins": "2026-12-01T09:00:00",
    "zone": "Europe/Berlin",
}


def test_stored_as_json_and_read_back() -> None:
    now = local("2026-11-26 10:00", BERLIN)
    read = read_recurrence("every 3 weeks on tuesday at 9", now=now, zone=BERLIN)
    assert isinstance(read, Recurrence)
    assert read.to_json() == STORED
    assert Recurrence.from_json(json.loads(json.dumps(STORED))) == read


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"version": None},
        {"rule": "FREQ=SECONDLY"},
        {"rule": "FREQ=WEEKLY"},
        {"rule": "FREQ=WEEKLY;BYDAY=1MO"},
        {"rule": "FREQ=WEEKLY;BYDAY=TU,MO"},
        {"rule": "FREQ=WEEKLY;BYDAY=TU,TU"},
        {"rule": "FREQ=DAILY;INTERVAL=0"},
        {"rule": "FREQ=DAILY;INTERVAL=3651"},
        {"rule": "FREQ=DAILY;COUNT=3"},
        {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31"},
        {"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
        {"rule": "FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=1"},
        {"rule": "FREQ=YEARLY;BYMONTH=12"},
        {"rule": "FREQ=MONTHLY"},
        {"rule": "FREQ=MONTHLY;BYMONTHDAY=32"},
        {"rule": "FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=1MO"},
        {"rule": "FREQ=MONTHLY;BYDAY=5MO"},
        {"rule": "FREQ=HOURLY"},  # not in UTC
        {"rule": ""},
        {"rule": None},
        {"begins": "2026-12-01T09:00:00+01:00"},
        {"begins": "2026-12-01T09:00:00.5"},
        {"begins": "soon"},
        {"begins": 5},
        {"zone": "Europe/Nowhere"},
        {"zone": "../../etc/passwd"},
        {"zone": ""},
        {"zone": 3},
    ],
)
def test_what_is_stored_is_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(RecurrenceError):
        Recurrence.from_json({**STORED, **wrong})


@pytest.mark.parametrize("stored", [None, [], "FREQ=DAILY", 3, {}])
def test_what_is_no_recurrence_at_all(stored: object) -> None:
    with pytest.raises(RecurrenceError):
        Recurrence.from_json(stored)


@given(
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU", "FREQ=DAILY;INTERVAL=7"]),
    st.sampled_from([*CHANGES, ZoneInfo("Africa/Cairo"), ZoneInfo("Pacific/Apia")]),
    st.integers(0, 24 * 60 - 1),
    st.datetimes(wall("2027-01-01"), wall("2028-01-01"), timezones=st.just(UTC)),
)
def test_the_next_one_is_later_and_nothing_lies_between(
    rule: str, zone: ZoneInfo, minute: int, now: datetime
) -> None:
    begins = wall("2026-12-28") + timedelta(minutes=minute)
    recurrence = Recurrence(rule, begins, str(zone))
    following = recurrence.next_after(now)
    assert following is not None
    assert following > now
    assert following - now <= timedelta(days=14, hours=3)
    assert recurrence.next_after(following - timedelta(microseconds=1)) == following
    assert recurrence.next_after(now + (following - now) / 2) == following
