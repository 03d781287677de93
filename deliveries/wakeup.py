"""Wake-ups: a hint that there is work. They carry no facts, and losing one only costs time.

A request never touches the broker: it sets an event, and one thread of the process publishes, at
most once in 10 ms per task, and in a stream of them once in 50. A dispatch run under way in this
process listens, and is told directly. What no broker takes a worker does itself (`otherwise`).
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from celery import current_app
from django.conf import settings

from botapi import failpoints

log = logging.getLogger(__name__)

DISPATCH = "deliveries.dispatch"
PROBE = "deliveries.probe"
COALESCE_SECONDS = 0.01
COALESCE_MAX = 0.05
"""Whoever is woken looks for more before it ends, so a stream of wake-ups is mostly waste."""
SOCKET_SECONDS = 0.5
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0)
EXPIRES_SECONDS = 30
"""A wake-up that waited this long in the broker is worth nothing: sweeps have been here since."""


def wake(task_name: str) -> None:
    """Have this Celery task run soon. Returns at once, whatever the broker does."""
    listener = _listeners.get(task_name)
    if listener is not None and listener():
        return
    _publisher.request(task_name)


def wake_dispatch() -> None:
    """Have waiting calls sent soon."""
    wake(DISPATCH)


def listen(task_name: str, listener: Callable[[], bool]) -> None:
    """From now on `wake(task_name)` in this process calls `listener`; False: publish after all."""
    _listeners[task_name] = listener


def otherwise(run: Callable[[str], object]) -> None:
    """From now on `run` hears of the tasks that this process wants while no broker takes them. It
    must return at once."""
    _publisher.otherwise = run


def publish(task_name: str, expires: float = EXPIRES_SECONDS) -> None:
    """Send one message to the broker, now; raises what the broker's client raises.

    On a connection that the calling thread keeps: a new one costs a dozen commands. A broker that
    was started anew has closed it, so a kept one that fails is tried once more as a new one.
    """
    is_kept = hasattr(_line, "producer")
    try:
        _publish(task_name, expires)
    except Exception:
        if not is_kept:
            raise
        _publish(task_name, expires)


def _publish(task_name: str, expires: float) -> None:
    if not hasattr(_line, "producer"):
        _line.producer = _connect()
    try:
        current_app.send_task(task_name, producer=_line.producer, retry=False, expires=expires)
    except Exception:
        producer = _line.__dict__.pop("producer")
        with suppress(Exception):  # whatever is wrong with it, it is not used again
            producer.connection.collect(SOCKET_SECONDS)
        raise


def _connect() -> Any:
    """A producer with socket timeouts of its own: a frozen broker fails instead of hanging."""
    connection = current_app.connection_for_write()
    options = {
        "socket_timeout": SOCKET_SECONDS,
        "socket_connect_timeout": SOCKET_SECONDS,
        "read_timeout": SOCKET_SECONDS,  # RabbitMQ's names for the same
        "write_timeout": SOCKET_SECONDS,
        "max_retries": 0,
    }
    connection.transport_options = {**(connection.transport_options or {}), **options}
    return current_app.amqp.Producer(connection, auto_declare=False)


def _nobody(task_name: str) -> None:
    """This process runs no tasks: the worker's sweeps find the work."""


class _Publisher:
    """The one thread that talks to the broker, started by the first wake-up of a process."""

    def __init__(self) -> None:
        self.otherwise: Callable[[str], object] = _nobody
        self._reset()

    def _reset(self) -> None:
        self._wanted: set[str] = set()
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0

    def request(self, task_name: str) -> None:
        if settings.CELERY_BROKER_URL.startswith("memory:"):
            self.otherwise(task_name)  # what other processes want the worker's sweeps find
            return
        if self._failures:
            self.otherwise(task_name)
        with self._lock:
            self._wanted.add(task_name)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wakeup", daemon=True)
                self._thread.start()
        self._event.set()

    def after_fork(self) -> None:
        """A child has no copy of the thread, and must not share its lock; nor of those that run
        what no broker takes."""
        self.otherwise = _nobody
        self._reset()

    def _run(self) -> None:
        pause = COALESCE_SECONDS
        while True:
            is_stream = self._event.is_set()
            pause = min(2 * pause, COALESCE_MAX) if is_stream else COALESCE_SECONDS
            self._event.wait()
            self._event.clear()
            with self._lock:
                names, self._wanted = self._wanted, set()
            try:
                for name in names:
                    failpoints.hit("wakeup.before_send")
                    publish(name)
                    failpoints.hit("wakeup.sent")
                self._failures = 0
                time.sleep(pause)
            except Exception as error:  # noqa: BLE001  # each transport has its own; all mean "later"
                wait = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
                self._failures += 1
                for name in names:
                    self.otherwise(name)
                log.warning("broker unreachable (%s); next try in %s s", type(error).__name__, wait)
                time.sleep(wait)
                with self._lock:
                    self._wanted |= names
                self._event.set()


_listeners: dict[str, Callable[[], bool]] = {}
_publisher = _Publisher()
_line = threading.local()


def _after_fork() -> None:
    """A child's connections are its own."""
    _line.__dict__.clear()
    _publisher.after_fork()


os.register_at_fork(after_in_child=_after_fork)
