"""The published limits, as properties: never above them in any window, and close to them."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliveries.pacing import DOUBT, EXCESS_MAX, MARGIN, UNSEEN, Limits, Pace
from sandbox.flood import FloodMode, FloodModel
from sandbox.model import Chat

FASTEST = 0.05
EXCESS = st.floats(0.0, EXCESS_MAX)
SHARE = st.floats(0.0, 1.0)


def most_in(times: list[float], period: float) -> int:
    """The largest number of calls in any half-open window of this length."""
    ordered = sorted(times)
    return max(
        (
            sum(1 for other in ordered[i:] if other < start + period)
            for i, start in enumerate(ordered)
        ),
        default=0,
    )


def simulate(
    chats: int, group: bool, waits: Iterable[tuple[float, float, bool, float]]
) -> list[tuple[float, int]]:
    """Arrivals (time, chat) of calls that leave as early as allowed.

    An answer takes FASTEST plus an excess, a `share` of which the call spent on its way. The first
    calls may all be slow, because their connections are being made; the first one after an answer
    is as fast as any.
    """
    pace = Pace(Limits())
    free = [1000.0] * chats
    arrivals = []
    now = 1000.0
    warm_from, is_warm = math.inf, False
    for index, (excess, pause, urgent, share) in enumerate(waits):
        chat = index % chats
        ready = max(now + pause, free[chat])
        at = pace.earliest(chat, group=group, now=ready, urgent=urgent)
        pace.take(chat, group=group, at=at)
        if at >= warm_from and not is_warm:
            excess, is_warm = 0.0, True
        answered = at + FASTEST + excess
        warm_from = min(warm_from, answered)
        arrivals.append((at + FASTEST / 2 + share * excess, chat))
        pace.answered(chat, group=group, left=at, answered=answered)
        free[chat] = answered
        now = at
    return arrivals


WAITS = st.lists(
    st.tuples(EXCESS, st.sampled_from([0.0, 0.0, 0.0, 0.1, 5.0, 40.0]), st.booleans(), SHARE),
    max_size=150,
)


@settings(max_examples=60)
@given(st.sampled_from([1, 3, 60]), st.booleans(), WAITS)
def test_no_window_ever_holds_more_than_its_limit(
    chats: int, group: bool, waits: list[tuple[float, float, bool, float]]
) -> None:
    arrivals = simulate(chats, group, waits)
    assert most_in([at for at, _ in arrivals], 1.0) <= 30
    for chat in range(chats):
        own = [at for at, other in arrivals if other == chat]
        assert most_in(own, 60.0) <= (20 if group else 63)
        for seconds in (1.0, 2.0, 10.0):
            assert most_in(own, seconds) <= 3 + seconds


@pytest.mark.parametrize(
    ("chats", "group", "seconds", "allowed"),
    [(1, True, 600, 200), (1, False, 300, 300), (60, False, 20, 600)],
    ids=["group", "private", "bot"],
)
def test_at_least_95_percent_of_what_is_allowed_is_used(
    chats: int, group: bool, seconds: int, allowed: int
) -> None:
    waits = [(0.0, 0.0, False, 1.0)] * (allowed * 2)
    made = [at for at, _ in simulate(chats, group, waits) if at < 1000 + seconds]
    assert len(made) >= 0.95 * allowed


def test_a_connection_that_was_slow_to_make_lets_nobody_hurry_after_it() -> None:
    """The first call arrives 200 ms after it left, the others at once."""
    waits = [(0.2, 0.0, False, 1.0), *[(0.0, 0.0, False, 0.0)] * 5]
    arrivals = [at for at, _ in simulate(1, False, waits)]
    assert most_in(arrivals, 1.0) <= 3 + 1.0
    assert arrivals[3] - arrivals[0] >= 1.0


def test_a_machine_that_is_slow_at_first_lets_nobody_hurry_after_it() -> None:
    """Three calls arrive 200 ms after they left, and are answered so; the fourth one at once."""
    pace, way = Pace(Limits()), (0.2, 0.2, 0.2, 0.0)
    at, arrivals = 1000.0, []
    for one in way:
        at = pace.earliest("chat", group=False, now=at, urgent=False)
        pace.take("chat", group=False, at=at)
        arrivals.append(at + one)
        pace.answered("chat", group=False, left=at, answered=at + one + 0.01)
        at += one + 0.01
    assert arrivals[3] - arrivals[0] >= 1.0


@settings(max_examples=40)
@given(st.integers(1, 70))
def test_an_interactive_call_finds_a_place_in_a_busy_group(ordinary: int) -> None:
    """At any moment four interactive calls fit, the first within three seconds."""
    pace = Pace(Limits())
    at = 1000.0
    for _ in range(ordinary):
        at = pace.earliest("chat", group=True, now=at, urgent=False)
        pace.take("chat", group=True, at=at)
        pace.answered("chat", group=True, left=at, answered=at + 0.01)
    start = at
    for number in range(1, 5):
        at = pace.earliest("chat", group=True, now=at, urgent=True)
        assert at <= start + 3.1 * number + 1.1
        pace.take("chat", group=True, at=at)


def test_a_person_waits_little_in_a_busy_group_at_any_moment() -> None:
    """Of the second in which a press is to be shown, what a machine does needs its part as well."""
    pace, at, waits = Pace(Limits()), 1000.0, []
    while at < 1300.0:
        leaves = pace.earliest("chat", group=True, now=at, urgent=False)
        while at < leaves:
            waits.append(pace.earliest("chat", group=True, now=at, urgent=True) - at)
            at += 0.02
        pace.take("chat", group=True, at=leaves)
        pace.answered("chat", group=True, left=leaves, answered=leaves + 0.05)
        at = leaves + 0.05
    assert max(waits) <= 0.65
    assert max(waits) > 0.3, "places that are kept are lent"


def test_a_busy_bot_lets_interactive_calls_through() -> None:
    pace = Pace(Limits())
    at = 1000.0
    for chat in range(200):
        at = pace.earliest(chat, group=False, now=at, urgent=False)
        pace.take(chat, group=False, at=at)
    assert pace.earliest("person", group=False, now=at, urgent=True) <= at + 0.1


@given(st.lists(st.tuples(st.integers(1, 10), st.booleans()), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_an_album_counts_as_its_messages(calls: list[tuple[int, bool]]) -> None:
    """Telegram's stand-in, held to the published limits, lets each pass."""
    pace, now = Pace(Limits()), 1000.0
    flood, chat = FloodModel(FloodMode.PUBLISHED), Chat(-100, "supergroup")
    for weight, urgent in calls:
        at = pace.earliest("c", group=True, now=now, urgent=urgent, weight=weight)
        pace.take("c", group=True, at=at, weight=weight)
        pace.answered("c", group=True, left=at, answered=at + FASTEST)
        flood.admit(5, chat, at + FASTEST / 2, weight)
        now = at + FASTEST
    assert not flood.violations


