"""A whole lane on a simulated clock: never above the limits, close to them, and nobody left out."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.figures import percentile
from deliveries.pacing import EXCESS_MAX, Limits
from deliveries.streams import Priority
from tests.deliveries.simulation import Lane, Made, Way, Wish, efficiency
from tests.deliveries.test_pacing import most_in

WAY = 0.05
"""What the fastest answer takes."""


def steady(_: int) -> Way:
    return Way(WAY, WAY / 2)


def jittery(mean: float, fastest: float = WAY) -> Callable[[int], Way]:
    """Answers that take longer by so many seconds on average, spent anywhere on the way."""
    chance = random.Random(1)

    def way(_: int) -> Way:
        excess = min(EXCESS_MAX, chance.expovariate(1 / mean))
        return Way(
            fastest + excess, fastest / 2 + excess * chance.random(), chance.uniform(0, 0.002)
        )

    return way


OVERDUE = 60.0
"""Seconds after which no priority passes any more."""
PRIVATE, GROUP = [1], [-1]
CROWD = list(range(1, 61))
GROUPS = [-number for number in range(1, 61)]


def full(chats: list[int], seconds: float, priority: int = Priority.NORMAL) -> list[Wish]:
    """More than may leave."""
    return [Wish(0.0, chat, priority) for chat in chats for _ in range(int(1.2 * seconds) + 10)]


# --- never above ---

WISH = st.builds(
    Wish,
    at=st.sampled_from([0.0, 0.0, 0.5, 2.0, 5.0, 30.0]),
    chat=st.integers(-12, 40).filter(bool),
    priority=st.sampled_from(list(Priority)),
    owner=st.integers(0, 2),
)


def ways(late: float) -> st.SearchStrategy[list[Way]]:
    """Calls that leave up to so many seconds late, and straggle as much as is believed."""
    way = st.builds(
        lambda excess, share, late: Way(WAY + excess, WAY / 2 + excess * share, late),
        st.floats(0.0, EXCESS_MAX),
        st.floats(0.0, 1.0),
        st.floats(0.0, late),
    )
    return st.lists(way, min_size=1, max_size=40)


@settings(max_examples=60)
@given(st.lists(WISH, max_size=80), st.integers(1, 12), ways(0.3))
def test_nothing_that_arrives_is_above_the_limits(
    wishes: list[Wish], times: int, found: list[Way]
) -> None:
    """Whatever waits and however calls straggle, once a call after the first answer was fast."""
    many = [Wish(one.at, one.chat, one.priority, one.owner) for one in wishes for _ in range(times)]

    def way(number: int) -> Way:
        return steady(number) if number < 2 else found[number % len(found)]

    made = Lane(many, way).run(90.0)
    assert [one for one in made if not one.accepted] == []


@settings(max_examples=60)
@given(st.lists(WISH, max_size=80), st.integers(1, 12), ways(0.1), st.floats(0.5, 30.0))
def test_nothing_is_above_the_limits_where_processes_take_turns(
    wishes: list[Wish], times: int, found: list[Way], hold: float
) -> None:
    """Calls are under way at the hand-over too: of those nobody tells the next one. Each one learns
    anew how fast answers are: of eight of them one or two are as fast as any."""
    many = [Wish(one.at, one.chat, one.priority, one.owner) for one in wishes for _ in range(times)]

    def way(number: int) -> Way:
        return found[number % len(found)] if number % 5 else steady(number)

    made = Lane(many, way, hold=hold).run(90.0)
    assert [one for one in made if not one.accepted] == []


@pytest.mark.parametrize(
    "chats", [PRIVATE, GROUP, CROWD, GROUPS], ids=lambda chats: str(len(chats))
)
def test_nothing_is_refused_under_full_load(chats: list[int]) -> None:
    made = Lane(full(chats, 130.0), jittery(0.02)).run(130.0)
    assert [one for one in made if not one.accepted] == []


# --- close to them ---


@pytest.mark.parametrize(
    ("chats", "way", "least"),
    [
        (PRIVATE, steady, 0.98),
        (PRIVATE, jittery(0.01), 0.98),
        (GROUP, steady, 0.955),
        (GROUP, jittery(0.01), 0.955),
        (GROUPS, jittery(0.01), 0.955),
        (CROWD, steady, 0.98),
        (CROWD, jittery(0.01), 0.955),
    ],
)
def test_at_least_95_percent_of_what_is_allowed_is_used(
    chats: list[int], way: Callable[[int], Way], least: float
) -> None:
    made = Lane(full(chats, 124.0), way).run(124.0)
    assert efficiency(made, chats, 124.0) >= least


@pytest.mark.parametrize("hold", [7.0, 25.0, 60.0])
@pytest.mark.parametrize(
    ("chats", "least"), [(PRIVATE, 0.98), (GROUP, 0.955), (GROUPS, 0.955), (CROWD, 0.955)]
)
def test_a_lane_that_goes_from_process_to_process_keeps_its_pace(
    chats: list[int], least: float, hold: float
) -> None:
    """As among several workers, whose runs end after 25 seconds."""
    made = Lane(full(chats, 130.0), jittery(0.005, 0.005), hold=hold).run(124.0)
    assert [one for one in made if not one.accepted] == []
    assert efficiency(made, chats, 124.0) >= least


@pytest.mark.parametrize("chats", [list(range(1, 41)), [1], [-1]], ids=["bot", "private", "group"])
def test_a_local_servers_limits_are_kept_and_used_as_well(chats: list[int]) -> None:
    """A bot whose owner may send more: each limit three times Telegram's."""
    limits = Limits(per_second=90, chat_per_second=3, group_per_minute=60)
    calls = {40: 220, 1: 250}[len(chats)]
    wishes = [Wish(0.0, chat) for chat in chats for _ in range(calls)]
    made = Lane(wishes, jittery(0.005), limits).run(61.0)
    arrived = [one.arrived for one in made]
    assert most_in(arrived, 1.0) <= (90 if len(chats) > 1 else 6)
    most = {40: 90 * 61, 1: 3 * 61 if chats[0] > 0 else 60 + 1}[len(chats)]
    assert most_in(arrived, 60.0) <= {40: 5400, 1: 183 if chats[0] > 0 else 60}[len(chats)]
    assert len(arrived) >= 0.95 * most


