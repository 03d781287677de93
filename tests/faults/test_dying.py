"""kill -9 at every failpoint loses nothing, on SQLite and on PostgreSQL."""

import pytest

from tests.faults.dying import Dying
from tests.faults.failpoints import FAILPOINTS, Failpoint
from tests.faults.processes import Processes
from tests.sandbox.process import SandboxHandle

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", params=["on_sqlite", "on_postgres"], ids=["sqlite", "postgres"])
def dying(request: pytest.FixtureRequest, telegram: SandboxHandle) -> Dying:
    product: Processes = request.getfixturevalue(request.param)
    return Dying(product, telegram)


@pytest.mark.parametrize("failpoint", FAILPOINTS, ids=lambda one: one.name)
def test_a_process_dies_here(dying: Dying, failpoint: Failpoint) -> None:
    dying.die_at(failpoint)


def test_nothing_was_lost(dying: Dying) -> None:
    """After all of them: the deaths before count as well."""
    dying.check()