def test_an_album_that_did_not_leave_is_given_back() -> None:
    pace = Pace(Limits())
    before = pace.earliest("c", group=True, now=1000.0, urgent=False, weight=10)
    pace.take("c", group=True, at=before, weight=10)
    assert pace.earliest("c", group=True, now=1000.0, urgent=False) > 1005
    pace.give_back("c", group=True)
    assert pace.earliest("c", group=True, now=1000.0, urgent=False, weight=10) == before


def test_what_did_not_leave_is_given_back() -> None:
    pace = Pace(Limits(per_second=1))
    pace.take("chat", group=True, at=1000.0)
    assert pace.earliest("other", group=True, now=1000.0, urgent=True) > 1001
    pace.give_back("chat", group=True)
    assert pace.earliest("other", group=True, now=1000.0, urgent=True) == 1000.0


def test_only_chats_that_rest_are_forgotten() -> None:
    pace = Pace(Limits())
    for chat, at in (("old", 900.0), ("new", 1000.0)):
        pace.take(chat, group=True, at=at)
        pace.answered(chat, group=True, left=at, answered=at + 0.05)
    pace.forget_rested(1000.5)
    for _ in range(19):
        at = pace.earliest("new", group=True, now=1000.5, urgent=True)
        pace.take("new", group=True, at=at)
        pace.answered("new", group=True, left=at, answered=at)
    assert pace.earliest("new", group=True, now=1000.5, urgent=True) >= 1060.0
    assert pace.earliest("old", group=True, now=1000.5, urgent=False) == 1000.5


@pytest.mark.parametrize(
    ("answered", "counted"),
    [(0.1, 0.1 + DOUBT), (0.4, 0.4 + DOUBT), (3.0, UNSEEN), (None, UNSEEN)],
    ids=["answered", "slow", "throttled", "unknown"],
)
def test_a_former_holders_call_counts_from_when_it_can_have_arrived(
    answered: float | None, counted: float
) -> None:
    pace = Pace(Limits())
    for _ in range(3):
        pace.recall(
            "chat",
            group=True,
            began=1000.0,
            answered=None if answered is None else 1000.0 + answered,
        )
    free = pace.chat_earliest("chat", group=True, now=1000.0, urgent=True)
    assert free == pytest.approx(1000.0 + counted + 1.0 + MARGIN)
