"""Killed at any failpoint of the way back: no update is lost, none has its effect twice, and what
Telegram knows of the webhook is what we know."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.faults.failpoints import OF_AGREEING, OF_UPDATES
from tests.sandbox.process import ROOT, running_sandbox

PROGRAM = (
    "import sys, django; django.setup(); from tests.chatops import dying; dying.main(sys.argv[1])"
)


def test_whatever_it_dies_of_each_update_is_handled_once(tmp_path: Path) -> None:
    with running_sandbox() as telegram:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, telegram.url],
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
            timeout=200,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr[-3000:]
    deaths = [json.loads(line) for line in ran.stdout.splitlines()]
    assert deaths == [[name, signal.SIGKILL, 0] for name in (*OF_UPDATES, *OF_AGREEING)]
