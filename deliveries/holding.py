"""Which lanes a run holds, and what it knows of them: taken, read anew, and let go.

Used by the run's own thread alone, but for `woken`, which others set.
"""

import random
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from botapi import failpoints
from deliveries import lanes, recovery, streams, tally
from deliveries.held import Agenda, HeldLane, changed
from deliveries.looks import Looks
from deliveries.models import Lane
from deliveries.pacing import Pace
from deliveries.schedule import Schedule
from deliveries.senders import Senders

HORIZON = 0.02
"""Attempts are committed so many seconds before their call may leave, to leave on time."""
RESCAN_SECONDS = 1.0
REST_MAX = 0.1
DIRTY_SECONDS = 0.05

Former = dict[UUID, tuple[int, Pace]]
"""Of lanes that this process held last: their fence then, and what their budgets were."""


class Holding:
    """The lanes of one run, by their bot. `woken`: there may be new work anywhere; `seeking`: some
    of our own doing left lanes to take."""

    def __init__(self, senders: Senders, former: Former | None = None) -> None:
        self.holder = lanes.new_holder()
        self.clock = lanes.Clock()
        self.held: dict[UUID, HeldLane] = {}
        self.agenda = Agenda()
        self.woken = True
        self.seeking = False
        self._senders = senders
        self._former: Former = former or {}
        self._looks = Looks(self.clock)
        self._scan_at = 0.0
        self._dirty_at = 0.0
        self._rested_at = 0.0

    @property
    def former(self) -> Former:
        """After its end, for the run that follows it: the lanes of which nothing is under way."""
        for held in self.held.values():
            held.schedule.pace.forget_rested(self.clock.now())
        return {
            bot_id: (held.fence, held.schedule.pace)
            for bot_id, held in self.held.items()
            if not held.in_flight
        }

    @property
    def is_idle(self) -> bool:
        """Whether nothing is held, and nothing to be looked for."""
        return not (self.held or self.woken or self.seeking)

    def next_time(self, ends_at: float) -> float:
        """When there is something to look for, at the latest `ends_at`."""
        times = [ends_at, self._scan_at]
        if self.held:
            times.append(self._dirty_at)
        if (reads := self._looks.next_time()) is not None:
            times.append(reads)
        if self.woken or self.seeking:
            times.append(self._rested_at)
        return min(times)

    def scan(self) -> None:
        """Find what is new: in the lanes held, and lanes to take."""
        now = self.clock.now()
        if self.held and now >= self._dirty_at:
            self._dirty_at = now + DIRTY_SECONDS
            # A mark goes no further: who marks one lane marks all that he does not hold, and two
            # processes with work would wake each other for ever.
            self.reread(lanes.take_dirty(self.held.keys(), self.holder))
        if now < self._scan_at and not ((self.woken or self.seeking) and now >= self._rested_at):
            return
        if now >= self._scan_at:
            self._scan_at = now + RESCAN_SECONDS
            tally.note(tally.DISPATCHED, now)
            self._follow_changes()
            recovery.end_what_the_gone_held(self.holder, self.clock.time())
        woken, self.woken, self.seeking = self.woken, False, False
        free, others = lanes.with_work(self.holder, self.clock.time())
        if woken and self.held:
            self.reread(list(self.held))
            # With very many bots this is the dear part: it takes at most a third of the time.
            looked = self.clock.now()
            self._rested_at = looked + min(REST_MAX, 2 * (looked - now))
        if free and self._senders.free > 0:
            share = max(16, len(free) // 8)
            self._take(free if len(free) <= share else random.sample(free, share))
            self.seeking = len(free) > share
        if woken and others:
            lanes.mark_dirty(others, self.holder)

    def reread(self, bot_ids: Collection[UUID]) -> None:
        """There may be something new in these lanes."""
        again = [held for bot_id in bot_ids if (held := self.held.get(bot_id)) is not None]
        if not again:
            return
        self._unblock([held for held in again if held.blocked], self.clock.time())
        self._looks.wake()
        for held in again:
            held.unread = True

    def read(self) -> None:
        """Read what waits in the lanes held: everything in steps, and what is new."""
        if self._looks.begins():
            self._looks.add(self.held)
        found = self._looks.step()
        if found is not None:
            for bot_id in found.begun:
                if bot_id in self.held:
                    self.held[bot_id].unread = False
            self.look(found.heads)
        if self.held and (news := self._looks.news(self.held)) is not None:
            self.look(news)

    def _follow_changes(self) -> None:
        """Let go of lanes whose bot was changed: taken anew, they go by its new token and limits.

        Read, not told: whoever changes a bot knows no lanes, and a hint may be lost.
        """
        for bot_id in changed(self.held.values()) if self.held else ():
            self.drop(bot_id)

    def _take(self, bot_ids: Collection[UUID]) -> None:
        moment = self.clock.time()
        taken = [self._hold(lane) for lane in lanes.take(bot_ids, self.holder, moment)]
        if not taken:
            return
        failpoints.hit("lane.taken")
        strange = [held for held in taken if not self._remembered(held)]
        self._unblock(strange, moment)
        self._recall(strange, moment)
        self._looks.add([held.bot.pk for held in taken])
        for held in taken:
            self.plan(held)

    def _recall(self, strange: Collection[HeldLane], moment: datetime) -> None:
        """Count what former holders of these lanes spent."""
        calls = recovery.recent([one.bot.pk for one in strange], moment)
        for bot_id, chat_id, group, weight, began, ended in calls:
            self.held[bot_id].schedule.pace.recall(
                chat_id,
                group=group,
                began=began.timestamp(),
                answered=None if ended is None else ended.timestamp(),
                weight=weight,
            )

    def _hold(self, lane: Lane) -> HeldLane:
        held = self.held[lane.bot_id] = HeldLane(lane, self.clock, self._senders)
        return held

    def _remembered(self, held: HeldLane) -> bool:
        """Whether this run was the lane's last holder, so that nothing is unknown to it."""
        fence, pace = self._former.pop(held.bot.pk, (-1, None))
        if pace is None or held.fence != fence + 1 or pace.limits != held.schedule.pace.limits:
            return False
        held.schedule = Schedule(pace)
        return True

    def look(self, found: streams.Heads) -> None:
        """Take over what was found to be next in some chats."""
        touched: set[HeldLane] = set()
        for head in found.heads:
            held = self.held.get(head.bot_id)
            if held is not None and held.offer(head):
                touched.add(held)
        for (bot_id, chat_id), at in found.look_again.items():
            held = self.held.get(bot_id)
            if held is not None:
                held.look_later(chat_id, at)
                touched.add(held)
        for held in touched:
            self.plan(held)

    def _unblock(self, lanes_blocked: Collection[HeldLane], moment: datetime) -> None:
        """Read (again) which chats wait for a call of a former holder."""
        if not lanes_blocked:
            return
        pending = recovery.take_over([held.bot.pk for held in lanes_blocked], moment)
        for held in lanes_blocked:
            held.block({chat: at for bot_id, chat, at in pending if bot_id == held.bot.pk})
            self.plan(held)

    def let_go(self) -> None:
        """Release the lanes without work."""
        idle = [bot_id for bot_id, held in self.held.items() if held.is_idle]
        if not idle:
            return
        failpoints.hit("lane.before_release")
        kept = lanes.release(idle, self.holder)
        failpoints.hit("lane.released")
        for bot_id in set(idle) - set(kept):
            held = self.held.pop(bot_id)
            self._former[bot_id] = (held.fence, held.schedule.pace)
        self.agenda.drop(set(idle) - set(kept))
        self.reread(kept)

    def drop(self, bot_id: UUID) -> None:
        """Let go of a lane whatever waits in it."""
        if self.held.pop(bot_id, None) is not None:
            self.agenda.drop([bot_id])
            lanes.drop([bot_id], self.holder)

    def plan(self, held: HeldLane) -> None:
        """Put into the agenda when this lane has something to do."""
        if self.held.get(held.bot.pk) is held:
            self.agenda.put(held.bot.pk, held.next_time())

    def look_again(self, held: HeldLane) -> None:
        """Read the chats of this lane that were to be read again by now."""
        moment = self.clock.time(HORIZON)
        if held.blocked:
            self._unblock([held], moment)
        chats = held.take_later(self.clock.now() + HORIZON)
        self.look(streams.heads_of_chats(chats, moment))
