"""What an alert's time is made of."""

import pytest

from bench.shares import STAGES, averages


def test_the_stages_add_up_to_the_average() -> None:
    found = averages([(0.0, 0.004, 0.006, 0.007, 0.010), (1.0, 1.002, 1.006, 1.009, 1.012)])
    assert list(found) == list(STAGES)
    assert list(found.values()) == pytest.approx([3, 3, 2, 3])
    assert sum(found.values()) == pytest.approx((10 + 12) / 2)


def test_no_stage_ends_after_a_later_one() -> None:
    found = averages([(0.0, 0.009, 0.006, 0.007, 0.010)])
    assert list(found.values()) == pytest.approx([6, 0, 1, 3])


def test_nothing_has_no_stages() -> None:
    assert averages([]) == {}
