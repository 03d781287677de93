"""One dispatch run: takes lanes, sends what may leave, settles what came back.

Its own thread alone touches lanes, schedules and rows; the senders make the calls, and a thread of
its own renews the leases. It waits for work a while, and ends within the time it is given.
"""

import logging
from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import InterfaceError, OperationalError

from channels_app.models import Bot
from deliveries import attempts, lanes, settling, streams
from deliveries.attempts import Result
from deliveries.held import HeldLane
from deliveries.holding import HORIZON, Former, Holding
from deliveries.schedule import Head
from deliveries.senders import CallJob, CheckJob, Done, Senders

log = logging.getLogger(__name__)

HAND_OVER_SECONDS = 0.2
"""Nothing leaves meanwhile, so one call that hangs must not make it long."""
BATCH = 32

Pick = tuple[HeldLane, Head, float]
"""A lane, what it sends next, and when that leaves."""


class Run:
    """One dispatch run of this process."""

    def __init__(self, senders: Senders, former: Former | None = None) -> None:
        self._senders = senders
        self._lanes = Holding(senders, former)
        self._clock = self._lanes.clock
        self._stopped = False
        self._crowded: set[HeldLane] = set()

    # --- from other threads ---

    @property
    def stopping(self) -> bool:
        """Whether it begins nothing more."""
        return self._stopped

    def wake(self) -> None:
        """There may be new work."""
        self._lanes.woken = True
        self._senders.event.set()

    @property
    def former(self) -> Former:
        """After its end, for the run that follows it."""
        return self._lanes.former

    def stop(self) -> None:
        """Begin nothing more, settle what is in flight, and end."""
        self._stopped = True
        self._senders.event.set()

    # --- the loop ---

    def go(self, seconds: float, *, until_idle: bool = False) -> None:
        """Dispatch for so many seconds, or until nothing is left that could leave."""
        ends_at = self._clock.now() + seconds
        renewal = lanes.Renewal(self._lanes.holder, self._clock)
        try:
            while not self._stopped and self._clock.now() < ends_at:
                self._settle()
                self._lanes.scan()
                self._lanes.read()
                self._begin()
                self._lanes.let_go()
                if until_idle and self._lanes.is_idle:
                    break
                self._wait(ends_at)
            self._drain()
        finally:
            renewal.stop()
            lanes.release_all(self._lanes.holder)

    def _wait(self, ends_at: float) -> None:
        now = self._clock.now()
        until = self._lanes.next_time(ends_at)
        planned = self._lanes.agenda.next_time
        if planned is not None and self._senders.free > 0:
            until = min(until, planned - HORIZON)
        self._senders.event.wait(max(0.0005, until - now))
        self._senders.event.clear()

    def _drain(self) -> None:
        """Settle what comes back soon; the next run settles the rest."""
        self.finish(HAND_OVER_SECONDS)

    def finish(self, seconds: float) -> None:
        """Settle what comes back within so many seconds; a run that holds no lanes may too."""
        give_up_at = self._clock.now() + seconds
        while self._senders.busy and self._clock.now() < give_up_at:
            self._senders.event.wait(0.1)
            self._senders.event.clear()
            self._settle()

    # --- calls ---

    def _begin(self) -> None:
        """Commit attempts for what may leave within HORIZON, one lane after the other, and send.

        Once: where a commit takes its time the next ones are due by then, and what came back or is
        new would wait for all of them.
        """
        due = self._due() if self._senders.free > 0 else []
        picked = self._pick(due) if due else []
        for held in due:
            if held not in self._crowded:
                self._lanes.plan(held)
        if picked:
            self._submit(picked)

    def _due(self) -> list[HeldLane]:
        """The lanes that may have something to send; the doubted ones are checked instead."""
        until = self._clock.now() + HORIZON
        due: list[HeldLane] = []
        doubts = self._doubts()
        while (bot_id := self._lanes.agenda.due(until)) is not None:
            held = self._lanes.held.get(bot_id)
            if held is None:
                continue
            if held.look_at is not None and held.look_at <= until:
                self._lanes.look_again(held)
            if held.suspected_at is None:
                due.append(held)
            elif doubts >= self._doubts_max:
                self._crowded.add(held)
            else:
                doubts += self._check(held)
                self._lanes.plan(held)
        return due

    def _doubts(self) -> int:
        """How many lanes have a call or check under way that may wait for nobody's answer."""
        return sum(held.checking or held.is_probing for held in self._lanes.held.values())

    @property
    def _doubts_max(self) -> int:
        """Of many bots that nobody answers, the calls and checks leave threads to the others."""
        return max(1, self._senders.threads // 2)

    def _check(self, held: HeldLane) -> bool:
        """Ask getMe, once nothing of the lane is in flight any more; whether it is asked now."""
        since = held.suspected_since
        if since is None or held.checking or held.in_flight:
            return False
        if held.not_before > self._clock.now() + HORIZON:
            return False
        held.checking = True
        self._senders.submit(held.bot, CheckJob(held.bot, since, self._clock.now))
        return True

    def _pick(self, due: list[HeldLane]) -> list[Pick]:
        """Calls that may leave, from each lane in turn, as far as threads are free for it."""
        picks: list[Pick] = []
        taken: list[Bot] = []
        now = self._clock.now()
        doubts = self._doubts()
        waiting = list(due)
        while waiting and len(picks) < BATCH:
            for held in list(waiting):
                crowded = held.failures and doubts >= self._doubts_max
                if crowded or not self._senders.has_room(held.bot, taken):
                    self._crowded.add(held)
                    waiting.remove(held)
                elif (picked := held.pick(now, HORIZON)) is None:
                    waiting.remove(held)
                else:
                    picks.append((held, *picked))
                    taken.append(held.bot)
                    doubts += held.is_probing
        return picks

    def _submit(self, picks: Sequence[Pick]) -> None:
        ids = [head.delivery_id for _, head, _ in picks]
        fences = {held.bot.pk: held.fence for held, _, _ in picks}
        begun = attempts.begin(ids, self._lanes.holder, fences, self._clock.time())
        by_id = {attempt.delivery.pk: attempt for attempt in begun}
        stale: list[tuple[HeldLane, Head]] = []
        for held, head, at in picks:
            attempt = by_id.get(head.delivery_id)
            if attempt is None:
                held.take_back(head)
                stale.append((held, head))
                continue
            held.begun(head, attempt.delivery.chat_id)
            assert held.client is not None  # else the lane is suspected, and nothing is picked
            job = CallJob(attempt, held.client, held.token, at, self._clock.now)
            self._senders.submit(held.bot, job)
        if stale:
            self._refresh(stale)

    def _refresh(self, stale: Collection[tuple[HeldLane, Head]]) -> None:
        """Lanes with heads that could not be begun: settled, parked, being written to, or lost."""
        bot_ids = {held.bot.pk for held, _ in stale}
        usable = lanes.still_usable(bot_ids, self._lanes.holder, self._clock.time())
        for bot_id in bot_ids - usable:
            self._lanes.drop(bot_id)
        # Not at once: who is writing to them needs some milliseconds.
        for held, head in stale:
            held.look_later(head.chat_id, self._clock.now() + 2 * HORIZON)
            self._lanes.plan(held)
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
            held = self._lanes.held.get(done.bot_id)
            if held is None:
                let_go.add(done.bot_id)
            elif done.result is None:
                self._checked(held, done)
            else:
                held.answered(done.result, done)
                chats.add(done.result.attempt.delivery.chat_id)
        if let_go:  # whoever has these lanes now waits for what we know
            lanes.mark_dirty(let_go, self._lanes.holder)
        if chats and not self._stopped:
            self._lanes.look(streams.heads_of_chats(chats, self._clock.time()))
        for done in finished:
            if (held := self._lanes.held.get(done.bot_id)) is not None:
                self._lanes.plan(held)
        self._make_room()

    def _make_room(self) -> None:
        """Threads came free for lanes that found none."""
        crowded, self._crowded = self._crowded, set()
        for held in crowded:
            self._lanes.plan(held)

    def _checked(self, held: HeldLane, done: Done) -> None:
        if not held.checking:
            return  # it was asked for a former hold of this lane
        held.checking = False
        if done.again is None:  # either well again or disabled: the next scan knows
            self._lanes.drop(held.bot.pk)
            self._lanes.seeking = True
        else:
            held.not_before = self._clock.now() + done.again


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
