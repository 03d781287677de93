"""One dispatch run: takes lanes, sends what may leave, settles what came back.

Its own thread alone touches lanes, schedules and rows; the senders make the calls, and a thread of
its own renews the leases. It waits for work a while, and ends within the time it is given.
"""

import logging
import os
import random
import socket
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError

from botapi import failpoints
from deliveries import attempts, lanes, recovery, settling, streams
from deliveries.attempts import Result
from deliveries.held import Agenda, HeldLane, changed
from deliveries.models import Lane
from deliveries.pacing import Pace
from deliveries.schedule import Head, Schedule
from deliveries.senders import CallJob, CheckJob, Done, Senders

log = logging.getLogger(__name__)

DRAIN_SECONDS = 6.0
HAND_OVER_SECONDS = 0.2
"""Nothing leaves meanwhile, so one call that hangs must not make it long."""
HORIZON = 0.02
"""Attempts are committed so many seconds before their call may leave, to leave on time."""
RESCAN_SECONDS = 1.0
REST_MAX = 0.1
DIRTY_SECONDS = 0.05
BATCH = 32

Pick = tuple[HeldLane, Head, float]
"""A lane, what it sends next, and when that leaves."""


class Run:
    """One dispatch run of this process."""

    def __init__(self, senders: Senders) -> None:
        self.holder = f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid4().hex[:12]}"
        self.clock = lanes.Clock()
        self._senders = senders
        self._woken = True
        self._stopped = False
        self._held: dict[UUID, HeldLane] = {}
        self._former: dict[UUID, tuple[int, Pace]] = {}
        self._agenda = Agenda()
        self._crowded: set[HeldLane] = set()
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
        planned = self._agenda.next_time
        if planned is not None and self._senders.free > 0:
            until = min(until, planned - HORIZON)
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
        """Find what is new: in the lanes held, and lanes to take."""
        now = self.clock.now()
        if self._held and now >= self._dirty_at:
            self._dirty_at = now + DIRTY_SECONDS
            if lanes.take_dirty(self._held.keys(), self.holder):
                self._woken = True
        if not (now >= self._scan_at or (self._woken and now >= self._rested_at)):
            return
        if now >= self._scan_at:
            self._follow_changes()
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
        if now >= self._scan_at:
            self._scan_at = now + RESCAN_SECONDS

    def _follow_changes(self) -> None:
        """Let go of lanes whose bot was changed: taken anew, they go by its new token and limits.

        Read, not told: whoever changes a bot knows no lanes, and a hint may be lost.
        """
        for bot_id in changed(self._held.values()) if self._held else ():
            self._drop(bot_id)

    def _take(self, bot_ids: Collection[UUID]) -> None:
        moment = self.clock.time()
        taken = [self._hold(lane) for lane in lanes.take(bot_ids, self.holder, moment)]
        if not taken:
            return
        failpoints.hit("lane.taken")
        strange = [held for held in taken if not self._remembered(held)]
        self._unblock(strange, moment)
        found = streams.heads_of_bots([held.bot.pk for held in taken], moment)
        for bot_id, chat_id, group, at in recovery.recent([one.bot.pk for one in strange], moment):
            self._held[bot_id].schedule.pace.take(chat_id, group=group, at=at.timestamp())
        self._look(found)
        for held in taken:
            self._plan(held)

    def _hold(self, lane: Lane) -> HeldLane:
        held = self._held[lane.bot_id] = HeldLane(lane, self.clock, self._senders)
        return held

    def _remembered(self, held: HeldLane) -> bool:
        """Whether this run was the lane's last holder, so that nothing is unknown to it."""
        fence, pace = self._former.pop(held.bot.pk, (-1, None))
        if pace is None or held.fence != fence + 1 or pace.limits != held.schedule.pace.limits:
            return False
        held.schedule = Schedule(pace)
        return True

    def _look(self, found: streams.Heads) -> None:
        """Take over what was found to be next in some chats."""
        touched: set[HeldLane] = set()
        for head in found.heads:
            held = self._held.get(head.bot_id)
            if held is not None and held.offer(head):
                touched.add(held)
        for (bot_id, _), at in found.look_again.items():
            held = self._held.get(bot_id)
            if held is not None:
                held.look_later(at)
                touched.add(held)
        for held in touched:
            self._plan(held)

    def _unblock(self, lanes_blocked: Collection[HeldLane], moment: datetime) -> None:
        """Read (again) which chats wait for a call of a former holder."""
        if not lanes_blocked:
            return
        pending = recovery.take_over([held.bot.pk for held in lanes_blocked], moment)
        for held in lanes_blocked:
            held.block({chat: at for bot_id, chat, at in pending if bot_id == held.bot.pk})
            self._plan(held)

    def _let_go(self) -> None:
        """Release the lanes without work."""
        idle = [bot_id for bot_id, held in self._held.items() if held.is_idle]
        if not idle:
            return
        failpoints.hit("lane.before_release")
        kept = lanes.release(idle, self.holder)
        failpoints.hit("lane.released")
        for bot_id in set(idle) - set(kept):
            held = self._held.pop(bot_id)
            self._former[bot_id] = (held.fence, held.schedule.pace)
        self._agenda.drop(set(idle) - set(kept))
        self._woken = self._woken or bool(kept)

    def _drop(self, bot_id: UUID) -> None:
        """Let go of a lane whatever waits in it."""
        if self._held.pop(bot_id, None) is not None:
            self._agenda.drop([bot_id])
            lanes.drop([bot_id], self.holder)

    def _plan(self, held: HeldLane) -> None:
        if self._held.get(held.bot.pk) is held:
            self._agenda.put(held.bot.pk, held.next_time())

    # --- calls ---

    def _begin(self) -> None:
        """Commit attempts for what may leave within HORIZON, one lane after the other, and send."""
        while self._senders.free > 0:
            due = self._due()
            if not due:
                return
            picked = self._pick(due)
            for held in due:
                if held not in self._crowded:
                    self._plan(held)
            if not picked:
                return
            self._submit(picked)

    def _due(self) -> list[HeldLane]:
        """The lanes that may have something to send; the doubted ones are checked instead."""
        until = self.clock.now() + HORIZON
        due: list[HeldLane] = []
        doubts = self._doubts()
        while (bot_id := self._agenda.due(until)) is not None:
            held = self._held.get(bot_id)
            if held is None:
                continue
            if held.look_at is not None and held.look_at <= until:
                self._look_again(held)
            if held.suspected_at is None:
                due.append(held)
            elif doubts >= self._doubts_max:
                self._crowded.add(held)
            else:
                doubts += self._check(held)
                self._plan(held)
        return due

    def _doubts(self) -> int:
        """How many lanes have a call or check under way that may wait for nobody's answer."""
        return sum(held.checking or held.is_probing for held in self._held.values())

    @property
    def _doubts_max(self) -> int:
        """Of many bots that nobody answers, the calls and checks leave threads to the others."""
        return max(1, self._senders.threads // 2)

    def _look_again(self, held: HeldLane) -> None:
        held.look_at = None
        moment = self.clock.time(HORIZON)
        if held.blocked:
            self._unblock([held], moment)
        self._look(streams.heads_of_bots([held.bot.pk], moment))

    def _check(self, held: HeldLane) -> bool:
        """Ask getMe, once nothing of the lane is in flight any more; whether it is asked now."""
        since = held.suspected_since
        if since is None or held.checking or held.in_flight:
            return False
        if held.not_before > self.clock.now() + HORIZON:
            return False
        held.checking = True
        self._senders.submit(held.bot.pk, CheckJob(held.bot, since, self.clock.now))
        return True

    def _pick(self, due: list[HeldLane]) -> list[Pick]:
        """Calls that may leave, from each lane in turn, as far as threads are free for it."""
        picks: list[Pick] = []
        taken: Counter[UUID] = Counter()
        now = self.clock.now()
        doubts = self._doubts()
        waiting = list(due)
        while waiting and len(picks) < BATCH:
            for held in list(waiting):
                crowded = held.failures and doubts >= self._doubts_max
                if crowded or not self._senders.has_room(held.bot.pk, taken):
                    self._crowded.add(held)
                    waiting.remove(held)
                elif (picked := held.pick(now, HORIZON)) is None:
                    waiting.remove(held)
                else:
                    picks.append((held, *picked))
                    taken[held.bot.pk] += 1
                    doubts += held.is_probing
        return picks

    def _submit(self, picks: Sequence[Pick]) -> None:
        ids = [head.delivery_id for _, head, _ in picks]
        fences = {held.bot.pk: held.fence for held, _, _ in picks}
        begun = attempts.begin(ids, self.holder, fences, self.clock.time())
        by_id = {attempt.delivery.pk: attempt for attempt in begun}
        stale: set[HeldLane] = set()
        for held, head, at in picks:
            attempt = by_id.get(head.delivery_id)
            if attempt is None:
                held.take_back(head)
                stale.add(held)
                continue
            held.begun(head, attempt.delivery.chat_id)
            assert held.client is not None  # else the lane is suspected, and nothing is picked
            job = CallJob(attempt, held.client, held.token, at, self.clock.now)
            self._senders.submit(held.bot.pk, job)
        if stale:
            self._refresh(stale)

    def _refresh(self, stale: Collection[HeldLane]) -> None:
        """Lanes with heads that could not be begun: settled, parked, being written to, or lost."""
        bot_ids = {held.bot.pk for held in stale}
        usable = lanes.still_usable(bot_ids, self.holder, self.clock.time())
        for bot_id in bot_ids - usable:
            self._drop(bot_id)
        # Not at once: who is writing to them needs some milliseconds.
        for held in stale:
            held.look_later(self.clock.now() + 2 * HORIZON)
            self._plan(held)
        self._make_room()

    # --- outcomes ---

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
            elif done.result is None:
                self._checked(held, done)
            else:
                held.answered(done.result, done)
                chats.add(done.result.attempt.delivery.chat_id)
        if let_go:  # whoever has these lanes now waits for what we know
            lanes.mark_dirty(let_go, self.holder)
        if chats and not self._stopped:
            self._look(streams.heads_of_chats(chats, self.clock.time()))
        for done in finished:
            if (held := self._held.get(done.bot_id)) is not None:
                self._plan(held)
        self._make_room()

    def _make_room(self) -> None:
        """Threads came free for lanes that found none."""
        crowded, self._crowded = self._crowded, set()
        for held in crowded:
            self._plan(held)

    def _checked(self, held: HeldLane, done: Done) -> None:
        if not held.checking:
            return  # it was asked for a former hold of this lane
        held.checking = False
        if done.again is None:  # either well again or disabled: the next scan knows
            self._drop(held.bot.pk)
            self._woken = True
        else:
            held.not_before = self.clock.now() + done.again


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
