"""New processes take over from old ones while senders POST and Telegram is slow."""

import threading
import time
from collections import Counter
from collections.abc import Iterable

import pytest
import requests

from tests.deploy.conftest import MakeFleet
from tests.faults.site import Site, State, make_lives
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

BOTS, CHATS_A_BOT, LIVES, SENDERS = 3, 3, 120, 3
LATENCY = 1.5


class Senders:
    """Threads that tell states until each is accepted, and what they heard."""

    def __init__(self, site: Site, lives: Iterable[list[State]]) -> None:
        self.heard: Counter[str] = Counter()
        self.over = threading.Event()
        self._site = site
        self._lives = list(lives)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()

    def _next(self) -> list[State] | None:
        with self._lock:
            return self._lives.pop() if self._lives else None

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (states := self._next()) is not None:
                for state in states:
                    while not self._tell(session, state):
                        time.sleep(0.05)
                    time.sleep(0 if self.over.is_set() else 0.3)

    def _tell(self, session: requests.Session, state: State) -> bool:
        try:
            answer = session.post(self._site.ingest_url, json=state.payload(), timeout=60)
        except requests.RequestException as error:
            heard = type(error).__name__
        else:
            heard = str(answer.status_code)
            if answer.ok:
                self._site.note(state)
        with self._lock:
            self.heard[heard] += 1
        return heard.startswith("2")


def test_a_rolling_restart_loses_nothing_and_tells_nothing_twice(
    make_fleet: MakeFleet, telegram: SandboxHandle
) -> None:
    fleet = make_fleet(WORKER_STOP_SECONDS="30")
    for name in ("web-1", "web-2"):
        fleet.start(name, "web")  # both on one port
    for name in ("worker-1", "worker-2"):
        fleet.start(name, "worker")
    fleet.ready("web-1", "web-2", "worker-1", "worker-2")
    site = Site(fleet, telegram)
    places = site.make_places(BOTS, CHATS_A_BOT)
    telegram.set_latency(LATENCY)  # so that calls are under way at every moment
    senders = Senders(site, make_lives(places, LIVES, seed=3))
    telegram.wait_for_calls("sendMessage", 3)
    for role in ("web", "worker"):
        for old in (f"{role}-1", f"{role}-2"):
            new = old.replace("-", "-new-")
            fleet.start(new, role)
            fleet.ready(new)
            fleet.stop(old)
    senders.over.set()
    senders.join()
    telegram.set_latency(0)
    site.check(120)
    # Nobody heard an error of ours; a connection may break, and then the sender tells it again.
    assert not [heard for heard in senders.heard if heard.startswith(("4", "5"))], senders.heard
    assert sum(senders.heard.values()) - senders.heard["202"] <= 3, senders.heard
    # Every call under way was waited for and written down: none may have been sent twice.
    assert site.ledger.marked == set()
