"""What people type, and which instants it says."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from chatops.when.reading import MAX_TEXT, read_instant, read_occasion, read_recurrence, read_span
from chatops.when.readings import Instant, Span, Unclear
from chatops.when.recurrences import Recurrence
from tests.chatops.when.places import (
    BERLIN,
    LORD_HOWE,
    NEW_YORK,
    ZONES,
    choices,
    instants,
    local,
    reason,
    utc,
)
from tests.chatops.when.tables import (
    ASKED,
    INSTANTS,
    NOW,
    PERIODS,
    RECURRENCES,
    REFUSED,
    SPANS,
)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("text", "end"), SPANS)
def test_spans_end_when_they_say(text: str, end: str, zone: ZoneInfo) -> None:
    read = read_span(text, now=local(NOW, zone), zone=zone)
    assert instants(read) == [None, local(end, zone)]


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("text", "start", "end"), PERIODS)
def test_periods_begin_and_end_when_they_say(
    text: str, start: str, end: str, zone: ZoneInfo
) -> None:
    read = read_span(text, now=local(NOW, zone), zone=zone)
    assert instants(read) == [local(start, zone), local(end, zone)]


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("text", "at"), INSTANTS)
def test_instants_are_when_they_say(text: str, at: str, zone: ZoneInfo) -> None:
    now = local(NOW, zone)
    assert instants(read_instant(text, now=now, zone=zone)) == [local(at, zone)]
    assert read_occasion(text, now=now, zone=zone) == read_instant(text, now=now, zone=zone)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("text", "rule", "first", "told"), RECURRENCES)
def test_recurrences_begin_when_they_say(
    text: str, rule: str, first: str, told: str, zone: ZoneInfo
) -> None:
    now = local(NOW, zone)
    read = read_recurrence(text, now=now, zone=zone)
    assert isinstance(read, Recurrence), read
    assert (read.rule, read.next_after(now)) == (rule, local(first, zone))
    assert str(read) == told or not told
    assert read_occasion(text, now=now, zone=zone) == read


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("text", "expected"), ASKED)
def test_what_can_be_several_is_asked(text: str, expected: list[str], zone: ZoneInfo) -> None:
    now = local(NOW, zone)
    read = read_span(text, now=now, zone=zone)
    assert choices(read) == expected
    assert isinstance(read, Unclear)
    assert read.question.startswith(f"“{text}” can mean {expected[0]}")
    for choice in read.choices:
        assert read_span(choice.text, now=now, zone=zone) == choice.reading


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_span_is_refused(text: str) -> None:
    told = reason(read_span(text, now=local(NOW, BERLIN), zone=BERLIN))
    assert told.endswith(".")
    assert len(told) <= 150


# One table of refusals is enough for what is no time at all; these are times of another kind.
@pytest.mark.parametrize(
    "text", ["for 2 hours", "until tomorrow", "every day at 9", "from 9:00 to 10:00", "2 hours ago"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    assert reason(read_instant(text, now=local(NOW, BERLIN), zone=BERLIN))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("on the 31st of every february", "February never has a 31st."),
        ("every 31 april", "April never has a 31st."),
        ("every 0 days", "The longest pause is 3,650 days, the shortest 1 day."),
        ("every 99999 days", "The longest pause is 3,650 days, the shortest 1 day."),
        ("every 999999999 minutes", "The longest pause is 525,600 minutes, the shortest 1 minute."),
        ("every 2 hours at 9", "What comes every few minutes or hours has no time of day"),
        ("every 10 seconds", "“every 10 seconds” is no time that I can read"),
        ("every -2 days", "“every -2 days” is no time that I can read"),
        ("tomorrow 9am", "“tomorrow 9am” is no time that I can read"),
        ("every blue moon", "“every blue moon” is no time that I can read"),
        ("every day at 9 Europe/Nowhere", "There is no time zone Europe/Nowhere"),
        ("every monday monday", "is no time that I can read"),
        ("on the 32nd of every month", "is no time that I can read"),
    ],
)
def test_what_is_no_recurrence_is_refused(text: str, why: str) -> None:
    assert why in reason(read_recurrence(text, now=local(NOW, BERLIN), zone=BERLIN))


def test_refusals_say_why() -> None:
    def why(text: str) -> str:
        return reason(read_span(text, now=local(NOW, BERLIN), zone=BERLIN))

    assert why("for -2 hours") == "Nothing lasts less than no time; write 30m, 2h or 1d."
    assert why("for 0 minutes") == "That is no time at all; write 30m, 2h or 1d."
    assert why("until yesterday") == why("until today 9:00") == "That has passed already."
    assert why("for 999999999 days") == "That is more than 100 years away."
    assert why("until 31 feb") == "February has no 31st."
    assert why("until 29 feb 2027") == "February has no 29th in 2027."
    assert why("until Monday 1 December") == "1 December 2026 is a Tuesday."
    assert why("from tomorrow 9:00 until today 12:00") == "That ends before it begins."
    assert why("soon") == (
        "“soon” is no time that I can read; write 2h, until 17:30 or until tomorrow 9:00."
    )
    assert why("x" * 10_000).startswith(f"“{'x' * 40}…” is no time")
    assert why("for 2 hours" + " " * MAX_TEXT)


def test_the_caller_says_what_is_too_long() -> None:
    now, year = local(NOW, BERLIN), timedelta(days=365)
    assert isinstance(read_span("1 year", now=now, zone=BERLIN, longest=year), Span)
    told = reason(read_span("366 days", now=now, zone=BERLIN, longest=year))
    assert told == "That is too long; the longest is 365 days."
    # From its beginning, not from now
    later = read_span("1 dec 2027 9:00 for 2h", now=now, zone=BERLIN, longest=timedelta(hours=2))
    assert isinstance(later, Span)
    # Of several only those that may be
    assert isinstance(read_span("until thursday", now=now, zone=BERLIN, longest=timedelta(1)), Span)
    told = reason(read_instant("in 2 days", now=now, zone=BERLIN, longest=timedelta(days=1)))
    assert told == "That is too far away; the furthest is 1 day."
    assert isinstance(read_instant("in 1 day", now=now, zone=BERLIN, longest=timedelta(1)), Instant)


def test_the_caller_says_what_is_too_often() -> None:
    now, hour = local(NOW, BERLIN), timedelta(hours=1)
    assert isinstance(read_recurrence("hourly", now=now, zone=BERLIN, shortest=hour), Recurrence)
    told = reason(read_recurrence("every 59 min", now=now, zone=BERLIN, shortest=hour))
    assert told == "That is too often; at most every 60 minutes."


@pytest.mark.parametrize(
    ("now", "text", "expected"),
    [
        # Of am and pm the one ahead today; both where both or none are
        ("10:00", "at 3", ["today 15:00"]),
        ("02:00", "at 3", ["today 03:00", "today 15:00"]),
        ("16:00", "at 3", ["tomorrow 03:00", "tomorrow 15:00"]),
        ("10:00", "at 6", ["today 18:00"]),
        ("10:00", "at 7", ["tomorrow 07:00"]),
        ("10:00", "at 11", ["today 11:00"]),
        ("10:00", "at 3am", ["tomorrow 03:00"]),
        ("10:00", "at 03:00", ["tomorrow 03:00"]),
        ("10:00", "tomorrow at 3", ["tomorrow 03:00", "tomorrow 15:00"]),
        ("10:00", "tomorrow afternoon at 3", ["tomorrow 15:00"]),
        ("10:00", "thursday", ["Thursday 3 December 09:00"]),
        ("08:00", "thursday", ["today 09:00", "Thursday 3 December 09:00"]),
        ("08:00", "this thursday", ["today 09:00"]),
        ("08:00", "next thursday", ["Thursday 3 December 09:00"]),
        ("10:00", "next wednesday", ["Wednesday 2 December 09:00"]),
        ("10:00", "01/02 at 9", ["Saturday 2 January 2027 09:00", "Monday 1 February 2027 09:00"]),
    ],
)
def test_hours_weekdays_and_dates_that_are_not_clear(
    now: str, text: str, expected: list[str]
) -> None:
    said_at = local(f"2026-11-26 {now}", BERLIN)
    read = read_instant(text, now=said_at, zone=BERLIN)
    if len(expected) == 1:
        assert read == read_instant(expected[0], now=said_at, zone=BERLIN)
    else:
        assert choices(read) == expected


def test_a_recurrence_at_an_hour_that_is_not_clear() -> None:
    read = read_recurrence("every day at 3", now=local(NOW, BERLIN), zone=BERLIN)
    assert choices(read) == ["every day at 15:00", "every day at 03:00"]


@pytest.mark.parametrize(
    ("now", "text", "start", "end"),
    [
        ("2026-11-27 10:00", "this weekend", None, None),  # on a Friday: asked
        ("2026-11-28 10:00", "for the weekend", None, "2026-11-30 00:00"),
        ("2026-11-29 23:00", "for the weekend", None, "2026-11-30 00:00"),
        ("2026-11-30 00:00", "for the weekend", "2026-12-05 00:00", "2026-12-07 00:00"),
        ("2026-11-26 21:00", "tonight", None, "2026-11-27 06:00"),
        ("2026-11-27 03:00", "tonight", None, "2026-11-27 06:00"),
        ("2026-11-27 06:00", "tonight", "2026-11-27 20:00", "2026-11-28 06:00"),
        ("2026-11-27 00:00", "midnight", None, "2026-11-28 00:00"),
        ("2026-11-26 23:30", "until 0:15", None, "2026-11-27 00:15"),
        ("2026-12-31 23:59", "until tomorrow 9:00", None, "2027-01-01 09:00"),
        ("2027-01-31 10:00", "for a month", None, "2027-02-28 10:00"),
        ("2028-02-29 10:00", "for a year", None, "2029-02-28 10:00"),
        ("2026-11-30 00:00", "on monday", "2026-11-30 00:00", None),
    ],
)
def test_at_other_times(now: str, text: str, start: str | None, end: str | None) -> None:
    read = read_span(text, now=local(now, BERLIN), zone=BERLIN)
    if end is None:
        assert len(choices(read)) == 2
    else:
        assert instants(read) == [start and local(start, BERLIN), local(end, BERLIN)]


@pytest.mark.parametrize(
    ("now", "zone", "text", "end"),
    [
        # Berlin, 28 March 2027: 02:00 becomes 03:00
        ("2027-03-27 12:00", BERLIN, "until tomorrow 02:30", "2027-03-28 01:30"),
        ("2027-03-27 12:00", BERLIN, "until tomorrow 03:30", "2027-03-28 01:30"),
        ("2027-03-27 12:00", BERLIN, "for 24 hours", "2027-03-28 11:00"),
        ("2027-03-27 12:00", BERLIN, "for 1 day", "2027-03-28 10:00"),
        ("2027-03-27 12:00", BERLIN, "for 1 day 2 hours", "2027-03-28 12:00"),
        ("2027-03-28 01:30", BERLIN, "for 1 hour", "2027-03-28 01:30"),
        ("2027-03-27 02:30", BERLIN, "for a day", "2027-03-28 01:30"),
        ("2027-03-28 01:30", BERLIN, "until 9:00", "2027-03-28 07:00"),
        ("2027-03-27 12:00", BERLIN, "until monday", "2027-03-28 22:00"),
        # Berlin, 31 October 2027: 03:00 becomes 02:00
        ("2027-10-30 12:00", BERLIN, "until tomorrow 02:30", "2027-10-31 00:30"),
        ("2027-10-30 12:00", BERLIN, "until tomorrow 02:30+01:00", "2027-10-31 01:30"),
        ("2027-10-30 12:00", BERLIN, "for 24 hours", "2027-10-31 10:00"),
        ("2027-10-30 12:00", BERLIN, "for a day", "2027-10-31 11:00"),
        ("2027-10-31 01:30", BERLIN, "for 2 hours", "2027-10-31 01:30"),
        ("2027-10-31 00:30", BERLIN, "until 6:00", "2027-10-31 05:00"),
        ("2027-10-31 00:30", BERLIN, "until today 02:30+01:00", "2027-10-31 01:30"),
        # New York, 14 March and 7 November 2027
        ("2027-03-13 12:00", NEW_YORK, "until tomorrow 2:30", "2027-03-14 07:30"),
        ("2027-03-13 12:00", NEW_YORK, "until tomorrow noon", "2027-03-14 16:00"),
        ("2027-11-06 12:00", NEW_YORK, "until tomorrow 1:30", "2027-11-07 05:30"),
        ("2027-11-06 12:00", NEW_YORK, "until tomorrow noon", "2027-11-07 17:00"),
        # Lord Howe, by half an hour: 4 April 02:00 becomes 01:30, 3 October 02:00 becomes 02:30
        ("2027-04-03 12:00", LORD_HOWE, "until tomorrow 1:45", "2027-04-03 14:45"),
        ("2027-04-03 12:00", LORD_HOWE, "until tomorrow noon", "2027-04-04 01:30"),
        ("2027-10-02 12:00", LORD_HOWE, "until tomorrow 2:15", "2027-10-02 15:45"),
        ("2027-10-02 12:00", LORD_HOWE, "until tomorrow noon", "2027-10-03 01:00"),
        # Elsewhere's clocks
        ("2026-11-26 10:00", BERLIN, "until 10:00 America/New_York", "2026-11-26 15:00"),
        ("2026-11-26 10:00", BERLIN, "until 12:00 (UTC)", "2026-11-26 12:00"),
        ("2026-11-26 10:00", BERLIN, "until 2026-12-01T10:00Z", "2026-12-01 10:00"),
        ("2026-11-26 10:00", BERLIN, "until 2026-12-01T10:00:30-05:00", "2026-12-01 15:00:30"),
        ("2026-11-26 00:30", BERLIN, "until today 20:00 (America/New_York)", "2026-11-26 01:00"),
    ],
)
def test_where_clocks_change(now: str, zone: ZoneInfo, text: str, end: str) -> None:
    read = read_span(text, now=local(now, zone), zone=zone)
    assert instants(read) == [None, utc(end)]


def test_of_an_hour_that_comes_twice_the_one_that_is_still_ahead() -> None:
    first, second = utc("2027-10-31 00:30"), utc("2027-10-31 01:30")
    between = utc("2027-10-31 00:45")  # 02:45, the first time
    before = first - timedelta(hours=1)
    assert instants(read_span("until 02:30", now=before, zone=BERLIN)) == [None, first]
    assert instants(read_span("until 02:30", now=between, zone=BERLIN)) == [None, second]
    assert instants(read_span("until 02:30", now=second, zone=BERLIN)) == [
        None,
        utc("2027-11-01 01:30"),
    ]


def test_a_time_that_the_clock_skips_is_remembered() -> None:
    now = local("2027-03-27 12:00", BERLIN)
    read = read_span("until tomorrow 02:30", now=now, zone=BERLIN)
    assert isinstance(read, Span)
    assert f"{read.skipped:%H:%M}" == "02:30"
    at = read_instant("tomorrow 02:30", now=now, zone=BERLIN)
    assert isinstance(at, Instant)
    assert f"{at.skipped:%H:%M}" == "02:30"


def test_a_day_without_a_midnight_begins_when_its_clock_does() -> None:
    cairo = ZoneInfo("Africa/Cairo")  # 30 April 2027: 00:00 becomes 01:00
    read = read_span("until friday", now=local("2027-04-29 12:00", cairo), zone=cairo)
    assert instants(read) == [None, utc("2027-04-29 22:00")]
    read = read_span("on friday", now=local("2027-04-28 12:00", cairo), zone=cairo)
    assert instants(read) == [utc("2027-04-29 22:00"), utc("2027-04-30 21:00")]
