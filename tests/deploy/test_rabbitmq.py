"""Wake-ups through RabbitMQ instead of Redis; the outage is that of a broker behind a relay."""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests import clock
from tests.deploy.conftest import MakeFleet
from tests.deploy.relay import Relay
from tests.faults.site import Site, State
from tests.ports import can_listen
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PORT = 5672
VHOST = "tocsin-tests"
LATENCY_MAX = 5.0
"""Seconds: far above what it takes, also on a busy machine, and below what losing every wake-up
would show as in a median: a sweep comes every two seconds, for publishing and for dispatching."""


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A way to a virtual host of the test's own that can be cut."""
    control = shutil.which("rabbitmqctl") or shutil.which("/usr/sbin/rabbitmqctl")
    if control is None or can_listen(PORT):
        pytest.skip(f"no RabbitMQ on 127.0.0.1:{PORT} (Debian: apt install rabbitmq-server)")
    as_root = () if os.geteuid() == 0 else ("sudo", "-n")

    def run(*command: str) -> None:
        subprocess.run([*as_root, control, *command], check=True, capture_output=True, timeout=60)

    for command in (("add_vhost", VHOST), ("set_permissions", "-p", VHOST, "guest", *[".*"] * 3)):
        run(*command)
    with Relay(("127.0.0.1", PORT)) as way:
        yield way
    subprocess.run(
        [*as_root, control, "delete_vhost", VHOST], check=True, capture_output=True, timeout=60
    )


def test_alerts_get_through_rabbitmq_and_through_its_outage(
    make_fleet: MakeFleet, telegram: SandboxHandle, relay: Relay
) -> None:
    broker = f"amqp://guest:guest@127.0.0.1:{relay.port}/{quote(VHOST, safe='')}"
    fleet = make_fleet(CELERY_BROKER_URL=broker)
    fleet.start("web", "web")
    fleet.start("worker", "worker")
    fleet.ready("web", "worker")
    site = Site(fleet, telegram)
    places = site.make_places(8)

    def tell(letter: str) -> float:
        """How long the way to a chat takes: the median of some, one after the other."""
        took = []
        for number, place in enumerate(places):
            name = f"{letter}{number}x"
            since, began = telegram.cursor(), clock.now()
            site.send(State(place, name, 1))
            telegram.wait_for_calls("sendMessage", 1, chat=place.chat, since=since, timeout=60)
            took.append(clock.now() - began)
        return statistics.median(took)

    tell("A")
    quick = tell("B")
    relay.cut()
    assert tell("C") < 4 * LATENCY_MAX  # sweeps alone
    relay.mend()
    time.sleep(8)  # the longest pause between two tries is 5 s
    again = tell("D")
    assert max(quick, again) < LATENCY_MAX
    site.check(60)
    print(f"\nPOST → Telegram through RabbitMQ: {quick * 1000:.0f} ms, again {again * 1000:.0f} ms")
