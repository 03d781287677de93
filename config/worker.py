"""The worker process: a Celery worker per queue, the beat, and a heartbeat file.

Each queue has a pool of its own, so that no kind of work starves another, also when everything
runs in one process. A Celery app keeps the queues it consumes to itself, hence one app per queue.
Broken brokers do not stop deliveries: what the beat can't publish it runs here.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from celery import signals
from celery.platforms import EX_OK
from celery.worker import state as worker_state
from django.conf import settings
from django.db import Error, close_old_connections
from kombu import Queue

from accounts import chunks
from alerts import publish
from chatops import answers
from chatops.receiving.inbox import PROCESS
from chatops.receiving.poller import Poller
from config.celery import QUEUES, ROUTES, App, WakeUpTask, app
from config.local_runs import LocalRuns
from config.watching import heartbeat
from deliveries import clock, dispatcher, probing, tally, wakeup

log = logging.getLogger(__name__)

POOLS = {
    "updates": 4,
    "publish": 3,
    "dispatch": 2,
    "probes": 2,
    "fallbacks": 2,
    "sync": 2,
    "receive": 3,
    "maintenance": 4,
}
HEARTBEAT_SECONDS = 2.0
STOP_SECONDS = 8.0
POLLER_STOP_SECONDS = 1.5
RESTART_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
SWITCH_SECONDS = 0.0005
"""For how long a thread that computes keeps another from it, which comes back from the database:
a call in a flood is some twenty such returns away, and by default each may take 5 ms."""


class Worker:
    """Runs until SIGTERM or SIGINT, then ends what is under way, for at most `stop_seconds`.

    Without queues it only beats; without a beat another worker has to. `polls`: it takes part in
    polling Telegram for updates.
    """

    def __init__(
        self,
        queues: Sequence[str] = QUEUES,
        heartbeat: Path | None = None,
        *,
        beats: bool = True,
        polls: bool = False,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._consumers = [_Consumer(name, POOLS[name]) for name in queues]
        self._heartbeat = heartbeat
        self._stop = threading.Event()
        self._beat = Beat(self._stop, queues) if beats else None
        self._poller = Poller() if polls else None
        self._stop_seconds = stop_seconds

    def run(self) -> None:
        """Start everything, and wait for the signal. In the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        sys.setswitchinterval(SWITCH_SECONDS)
        app.loader.import_default_modules()
        clock.keep()
        signals.task_prerun.connect(_refresh_connections, weak=False)
        signals.task_postrun.connect(_refresh_connections, weak=False)
        if not settings.CELERY_BROKER_URL.startswith("memory:"):
            for consumer in self._consumers:
                consumer.start()
        if self._beat is not None:
            signals.task_prerun.connect(self._beat.note, weak=False)
            self._beat.start()
        tally.start()
        heartbeat.start(self._stop)
        if self._poller is not None:
            self._poller.start()
        self._touch()  # `up` waits for the first one
        while not self._stop.wait(HEARTBEAT_SECONDS):
            self._touch()
        self._drain()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _touch(self) -> None:
        if self._heartbeat is not None and (self._beat is None or self._beat.is_alive()):
            self._heartbeat.touch()

    def _drain(self) -> None:
        ends_at = time.monotonic() + self._stop_seconds
        # Each consumer's loop looks at this, and ends by itself.
        worker_state.should_stop = EX_OK  # type: ignore[assignment]  # stubs know the first value
        # Bots and claims first: other workers may go on with them at once.
        dispatcher.close()
        publish.close()
        if self._poller is not None:
            self._poller.stop(POLLER_STOP_SECONDS)
        probing.stop()
        chunks.stop()
        dispatcher.finish(ends_at - time.monotonic())
        for consumer in self._consumers:
            consumer.join(max(0.0, ends_at - time.monotonic()))
        answers.idle(ends_at - time.monotonic())
        with suppress(Error):
            tally.write()
        logging.shutdown()
        # A call may still hang on a thread; its attempt is recovered by the next worker.
        os._exit(EX_OK)