# --- interactive ---


@pytest.mark.parametrize(
    "chats", [PRIVATE, GROUP, CROWD, GROUPS], ids=["private", "group", "crowd", "groups"]
)
def test_a_person_is_answered_within_a_second_whatever_waits(chats: list[int]) -> None:
    """In the busy chats themselves, as often as is reserved, and in one where nothing happens."""
    chance = random.Random(2)
    asked = [
        Wish(10.0 + 15.3 * number, chance.choice([*chats, 500]), Priority.INTERACTIVE)
        for number in range(16)
    ]
    seconds = 270.0
    backlog = full(chats, seconds, Priority.CRITICAL)
    made = Lane([*backlog, *asked], jittery(0.01)).run(seconds)
    waits = [one.arrived - one.wish.at for one in made if one.wish in set(asked)]
    assert len(waits) == len(asked)
    assert percentile(waits, 99) <= 1.0


def test_who_presses_buttons_all_the_time_keeps_no_alert_from_the_chat() -> None:
    """He may go first in a fifth of the chat's calls; beyond that he waits for his turn."""
    pressed = [Wish(number * 0.2, 1, Priority.INTERACTIVE) for number in range(600)]
    alerts = [Wish(-OVERDUE, 1) for _ in range(200)]
    made = Lane([*alerts, *pressed], steady).run(120.0)
    told = sum(one.wish.priority == Priority.NORMAL for one in made)
    assert told >= 0.78 * len(made)


def test_people_of_many_chats_leave_the_bot_to_alerts_too() -> None:
    pressed = [
        Wish(number * 0.01, 1000 + number % 500, Priority.INTERACTIVE) for number in range(6000)
    ]
    alerts = [Wish(-OVERDUE, chat) for chat in CROWD for _ in range(60)]
    made = Lane([*alerts, *pressed], steady).run(50.0)
    told = sum(one.wish.priority == Priority.NORMAL for one in made)
    assert told >= 0.85 * len(made)


def test_people_of_one_organization_do_not_hold_up_those_of_another() -> None:
    flood = [Wish(0.0, 1000 + number, Priority.INTERACTIVE, 1) for number in range(3000)]
    mine = Wish(5.0, 1, Priority.INTERACTIVE, 2)
    made = Lane([*flood, mine], steady).run(20.0)
    (waited,) = [one.arrived - 5.0 for one in made if one.wish is mine]
    assert waited <= 1.0


# --- nobody is left out ---


def passed_by(made: list[Made]) -> float:
    """By how much at most a call was due later than one of its chat that left after it."""
    worst = 0.0
    latest: dict[int, float] = {}
    for one in sorted(made, key=lambda one: one.arrived):
        worst = max(worst, latest.get(one.wish.chat, 0.0) - one.wish.at)
        latest[one.wish.chat] = max(latest.get(one.wish.chat, 0.0), one.wish.at)
    return worst


ORDINARY = [priority for priority in Priority if priority != Priority.INTERACTIVE]


@settings(max_examples=25)
@given(
    st.lists(
        st.builds(
            Wish,
            at=st.floats(0.0, 200.0),
            chat=st.integers(-3, 3).filter(bool),
            priority=st.sampled_from(ORDINARY),
        ),
        max_size=400,
    )
)
def test_nobody_is_passed_by_what_became_due_a_minute_later(wishes: list[Wish]) -> None:
    made = Lane(wishes, steady).run(1500.0)
    assert len(made) == len(wishes), "everything leaves in the end"
    assert passed_by(made) <= 60.0


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True), st.integers(1, 40)
)
def test_a_small_organization_on_a_shared_bot_waits_for_its_share_alone(
    floods: list[int], calls: int
) -> None:
    """Each of n organizations gets the bot's nth part while it has something to send."""
    flood = [Wish(0.0, 100 * owner + chat, owner=owner) for owner in floods for chat in range(90)]
    flood = [Wish(0.0, one.chat, owner=one.owner) for one in flood for _ in range(30)]
    mine = [Wish(10.0, 5_000 + number, owner=9) for number in range(calls)]
    made = Lane([*flood, *mine], steady).run(25.0)
    waits = [one.arrived - 10.0 for one in made if one.wish.owner == 9]
    share = 30 / (len(floods) + 1)
    assert len(waits) == calls
    assert max(waits) <= calls / share + 0.5
