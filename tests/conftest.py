"""What holds for every test."""

import os
from typing import Any

import hypothesis
import pytest
import redis
from django.conf import settings

from accounts import sign_in
from alerts import throttles
from tests import order

# The same examples each time, so that a change passes or fails for its own sake. Who asks for many
# (HYPOTHESIS_EXAMPLES, MARKUP_EXAMPLES) explores: others each time. How long one takes does not
# matter: the machine may stall meanwhile.
hypothesis.settings.register_profile(
    "ours",
    derandomize=not {"HYPOTHESIS_EXAMPLES", "MARKUP_EXAMPLES"} & os.environ.keys(),
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("ours")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first; what shares a product together; the others as they came."""
    items.sort(key=lambda item: order.place_of(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process what belongs together."""
    return order.scheduler(config, log)


@pytest.fixture(autouse=True)
def rates_from_zero() -> None:
    """No test feels what another one sent in the same minute."""
    throttles.counter.cache_clear()
    sign_in.counter.cache_clear()
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL) as server:
            server.flushdb()
