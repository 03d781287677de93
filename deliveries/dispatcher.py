"""The dispatcher: leases lanes, sends what may leave, settles what came back.

One run per process. Its main loop alone touches lanes, schedules and rows; a few threads make the
calls; another one renews the leases. While a run is under way, wake-ups of this process set its
event and nothing else. It waits for work a while, ends within RUN_SECONDS, and wakes its successor.
"""

import heapq
import logging
import os
import random
import socket
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from uuid import UUID, uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError

from botapi.client import BotApiClient
from botapi.outbound import InvalidAddress
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot
from deliveries import attempts, health, lanes, recovery, settling, streams, wakeup
from deliveries.advice import ADVICE, Problem
from deliveries.attempts import Result
from deliveries.conflicts import is_conflict
from deliveries.decisions import LaneBackoff, Postpone, SuspectBot
from deliveries.models import Lane
from deliveries.pacing import Limits, Pace
from deliveries.schedule import Head, Schedule
from deliveries.senders import CallJob, CheckJob, Done, Senders

log = logging.getLogger(__name__)

RUN_SECONDS = 25.0
DRAIN_SECONDS = 6.0
HAND_OVER_SECONDS = 1.0
HORIZON = 0.02
"""Attempts are committed so many seconds before their call may leave, to leave on time."""
RESCAN_SECONDS = 1.0
REST_MAX = 0.1
DIRTY_SECONDS = 0.05
BACKOFF_MAX = 30.0
BACKOFF_DOUBLINGS = 7
"""From a quarter of a second; more would only be cut, and days of it overflow a float."""
LIMITED_CHATS = 3
LIMITED_SECONDS = 10.0
THREADS = 16 if settings.EMBEDDED_DATABASE else 48
BATCH = 32


@dataclass(slots=True, eq=False)
class Held:
    """A lane that this run holds."""

    bot: Bot
    schedule: Schedule
    client: BotApiClient | None
    token: str
    fence: int
    failures: int = 0
    failed_at: float = 0.0
    not_before: float = 0.0
    suspected_at: float | None = None
    checking: bool = False
    in_flight: dict[UUID, bool] = field(default_factory=dict)
    """Chat → whether it is a group."""
    blocked: dict[UUID, float] = field(default_factory=dict)
    limited: dict[UUID, float] = field(default_factory=dict)
    look_at: float | None = None
    agenda: float | None = None


