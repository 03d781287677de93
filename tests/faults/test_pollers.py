"""Two hundred bots are polled while pollers and the worker are killed: each update is handled once
in effect and in order, and a chat whose handling takes long delays nobody else."""

import pytest

from tests.chatops import pollers
from tests.faults.scale import scaled

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

KILLED_SECONDS, SLOW_SECONDS = 12, 10
ENDED_SECONDS = 5.0
"""A poller ends in two seconds; a loaded machine may take longer."""


def test_two_hundred_bots_and_a_slow_chat() -> None:
    options = {"bots": 200, "rate": 50, "every": 2, "slow": SLOW_SECONDS}
    options["seconds"] = scaled(KILLED_SECONDS)
    given = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    found = pollers.run(*given, seconds=800)
    assert found["kills"] >= 3
    assert found["is_each_stored_once"], found
    assert found["effects"] == found["greeted"] == found["sent"], found
    assert found["bots_out_of_order"] == 0
    assert max(found["seconds_to_end"][1:]) < ENDED_SECONDS
    until_handled = found["seconds_until_handled"]
    assert until_handled["slow chat"]["p50"] > 4, "it waits for Telegram"
    assert until_handled["slow"]["p95"] < until_handled["slow chat"]["p50"], found
