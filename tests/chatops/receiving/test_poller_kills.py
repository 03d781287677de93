"""Pollers and the worker are killed while people write to many bots: each update is handled once in
effect, and in order."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.process import ROOT, running_sandbox


@pytest.mark.slow
def test_killed_at_random_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    with running_sandbox() as telegram:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.chatops.poller_kills", telegram.url],
            check=False,
            cwd=ROOT,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3",
                "TELEGRAM_API_URL": telegram.url,
                "OUTBOUND_ALLOWED_HOSTS": "127.0.0.1",
                "CELERY_BROKER_URL": "memory://",
                "REDIS_URL": "",
                "LOG_LEVEL": "ERROR",
            },
            capture_output=True,
            text=True,
            timeout=280,
        )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["kills"] >= 3
    assert found["is_each_stored_once"], found
    assert found["effects"] == found["greeted"] == found["sent"], found
    assert found["bots_out_of_order"] == 0
    # The pollers; a worker has calls of its own to end.
    assert max(found["seconds_to_end"][1:]) < 2
