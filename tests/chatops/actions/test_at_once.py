"""Reports that meet each other: a run ends once, and all but one hear that it had."""

import threading
from collections import Counter

from django.db import connections

from chatops.actions import runs
from chatops.actions.reports import Report
from chatops.actions.runs import Heard
from chatops.models import ActionRun
from deliveries.models import Delivery
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
