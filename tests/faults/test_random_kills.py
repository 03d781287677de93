"""Under `manage.py up`: whatever is killed whenever, nothing that was accepted is lost."""

import random
import time
from collections.abc import Iterator

import pytest

from tests.faults.embedded import Embedded
from tests.faults.scale import scaled
from tests.faults.site import Crowd, Site, make_lives
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

BOTS, CHATS_A_BOT, ALERTS = 20, 6, 2_000
KILLS = ("worker", "web", "worker", "redis", "worker", "web", "worker")


@pytest.fixture(scope="module")
def embedded(
    telegram: SandboxHandle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Embedded]:
    with Embedded(tmp_path_factory.mktemp("embedded"), telegram.url) as running:
        yield running


def test_random_kills_lose_nothing(embedded: Embedded, telegram: SandboxHandle) -> None:
    site = Site(embedded, telegram)
    places = site.make_places(BOTS, CHATS_A_BOT)
    chance = random.Random(1)
    crowd = Crowd(site, make_lives(places, scaled(ALERTS), seed=1), threads=4)
    telegram.wait_for_calls("sendMessage", 50)
    for name in KILLS:
        time.sleep(chance.uniform(0.5, 4.0))
        site.ledger.kills.append(time.time())
        embedded.kill(name)
    crowd.join(scaled(120))
    assert len(site.ledger.final()) == scaled(ALERTS)
    assert crowd.refused, "the web process was not seen to be away"
    site.check(scaled(180))
