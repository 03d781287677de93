"""A worker that is told to stop while Telegram takes its time."""

import threading
import time

import pytest

from tests.deploy.conftest import MakeFleet
from tests.faults.site import Site, State
from tests.flows.system import eventually
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CALL_SECONDS = 25.0


def test_it_hands_its_bots_over_at_once_and_waits_for_its_calls(
    make_fleet: MakeFleet, telegram: SandboxHandle
) -> None:
    fleet = make_fleet(WORKER_STOP_SECONDS="40")
    fleet.start("web", "web")
    fleet.start("old", "worker")
    fleet.ready("web", "old")
    site = Site(fleet, telegram)
    slow, quick = site.make_places(1, 2)  # two chats of one bot
    telegram.fault("delay", chat=slow.chat, seconds=CALL_SECONDS)
    site.send(State(slow, "A1x", 1))
    eventually(lambda: site.api("GET", "deliveries/?state=in_flight")["results"], what="a call")
    began = time.monotonic()
    fleet.start("new", "worker")
    fleet.ready("new")
    took: list[float] = []
    stopping = threading.Thread(target=lambda: took.append(fleet.stop("old")))
    stopping.start()
    site.send(State(slow, "A1x", 2), State(quick, "A2x", 1))
    telegram.wait_for_calls("sendMessage", 1, chat=quick.chat, timeout=30)
    if time.monotonic() - began < CALL_SECONDS - 5:  # else this machine is too busy to tell
        assert stopping.is_alive()
        assert not telegram.calls("sendMessage", chat=slow.chat)
    stopping.join(60)
    assert took
    site.check(60)
    sends = telegram.calls("sendMessage", chat=slow.chat)
    assert len(sends) == 1
    assert site.ledger.marked == set()
