"""What holds for every test."""

import os

import hypothesis
import pytest
import redis
from django.conf import settings

from accounts import sign_in
from alerts import throttles

# The same examples each time, so that a change passes or fails for its own sake. Who asks for many
# (HYPOTHESIS_EXAMPLES, MARKUP_EXAMPLES) explores: others each time.
if not {"HYPOTHESIS_EXAMPLES", "MARKUP_EXAMPLES"} & os.environ.keys():
    hypothesis.settings.register_profile("same", derandomize=True)
    hypothesis.settings.load_profile("same")


@pytest.fixture(autouse=True)
def rates_from_zero() -> None:
    """No test feels what another one sent in the same minute."""
    throttles.counter.cache_clear()
    sign_in.counter.cache_clear()
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL) as server:
            server.flushdb()
