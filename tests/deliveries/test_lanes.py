"""Leases: one holder per lane, whoever asks and however many."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from deliveries import lanes
from deliveries.models import Delivery, Lane
from deliveries.pacing import DOUBT
from tests import clock
from tests.deliveries.conftest import Project, Stage


@pytest.fixture
def lane(stage: Stage) -> Lane:
    return Lane.objects.create(bot=stage.bot)


def test_a_lane_has_one_holder_and_every_holder_a_new_fence(lane: Lane) -> None:
    now = timezone.now()
    ids = [lane.bot_id]
    assert [one.fence for one in lanes.take(ids, "a", now)] == [1]
    assert lanes.take(ids, "b", now) == []
    assert lanes.take(ids, "b", now + lanes.LEASE - timedelta(seconds=1)) == []
    assert [one.fence for one in lanes.take(ids, "b", now + lanes.LEASE * 1.1)] == [2]
    assert lanes.renew("a", now) == 0, "who lost a lease can't renew it"


def test_a_renewed_lease_lasts(lane: Lane) -> None:
    now = timezone.now()
    lanes.take([lane.bot_id], "a", now)
    assert lanes.renew("a", now + lanes.LEASE / 2) == 1
    assert lanes.take([lane.bot_id], "b", now + lanes.LEASE * 1.2) == []


def test_a_marked_lane_is_not_let_go_before_it_is_read_again(lane: Lane) -> None:
    ids = [lane.bot_id]
    lanes.take(ids, "a", timezone.now())
    lanes.mark_dirty(ids, "b")
    assert lanes.release(ids, "a") == ids
    assert lanes.release(ids, "a") == []
    assert Lane.objects.get().holder == ""


def test_nobody_marks_his_own_or_a_free_lane(lane: Lane) -> None:
    ids = [lane.bot_id]
    lanes.mark_dirty(ids, "a")
    lanes.take(ids, "a", timezone.now())
    lanes.mark_dirty(ids, "a")
    assert lanes.take_dirty(ids, "a") == []


CONTEND = """
import os
from django.utils import timezone
from deliveries import lanes
from deliveries.models import Lane
from tests import clock
lane = Lane.objects.get()
until, won = clock.now() + 2, []
while clock.now() < until:
    for taken in lanes.take([lane.bot_id], str(os.getpid()), timezone.now()):
        assert Lane.objects.get().holder == str(os.getpid())
        won.append(taken.fence)
        lanes.release([lane.bot_id], str(os.getpid()))
print(won)
"""
LANE = """
from django.core.management import call_command
from tests.factories import make_bot, make_organization
from deliveries.models import Lane
call_command("migrate", verbosity=0)
Lane.objects.create(bot=make_bot(make_organization()))
"""


def test_two_processes_never_hold_a_lane_at_once(project: Project) -> None:
    assert project(LANE, "http://127.0.0.1:9").wait(60) == 0
    rivals = [project(CONTEND, "http://127.0.0.1:9") for _ in range(2)]
    fences: list[int] = []
    for rival in rivals:
        said, _ = rival.communicate(timeout=60)
        assert rival.returncode == 0
        won = json.loads(said)
        assert won, "each must win now and then"
        fences += won
    assert len(set(fences)) == len(fences), "two holders under one fence"


def test_work_is_found_by_bot_and_disabled_bots_have_none(stage: Stage) -> None:
    channel, _ = stage.channel()
    now = timezone.now()
    assert lanes.with_work("a", now) == ([], [])
    stage.send(channel)
    assert lanes.with_work("a", now) == ([stage.bot.pk], [])
    lanes.take([stage.bot.pk], "b", now)
    assert lanes.with_work("a", now) == ([], [stage.bot.pk])
    assert lanes.with_work("b", now) == ([], []), "its own lanes are no news"
    assert lanes.with_work("a", now + lanes.LEASE * 1.1) == ([stage.bot.pk], [])
    type(stage.bot).objects.update(enabled=False)
    assert lanes.with_work("a", now) == ([], [])


def test_settled_and_parked_calls_are_no_work(stage: Stage) -> None:
    channel, _ = stage.channel()
    stage.send(channel)
    for state in ("sent", "parked", "dead", "superseded"):
        Delivery.objects.update(state=state)
        assert lanes.with_work("a", timezone.now()) == ([], [])
    Delivery.objects.update(state="in_flight")
    found: tuple[list[UUID], list[UUID]] = ([stage.bot.pk], [])
    assert lanes.with_work("a", timezone.now()) == found


@clock.undisturbed
def test_the_clock_is_the_databases(stage: Stage) -> None:
    ours = lanes.Clock()
    assert abs(ours.now() - datetime.now(UTC).timestamp()) < 1
    assert abs((ours.time(60) - ours.time()).total_seconds() - 60) < 0.1


def test_a_clock_asks_again_where_an_answer_was_late(stage: Stage) -> None:
    """By half of what the answer took it may be off, and what one process notes another counts."""
    waits = [0.3, 0.3]

    def late(execute: Callable[..., Any], *question: Any) -> Any:
        answer = execute(*question)
        time.sleep(waits.pop() if waits else 0.0)
        return answer

    with connection.execute_wrapper(late):
        ours = lanes.Clock()
    before, found, after = time.time(), ours.now(), time.time()
    assert before - DOUBT <= found <= after + DOUBT
