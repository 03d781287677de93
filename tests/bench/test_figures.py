"""Percentiles, spreads, verdicts, and the table that shows them."""

import pytest

from bench.figures import percentile, spread
from bench.report import number, table
from bench.rows import Peer, Row, at_least, at_most


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1), (1, 1), (50, 50), (50.5, 51), (99, 99), (100, 100)]
)
def test_percentile_is_a_sample_that_so_many_do_not_exceed(percent: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == expected


def test_percentile_of_few_is_their_largest() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def test_spread_tells_the_median_and_between_what() -> None:
    found = spread([5.0, 1.0, 3.0])
    assert (found.median, found.low, found.high, found.repeats) == (3.0, 1.0, 5.0, 3)
    assert str(found) == "1–5, 3 ×"


@pytest.mark.parametrize(
    ("bound", "measured", "verdict"),
    [
        (at_most(12, 8), 8.0, "goal"),
        (at_most(12, 8), 12.0, "met"),
        (at_most(12, 8), 12.1, "MISSED"),
        (at_least(900, 2000), 2000.0, "goal"),
        (at_least(900, 2000), 900.0, "met"),
        (at_least(900, 2000), 899.0, "MISSED"),
        (at_least(1000), 5000.0, "met"),
        (None, 1.0, "–"),
    ],
)
def test_verdicts(bound: object, measured: float, verdict: str) -> None:
    assert Row("x", measured, "ms", bound).verdict == verdict  # type: ignore[arg-type]  # None too


def test_what_was_broken_off_is_missed_however_little_it_was() -> None:
    row = Row("storm", 60.0, "s", at_most(60), unfinished=True)
    assert row.verdict == "MISSED"
    assert "> 60 s" in table([row])


def test_the_table_tells_everything_of_a_row() -> None:
    row = Row(
        "delivery",
        450.0,
        "/s",
        at_least(900, 2000),
        Peer("Apprise", 15.0, "one after the other"),
        n=12_000,
        repeats="440–460, 3 ×",
        note="192 bots",
        stages={"worker": 1.5},
    )
    shown = table([row])
    for words in ("450 /s", "≥ 900 → 2,000", "MISSED", "Apprise 15", "30 ×", "12,000", "3 ×"):
        assert words in shown
    for words in ("192 bots", "Apprise: one after the other", "CPU ms an alert: worker 1.50"):
        assert words in shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (1.234, "1.23"), (99.96, "100"), (12345.6, "12,346")]
)
def test_numbers_show_what_matters(value: float, shown: str) -> None:
    assert number(value) == shown