class Run:
    """One dispatch run of this process."""

    def __init__(self, senders: Senders) -> None:
        self.holder = f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid4().hex[:12]}"
        self.clock = lanes.Clock()
        self._senders = senders
        self._woken = True
        self._stopped = False
        self._held: dict[UUID, Held] = {}
        self._former: dict[UUID, tuple[int, Pace]] = {}
        self._agenda: list[tuple[float, int, Held]] = []
        self._numbers = count()
        self._scan_at = 0.0
        self._dirty_at = 0.0
        self._rested_at = 0.0

    # --- from other threads ---

    @property
    def stopping(self) -> bool:
        """Whether it begins nothing more."""
        return self._stopped

    def wake(self) -> None:
        """There may be new work."""
        self._woken = True
        self._senders.event.set()

    def stop(self) -> None:
        """Begin nothing more, settle what is in flight, and end."""
        self._stopped = True
        self._senders.event.set()

    # --- the loop ---

    def go(self, seconds: float, *, until_idle: bool = False) -> None:
        """Dispatch for so many seconds, or until nothing is left that could leave."""
        ends_at = self.clock.now() + seconds
        renewal = lanes.Renewal(self.holder, self.clock)
        try:
            while not self._stopped and self.clock.now() < ends_at:
                self._settle()
                self._scan()
                self._begin()
                self._let_go()
                if until_idle and not self._held and not self._woken:
                    break
                self._wait(ends_at)
            self._drain()
        finally:
            renewal.stop()
            lanes.release_all(self.holder)

    def _wait(self, ends_at: float) -> None:
        now = self.clock.now()
        until = min(ends_at, self._scan_at, self._dirty_at if self._held else ends_at)
        if self._agenda and self._senders.free > 0:
            until = min(until, self._agenda[0][0] - HORIZON)
        if self._woken:
            until = min(until, self._rested_at)
        self._senders.event.wait(max(0.0005, until - now))
        self._senders.event.clear()

    def _drain(self) -> None:
        """Settle what comes back soon; the next run settles the rest."""
        wait = DRAIN_SECONDS if self._stopped else HAND_OVER_SECONDS
        give_up_at = self.clock.now() + wait
        while self._senders.busy and self.clock.now() < give_up_at:
            self._senders.event.wait(0.1)
            self._senders.event.clear()
            self._settle()

    # --- lanes ---

    def _scan(self) -> None:
        now = self.clock.now()
        if self._held and now >= self._dirty_at:
            self._dirty_at = now + DIRTY_SECONDS
            if lanes.take_dirty(self._held.keys(), self.holder):
                self._woken = True
        if not (now >= self._scan_at or (self._woken and now >= self._rested_at)):
            return
        woken, self._woken = self._woken, False
        moment = self.clock.time()
        free, others = lanes.with_work(self.holder, moment)
        if woken and self._held:
            self._unblock([held for held in self._held.values() if held.blocked], moment)
            self._look(streams.heads_of_bots(list(self._held), moment))
            # With very many chats this is the dear part: it takes at most a third of the time.
            looked = self.clock.now()
            self._rested_at = looked + min(REST_MAX, 2 * (looked - now))
        if free and self._senders.free > 0:
            share = max(16, len(free) // 8)
            chosen = free if len(free) <= share else random.sample(free, share)
            self._take(chosen)
            self._woken = self._woken or len(free) > share
        if woken and others:
            lanes.mark_dirty(others, self.holder)
        self._scan_at = now + RESCAN_SECONDS

    def _take(self, bot_ids: Collection[UUID]) -> None:
        moment = self.clock.time()
        taken = [self._hold(lane) for lane in lanes.take(bot_ids, self.holder, moment)]
        if not taken:
            return
        strange = [held.bot.pk for held in taken if not self._remembered(held)]
        for bot_id, chat_id, deadline in recovery.take_over(strange, moment) if strange else ():
            self._held[bot_id].blocked[chat_id] = deadline
        for held in taken:
            self._look_later(held, min(held.blocked.values(), default=None))
        found = streams.heads_of_bots([held.bot.pk for held in taken], moment)
        for bot_id, chat_id, group, at in recovery.recent(strange, moment) if strange else ():
            self._held[bot_id].schedule.pace.take(chat_id, group=group, at=at.timestamp())
        self._look(found)

    def _remembered(self, held: Held) -> bool:
        """Whether this run was the lane's last holder, so that nothing is unknown to it."""
        fence, pace = self._former.pop(held.bot.pk, (-1, None))
        if pace is None or held.fence != fence + 1:
            return False
        held.schedule = Schedule(pace)
        return True

    def _hold(self, lane: Lane) -> Held:
        bot = lane.bot
        pace = Pace(Limits(bot.per_second, bot.chat_per_second, bot.group_per_minute))
        client, token = _line(bot)
        held = self._held[bot.pk] = Held(
            bot=bot,
            schedule=Schedule(pace),
            client=client,
            token=token,
            fence=lane.fence,
            failures=lane.failures,
            not_before=lane.not_before.timestamp() if lane.not_before else 0.0,
            suspected_at=lane.suspected_at.timestamp() if lane.suspected_at else None,
        )
        if held.suspected_at is None and (client is None or bot.proven_at is None):
            self._suspect(held)  # nothing is sent by a bot before getMe has accepted its token
        return held

    def _look(self, found: streams.Heads) -> None:
        """Take over what was found to be next in some chats."""
        now = self.clock.now()
        touched = set()
        for head in found.heads:
            held = self._held.get(head.bot_id)
            if held is not None and self._offer(held, head, now):
                touched.add(held)
        for (bot_id, _), at in found.look_again.items():
            held = self._held.get(bot_id)
            if held is not None:
                self._look_later(held, at)
                touched.add(held)
        for held in touched:
            self._plan(held)

    def _offer(self, held: Held, head: Head, now: float) -> bool:
        if head.chat_id in held.in_flight:
            return False
        until = held.blocked.get(head.chat_id, 0.0)
        if until > now:
            return False
        held.blocked.pop(head.chat_id, None)
        held.schedule.put(head, now)
        return True

    def _look_later(self, held: Held, at: float | None) -> None:
        if at is not None and (held.look_at is None or at < held.look_at):
            held.look_at = at
            self._plan(held)

    def _let_go(self) -> None:
        """Release the lanes without work."""
        idle = [
            bot_id
            for bot_id, held in self._held.items()
            if not held.in_flight
            and not len(held.schedule)
            and held.look_at is None
            and held.suspected_at is None
        ]
        if not idle:
            return
        kept = lanes.release(idle, self.holder)
        for bot_id in idle:
            if bot_id not in kept:
                held = self._held.pop(bot_id)
                held.agenda = None
                self._former[bot_id] = (held.fence, held.schedule.pace)
        self._woken = self._woken or bool(kept)

    def _plan(self, held: Held) -> None:
        """Put the lane on the agenda for when it may have something to do."""
        if self._held.get(held.bot.pk) is not held:
            return
        now = self.clock.now()
        if held.suspected_at is not None:
            at = None if held.checking or held.in_flight else held.not_before
        else:
            at = held.schedule.next_time(now)
            if at is not None:
                at = max(at, held.not_before)
            if held.failures and held.in_flight:
                at = None  # the one probe is under way
        if held.look_at is not None:
            at = held.look_at if at is None else min(at, held.look_at)
        if at is not None and (held.agenda is None or at < held.agenda):
            held.agenda = at
            heapq.heappush(self._agenda, (at, next(self._numbers), held))

    # --- calls ---

    def _begin(self) -> None:
        """Commit attempts for what may leave within HORIZON, one lane after the other, and send."""
        while self._senders.free > 0:
            due = self._due()
            if not due:
                return
            picks = self._pick(due, min(BATCH, self._senders.free))
            for held in due:
                self._plan(held)
            if not picks:
                return
            self._submit(picks)

    def _due(self) -> list[Held]:
        until = self.clock.now() + HORIZON
        due: list[Held] = []
        while self._agenda and self._agenda[0][0] <= until:
            at, _, held = heapq.heappop(self._agenda)
            if held.agenda != at:
                continue
            held.agenda = None
            if held.look_at is not None and held.look_at <= until:
                self._look_again(held)
            if held.suspected_at is not None:
                self._check(held)
                self._plan(held)
            else:
                due.append(held)
        return due

    def _look_again(self, held: Held) -> None:
        held.look_at = None
        moment = self.clock.time(HORIZON)
        if held.blocked:
            self._unblock([held], moment)
        self._look(streams.heads_of_bots([held.bot.pk], moment))

    def _unblock(self, lanes_blocked: Collection[Held], moment: datetime) -> None:
        """Read again which chats wait for a call of a former holder: it may have settled it."""
        if not lanes_blocked:
            return
        pending = recovery.take_over([held.bot.pk for held in lanes_blocked], moment)
        for held in lanes_blocked:
            held.blocked = {
                chat_id: deadline
                for bot_id, chat_id, deadline in pending
                if bot_id == held.bot.pk and chat_id not in held.in_flight
            }
            self._look_later(held, min(held.blocked.values(), default=None))

    def _check(self, held: Held) -> None:
        """Ask getMe, once nothing of the lane is in flight any more."""
        if held.checking or held.in_flight or held.suspected_at is None:
            return
        if held.not_before <= self.clock.now() + HORIZON:
            held.checking = True
            since = datetime.fromtimestamp(held.suspected_at, UTC)
            self._senders.submit(CheckJob(held.bot, since, self.clock.now))

    def _pick(self, due: list[Held], room: int) -> list[tuple[Held, Head, float]]:
        picks: list[tuple[Held, Head, float]] = []
        now = self.clock.now()
        lanes_left = list(due)
        while lanes_left and len(picks) < room:
            for held in list(lanes_left):
                waits = held.not_before > now + HORIZON or (held.failures and held.in_flight)
                picked = None if waits else held.schedule.pick(now, HORIZON)
                if picked is None:
                    lanes_left.remove(held)
                    continue
                held.in_flight[picked[0].chat_id] = picked[0].group
                picks.append((held, *picked))
                if len(picks) >= room:
                    break
        return picks

    def _submit(self, picks: list[tuple[Held, Head, float]]) -> None:
        ids = [head.delivery_id for _, head, _ in picks]
        fences = {held.bot.pk: held.fence for held, _, _ in picks}
        begun = attempts.begin(ids, self.holder, fences, self.clock.time())
        by_id = {attempt.delivery.pk: attempt for attempt in begun}
        stale: dict[UUID, Held] = {}
        for held, head, at in picks:
            attempt = by_id.get(head.delivery_id)
            if attempt is None:
                del held.in_flight[head.chat_id]
                held.schedule.pace.give_back(head.chat_id, group=head.group, at=at)
                stale[head.chat_id] = held
                continue
            assert held.client is not None  # else the lane is suspected, and nothing is picked
            self._senders.submit(CallJob(attempt, held.client, held.token, at, self.clock.now))
        if stale:
            self._refresh(stale)

    def _refresh(self, stale: dict[UUID, Held]) -> None:
        """Heads that could not be begun: settled, parked, being written to, or of a lost lane."""
        bot_ids = {held.bot.pk for held in stale.values()}
        usable = lanes.still_usable(bot_ids, self.holder, self.clock.time())
        for bot_id in bot_ids - usable:
            self._drop(bot_id)
        # Not at once: who is writing to them needs some milliseconds.
        for held in stale.values():
            if held.bot.pk in usable:
                self._look_later(held, self.clock.now() + 2 * HORIZON)

    def _drop(self, bot_id: UUID) -> None:
        held = self._held.pop(bot_id, None)
        if held is not None:
            held.agenda = None
            lanes.release([bot_id], self.holder)

    def _settle(self) -> None:
        """Write down what came back, and look what is next in those chats."""
        finished = self._senders.collect(BATCH * 4)
        if not finished:
            return
        try:
            _write([done.result for done in finished if done.result is not None])
        except (OperationalError, InterfaceError):
            self._senders.put_back(finished)  # the database is away: the next run settles them
            raise
        chats: set[UUID] = set()
        let_go: set[UUID] = set()
        for done in finished:
            held = self._held.get(done.bot_id)
            if held is None:
                let_go.add(done.bot_id)
                continue
            if done.result is None:
                self._checked(held, done)
                continue
            chat_id = done.result.attempt.delivery.chat_id
            self._answered(held, done.result, done)
            held.blocked.pop(chat_id, None)
            chats.add(chat_id)
            self._note(held, done.result, done.started)
        if let_go:  # whoever has these lanes now waits for what we know
            lanes.mark_dirty(let_go, self.holder)
        if chats and not self._stopped:
            self._look(streams.heads_of_chats(chats, self.clock.time()))
        for done in finished:
            if (held := self._held.get(done.bot_id)) is not None:
                self._plan(held)

    def _answered(self, held: Held, result: Result, done: Done) -> None:
        chat_id = result.attempt.delivery.chat_id
        group = held.in_flight.pop(chat_id, None)
        if group is not None:  # else it is of a former hold of this lane
            held.schedule.pace.answered(
                chat_id,
                group=group,
                at=done.at,
                left=done.started,
                answered=result.finished_at.timestamp(),
            )

    def _checked(self, held: Held, done: Done) -> None:
        held.checking = False
        if done.again is None:  # either well again or disabled: the next scan knows
            self._drop(held.bot.pk)
            self._woken = True
        else:
            held.not_before = self.clock.now() + done.again

    def _note(self, held: Held, result: Result, started: float) -> None:
        """What an outcome does to the lane's clock."""
        decision, now = result.decision, self.clock.now()
        if isinstance(decision, LaneBackoff):
            if started >= held.failed_at:  # what was on its way then fails for the same reason
                held.failures += 1
                held.failed_at = now
            pause = min(BACKOFF_MAX, 0.25 * 2 ** min(held.failures, BACKOFF_DOUBLINGS))
            pause *= random.uniform(0.8, 1)  # noqa: S311  # jitter
            self._hold_back(held, now + pause, str(result.failure))
        elif isinstance(decision, Postpone):
            chat_id = result.attempt.delivery.chat_id
            held.limited[chat_id] = now
            recent = [at for at in held.limited.values() if at > now - LIMITED_SECONDS]
            if len(recent) >= LIMITED_CHATS:
                advice = ADVICE[Problem.RATE_LIMITED].wrong
                self._hold_back(held, now + decision.seconds + settling.AFTER_429, advice)
        elif isinstance(decision, SuspectBot):
            if held.suspected_at is None:
                self._suspect(held)
        elif held.failures:
            held.failures = 0
            lanes.shift([held.bot.pk], failures=0, not_before=None, trouble="")

    def _suspect(self, held: Held) -> None:
        held.suspected_at = self.clock.now()
        health.suspect(held.bot, self.clock.time())

    def _hold_back(self, held: Held, until: float, trouble: str) -> None:
        if until > held.not_before:
            held.not_before = until
            lanes.shift(
                [held.bot.pk],
                failures=held.failures,
                not_before=self.clock.time(until - self.clock.now()),
                trouble=trouble,
            )


def _write(results: list[Result]) -> None:
    """Settle, all at once where that works; one that can't be settled stops no other."""
    if not results:
        return
    try:
        settling.settle(results)
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # a defect of ours, or a row that was deleted meanwhile
        if len(results) == 1:
            log.exception("delivery %s can't be settled", results[0].attempt.delivery.pk)
            settling.abandon(results[0])
            return
        for result in results:
            _write([result])


def _line(bot: Bot) -> tuple[BotApiClient | None, str]:
    """What a call needs; without a client the bot is checked, and then disabled, like one whose
    token is wrong. One bot's secrets or address must not end the run of all."""
    try:
        return client_for(bot), token_of(bot)
    except (CannotDecrypt, InvalidAddress) as error:
        log.error("bot %s: %s", bot.pk, error)  # noqa: TRY400  # the reason is all there is to say
        return None, ""


_lock = threading.Lock()
_senders = Senders(THREADS)
_current: Run | None = None


def dispatch(seconds: float = RUN_SECONDS, *, until_idle: bool = False) -> None:
    """Run the dispatcher in this process; when a run is under way, only tell it and return."""
    global _current  # noqa: PLW0603  # one run per process is the point
    with _lock:
        if _current is not None:
            _current.wake()
            return
        _current = run = Run(_senders)
    try:
        run.go(seconds, until_idle=until_idle)
    except OperationalError as error:
        if not is_conflict(error):
            raise
        log.warning("the dispatch run gave way to another transaction and starts again")
    finally:
        with _lock:
            _current = None
    if not (until_idle or run.stopping):
        wakeup.wake_dispatch()


def stop() -> None:
    """Have the run of this process, if any, drain and end."""
    with _lock:
        if _current is not None:
            _current.stop()


def wait_until_ended(seconds: float) -> None:
    """Return when no run is under way in this process, or after so many seconds."""
    ends_at = time.monotonic() + seconds
    while _current is not None and time.monotonic() < ends_at:
        time.sleep(0.05)


def _tell_current() -> bool:
    with _lock:
        if _current is None or _current.stopping:
            return False
        _current.wake()
        return True


wakeup.listen(wakeup.DISPATCH, _tell_current)
