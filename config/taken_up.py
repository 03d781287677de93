"""A wake-up as a worker takes it up. Apart from config/celery.py: web processes load no worker."""

from typing import Literal

from celery.worker.request import Request

from config.pending import pending
from deliveries import clock


class TakenUp(Request):
    """Dropped where it waited too long in the broker, or would wait here behind one like it."""

    waits = False

    def maybe_expire(self) -> Literal[True] | None:
        """Whether it is worth nothing. Asked when it is received, and once more as it gets into the
        pool; by the database's clock: a host whose own is ahead would throw every one away."""
        if self.expires is not None and clock.now() > self.expires:
            return True
        self.waits = self.waits or pending.wait(self.name)
        return None if self.waits else True
