"""What is read of the outbox: what waits, since when, and which lanes are stuck."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from channels_app.bots import change_bot, disable_bot
from deliveries import figures, health, lanes, tally
from deliveries.advice import ADVICE, Problem
from deliveries.figures import Figures
from deliveries.models import ChatClock, Delivery, DeliveryAttempt, Lane, Mark, Tally
from tests import clock
from tests.deliveries.conftest import Stage

pytestmark = pytest.mark.django_db(transaction=True)

State = Delivery.State


def now() -> Figures:
    return figures.read(lanes.Clock().time())


def attempt(delivery: Delivery, at: datetime, outcome: str = "sent") -> DeliveryAttempt:
    return DeliveryAttempt.objects.create(
        organization_id=delivery.organization_id,
        delivery=delivery,
        bot_id=delivery.bot_id,
        chat_id=delivery.chat_id,
        number=1,
        fence=1,
        method=delivery.method,
        started_at=at,
        deadline=at,
        finished_at=at,
        outcome=outcome,
    )


@pytest.fixture
def waiting(stage: Stage) -> Delivery:
    """A call that has waited for ten minutes."""
    channel, _ = stage.channel()
    message = stage.send(channel, due_at=stage.ago(600))
    Lane.objects.create(bot=stage.bot)
    return Delivery.objects.get(target=message)


def test_an_empty_outbox(stage: Stage) -> None:
    found = now()
    assert found.queues == []
    assert found.late_by == timedelta(0)
    assert not found.states.total()
    assert found.bots == {"enabled": 1, "refused": 0, "off": 0}


def test_states_and_the_oldest(stage: Stage, waiting: Delivery) -> None:
    channel, _ = stage.channel()
    for state in (State.PARKED, State.DEAD, State.SENT, State.SUPERSEDED):
        message = stage.send(channel, due_at=stage.ago(6000))
        Delivery.objects.filter(target=message).update(state=state)
    stage.send(channel)
    found = now()
    assert found.states == {"waiting": 2, "parked": 1, "dead": 1}
    assert 590 < found.late_by.total_seconds() < 700
    assert [queue.chats for queue in found.queues] == [2]


def hold(waiting: Delivery) -> None:
    Lane.objects.update(holder="a", leased_until=timezone.now() + timedelta(seconds=10))


def tried(waiting: Delivery) -> None:
    attempt(waiting, timezone.now() - timedelta(seconds=30))


def tried_long_ago(waiting: Delivery) -> None:
    attempt(waiting, timezone.now() - timedelta(seconds=300))


def paused(waiting: Delivery) -> None:
    Lane.objects.update(not_before=timezone.now() + timedelta(seconds=20))


def just_past_its_pause(waiting: Delivery) -> None:
    Lane.objects.update(not_before=timezone.now() - timedelta(seconds=1))


def doubted(waiting: Delivery) -> None:
    Lane.objects.update(suspected_at=timezone.now())


def limited(waiting: Delivery) -> None:
    ChatClock.objects.create(
        chat=waiting.chat, not_before=timezone.now() + timedelta(seconds=60), reason="429"
    )


def postponed(waiting: Delivery) -> None:
    Delivery.objects.update(not_before=timezone.now() + timedelta(seconds=10))


def in_flight(waiting: Delivery) -> None:
    deadline = timezone.now() + timedelta(seconds=40)
    Delivery.objects.update(state=State.IN_FLIGHT, deadline=deadline)


def left_in_flight(waiting: Delivery) -> None:
    deadline = timezone.now() - timedelta(seconds=200)
    Delivery.objects.update(state=State.IN_FLIGHT, deadline=deadline)


def off(waiting: Delivery) -> None:
    change_bot(COMMAND_LINE, waiting.bot, enabled=False)


def no_lane(waiting: Delivery) -> None:
    Lane.objects.all().delete()


Change = Callable[[Delivery], None]


@pytest.mark.parametrize(
    ("changes", "stuck"),
    [
        ([], "stuck_free"),
        ([no_lane], "stuck_free"),
        ([hold], "stuck_held"),
        ([hold, tried_long_ago], "stuck_held"),
        ([left_in_flight], "stuck_free"),
        ([hold, tried], ""),
        ([hold, paused], ""),
        ([hold, just_past_its_pause], ""),
        ([hold, doubted], ""),
        ([hold, limited], ""),
        ([hold, postponed], ""),
        ([hold, in_flight], ""),
        ([off], ""),
    ],
    ids=lambda value: " ".join(one.__name__ for one in value) if isinstance(value, list) else value,
)
def test_stuck_lanes(waiting: Delivery, changes: list[Change], stuck: str) -> None:
    for change in changes:
        change(waiting)
    found = now().lanes
    assert {name: found[name] for name in ("stuck_held", "stuck_free") if found[name]} == (
        {stuck: 1} if stuck else {}
    )


def test_refused_or_switched_off(stage: Stage, waiting: Delivery) -> None:
    assert waiting.channel is not None
    health.disable(waiting.channel, Problem.BLOCKED, "Forbidden")
    health.switch_off(COMMAND_LINE, stage.channel()[0])
    disable_bot(stage.bot, ADVICE[Problem.WRONG_TOKEN].wrong)
    found = now()
    assert found.channels == {"enabled": 0, "refused": 1, "off": 1}
    assert found.bots == {"enabled": 0, "refused": 1, "off": 0}


def test_what_failed_since_telegram_last_took_a_call(stage: Stage, waiting: Delivery) -> None:
    Mark.objects.create(name=tally.ANSWERED, at=stage.ago(500))
    for seconds, outcome in ((600, "lanebackoff"), (450, "lanebackoff"), (10, "giveup")):
        attempt(waiting, stage.ago(seconds), outcome)
    assert now().failing_for == timedelta(0), "its server is a user's own"
    stage.bot.api_url = ""
    stage.bot.save()
    assert round(now().failing_for.total_seconds()) == 440


@clock.undisturbed
def test_the_cost_does_not_grow_with_what_was_sent(stage: Stage, waiting: Delivery) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            now()
        return len(captured)

    before = queries()
    for _ in range(5):
        stage.send(stage.channel()[0])
    assert queries() <= before <= 15


PLAN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}


@pytest.mark.parametrize(
    ("states", "index"),
    [("'waiting', 'in_flight'", "delivery_open"), ("'parked', 'dead'", "delivery_trouble")],
)
def test_counting_reads_partial_indexes_alone(stage: Stage, states: str, index: str) -> None:
    sql = figures._STATES.format(states=states, limit=10)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
        cursor.execute(PLAN[connection.vendor] + sql)
        plan = str(cursor.fetchall())
        if connection.vendor == "postgresql":
            cursor.execute("RESET enable_seqscan")
    assert index in plan, plan


# --- tallies -------------------------------------------------------------------------------------


def totals() -> dict[str, int]:
    tally.write()
    return dict(Tally.objects.values_list("key", "value"))


def test_what_telegram_says_is_counted(stage: Stage) -> None:
    totals()
    Tally.objects.all().delete()
    stage.send(stage.channel()[0])
    stage.dispatch()
    found = totals()
    assert found["answers:sent"] == 1
    assert sum(n for key, n in found.items() if key.startswith("seconds:attempt:")) == 1
    assert sum(n for key, n in found.items() if key.startswith("seconds:dispatch:")) == 1
    assert found["microseconds:attempt"] > 0
    marks = now()
    for name in (tally.ANSWERED, tally.DISPATCHED):
        age = marks.age_of(name)
        assert age is not None
        assert age < timedelta(seconds=60)


def test_counts_of_two_processes_add_up(db: Any) -> None:
    books = tally.Book(), tally.Book()
    for number, book in enumerate(books, 1):
        book.add(Counter({"tests:a": number}))
        book.mark("tests", 1000.0 * number)
    for book in reversed(books):
        book.write()
        book.write()
    assert Tally.objects.get(key="tests:a").value == 3
    assert Mark.objects.get(name="tests").at.timestamp() == 2000.0, "an older one changes nothing"
