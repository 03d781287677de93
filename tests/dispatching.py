"""Dispatching in the process of the test."""

import time

from deliveries import dispatcher
from tests import clock


def dispatch_until_idle(seconds: float) -> None:
    """Dispatch until nothing is left to do, at most so long."""
    ends_at = clock.now() + seconds
    while (left := ends_at - clock.now()) > 0:
        began = time.monotonic()
        dispatcher.dispatch(left, until_idle=True)
        if time.monotonic() - began < left:
            return
