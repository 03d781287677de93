"""Killed at any failpoint, a sweep of heartbeats and escalations takes each step once."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.faults.failpoints import OF_CLOCKS
from tests.sandbox.process import ROOT


def test_whatever_it_dies_of_each_step_is_taken_once(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.alerts.clock_dying"],
        check=False,
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3",
            "CELERY_BROKER_URL": "memory://",
            "REDIS_URL": "",
            "LOG_LEVEL": "ERROR",
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    deaths = [json.loads(line) for line in ran.stdout.splitlines()]
    assert deaths == [[name, signal.SIGKILL, 0] for name in OF_CLOCKS]
