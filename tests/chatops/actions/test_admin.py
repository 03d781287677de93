"""Own commands on the console."""

import pytest

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
