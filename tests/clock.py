"""Time as tests judge it: it stands still while the machine does.

A shared machine stalls for seconds, which says nothing about us. So deadlines, and how long
something may take, are read from `now()` instead of a wall clock. What only computes is judged by
`time.thread_time()` or `time.process_time()`; "at least so long" by `time.monotonic()`. Where our
own code has a deadline shorter than a stall, the test of it is `undisturbed`.
"""

import functools
import threading
import time
from collections.abc import Callable
from typing import ParamSpec

TICK_SECONDS = 0.02
COUNTED_SECONDS = 0.1
"""A tick that comes later than this counts for no more: nobody else could run either."""
DISTURBING_SECONDS = 0.1
TRIES = 4

P = ParamSpec("P")


class _Clock(threading.Thread):
    """Ticks from its first reading on."""

    def __init__(self) -> None:
        super().__init__(name="clock", daemon=True)
        self._lock = threading.Lock()
        self._ticked = time.monotonic()
        self._passed = self._lost = 0.0

    def run(self) -> None:
        while True:
            time.sleep(TICK_SECONDS)
            self.read()

    def read(self) -> tuple[float, float]:
        with self._lock:
            if self.ident is None:
                self.start()
            at = time.monotonic()
            counted = min(at - self._ticked, COUNTED_SECONDS)
            self._passed += counted
            self._lost += at - self._ticked - counted
            self._ticked = at
            return self._passed, self._lost


_clock = _Clock()


def now() -> float:
    """Seconds, since some moment, in which this machine ran."""
    return _clock.read()[0]


def lost() -> float:
    """Seconds, since that moment, in which it did not."""
    return _clock.read()[1]


def sleep(seconds: float) -> None:
    """So long that others can do in it what takes them less."""
    ends_at = now() + seconds
    while (left := ends_at - now()) > 0:
        time.sleep(min(left, TICK_SECONDS))


def undisturbed(test: Callable[P, None]) -> Callable[P, None]:
    """Run the test again when it failed while the machine stalled."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        for _ in range(TRIES - 1):
            before = lost()
            try:
                return test(*args, **kwargs)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # pytest's own failures are no Exception
                if lost() - before < DISTURBING_SECONDS:
                    raise
                print(f"again, because the machine stalled: {error!r}")
        return test(*args, **kwargs)

    return run
