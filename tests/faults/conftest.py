"""Scenarios kill processes for minutes: they run when asked for by their marker (`-m faults`)."""

from collections.abc import Iterator

import pytest

from tests.faults.processes import Processes
from tests.faults.servers import Postgres
from tests.sandbox.process import SandboxHandle, running_sandbox


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the scenarios out of an ordinary run; a skip would claim that something is missing."""
    if "faults" in config.option.markexpr:
        return
    scenarios = [item for item in items if item.get_closest_marker("faults")]
    if scenarios:
        config.hook.pytest_deselected(items=scenarios)
        items[:] = [item for item in items if item not in scenarios]


@pytest.fixture(scope="module")
def telegram() -> Iterator[SandboxHandle]:
    """A Telegram of the module's own, whose journal is all that arrived."""
    with running_sandbox() as handle:
        yield handle


@pytest.fixture(scope="module")
def on_sqlite(
    telegram: SandboxHandle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """A product on SQLite."""
    with Processes(tmp_path_factory.mktemp("sqlite"), telegram.url) as running:
        yield running


@pytest.fixture(scope="module")
def on_postgres(
    telegram: SandboxHandle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """A product on a PostgreSQL and a Redis of its own."""
    postgres = Postgres()
    postgres.start()
    try:
        with Processes(tmp_path_factory.mktemp("postgres"), telegram.url, postgres) as running:
            yield running
    finally:
        postgres.remove()
