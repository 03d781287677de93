"""Tasks that no broker takes run in this process, and none of them spins."""

import threading
import time

from config.local_runs import LocalRuns


def test_one_that_fails_and_wants_itself_pauses() -> None:
    runs: list[float] = []
    is_second = threading.Event()

    def fails() -> None:
        runs.append(time.monotonic())
        local.run("fails")
        if len(runs) == 2:
            is_second.set()
            local.close()
        raise ValueError

    local = LocalRuns({"fails": fails}, {})
    assert local.run("fails")
    assert is_second.wait(10)
    assert runs[1] - runs[0] > 0.5
