"""The beat keeps deliveries going when the broker's word does not arrive."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.process import ROOT, running_sandbox

SETUP = """
from django.core.management import call_command
from tests.deliveries.conftest import Stage
from tests.sandbox.process import SandboxHandle
call_command("migrate", verbosity=0)
stage = Stage(SandboxHandle({url!r}, None))
channel, chat = stage.channel()
stage.send(channel, "first")
"""
BEAT = """
import threading, time
from config.celery import app
from config.worker import Beat
app.loader.import_default_modules()
Beat(threading.Event(), ("dispatch",), patience=0.0).start()
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A redis-server from which nobody consumes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "redis.sock"
        process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        while not path.exists():
            time.sleep(0.01)
        yield f"redis+socket://{path}"
        process.kill()
        process.wait()


def start(script: str, folder: Path, broker: str, url: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", "import django; django.setup()\n" + script],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder}/test.sqlite3",
            "CELERY_BROKER_URL": broker,
            "TELEGRAM_API_URL": url,
            "LOG_LEVEL": "ERROR",
        },
    )


@pytest.mark.slow
@pytest.mark.parametrize("heard", [True, False], ids=["deaf consumer", "no broker"])
def test_what_no_consumer_begins_the_beat_runs(broker: str, tmp_path: Path, heard: bool) -> None:
    with running_sandbox() as telegram:
        url = telegram.url
        assert start(SETUP.format(url=url), tmp_path, "memory://", url).wait(60) == 0
        worker = start(BEAT + "time.sleep(60)", tmp_path, broker if heard else "memory://", url)
        try:
            telegram.wait_for_calls("sendMessage", 1, timeout=25)
        finally:
            worker.kill()
            worker.wait()
