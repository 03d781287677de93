"""Whatever is typed after an own command, no handler fails, and what is told is what was typed."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatops.models import ActionRun
from deliveries import clock
from tests.chatops.actions.stage import Stage
from tests.chatops.commands.test_any_text import EXAMPLES, WORDS, check, say

NAMES = ("lightson", "lightson_all", "lightson_hall", "lightson_", "lightson__", "lightso", "off")


@pytest.mark.parametrize("confirm", [False, True])
def test_no_text_makes_a_run_fail(stage: Stage, confirm: bool) -> None:
    stage.action(confirm=confirm)
    stage.action("lightson_all", parameter="required", choices=["Hall", "b a"])
    stage.action("off", parameter="none")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(st.sampled_from(NAMES), WORDS, st.booleans())
    def try_one(name: str, rest: str, private: bool) -> None:
        ActionRun.objects.filter(settled_at=None).update(settled_at=clock.now())
        before = ActionRun.objects.count()
        say(stage, stage.ada.id, f"/{name} {rest}", private=private)
        check()
        made = ActionRun.objects.count() - before
        assert made <= (not private)
        if made and name == "lightson":
            typed = " ".join(rest.replace("\0", "").split())
            assert stage.run.argument == typed

    try_one()
    assert ActionRun.objects.exists()
