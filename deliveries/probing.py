"""Running probes: checks on a few threads of this process, and one look at all tests that wait.

One run per process, which ends when nothing is asked any more; a wake-up tells the one under way.
No test holds a thread, and no bot whose server hangs holds all of them, so that everybody hears
within probe.WITHIN.
"""

import logging
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet

from botapi import failpoints
from deliveries import clock, probe, wakeup
from deliveries.models import Probe

log = logging.getLogger(__name__)

THREADS = 32
PER_BOT = 8
CLAIM = timedelta(seconds=30)
POLL_SECONDS = 0.1
RESCAN_SECONDS = 1.0

State = Probe.State
Kind = Probe.Kind


class Run:
    """One run of this process."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._woken = True
        self._stopped = False
        self._checks: dict[Future[None], UUID] = {}
        self._tests: set[UUID] = set()
        self.ran = 0

    def wake(self) -> None:
        """There may be new probes."""
        self._woken = True
        self._event.set()

    def stop(self) -> None:
        """Claim nothing more, and end."""
        self._stopped = True
        self._event.set()

    @property
    def is_done(self) -> bool:
        """Whether nothing was asked for that has no verdict yet."""
        return self._stopped or not (self._woken or self._checks or self._tests)

    def step(self) -> None:
        """Claim what was asked for, look after what is under way, and wait a moment."""
        self._woken = False
        self._claim_tests()
        self._look_after_tests()
        self._claim_checks()
        if self.is_done:
            return
        self._event.wait(POLL_SECONDS if self._tests else RESCAN_SECONDS)
        self._event.clear()
        self._checks = {one: bot for one, bot in self._checks.items() if not one.done()}

    def lay_down(self) -> None:
        """Leave the tests without a verdict to the next run; checks end by themselves."""
        Probe.objects.filter(pk__in=self._tests, state=State.RUNNING).update(state=State.PENDING)

    def _claim_tests(self) -> None:
        for pk in _open().filter(kind=Kind.TEST).values_list("pk", flat=True):
            if self._claim(pk):
                failpoints.hit("probe.test_claimed")
                self._tests.add(pk)

    def _look_after_tests(self) -> None:
        if not self._tests:
            return
        tests = Probe.objects.filter(pk__in=self._tests).select_related("delivery__bot", "channel")
        self._tests = {test.pk for test in tests if not probe.look_after(test)}

    def _claim_checks(self) -> None:
        """As far as threads are free, and for no bot more than PER_BOT."""
        waiting = _open().exclude(kind=Kind.TEST).select_related("bot", "channel__chat__bot")
        while len(self._checks) < THREADS:
            counts = Counter(self._checks.values())
            crowded = [bot_id for bot_id, count in counts.items() if count >= PER_BOT]
            row = waiting.exclude(bot__in=crowded).first()
            if row is None:
                self._give_up(waiting.filter(bot__in=crowded))
                return
            if self._claim(row.pk):
                failpoints.hit("probe.check_claimed")
                check = _pool.submit(_check, row)
                self._checks[check] = row.bot_id
                check.add_done_callback(lambda _: self._event.set())

    def _give_up(self, crowded: QuerySet[Probe]) -> None:
        """Who waited in vain for as long as a check may take hears that the server hangs."""
        for row in crowded.filter(created_at__lt=clock.now() - probe.WITHIN):
            if self._claim(row.pk):
                probe.give_up(row, f"{PER_BOT} checks of this bot wait for its server's answer")

    def _claim(self, pk: UUID) -> bool:
        claimed = (
            _open().filter(pk=pk).update(state=State.RUNNING, claimed_until=clock.now() + CLAIM)
        )
        self.ran += claimed
        return bool(claimed)


def _open() -> QuerySet[Probe]:
    """What nobody runs, or nobody any more, oldest first."""
    died = Q(state=State.RUNNING, claimed_until__lt=clock.now())
    return Probe.objects.filter(Q(state=State.PENDING) | died).order_by("created_at")


def _check(row: Probe) -> None:
    try:
        probe.check(row)
    except (OperationalError, InterfaceError) as error:
        log.warning("probe %s waits: %s", row.pk, type(error).__name__)
    except Exception:  # a defect of ours, which nobody else would hear of
        log.exception("probe %s has no verdict yet", row.pk)
    finally:
        connection.close()


_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="probe")
_lock = threading.Lock()
_current: Run | None = None


def run_pending() -> int:
    """Run the probes that wait, until all have verdicts; returns how many this process ran.

    When a run is under way, only tell it and return.
    """
    global _current  # noqa: PLW0603  # one run per process is the point
    with _lock:
        if _current is not None:
            _current.wake()
            return 0
        _current = run = Run()
    try:
        while not _ended(run):
            run.step()
        run.lay_down()
    finally:
        with _lock:
            _current = None if _current is run else _current
    return run.ran


def stop() -> None:
    """Have the run of this process, if any, end and leave what it has to others."""
    with _lock:
        if _current is not None:
            _current.stop()


def _ended(run: Run) -> bool:
    """Whether it is over; from then on nobody tells it any more, so that no wake-up is lost."""
    global _current  # noqa: PLW0603
    with _lock:
        if not run.is_done:
            return False
        _current = None
        return True


def _tell_current() -> bool:
    with _lock:
        if _current is None:
            return False
        _current.wake()
        return True


wakeup.listen(wakeup.PROBE, _tell_current)
