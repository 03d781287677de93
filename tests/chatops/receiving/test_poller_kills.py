"""Pollers and the worker are killed while people write to many bots: each update is handled once in
effect, and in order. Two hundred bots: tests/faults/test_pollers.py."""

import pytest

from tests.chatops import pollers


@pytest.mark.slow
def test_killed_at_random_nothing_is_lost_or_done_twice() -> None:
    found = pollers.run(seconds=280)
    assert found["kills"] >= 3
    assert found["is_each_stored_once"], found
    assert found["effects"] == found["greeted"] == found["sent"], found
    assert found["bots_out_of_order"] == 0
    # The pollers; a worker has calls of its own to end.
    assert max(found["seconds_to_end"][1:]) < 2
