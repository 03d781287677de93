"""The pure decisions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.fallbacks.rules import (
    LAST_RETRY,
    Line,
    Standing,
    alarms,
    at_least,
    is_shown,
    retry_in,
    undelivered_since,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
GRAVE = at_least("critical")


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def line(minutes: float, kind: str = "fired", *ids: str, **data: Any) -> Line:
    named = [[pk, pk] for pk in ids]
    return Line(at(minutes), kind, {"count": len(ids), "alerts": named, **data})


BURNING = {"bad": "critical", "mild": "warning"}


@pytest.mark.parametrize(
    ("lines", "after", "found"),
    [
        ([line(0, "fired", "bad")], None, (0, 0)),
        ([line(0, "fired", "mild")], None, None),
        ([line(0, "fired", "over")], None, None),
        ([line(0, "fired", "bad")], 0, None),
        ([line(0, "fired", "bad"), line(3, "refired", "bad")], 0, (3, 3)),
        ([line(1, "fired", "bad"), line(3, "refired", "bad")], 0, (1, 3)),
        ([line(1, "severity", "bad", severities=[["warning", "critical"]])], 0, (1, 1)),
        ([line(1, "severity", "bad", severities=[["", "critical"]])], 0, (1, 1)),
        ([line(1, "severity", "bad", severities=[["critical", "high"]])], 0, None),
        ([line(1, "fired", "mild", count=25)], 0, (1, 1)),
    ],
)
def test_alarms(lines: list[Line], after: float | None, found: tuple[float, float] | None) -> None:
    expected = None if found is None else (at(found[0]), at(found[1]))
    assert alarms(lines, None if after is None else at(after), BURNING, GRAVE) == expected


@pytest.mark.parametrize(
    ("standing", "since"),
    [
        (Standing(None), 0),
        (Standing(None, unshown=at(2)), 2),
        (Standing(None, unshown=at(-2)), 0),
        (Standing(None, due=at(0), wait=timedelta(minutes=3)), 0),
        (Standing(None, wait=timedelta(minutes=3)), 3),
        (Standing(None, due=at(9), wait=timedelta(minutes=3)), 3),
        (Standing(None, due=at(-9), wait=timedelta(minutes=3)), 0),
    ],
)
def test_since_when(standing: Standing, since: float) -> None:
    assert undelivered_since(standing, NOON) == at(since)


def test_what_is_shown() -> None:
    assert not is_shown(Standing(None), NOON)
    assert not is_shown(Standing(at(-1)), NOON)
    assert is_shown(Standing(NOON), NOON)


def test_retries_come_less_and_less_often() -> None:
    waits = [retry_in(number) for number in range(1, 100)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=5), LAST_RETRY)
