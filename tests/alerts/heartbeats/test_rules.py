"""When heartbeats are due, late and down."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.heartbeats.rules import (
    Facts,
    Schedule,
    ScheduleError,
    State,
    after_ping,
    anew,
    check_cron,
    occurrences,
    overdue,
    paused,
    state_of,
)

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOURLY = Schedule(timedelta(hours=1), "", "UTC", timedelta(minutes=5))
LONG_AGO = NOON - timedelta(days=30)
BERLIN = "Europe/Berlin"


def at(**later: float) -> datetime:
    return NOON + timedelta(**later)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ["US/Gone", "/etc/localtime", "..", "", "Europe", "a\0b"])
def test_a_zone_that_is_not_known_is_no_schedule(zone: str) -> None:
    with pytest.raises(ScheduleError, match="time zone"):
        Schedule(None, "0 3 * * *", zone, timedelta(minutes=5)).due_after(NOON)


def missed(facts: Facts, now: datetime, up_since: datetime = LONG_AGO) -> Facts:
    return overdue(facts, HOURLY, now, up_since, up_since + timedelta(minutes=5))


UP = after_ping(Facts(), "success", NOON, HOURLY)


def test_the_first_ping_starts_the_clock() -> None:
    assert state_of(Facts(), NOON) == State.NEW
    assert missed(Facts(), at(days=300)) == Facts()
    assert (UP.due_at, UP.alarm_at) == (at(hours=1), at(hours=1, minutes=5))
    assert state_of(UP, at(minutes=59)) == State.UP
    assert state_of(UP, at(hours=1)) == State.LATE


def test_it_is_down_once_the_grace_is_over_and_not_before() -> None:
    assert missed(UP, at(hours=1, minutes=4, seconds=59)) == UP
    down = missed(UP, at(hours=1, minutes=5))
    assert (down.down_at, down.reason) == (at(hours=1, minutes=5), "missed")
    assert state_of(down, at(hours=2)) == State.DOWN
    assert missed(down, at(hours=9)) == down
    back = after_ping(down, "success", at(hours=3), HOURLY)
    assert (state_of(back, at(hours=3)), back.reason) == (State.UP, "")


def test_a_run_has_the_grace_to_finish_and_tells_how_long_it_took() -> None:
    running = after_ping(UP, "start", at(minutes=10), HOURLY)
    assert (state_of(running, at(minutes=11)), running.alarm_at) == (
        State.STARTED,
        at(minutes=15),
    )
    assert running.last_ping_at == NOON
    done = after_ping(running, "success", at(minutes=12), HOURLY)
    assert (done.last_duration, done.due_at) == (timedelta(minutes=2), at(minutes=72))
    assert missed(running, at(minutes=15)).reason == "unfinished"
    assert after_ping(done, "success", at(minutes=20), HOURLY).last_duration is None


def test_starting_over_and_over_does_not_put_off_what_is_due() -> None:
    late = after_ping(UP, "start", at(minutes=62), HOURLY)
    assert late.alarm_at == at(minutes=65)


def test_a_start_alone_can_be_the_first_word() -> None:
    running = after_ping(Facts(), "start", NOON, HOURLY)
    assert running.alarm_at == at(minutes=5)
    assert missed(running, at(minutes=5)).reason == "unfinished"


def test_a_failure_counts_at_once_and_its_beginning_stays() -> None:
    down = after_ping(UP, "fail", at(minutes=1), HOURLY)
    assert (down.down_at, down.reason, down.due_at) == (at(minutes=1), "failed", None)
    again = after_ping(down, "fail", at(minutes=2), HOURLY)
    assert (again.down_at, again.last_ping_at) == (at(minutes=1), at(minutes=2))
    running = after_ping(down, "start", at(minutes=3), HOURLY)
    assert (state_of(running, at(minutes=3)), running.alarm_at) == (State.DOWN, None)


def test_of_a_paused_one_nothing_is_expected_though_its_pings_are_noted() -> None:
    still = paused(after_ping(UP, "fail", at(minutes=1), HOURLY))
    assert (state_of(still, NOON), still.down_at, still.alarm_at) == (State.PAUSED, None, None)
    for kind in ("success", "fail", "start"):
        after = after_ping(still, kind, at(hours=2), HOURLY)
        assert (after.down_at, after.due_at, after.alarm_at) == (None, None, None)
    assert after_ping(still, "success", at(hours=2), HOURLY).last_ping_at == at(hours=2)
    resumed = anew(still, at(hours=5), HOURLY)
    assert (resumed.due_at, state_of(resumed, at(hours=5))) == (at(hours=6), State.UP)
    assert state_of(anew(paused(Facts()), NOON, HOURLY), NOON) == State.NEW


@pytest.mark.parametrize(
    ("up_since", "is_excused"),
    [
        (at(minutes=30), False),  # we were back long before it was due
        (at(minutes=54), False),
        (at(minutes=58), True),
        (at(minutes=61), True),
        (at(minutes=70), True),  # we were away until after the alarm
    ],
)
def test_our_own_absence_while_a_ping_could_come_gives_one_fresh_period(
    up_since: datetime, is_excused: bool
) -> None:
    found = missed(UP, at(minutes=70), up_since)
    assert (found.down_at is None) == is_excused
    if is_excused:
        assert (found.due_at, found.excused_at) == (up_since + HOURLY.period, at(minutes=70))  # type: ignore[operator]  # it has one


def test_a_second_absence_spares_it_no_more_until_it_pinged() -> None:
    excused = missed(UP, at(minutes=70), at(minutes=69))
    later = at(minutes=69 + 65)
    assert missed(excused, later, later - timedelta(seconds=1)).reason == "missed"
    pinged = after_ping(excused, "success", at(minutes=100), HOURLY)
    assert pinged.excused_at is None


def test_senders_have_a_while_to_find_out_that_we_are_back() -> None:
    often = replace(HOURLY, period=timedelta(seconds=10), grace=timedelta(seconds=10))
    up = after_ping(Facts(), "success", NOON, often)
    back = at(minutes=10)
    found = overdue(up, often, back, back, back + timedelta(minutes=5))
    assert found.alarm_at == at(minutes=15)


# --- cron ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        # Forward, 29 March 2026, 02:00 → 03:00 CEST (01:00 UTC): what the gap held comes after it.
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        ("0,30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:00"]),
        ("0 3 * * *", "2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T01:00"]),
        ("0 * * * *", "2026-03-28T23:30", ["2026-03-29T00:00", "2026-03-29T01:00"]),
        ("*/30 * * * *", "2026-03-29T00:10", ["2026-03-29T00:30", "2026-03-29T01:00"]),
        # Back, 25 October 2026, 03:00 → 02:00 CET (01:00 UTC): what names an hour comes once.
        ("30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
        # … also when it is asked inside the hour that comes twice.
        ("30 2 * * *", "2026-10-25T00:30", ["2026-10-26T01:30"]),
        ("30 2 * * *", "2026-10-25T01:10", ["2026-10-26T01:30"]),
        ("30 2 * * *", "2026-10-25T01:40", ["2026-10-26T01:30"]),
        ("0 3 * * *", "2026-10-24T12:00", ["2026-10-25T02:00", "2026-10-26T02:00"]),
        # … and what comes every hour comes in both.
        ("0 * * * *", "2026-10-24T23:30", ["2026-10-25T00:00", "2026-10-25T01:00"]),
        ("*/30 * * * *", "2026-10-25T00:31", ["2026-10-25T01:00", "2026-10-25T01:30"]),
        ("0 9 * * MON-FRI", "2026-11-27T12:00", ["2026-11-30T08:00", "2026-12-01T08:00"]),
    ],
)
def test_cron_over_both_changes_of_the_clock(cron: str, start: str, expected: list[str]) -> None:
    found = occurrences(cron, utc(start), BERLIN)
    assert [next(found) for _ in expected] == [utc(text) for text in expected]


@given(
    moment=st.datetimes(datetime(2026, 3, 27), datetime(2026, 10, 28)),  # noqa: DTZ001  # made aware below
    cron=st.sampled_from(
        ["30 2 * * *", "*/20 * * * *", "15 1-4 * * *", "0 */2 * * *", "5 3 * * 0"]
    ),
)
def test_what_is_due_is_never_over_and_skips_nothing(moment: datetime, cron: str) -> None:
    asked = moment.replace(tzinfo=UTC)
    schedule = Schedule(None, cron, BERLIN, timedelta(minutes=1))
    due = schedule.due_after(asked)
    assert due > asked
    between = asked + (due - asked) / 2
    assert schedule.due_after(between) == due


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("", "five fields"),
        ("@daily", "five fields"),
        ("* * * * * *", "five fields"),
        ("61 * * * *", "bad minute"),
        ("* * * * FUN", "bad day-of-week"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("* * */20 * 1L", "never comes"),
        ("9" * 5_000 + " * * * *", "five fields"),
    ],
)
def test_what_crontab_would_not_take_is_refused(cron: str, said: str) -> None:
    with pytest.raises(ScheduleError, match=said):
        check_cron(cron, NOON)


@given(st.text("0123456789*/-,#LW MONTUE²", max_size=30))
def test_whatever_is_written_is_read_or_refused(cron: str) -> None:
    try:
        check_cron(cron, NOON)
    except ScheduleError:
        return
    assert next(occurrences(cron, NOON, BERLIN)) > NOON
