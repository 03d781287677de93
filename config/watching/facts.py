"""All that is known of how the installation stands, read from the database.

Read at most once in CACHED_SECONDS a process, so that it is right with any number of processes and
costs little however often it is asked for.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from alerts import figures as alert_figures
from alerts.figures import PublishFigures
from alerts.models import FallbackCall, Upstream
from channels_app.models import Bot
from chatops import figures as update_figures
from chatops.figures import UpdateFigures
from deliveries import figures as delivery_figures
from deliveries import tally
from deliveries.figures import Figures
from deliveries.lanes import Clock
from deliveries.models import Probe

CACHED_SECONDS = 5.0
SILENT = timedelta(seconds=90)
"""Runs begin every few seconds."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The outbox, publishing and updates at one moment. `unserved`: queues that have work and that
    no worker took for SILENT."""

    outbox: Figures
    publishing: PublishFigures
    unserved: tuple[str, ...] = ()
    updates: UpdateFigures = field(default_factory=UpdateFigures)


class Reader:
    """Reads, and keeps what it read for `seconds`."""

    def __init__(self, seconds: float = CACHED_SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._facts: Facts | None = None
        self._until = 0.0

    def read(self) -> Facts:
        """The facts, at most `seconds` old. Raises Django's database errors."""
        with self._lock:
            if self._facts is None or time.monotonic() >= self._until:
                self._facts = read()
                self._until = time.monotonic() + self._seconds
            return self._facts

    def forget(self) -> None:
        """Read anew next time."""
        with self._lock:
            self._facts = None


_WORK: Mapping[str, tuple[str, Callable[[], QuerySet[Any]]]] = {
    "probes": (tally.PROBED, lambda: Probe.objects.filter(state=Probe.State.PENDING)),
    "fallbacks": (
        tally.FELL_BACK,
        lambda: FallbackCall.objects.filter(state=FallbackCall.State.WAITING),
    ),
    "sync": (tally.SYNCED, lambda: Upstream.objects.filter(enabled=True)),
    "receive": (
        tally.AGREED,
        lambda: Bot.objects.filter(enabled=True).exclude(updates=Bot.Updates.NONE),
    ),
}
"""Queue → the mark of whoever takes it, and what there is to do. The other queues that the beat
fills are what the verdict fails for."""


def read() -> Facts:
    """The facts of now. Raises Django's database errors."""
    now = Clock().time()
    outbox = delivery_figures.read(now)
    updates = update_figures.read(now)
    return Facts(outbox, alert_figures.read(now), unserved_in(outbox), updates)


def unserved_in(outbox: Figures) -> tuple[str, ...]:
    """Queues that have work and that no worker took for SILENT. Where workers take them, no
    query."""
    silent = [
        queue
        for queue, (mark, _) in _WORK.items()
        if (age := outbox.age_of(mark)) is None or age > SILENT
    ]
    return tuple(queue for queue in silent if _WORK[queue][1]().exists())


cached = Reader()
"""Of this process."""
