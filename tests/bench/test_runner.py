"""One scenario's failure is its own."""

import sys
import threading
from collections.abc import Iterator

from bench.processes import Process
from bench.rows import Row
from bench.runner import side_by_side

ROW = Row("what", 1.0, "s")


def _fails_half_way() -> Iterator[Row]:
    yield ROW
    raise TimeoutError("only 3 of 5 came")


def test_what_came_before_a_failure_is_kept_and_the_others_go_on() -> None:
    outcomes = dict(side_by_side({"bad": _fails_half_way, "good": lambda: [ROW]}))
    assert outcomes["bad"].rows == [ROW]
    assert outcomes["bad"].failure == "TimeoutError: only 3 of 5 came"
    assert (outcomes["good"].rows, outcomes["good"].failure) == ([ROW], "")
    assert outcomes["good"].circumstances["commit"]


def test_one_that_hangs_is_ended_with_what_it_started_and_nothing_else() -> None:
    kept = Process([sys.executable, "-c", "import time; time.sleep(600)"], name="kept", pipes=True)
    started: list[Process] = []

    def hangs() -> Iterator[Row]:
        yield ROW
        started.append(
            Process([sys.executable, "-c", "import time; time.sleep(600)"], name="lost", pipes=True)
        )
        started[0].output()

    try:
        ((_, outcome),) = side_by_side({"hangs": hangs}, patience=1.0)
        assert kept.running
        assert not started[0].running
    finally:
        kept.kill()
    assert outcome.rows == [ROW]
    assert outcome.failure.startswith("did not end in 1 s")


def test_one_that_cannot_be_ended_is_left_behind() -> None:
    over = threading.Event()

    def deaf() -> list[Row]:
        over.wait()
        return [ROW]

    ((_, outcome),) = side_by_side({"deaf": deaf}, patience=0.1, unwinding=0.1)
    over.set()
    assert outcome.failure.startswith("did not end")
