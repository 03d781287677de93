"""Own commands on the console."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND_LINE
from chatops.actions import runs as running
from chatops.models import ActionRun
from tests.chatops.actions.stage import Stage
from tests.console import Person


@pytest.mark.parametrize(("who", "runs"), [("admin", 0), ("responder", 1)])
def test_a_test_is_for_whoever_may_run_it(stage: Stage, who: str, runs: int) -> None:
    action = stage.action(who=who)
    person = Person(stage.talk.organization, "responder")
    person.send(f"/chatops/ownaction/{action.pk}/press/test/", 302)
    assert ActionRun.objects.count() == runs
    page = person.read(f"/chatops/ownaction/{action.pk}/change/")
    assert ("Only admins may run /lightson." in page) == (not runs)


def test_a_list_costs_the_same_with_one_and_with_six(stage: Stage) -> None:
    person = Person(stage.talk.organization)

    def cost() -> int:
        with CaptureQueriesContext(connection) as made:
            page = person.read("/chatops/ownaction/")
        assert page.count("never run") == 0
        return len(made)

    running.ask_test(COMMAND_LINE, stage.action("first"))
    person.read("/chatops/ownaction/")
    one = cost()
    for number in range(5):
        running.ask_test(COMMAND_LINE, stage.action(f"more{number}"))
    assert cost() == one
