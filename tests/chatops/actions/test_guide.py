"""The guide's program, run as it stands there, does what the guide says."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.audit import COMMAND_LINE
from chatops.actions import changes
from chatops.endpoints import changes as endpoints
from chatops.models import ActionRun, Endpoint, OwnAction
from tests.chatops.actions.stage import Stage
from tests.clock import now
from tests.ports import free_port
from tests.sandbox.process import ROOT

GUIDE = Path(ROOT) / "docs" / "guide" / "actions.md"
PROGRAM = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def until(is_so: Callable[[], bool]) -> None:
    deadline = now() + 60
    while not is_so():
        assert now() < deadline
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def program(stage: Stage, settings: Any, live_server: Any, tmp_path: Path) -> Iterator[Stage]:
    """It runs, and the stage's command calls it."""
    settings.SITE_URL = str(live_server.url)
    port = free_port()
    settings.OUTBOUND_ALLOWED_HOSTS |= {f"127.0.0.1:{port}"}
    stage.action("lightson", choices=["Hall", "Living room"])
    saved = endpoints.create_endpoint(
        COMMAND_LINE, stage.talk.organization, name="Guide", url=f"http://127.0.0.1:{port}/"
    )
    changes.change_action(COMMAND_LINE, OwnAction.objects.get(), endpoint=saved.endpoint)
    file = tmp_path / "program.py"
    file.write_text(PROGRAM.findall(GUIDE.read_text("utf-8"))[-1])
    environment = os.environ | {"SECRET": saved.secret, "PORT": str(port)}
    running = subprocess.Popen([sys.executable, str(file)], env=environment)
    try:
        until(lambda: listens(port))
        yield stage
    finally:
        running.kill()
        running.wait()


def test_it_posts_how_it_goes_and_how_it_ends(program: Stage) -> None:
    program.says(program.ada, "/lightson_living_room")
    program.call()
    until(lambda: ActionRun.objects.get().settled_at is not None)
    assert program.shown() == "✅ /lightson Living room done\nLight is on in the Living room."
    run = ActionRun.objects.get()
    assert (run.state, run.progress) == ("done", 50)


def test_it_believes_nobody_else(program: Stage) -> None:
    endpoints.change_endpoint(COMMAND_LINE, Endpoint.objects.get(name="Guide"), new_secret=True)
    program.says(program.ada, "/lightson")
    assert program.call() == (
        "❌ /lightson failed\nThe endpoint did not take it: it answered with HTTP 401"
    )
