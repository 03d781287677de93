"""Reports that meet each other: a run ends once, and all but one hear that it had."""

import threading
import time
from collections import Counter

from django.db import connections

from accounts.audit import COMMAND_LINE
from chatops.actions import runs
from chatops.actions.reports import Report
from chatops.actions.runs import Heard
from chatops.endpoints import send
from chatops.models import ActionRun, OwnAction
from deliveries import outgoing
from deliveries.models import Delivery
from tests import clock
from tests.chatops.actions.stage import Stage

AT_ONCE = 6


def test_a_run_ends_once_whoever_posts(stage: Stage) -> None:
    stage.action()
    stage.answers(202)
    stage.says(stage.ada, "/lightson")
    stage.call()
    run = ActionRun.objects.get()
    before = Delivery.objects.count()
    heard: list[Heard] = []
    ready = threading.Barrier(AT_ONCE)

    def post(number: int) -> None:
        try:
            ready.wait()
            heard.append(runs.report(run.pk, Report("done", f"by {number}")))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(heard) == {Heard.TAKEN: 1, Heard.ENDED: AT_ONCE - 1}
    run.refresh_from_db()
    assert stage.shown() == f"✅ /lightson done\n{run.text}"
    assert Delivery.objects.count() == before + 1


def test_who_hangs_holds_no_more_threads_than_are_its_own(stage: Stage) -> None:
    """Tasks come every few seconds, and share the threads: each of them gave it two more, and was
    held up itself, with whatever stands in its queue."""
    stage.action()
    stage.receiver.hangs = 6.0
    for _ in range(2 * outgoing.PER_ORGANIZATION + 1):
        runs.ask_test(COMMAND_LINE, OwnAction.objects.get())

    def one_task() -> None:
        try:
            send.send_waiting(1)
        finally:
            connections.close_all()

    first = threading.Thread(target=one_task)
    first.start()
    until = clock.now() + 30
    while len(stage.receiver.keys) < outgoing.PER_ORGANIZATION and clock.now() < until:
        time.sleep(0.02)
    assert send.send_waiting(0.5) == 0
    assert len(stage.receiver.keys) == outgoing.PER_ORGANIZATION
    first.join()
