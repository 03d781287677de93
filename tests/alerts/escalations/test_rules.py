"""When groups that nobody acknowledges are told to others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.escalations.rules import (
    NONE,
    Escalation,
    Rule,
    Rung,
    begun,
    carried,
    from_json,
    rungs,
    taken,
    to_json,
    wait_of,
)

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
RULE = Rule(QUARTER)
GRAVE = Rule(QUARTER, "high")
LADDER = rungs([15, 45], every=30, times=2)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_the_last_step_is_repeated_and_that_ends() -> None:
    assert [Rung(0, 15), Rung(1, 45), Rung(1, 75), Rung(1, 105)] == LADDER
    assert rungs([15], every=0, times=5) == [Rung(0, 15)]
    assert rungs([], every=5, times=5) == []


def test_rungs_keep_their_time_from_the_beginning() -> None:
    climbing, moments = begun(RULE, "critical", NOON), []
    while climbing.at is not None:
        moments.append(climbing.at)
        climbing = taken(climbing, LADDER, climbing.at + timedelta(seconds=5))
    assert moments == [at(15), at(45), at(75), at(105)]
    assert (climbing.taken, climbing.after) == (4, 105)


def test_what_an_outage_made_late_is_taken_once_each_with_the_time_between() -> None:
    late = taken(Escalation(at(15)), LADDER, at(500))
    assert (late.at, late.taken) == (at(530), 1)


@pytest.mark.parametrize(
    ("threshold", "severity", "applies"),
    [
        ("", "", True),
        ("", "info", True),
        ("warning", "", True),
        ("high", "", False),
        ("high", "warning", False),
        ("high", "high", True),
        ("high", "critical", True),
    ],
)
def test_severities(threshold: str, severity: str, applies: bool) -> None:
    assert Rule(QUARTER, threshold).applies(severity) == applies
    begins = begun(Rule(QUARTER, threshold), severity, NOON)
    assert begins == (Escalation(at(15)) if applies else NONE)


CLIMBING = Escalation(at(20), 1, 15)


@pytest.mark.parametrize(
    ("known", "changes", "expected"),
    [
        (NONE, {"begins": True}, Escalation(at(15))),
        (CLIMBING, {}, CLIMBING),
        (CLIMBING, {"before": "warning", "severity": "critical"}, CLIMBING),
        (CLIMBING, {"burns": False}, NONE),
        (CLIMBING, {"begins": True}, Escalation(at(15))),
        (CLIMBING, {"rule": None}, CLIMBING),
        (NONE, {"rule": None, "begins": True}, NONE),
        (NONE, {"rule": GRAVE, "before": "warning", "severity": "high"}, Escalation(at(15))),
        (CLIMBING, {"rule": GRAVE, "before": "high", "severity": "warning"}, NONE),
        (CLIMBING, {"rule": GRAVE, "before": "high", "severity": "critical"}, CLIMBING),
    ],
)
def test_what_a_change_of_the_group_does(
    known: Escalation, changes: dict[str, object], expected: Escalation
) -> None:
    usual = {"begins": False, "burns": True, "before": "critical", "severity": "critical"}
    given_ = {"rule": RULE, **usual, **changes}
    assert carried(known, given_.pop("rule"), now=NOON, **given_) == expected  # type: ignore[arg-type]  # of a table


def test_the_wait_before_a_rung() -> None:
    assert wait_of(Escalation(at(1)), LADDER) == timedelta(minutes=15)
    assert wait_of(Escalation(at(1), 1), LADDER) == timedelta(minutes=30)


@given(st.builds(Escalation, st.none(), st.integers(0, 99), st.integers(0, 99), st.booleans()))
def test_it_is_kept_as_it_is(known: Escalation) -> None:
    stored = to_json(known)
    kept = from_json(None, stored)
    assert kept == (known if stored else replace(known, after=0))
