"""What is added to this host's clock."""

from datetime import UTC, datetime, timedelta

import pytest

from deliveries.clock import correct

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("off", "took", "known", "wanted"),
    [
        (0.0, 0.001, 0.0, 0.0),
        (0.004, 0.001, 0.0, 0.0),  # as good as right: time must not jump about
        (30.0, 0.002, 0.0, 30.0),
        (-30.0, 0.002, 0.0, -30.0),
        (30.003, 0.002, 30.0, 30.0),  # measured again: the same
        (30.5, 0.002, 30.0, 30.5),
        (0.3, 0.9, 0.0, 0.0),  # the question took longer than it is off
        (0.3, 0.9, 30.0, 0.0),  # the clock was put right
        (0.001, 0.002, 30.0, 0.0),
    ],
)
def test_the_correction(off: float, took: float, known: float, wanted: float) -> None:
    asked, half = NOW, timedelta(seconds=took / 2)
    found = correct(
        asked,
        asked + half + timedelta(seconds=off),
        asked + 2 * half,
        timedelta(seconds=known),
    )
    assert found.total_seconds() == pytest.approx(wanted, abs=0.001)
