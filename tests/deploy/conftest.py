"""Several processes on a PostgreSQL and a Redis of the tests' own."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from config.supervisor.options import redis_socket_urls
from tests.deploy.fleet import Fleet
from tests.faults.servers import Postgres, Redis
from tests.sandbox.process import SandboxHandle, running_sandbox

MakeFleet = Callable[..., Fleet]
_numbers = count(1)


@pytest.fixture(scope="module")
def telegram() -> Iterator[SandboxHandle]:
    """A Telegram of the module's own."""
    with running_sandbox() as handle:
        yield handle


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A cluster."""
    server = Postgres()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def make_fleet(telegram: SandboxHandle, postgres: Postgres, tmp_path: Path) -> Iterator[MakeFleet]:
    """An empty, migrated installation; `make_fleet(CELERY_BROKER_URL=…)` changes its settings."""
    redis = Redis(tmp_path)
    redis.start()
    made: list[Fleet] = []

    def make(**environ: str) -> Fleet:
        name = f"fleet_{next(_numbers)}"
        postgres.execute(f"CREATE DATABASE {name}")
        broker, url = redis_socket_urls(redis.socket)
        database = postgres.url.rpartition("/")[0] + f"/{name}"
        settings = {
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": broker,
            "REDIS_URL": url,
            "DATABASE_POOL": "8",
            **environ,
        }
        fleet = Fleet(tmp_path, telegram.url, **settings)
        made.append(fleet)
        fleet.migrate()
        return fleet

    yield make
    for fleet in made:
        fleet.__exit__()
    redis.kill()
