"""One lane on a simulated clock: Schedule and Pace as a run uses them, against published limits.

Between them stand what the real run has there: a heads query (the smallest turn of a chat, and what
is interactive), a horizon, a call under way in each chat, an answer that takes its time, and a
settle. What arrives is judged by `bench/limits.py`, which the product knows nothing of.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import count
from uuid import UUID, uuid5

from bench import limits as published
from deliveries import recovery
from deliveries.holding import HORIZON
from deliveries.pacing import Limits, Pace
from deliveries.schedule import Head, Schedule
from deliveries.streams import HEAD_START, Priority

START = 10_000.0
SETTLE = 0.004
REMEMBERED = recovery.REMEMBERED.total_seconds()
BOT = UUID(int=1)


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """A call that is due at `at` seconds after the start. Negative chats are groups."""

    at: float
    chat: int
    priority: int = Priority.NORMAL
    owner: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """How long a call's answer takes, and when within it the call arrives; how late it leaves."""

    took: float = 0.05
    arrives: float = 0.025
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class Made:
    """A call that arrived, in seconds after the start; whether Telegram took it."""

    wish: Wish
    arrived: float
    accepted: bool


@dataclass(slots=True)
class _Attempt:
    """What the database knows of a call, in seconds since the epoch."""

    head: Head
    began: float
    answered: float | None = None


class Lane:
    """A simulated lane. `way(number)` says what becomes of its calls. Every `hold` seconds another
    process takes it, who knows of the former one's calls what is in the database."""

    def __init__(
        self,
        wishes: Iterable[Wish],
        way: Callable[[int], Way],
        limits: Limits | None = None,
        hold: float | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self.schedule = Schedule(Pace(self._limits))
        self._way = way
        self._hold = hold
        self._attempts: list[_Attempt] = []
        self._waiting: dict[int, list[tuple[float, int, Wish]]] = defaultdict(list)
        self._urgent: dict[int, list[tuple[float, int, Wish]]] = defaultdict(list)
        self._gone: set[Wish] = set()
        self._in_flight: set[int] = set()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = count()
        self._wish_of: dict[UUID, Wish] = {}
        self._arrivals: list[tuple[float, Wish]] = []
        for wish in wishes:
            self._at(START + wish.at, partial(self._due, wish))
        if hold is not None:
            self._at(START + hold, self._hand_over)

    def run(self, seconds: float) -> list[Made]:
        """What has arrived after so long, in order."""
        now = START
        while True:
            planned = self.schedule.next_time(now)
            times = [] if planned is None else [max(now, planned - HORIZON)]
            times += [self._events[0][0]] if self._events else []
            if not times or min(times) > START + seconds:
                break
            # As a real run: it is woken late rather than early, and never twice at once.
            now = max(now + 0.0005, min(times))
            while self._events and self._events[0][0] <= now:
                heapq.heappop(self._events)[2](now)
            while (picked := self.schedule.pick(now, HORIZON)) is not None:
                self._leave(*picked, now)
        return self._judge(START + seconds)

    def _at(self, moment: float, what: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), what))

    def _hand_over(self, now: float) -> None:
        pace = Pace(self._limits)
        for one in self._attempts:
            if one.began > now - REMEMBERED:
                pace.recall(
                    one.head.chat_id,
                    group=one.head.group,
                    began=one.began,
                    answered=one.answered,
                )
        self.schedule = Schedule(pace)
        for chat in list(self._waiting):
            self._look(chat, now)
        assert self._hold is not None
        self._at(now + self._hold, self._hand_over)

    def _due(self, wish: Wish, now: float) -> None:
        due = START + wish.at
        entry = (
            due + HEAD_START[Priority(wish.priority)].total_seconds(),
            next(self._numbers),
            wish,
        )
        heapq.heappush(self._waiting[wish.chat], entry)
        if wish.priority == Priority.INTERACTIVE:
            heapq.heappush(self._urgent[wish.chat], entry)
        self._look(wish.chat, now)

    def _look(self, chat: int, now: float) -> None:
        """As `streams.heads_of_chats`."""
        if chat in self._in_flight:
            return
        for queue in (self._waiting[chat], self._urgent[chat]):
            while queue and queue[0][2] in self._gone:
                heapq.heappop(queue)
        if not self._waiting[chat]:
            return
        turn, number, first = self._waiting[chat][0]
        self._put(first, number, turn, now)
        if self._urgent[chat] and self._urgent[chat][0][2] is not first:
            _, number, urgent = self._urgent[chat][0]
            self._put(urgent, number, turn, now, passes=True)

    def _put(
        self, wish: Wish, number: int, turn: float, now: float, *, passes: bool = False
    ) -> None:
        head = Head(
            delivery_id=UUID(int=number),
            bot_id=BOT,
            chat_id=uuid5(BOT, str(wish.chat)),
            organization_id=uuid5(BOT, f"owner {wish.owner}"),
            group=wish.chat < 0,
            urgent=wish.priority == Priority.INTERACTIVE,
            turn=turn,
            not_before=0.0,
            passes=passes,
        )
        self._wish_of[head.delivery_id] = wish
        self.schedule.put(head, now)

    def _leave(self, head: Head, at: float, now: float) -> None:
        wish = self._wish_of[head.delivery_id]
        self._gone.add(wish)
        self._in_flight.add(wish.chat)
        way = self._way(len(self._arrivals))
        left = at + way.late
        answered = left + way.took
        self._arrivals.append((left + way.arrives, wish))
        attempt = _Attempt(head, now)
        self._attempts.append(attempt)
        holder = self.schedule

        def settle(now: float) -> None:
            self._in_flight.discard(wish.chat)
            attempt.answered = answered
            if self.schedule is holder:  # else nobody tells the new one of it
                holder.pace.answered(head.chat_id, group=head.group, left=left, answered=answered)
            self._look(wish.chat, now)

        self._at(answered + SETTLE, settle)

    def _judge(self, until: float) -> list[Made]:
        telegram = published.Limits()
        made = []
        for arrived, wish in sorted(self._arrivals, key=lambda one: one[0]):
            if arrived <= until:
                accepted = telegram.admit(0, wish.chat, arrived) == 0
                made.append(Made(wish, arrived - START, accepted))
        return made


def efficiency(made: list[Made], chats: Iterable[int], seconds: float) -> float:
    """Calls ÷ the most that the published limits allow from a rested start."""
    taken = sum(one.accepted for one in made)
    return taken / published.allowed_calls(list(chats), seconds)
