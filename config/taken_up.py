"""A wake-up as a worker takes it up. Apart from config/celery.py: web processes load no worker."""

from typing import Literal

from celery.worker.request import Request

from deliveries import clock


class TakenUp(Request):
    """Judges by the database's clock whether it waited too long: a host whose own clock is ahead
    would throw every wake-up away."""

    def maybe_expire(self) -> Literal[True] | None:
        """Whether it is worth nothing any more."""
        return True if self.expires is not None and clock.now() > self.expires else None
