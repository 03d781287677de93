"""Under `manage.py up`: whatever is killed whenever, nothing that was accepted is lost."""

import time
from collections.abc import Iterator

import pytest

from tests.faults.embedded import Embedded
from tests.faults.killing import BOTS, CHATS_A_BOT, kill_at_random
from tests.faults.scale import scaled
from tests.faults.site import Site, make_lives
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

LOCKED_SECONDS = (5.0, 24.0)
"""The second one is longer than anybody waits for the lock, and than a lane is leased."""


@pytest.fixture(scope="module")
def embedded(
    telegram: SandboxHandle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Embedded]:
    with Embedded(tmp_path_factory.mktemp("embedded"), telegram.url) as running:
        yield running


@pytest.fixture(scope="module")
def site(embedded: Embedded, telegram: SandboxHandle) -> Site:
    site = Site(embedded, telegram)
    site.make_places(BOTS, CHATS_A_BOT)
    return site


def test_random_kills_of_all_that_up_runs_lose_nothing(embedded: Embedded, site: Site) -> None:
    kill_at_random(site, embedded, ("worker", "web", "redis"), seed=1)


@pytest.mark.parametrize("seconds", LOCKED_SECONDS)
def test_a_database_locked_by_somebody_else_loses_nothing(
    embedded: Embedded, site: Site, seconds: float
) -> None:
    lives = make_lives(site.places, scaled(100), int(seconds), f"L{seconds:.0f}x")
    with site.crowd(lives), embedded.locked():
        time.sleep(seconds)
    site.check(scaled(120))
