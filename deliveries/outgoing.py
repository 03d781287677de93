"""Calls to programs and mail servers of users: claimed, made on threads, shared among
organizations.

A call is claimed by one conditional UPDATE, made outside of any transaction, and settled under its
claim. A claim that ran out is free again: the call is made once more, under the same ID.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q, QuerySet

from deliveries import clock
from deliveries.models import OutgoingCall

log = logging.getLogger(__name__)

THREADS = 8
PER_ORGANIZATION = 2
"""Of the threads: a receiver may hang."""
RUN_SECONDS = 20.0
TICK = 0.2
State = OutgoingCall.State

Call = TypeVar("Call", bound=OutgoingCall)


class Outgoing(Generic[Call]):
    """The calls of one table, and the threads that make them.

    `in_order`: of the free calls, so many at most and with what making them needs, those first
    that are to leave first. `claim`: see `claim` here. `make`: makes a claimed call and settles it,
    on a thread, within its claim.
    """

    def __init__(
        self,
        model: type[Call],
        *,
        in_order: Callable[[QuerySet[Call], int], Iterable[Call]],
        claim: Callable[[Call], bool],
        make: Callable[[Call], None],
    ) -> None:
        self._model, self._in_order, self._claim, self._make = model, in_order, claim, make
        self._name = model._meta.model_name or ""
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix=self._name)
        self._running: dict[Future[None], UUID] = {}
        self._turn = threading.Lock()
        self._is_wanted = False

    def send_waiting(self, seconds: float = RUN_SECONDS) -> int:
        """Make what waits until nothing is due, at most about so long; returns how many calls. At
        once where another thread is at it, which sees what is new."""
        ends_at = time.monotonic() + seconds
        made = 0
        self._is_wanted = True
        while self._is_wanted and time.monotonic() < ends_at and self._turn.acquire(blocking=False):
            try:
                self._is_wanted = False
                made += self._begin(ends_at)
                last = list(self._running) if made else []
            finally:
                self._turn.release()
            wait(last)
        return made

    def _begin(self, ends_at: float) -> int:
        """Until nothing is due and all is made, or the time is over."""
        made = 0
        while time.monotonic() < ends_at:
            self._running = {one: who for one, who in self._running.items() if not one.done()}
            for call in self._due():
                if self._claim(call):
                    self._running[self._pool.submit(self._run, call)] = call.organization_id
                    made += 1
            if not self._running:
                break
            wait(self._running, timeout=TICK, return_when=FIRST_COMPLETED)
        return made

    def _due(self) -> list[Call]:
        """Free calls as far as there are threads, of all who look."""
        running = self._running
        room = THREADS - len(running)
        # Mostly nothing waits, and this is cheaper than to ask for it all.
        if room <= 0 or not free(self._model).exists():
            return []
        counts = Counter(running.values())
        full = [owner for owner, count in counts.items() if count >= PER_ORGANIZATION]
        chosen: list[Call] = []
        rows = free(self._model).exclude(organization__in=full)
        for call in self._in_order(rows, THREADS * 25):
            if len(chosen) < room and counts[call.organization_id] < PER_ORGANIZATION:
                counts[call.organization_id] += 1
                chosen.append(call)
        return chosen

    def _run(self, call: Call) -> None:
        """On a thread of the pool."""
        try:
            self._make(call)
        except (OperationalError, InterfaceError) as error:
            log.warning("%s %s is not settled: %s", self._name, call.pk, type(error).__name__)
        except Exception:  # a defect of ours: the claim runs out, and it is tried again
            log.exception("%s %s failed", self._name, call.pk)
        finally:
            connection.close()


def free(model: type[Call]) -> QuerySet[Call]:
    """What may be made now: it waits, is due, and nobody holds it."""
    now = clock.now()
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return model.objects.filter(unclaimed, state=State.WAITING, not_before__lte=now)


def claim(call: OutgoingCall, lasts: timedelta, still: Q | None = None) -> bool:
    """Take a free call for so long; False when somebody was faster, or it is not `still` so."""
    call.claim, call.claimed_until = uuid4(), clock.now() + lasts
    mine = free(type(call)).filter(still or Q(), pk=call.pk)
    return bool(mine.update(claim=call.claim, claimed_until=call.claimed_until))


def settle(call: OutgoingCall, *, taken: bool, again_at: datetime | None, **values: Any) -> str:
    """Write down what came of an attempt, under its claim: it was taken, or comes again at
    `again_at`, None: it is given up. `values`: of the columns that its own table has. Returns the
    state that it is in then; "" where the claim was lost, or it was settled meanwhile: nothing of
    this counts.
    """
    values |= {"claim": None, "claimed_until": None, "attempts": call.attempts + 1}
    if taken:
        values |= {"state": State.ACCEPTED, "settled_at": clock.now()}
    elif again_at is None:
        values |= {"state": State.FAILED, "settled_at": clock.now()}
    else:
        values |= {"not_before": again_at}
    rows = type(call).objects.filter(pk=call.pk, claim=call.claim, state=State.WAITING)
    if not rows.update(**values):
        return ""
    return str(values.get("state", State.WAITING))
