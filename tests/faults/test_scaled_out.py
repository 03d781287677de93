"""On PostgreSQL, with two workers: servers that stop, freeze, fall silent or hang up while alerts
come in, and processes that are killed. Of the first nothing comes twice: no answer was lost."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests.faults.killing import BOTS, CHATS_A_BOT, kill_at_random
from tests.faults.processes import Processes
from tests.faults.scale import scaled
from tests.faults.site import Site, make_lives
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

ALERTS = 60


@pytest.fixture(scope="module")
def site(on_postgres: Processes, telegram: SandboxHandle) -> Site:
    on_postgres.start("worker-2")
    site = Site(on_postgres, telegram)
    site.make_places(BOTS, CHATS_A_BOT)
    return site


def redis_stopped(product: Processes) -> AbstractContextManager[None]:
    return product.redis.stopped()


def redis_frozen(product: Processes) -> AbstractContextManager[None]:
    return product.redis.frozen()


def redis_silent(product: Processes) -> AbstractContextManager[None]:
    assert product.wire is not None
    return product.wire.dead()


@pytest.mark.parametrize("trouble", [redis_stopped, redis_frozen, redis_silent])
def test_redis_in_trouble_loses_nothing(
    site: Site,
    on_postgres: Processes,
    trouble: Callable[[Processes], AbstractContextManager[None]],
) -> None:
    """All of it arrives while the trouble lasts; and then again, what comes after it."""
    name = trouble.__name__.replace("_", "")
    with trouble(on_postgres):
        with site.crowd(make_lives(site.places, scaled(ALERTS), 1, f"{name}During")) as crowd:
            pass
        assert not crowd.refused, "a POST needs no broker"
        site.check(scaled(60))
    with site.crowd(make_lives(site.places, scaled(ALERTS), 2, f"{name}After")):
        pass
    site.check(scaled(60))


def postgres_stopped(product: Processes) -> AbstractContextManager[None]:
    assert product.postgres is not None
    return product.postgres.away("fast")


def postgres_crashed(product: Processes) -> AbstractContextManager[None]:
    assert product.postgres is not None
    return product.postgres.away("immediate")


@contextmanager
def postgres_hangs_up(product: Processes) -> Iterator[None]:
    assert product.postgres is not None
    product.postgres.hang_up()
    yield


@pytest.mark.parametrize("trouble", [postgres_stopped, postgres_crashed, postgres_hangs_up])
def test_postgres_in_trouble_loses_nothing(
    site: Site,
    on_postgres: Processes,
    trouble: Callable[[Processes], AbstractContextManager[None]],
) -> None:
    """Three times, while alerts come in and leave."""
    name = trouble.__name__.replace("_", "")
    with site.crowd(make_lives(site.places, scaled(2 * ALERTS), 3, name)):
        for _ in range(3):
            with trouble(on_postgres):
                time.sleep(0.3)
            time.sleep(0.5)
    site.check(scaled(90))


def test_random_kills_lose_nothing(site: Site, on_postgres: Processes) -> None:
    """Of two workers one takes over what the other held."""
    kill_at_random(site, on_postgres, ("worker", "worker-2", "web", "redis"), seed=2)
