"""Killed at any failpoint, a fallback tells all the same: once, or twice under one ID."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.alerts.fallbacks.receivers import Receiver
from tests.faults.failpoints import OF_FALLBACKS
from tests.sandbox.process import ROOT


def test_whatever_it_dies_of_it_tells(receiver: Receiver, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.alerts.fallbacks.dying", receiver.url],
        check=False,
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3",
            "CELERY_BROKER_URL": "memory://",
            "REDIS_URL": "",
            "OUTBOUND_ALLOWED_HOSTS": f"127.0.0.1:{receiver.port}",
            "LOG_LEVEL": "ERROR",
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr
    deaths = [json.loads(line) for line in ran.stdout.splitlines()]
    assert deaths == [[name, signal.SIGKILL, 0] for name in OF_FALLBACKS]
    for name in OF_FALLBACKS:
        keys = [
            key
            for key, path in zip(receiver.keys, receiver.paths, strict=True)
            if path.endswith(f"at={name}")
        ]
        assert len(set(keys)) == 1, name
        assert len(keys) == (2 if name == "fallback.answered" else 1), name
