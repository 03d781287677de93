"""A dispatcher dies at the worst moment: nothing is lost, and its successor waits its calls out."""

import signal
import subprocess
import time

import pytest

from tests.deliveries.conftest import Project
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
STATES = """
from deliveries.models import Delivery
print(sorted(Delivery.objects.values_list("state", flat=True)),
      Delivery.objects.filter(maybe_sent=True).count())
"""
LEASES_RUN_OUT = """
from django.utils import timezone
from deliveries.models import Delivery, Lane
Lane.objects.update(leased_until=timezone.now())
"""
DEADLINES_PASS = (
    LEASES_RUN_OUT
    + """
Delivery.objects.filter(state="in_flight").update(deadline=timezone.now())
"""
)


@pytest.mark.slow
def test_a_killed_dispatcher_is_followed_by_another(
    project: Project,
) -> None:
    with running_sandbox() as telegram:
        setup = project(SETUP.format(url=telegram.url), telegram.url)
        assert setup.wait(60) == 0
        telegram.fault("hang_after", method="sendMessage", count=None, seconds=60)

        victim = project(DISPATCH, telegram.url)
        deadline = time.monotonic() + 20
        while sum(len(chat) for chat in shown(telegram)) < 6:
            assert time.monotonic() < deadline, "the first dispatcher sent nothing"
            time.sleep(0.05)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        telegram.clear_faults()
        assert output(project(STATES, telegram.url)) == f"{['in_flight'] * 6 + ['waiting'] * 6} 0"

        assert project(LEASES_RUN_OUT, telegram.url).wait(20) == 0
        successor = project(DISPATCH, telegram.url)
        assert successor.stdout is not None
        assert successor.stdout.readline() == "go\n"
        time.sleep(3)
        assert [len(chat) for chat in shown(telegram)] == [1] * 6, "calls may still be under way"
        successor.kill()
        successor.wait()

        assert project(DEADLINES_PASS, telegram.url).wait(20) == 0
        successor = project(DISPATCH, telegram.url)
        deadline = time.monotonic() + 40
        while output(project(STATES, telegram.url)) != f"{['sent'] * 12} 6":
            assert time.monotonic() < deadline, output(project(STATES, telegram.url))
            time.sleep(0.3)
        successor.kill()
        successor.wait()
        for texts in shown(telegram):
            assert [text.split()[1] for text in texts] == ["first", "first", "second"], (
                "one possible copy of what was in flight, and order kept"
            )


def shown(telegram: SandboxHandle) -> list[list[str]]:
    """The texts in each chat."""
    texts: dict[str, list[str]] = {}
    for chat in telegram.world()["chats"]:
        records = telegram._get(f"/chats/{chat['id']}/messages", {})
        texts[str(chat["id"])] = [record["message"]["text"] for record in records]
    return list(texts.values())


def output(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=30)
    return said.strip()
