"""A dispatcher dies at the worst moment: nothing is lost, and its calls may still arrive."""

import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from deliveries.recovery import GONE_GRACE
from tests.deliveries.conftest import Project
from tests.flows.system import eventually
from tests.sandbox.process import SandboxHandle, running_sandbox

SETUP = """
import json
from tests.deliveries.conftest import Stage
from tests.sandbox.process import SandboxHandle
from django.core.management import call_command
call_command("migrate", verbosity=0)
stage = Stage(SandboxHandle({url!r}, None))
chats = []
for number in range(6):
    channel, chat = stage.channel()
    chats.append(chat.id)
    first = stage.send(channel, f"{{number}} first")
    stage.send(channel, f"{{number}} second", stream=first.stream)
print(json.dumps(chats))
"""
DISPATCH = "from deliveries import dispatcher; print('go', flush=True); dispatcher.dispatch(30)"
STATES = "SELECT state, maybe_sent FROM deliveries_delivery ORDER BY id"


@pytest.mark.slow
def test_a_killed_dispatcher_is_followed_by_another(project: Project, tmp_path: Path) -> None:
    def states() -> Counter[tuple[str, int]]:
        with closing(sqlite3.connect(tmp_path / "test.sqlite3", timeout=20)) as connection:
            return Counter(connection.execute(STATES).fetchall())

    with running_sandbox() as telegram:
        setup = project(SETUP.format(url=telegram.url), telegram.url)
        assert setup.wait(60) == 0
        hanging = telegram.fault("hang_after", method="sendMessage", count=None, seconds=60)

        victim = project(DISPATCH, telegram.url)
        eventually(lambda: sum(len(chat) for chat in shown(telegram)) >= 6, what="six calls")
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        killed = time.time()
        telegram.remove_fault(hanging)
        assert states() == {("in_flight", 0): 6, ("waiting", 0): 6}

        successor = project(DISPATCH, telegram.url)
        try:
            over = {("sent", 0): 6, ("sent", 1): 6}
            eventually(lambda: states() == over, 40, what="everything sent, half of it marked")
        finally:
            successor.kill()
            successor.wait()
        for texts in shown(telegram):
            assert [text.split()[1] for text in texts] == ["first", "first", "second"], (
                "one possible copy of what was in flight, and order kept"
            )
        later = [call.time for call in telegram.calls("sendMessage") if call.time > killed]
        assert min(later) - killed >= GONE_GRACE.total_seconds(), "it may still have been under way"


def shown(telegram: SandboxHandle) -> list[list[str]]:
    """The texts in each chat."""
    texts: dict[str, list[str]] = {}
    for chat in telegram.world()["chats"]:
        records = telegram._get(f"/chats/{chat['id']}/messages", {})
        texts[str(chat["id"])] = [record["message"]["text"] for record in records]
    return list(texts.values())
