"""The stand-in's limits: what is admitted, what is refused and for how long, what is allowed."""

import pytest

from bench.limits import BOT_CALLS, GROUP_CALLS, Limits, allowed_calls

PRIVATE, GROUP = 1, -1


def admitted(limits: Limits, chat_id: int, *times: float) -> list[bool]:
    return [limits.admit(7, chat_id, time) == 0 for time in times]


def test_a_chat_takes_a_burst_of_three_then_one_a_second() -> None:
    limits = Limits()
    assert admitted(limits, PRIVATE, 0, 0, 0, 0.5, 1.0, 1.5, 2.0) == [
        *(True, True, True),
        *(False, True, False, True),
    ]


def test_a_refused_call_hears_how_long_to_wait_and_is_not_counted() -> None:
    limits = Limits()
    admitted(limits, PRIVATE, 0, 0, 0)
    assert limits.admit(7, PRIVATE, 0.25) == pytest.approx(0.75)
    assert limits.admit(7, PRIVATE, 0.5) == pytest.approx(0.5)
    assert limits.admit(7, PRIVATE, 1.0) == 0


def test_a_group_takes_twenty_a_minute() -> None:
    limits = Limits()
    assert all(admitted(limits, GROUP, *range(GROUP_CALLS)))
    assert limits.admit(7, GROUP, 30.0) == pytest.approx(30.0)
    assert limits.admit(7, GROUP, 60.0) == 0
    assert limits.admit(7, GROUP, 60.5) == pytest.approx(0.5)


def test_a_bot_takes_thirty_a_second_over_all_its_chats() -> None:
    limits = Limits()
    assert all(limits.admit(7, chat, 0.0) == 0 for chat in range(1, BOT_CALLS + 1))
    assert limits.admit(7, 99, 0.4) == pytest.approx(0.6)
    assert limits.admit(8, 99, 0.4) == 0, "another bot has its own"
    assert limits.admit(7, 99, 1.0) == 0


@pytest.mark.parametrize(
    ("chats", "seconds", "calls"),
    [
        ([PRIVATE], 0.0, 3),
        ([PRIVATE], 60.0, 63),
        ([GROUP], 59.0, 20),
        ([GROUP], 60.0, 23),  # the first three are a minute old by then
        ([GROUP], 179.0, 60),
        ([1, 2], 10.0, 26),
        (range(1, 61), 0.5, 30),
        (range(1, 61), 9.5, 300),
        ([], 10.0, 0),
    ],
)
def test_what_is_allowed(chats: list[int], seconds: float, calls: int) -> None:
    assert allowed_calls(chats, seconds) == calls
