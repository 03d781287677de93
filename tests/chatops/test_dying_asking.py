"""Killed at any failpoint of approvals, endpoints, own commands and reminders: each has its effect
once, and a POST that may have arrived comes again under the same key."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.alerts.fallbacks.receivers import Receiver
from tests.faults.failpoints import OF_ASKING
from tests.sandbox.process import ROOT

PROGRAM = (
    "import sys, django; django.setup(); "
    "from tests.chatops import dying_asking; dying_asking.main(sys.argv[1])"
)


def test_whatever_it_dies_of_each_has_its_effect_once(tmp_path: Path) -> None:
    with Receiver().running() as receiver:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, receiver.url],
            check=False,
            cwd=ROOT,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3",
                "OUTBOUND_ALLOWED_HOSTS": "127.0.0.1",
                "CELERY_BROKER_URL": "memory://",
                "REDIS_URL": "",
                "LOG_LEVEL": "ERROR",
            },
            capture_output=True,
            text=True,
            timeout=200,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr[-3000:]
    deaths = [json.loads(line) for line in ran.stdout.splitlines()]
    assert deaths == [[name, signal.SIGKILL, 0] for name in OF_ASKING]
    assert len(receiver.keys) == 3, "once where it died before the call, twice where after"
    assert len(set(receiver.keys)) == 2
