"""Scenarios kill processes for minutes: they run when asked for by their marker (`-m faults`)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

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


class ByProduct(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """What shares a product runs in one process: a file, or a file on one database."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        database = re.search(r"\[(sqlite|postgres)\b", test)
        return file + (database[0] if database else "")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """For `--dist loadscope`."""
    return ByProduct(config, log) if config.getvalue("dist") == "loadscope" else None


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
