"""Which head of a lane leaves next."""

from uuid import UUID, uuid4

from deliveries.pacing import EXCESS_MAX, Limits, Pace
from deliveries.schedule import Head, Schedule

NOW = 1000.0
ONE, TWO = uuid4(), uuid4()


def head(
    turn: float = NOW, *, owner: UUID = ONE, urgent: bool = False, not_before: float = 0.0
) -> Head:
    return Head(
        delivery_id=uuid4(),
        bot_id=uuid4(),
        chat_id=uuid4(),
        organization_id=owner,
        group=False,
        urgent=urgent,
        turn=turn,
        not_before=not_before,
    )


def drain(schedule: Schedule, now: float = NOW) -> list[Head]:
    picked = []
    while (found := schedule.pick(now, 0.0)) is not None:
        picked.append(found[0])
    return picked


def make(*heads: Head, limits: Limits | None = None) -> Schedule:
    schedule = Schedule(Pace(limits or Limits()))
    for one in heads:
        schedule.put(one, NOW)
    return schedule


def test_the_smallest_turn_leaves_first_and_interactive_before_all() -> None:
    late, early, urgent = head(NOW + 5), head(NOW + 1), head(NOW + 99, urgent=True)
    assert drain(make(late, early, urgent)) == [urgent, early, late]


def test_organizations_take_turns_on_a_shared_bot() -> None:
    flood = [head(NOW + number) for number in range(20)]
    small = [head(NOW + 1000 + number, owner=TWO) for number in range(3)]
    order = drain(make(*flood, *small))
    places = [order.index(one) for one in small]
    assert max(places) <= 6, "who sends little does not wait behind who sends much"


def test_who_comes_back_gets_no_credit() -> None:
    schedule = make(*[head(NOW + number) for number in range(9)])
    for _ in range(5):
        schedule.pick(NOW, 0.0)
    for number in range(9):
        schedule.put(head(NOW + number, owner=TWO), NOW)
    owners = [one.organization_id for one in drain(schedule)]
    assert owners[:8].count(ONE) == owners[:8].count(TWO)


def test_a_chats_clock_holds_it_back_and_no_other() -> None:
    limited, free = head(not_before=NOW + 30), head()
    schedule = make(limited, free)
    assert drain(schedule) == [free]
    assert schedule.next_time(NOW) == NOW + 30
    assert drain(schedule, NOW + 30) == [limited]


def test_the_bots_limit_is_what_the_schedule_waits_for() -> None:
    schedule = make(head(), head(), limits=Limits(per_second=1))
    assert len(drain(schedule)) == 1
    later = schedule.next_time(NOW)
    assert later is not None
    assert 1.0 <= later - NOW <= 1.1 + EXCESS_MAX, "the first call's way is not known yet"
    assert len(drain(schedule, later)) == 1


def test_a_newer_head_replaces_the_chats_former_one() -> None:
    old = head()
    new = Head(
        delivery_id=uuid4(),
        bot_id=old.bot_id,
        chat_id=old.chat_id,
        organization_id=ONE,
        group=False,
        urgent=True,
        turn=NOW,
        not_before=0.0,
    )
    assert drain(make(old, new)) == [new]
    schedule = make(old)
    schedule.drop(old.chat_id)
    assert drain(schedule) == []
    assert schedule.next_time(NOW) is None
