"""Threads that serve all who ask in turn: who asks a thousand times a second waits for himself."""

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

HELD_SECONDS = 0.5
"""A hundred times as long as it takes where nothing is in the way; where processors are short, and
batches worth the most, they take longer."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Asked, Answer]):
    """`call` None: `asked` is served together with others."""

    future: Future[Answer]
    call: Callable[[], Answer] | None = None
    asked: Asked | None = None


class Turns(Generic[Asked, Answer]):
    """In `threads` threads each of those who wait has one call served, then each of them another.
    Nobody has more than half of them at once, so that whoever comes finds one free.

    What may be served together waits while such are served, and is taken all at once then, up to
    `most`; sooner when so many wait, or when those have been served for HELD_SECONDS: what holds
    them up must not hold up others. `together` resolves the futures. The threads start with the
    first calls.
    """

    def __init__(
        self,
        threads: int,
        name: str,
        together: Callable[[list[tuple[Asked, Future[Answer]]]], None] | None = None,
        *,
        most: int = 1,
        held_seconds: float = HELD_SECONDS,
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._threads = threads
        self._threads_of: Counter[Hashable] = Counter()
        self._together = together
        self._most = most
        self._held_seconds = held_seconds
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Hashable, deque[_Waiting[Asked, Answer]]] = OrderedDict()
        self._waiting_alone = 0
        self._waiting_together = 0
        self._busy = 0
        self._serving_together = 0
        self._served_since = 0.0

    def submit(self, who: Hashable, call: Callable[[], Answer]) -> Future[Answer]:
        """Have it called when its turn comes."""
        return self._submit(who, _Waiting(Future(), call))

    def submit_together(self, who: Hashable, asked: Asked) -> Future[Answer]:
        """Have it served when its turn comes, together with whatever else may be."""
        return self._submit(who, _Waiting(Future(), asked=asked))

    def _submit(self, who: Hashable, one: _Waiting[Asked, Answer]) -> Future[Answer]:
        with self._lock:
            self._waiting.setdefault(who, deque()).append(one)
            self._count(one, 1)
            self._start_a_thread()
        return one.future

    def _count(self, one: _Waiting[Asked, Answer], step: int) -> None:
        if one.call is None:
            self._waiting_together += step
        else:
            self._waiting_alone += step

    def _start_a_thread(self) -> None:
        """Where somebody waits whom none of the busy ones will soon serve."""
        is_together = not self._waiting_alone
        if self._busy == self._threads or (is_together and self._may_wait()):
            return
        if not any(map(self._may_have_a_thread, self._waiting)):
            return
        self._busy += 1
        if is_together:
            self._serving_together += 1
            self._served_since = time.monotonic()
        self._pool.submit(self._serve, is_together=is_together)

    def _may_wait(self) -> bool:
        """Whether those that may be served together can wait for a thread that is at it."""
        return (
            self._serving_together > 0
            and self._waiting_together < self._most
            and time.monotonic() - self._served_since < self._held_seconds
        )

    def _may_have_a_thread(self, who: Hashable) -> bool:
        return self._threads_of[who] < max(1, self._threads // 2)

    def _serve(self, *, is_together: bool) -> None:
        """Until nobody waits."""
        served: set[Hashable] = set()
        while some := self._next(served, was_together=is_together):
            is_together = some[0].call is None
            self._serve_these([one for one in some if one.future.set_running_or_notify_cancel()])

    def _next(self, served: set[Hashable], *, was_together: bool) -> list[_Waiting[Asked, Answer]]:
        """Whose turn it is, and those behind him that may be served with him; they become those
        that are `served`."""
        with self._lock:
            self._serving_together -= was_together
            self._threads_of -= Counter(served)
            served.clear()
            some = self._take(served)
            self._threads_of.update(served)
            if not some:
                self._busy -= 1
            elif some[0].call is None:
                self._serving_together += 1
                self._served_since = time.monotonic()
            self._start_a_thread()
        return some

    def _take(self, taken: set[Hashable]) -> list[_Waiting[Asked, Answer]]:
        """Those whose turn it is, up to `most`; fewer where that lets somebody go who waits for no
        more than this: the rest of a flood is no business of his."""
        some: list[_Waiting[Asked, Answer]] = []
        somebody_is_done = False
        while len(some) < self._most:
            who = next((one for one in self._waiting if self._may_have_a_thread(one)), None)
            if who is None:
                break
            calls = self._waiting[who]
            is_alone = calls[0].call is not None
            if some and (is_alone or (somebody_is_done and who in taken)):
                break
            some.append(calls.popleft())
            self._count(some[-1], -1)
            taken.add(who)
            del self._waiting[who]
            if calls:
                self._waiting[who] = calls
            else:
                somebody_is_done = True
            if is_alone:
                break
        return some

    def _serve_these(self, some: Sequence[_Waiting[Asked, Answer]]) -> None:
        try:
            if some and some[0].call is not None:
                some[0].future.set_result(some[0].call())
            elif some and self._together is not None:
                self._together([(cast("Asked", one.asked), one.future) for one in some])
        except BaseException as error:  # noqa: BLE001  # it is of whoever waits for the future
            for one in some:
                if not one.future.done():
                    one.future.set_exception(error)
