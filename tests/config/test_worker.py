"""The beat keeps deliveries going when the broker's word does not arrive."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.worker import POOLS
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
            telegram.wait_for_calls("sendMessage", 1, timeout=60)
        finally:
            worker.kill()
            worker.wait()


TICKS = """
import os, time
from celery import shared_task
from pathlib import Path
from config.celery import QUEUES, app
from config.pending import pending
from config.worker import POOLS, _Consumer
from deliveries import wakeup

@shared_task(name="tests.long")
def long():
    time.sleep(9)  # as a run of the dispatcher does

@shared_task(name="tests.tick")
def tick():
    with open({ran!r}, "a") as file:
        file.write(f"{{time.time()}}\\n")
    time.sleep(0.03)

mine = {{name: {{"queue": "publish"}} for name in ("tests.long", "tests.tick")}}
app.conf.task_routes = {{**app.conf.task_routes, **mine}}
app.loader.import_default_modules()
for name in QUEUES:
    _Consumer(name, POOLS[name]).start()
for _ in range({busy}):
    pending.begins("tests.long")  # so that each has a thread
    wakeup.publish("tests.long")
    time.sleep(1)
time.sleep(2)
for _ in range(40):  # as from several web processes: a burst each time
    for _ in range(4):
        with open({sent!r}, "a") as file:
            file.write(f"{{time.time()}}\\n")
        wakeup.publish("tests.tick")
    time.sleep({pause})
last = time.time()
for _ in range(300):
    if os.path.exists({ran!r}) and float(open({ran!r}).read().split()[-1]) >= last - 0.1:
        break
    time.sleep(0.1)
time.sleep(1)
"""


def ticks(tmp_path: Path, broker: str, busy: int, pause: float) -> tuple[list[float], list[float]]:
    """When each wake-up was sent, and when runs began, while so many threads are busy."""
    sent, ran = tmp_path / "sent", tmp_path / "ran"
    script = TICKS.format(sent=str(sent), ran=str(ran), busy=busy, pause=pause)
    assert start(script, tmp_path, broker, "http://127.0.0.1:9").wait(90) == 0
    sent_at, ran_at = ([float(at) for at in file.read_text().split()] for file in (sent, ran))
    return sent_at, sorted(ran_at)


@pytest.mark.slow
def test_a_steady_stream_of_wake_ups_is_heard_at_once(broker: str, tmp_path: Path) -> None:
    sent_at, ran_at = ticks(tmp_path, broker, busy=1, pause=0.15)
    # One that waits stands for those that come meanwhile: it looks for work once it begins.
    late = sorted(min(at for at in ran_at if at >= sent) - sent for sent in sent_at)
    # A consumer whose window is full hears nothing more for a second or two.
    assert late[len(late) // 2] < 0.4, late


@pytest.mark.slow
def test_while_all_threads_are_busy_one_wake_up_is_kept(broker: str, tmp_path: Path) -> None:
    sent_at, ran_at = ticks(tmp_path, broker, busy=POOLS["publish"], pause=0.02)
    assert len(sent_at) == 160
    assert ran_at[-1] >= sent_at[-1], "whoever woke last is heard"
    assert len(ran_at) <= 5, "and not each of those who woke before"
