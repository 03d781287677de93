"""What holds for every test."""

import pytest
import redis
from django.conf import settings

from accounts import sign_in
from alerts import throttles


@pytest.fixture(autouse=True)
def rates_from_zero() -> None:
    """No test feels what another one sent in the same minute."""
    throttles.counter.cache_clear()
    sign_in.counter.cache_clear()
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL) as server:
            server.flushdb()
