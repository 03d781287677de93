"""Wake-ups: prompt with a broker, and never in anybody's way without one."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from deliveries import wakeup
from tests import clock
from tests.sandbox.process import ROOT


class Broker:
    """A real redis-server on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "redis.sock"
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self.path), "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        deadline = clock.now() + 20
        while not self.path.exists():
            assert clock.now() < deadline, "redis-server did not start"
            time.sleep(0.01)

    @property
    def url(self) -> str:
        return f"redis+socket://{self.path}"

    def queued(self) -> int:
        return int(redis.Redis(unix_socket_path=str(self.path)).llen("dispatch"))


@pytest.fixture
def broker() -> Iterator[Broker]:
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(Path(folder))
        yield broker
        broker.process.send_signal(signal.SIGCONT)
        broker.process.kill()
        broker.process.wait()


def run(script: str, broker_url: str) -> str:
    """Run a script in a process of its own, as a web process would be; gives what it printed."""
    prelude = (
        "import os, time, django; django.setup()\n"
        "from deliveries import wakeup\n"
        "from tests import clock\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(script)],
        cwd=ROOT,
        env=os.environ
        | {"CELERY_BROKER_URL": broker_url, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SLOWEST = """
slowest = 0.0
for _ in range(200):
    started = clock.now()
    wakeup.wake_dispatch()
    slowest = max(slowest, clock.now() - started)
    time.sleep(0.01)
print(slowest)
"""


def test_wake_ups_reach_the_broker_and_coalesce(broker: Broker) -> None:
    script = """
    for _ in range(1000):
        wakeup.wake_dispatch()
    clock.sleep(1)
    """
    run(script, broker.url)
    assert 1 <= broker.queued() <= 20


def test_wake_ups_share_a_connection(broker: Broker) -> None:
    script = """
    for _ in range(20):
        wakeup.publish("deliveries.dispatch")
    """
    run(script, broker.url)
    assert broker.queued() == 20
    info = redis.Redis(unix_socket_path=str(broker.path)).info()
    assert info["total_connections_received"] < 10


def test_a_broker_that_was_started_anew_hears_the_next_wake_up(broker: Broker) -> None:
    script = f"""
    import pathlib, subprocess
    wakeup.publish("deliveries.dispatch")
    os.kill({broker.process.pid}, 9)
    path = pathlib.Path({str(broker.path)!r})
    path.unlink()
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", ""]
    anew = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not path.exists():
        time.sleep(0.01)
    time.sleep(0.2)
    wakeup.publish("deliveries.dispatch")
    import redis
    print(redis.Redis(unix_socket_path=str(path)).llen("dispatch"))
    anew.kill()
    """
    assert run(script, broker.url) == "1"


def test_a_frozen_broker_does_not_delay_the_caller(broker: Broker) -> None:
    broker.process.send_signal(signal.SIGSTOP)
    assert float(run(SLOWEST, broker.url)) < wakeup.SOCKET_SECONDS


def test_a_stopped_broker_does_not_delay_the_caller(broker: Broker) -> None:
    broker.process.kill()
    broker.process.wait()
    assert float(run(SLOWEST, broker.url)) < wakeup.SOCKET_SECONDS


def test_the_wake_up_arrives_when_the_broker_is_back(broker: Broker) -> None:
    broker.process.send_signal(signal.SIGSTOP)
    script = f"""
    import signal
    wakeup.wake_dispatch()
    time.sleep(1.5)
    os.kill({broker.process.pid}, signal.SIGCONT)
    clock.sleep(3)
    """
    run(script, broker.url)
    assert broker.queued() >= 1


def test_a_forked_child_wakes_too(broker: Broker) -> None:
    script = """
    wakeup.wake("deliveries.dispatch")
    clock.sleep(0.5)
    child = os.fork()
    if child == 0:
        wakeup.wake("deliveries.dispatch")
        time.sleep(0.5)
        os._exit(0)
    os.waitpid(child, 0)
    """
    run(script, broker.url)
    assert broker.queued() == 2


def test_without_a_broker_nothing_is_published() -> None:
    script = """
    import threading
    wakeup.wake_dispatch()
    print([thread.name for thread in threading.enumerate()])
    """
    assert run(script, "memory://") == "['MainThread']"