class _Consumer:
    """One queue's Celery worker, on a thread; started again when it ends by itself."""

    def __init__(self, queue: str, threads: int) -> None:
        self._queue = queue
        self._threads = threads
        self._thread = threading.Thread(target=self._run, name=f"queue-{queue}", daemon=True)

    def start(self) -> None:
        """Begin to consume."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait so long for it to end, what it runs included."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while worker_state.should_stop is None:
            try:
                self._make().start()
            except Exception:  # the worker must not lose a queue for good
                log.exception("queue %s: the consumer failed", self._queue)
            if worker_state.should_stop is None:
                time.sleep(RESTART_SECONDS)

    def _make(self) -> Any:
        queue_app = App("tocsin", task_cls=WakeUpTask, set_as_current=False, fixups=[])
        queue_app.config_from_object("django.conf:settings", namespace="CELERY")
        queue_app.conf.update(app.conf.changes or {})
        queue_app.conf.update(
            task_queues=[Queue(self._queue)],
            broker_connection_retry=True,
            broker_connection_max_retries=None,
        )
        return queue_app.WorkController(
            hostname=f"{self._queue}@{os.getpid()}",
            pool_cls="threads",
            concurrency=self._threads,
            use_eventloop=False,  # its event loop is one per process, and we have several workers
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
            loglevel="WARNING",
        )


class Beat(threading.Thread):
    """Publishes the schedule of config/celery.py, from memory: several beats are harmless.

    What cannot be published (broker down, frozen, or `memory://`) runs in this process, at once
    where this process itself wants it. So does what is published to a queue of ours and not begun
    here for `patience` seconds: a consumer on a connection that died silently hears of nothing,
    while everybody else reaches the broker. Updates have as many threads here as their queue has:
    their handlers wait for Telegram.
    """

    def __init__(
        self, stop: threading.Event, queues: Sequence[str], patience: float = PATIENCE_SECONDS
    ) -> None:
        super().__init__(name="beat", daemon=True)
        self._stopped = stop
        self._queues = frozenset(queues)
        self._patience = patience
        self._begun: dict[str, float] = {}
        self._local = LocalRuns(app.tasks, {PROCESS: POOLS[ROUTES[PROCESS]]})

    def run(self) -> None:
        """Fire every entry when it is due."""
        entries: list[dict[str, Any]] = list(app.conf.beat_schedule.values())
        due = [time.monotonic()] * len(entries)
        self._begun = {entry["task"]: time.monotonic() for entry in entries}
        wakeup.otherwise(self._local.run)
        while not self._stopped.is_set():
            for index, entry in enumerate(entries):
                if due[index] <= time.monotonic():
                    due[index] = time.monotonic() + float(entry["schedule"])
                    self._fire(entry)
            self._stopped.wait(max(0.05, min(due) - time.monotonic()))
        self._local.close()

    def note(self, task: Any = None, **kwargs: Any) -> None:
        """A consumer of this process begins a task (Celery's signal `task_prerun`)."""
        self._begun[task.name] = time.monotonic()

    def _fire(self, entry: dict[str, Any]) -> None:
        task = entry["task"]
        if self._publish(task, float(entry["options"]["expires"])) and not self._is_unheard(entry):
            return
        if not self._local.run(task) and task == wakeup.DISPATCH:
            wakeup.wake_dispatch()  # the run under way is told that there may be new work

    def _publish(self, task: str, expires: float) -> bool:
        if settings.CELERY_BROKER_URL.startswith("memory:"):
            return False
        try:
            wakeup.publish(task, expires)
        except Exception as error:  # noqa: BLE001  # each transport has its own
            log.warning("beat: broker unreachable (%s)", type(error).__name__)
            return False
        return True

    def _is_unheard(self, entry: dict[str, Any]) -> bool:
        task = entry["task"]
        silent = time.monotonic() - self._begun[task]
        return ROUTES[task] in self._queues and silent > self._patience + 2 * entry["schedule"]


def _refresh_connections(**kwargs: Any) -> None:
    """Around each task: drop connections that broke or are too old, keep the others."""
    close_old_connections()
