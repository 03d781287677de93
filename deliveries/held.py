"""A lane as the run that holds it knows it: what waits in it, its clock, its doubts, its calls.

In memory, and used by the run's own thread alone; what other processes must know of its clock and
its doubts is written to the Lane.
"""

import heapq
import logging
import random
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from botapi.client import BotApiClient
from botapi.outbound import InvalidAddress
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot
from deliveries import health, lanes, settling
from deliveries.advice import ADVICE, Problem
from deliveries.attempts import Result
from deliveries.decisions import LaneBackoff, Postpone, SuspectBot, Unconfirmed
from deliveries.models import Lane
from deliveries.pacing import Limits, Pace
from deliveries.schedule import Head, Schedule
from deliveries.senders import Done, Senders

log = logging.getLogger(__name__)

LINE = (
    *health.CONNECTION,
    "enabled",
    "per_second",
    "chat_per_second",
    "group_per_minute",
)
"""What of a bot the lane depends on."""
BACKOFF_MAX = 30.0
BACKOFF_DOUBLINGS = 7
"""From a quarter of a second; more would only be cut, and days of it overflow a float."""
LIMITED_CHATS = 3
LIMITED_SECONDS = 10.0


class HeldLane:
    """A lane that this run holds. All times are seconds since the epoch, by the run's clock.

    `in_flight`: chat → whether it is a group, one call each. `blocked`: chat → until when a call of
    a former holder may be under way there. `look_at`: when a chat of it is to be read again.
    `unread`: something may wait in it that nobody has read yet.
    """

    def __init__(self, lane: Lane, clock: lanes.Clock, senders: Senders) -> None:
        bot = lane.bot
        self.bot = bot
        self.fence = lane.fence
        self.schedule = Schedule(Pace(_limits(bot)))
        self.client, self.token = _line(bot)
        self.failures = lane.failures
        self.not_before = lane.not_before.timestamp() if lane.not_before else 0.0
        self.suspected_at = lane.suspected_at.timestamp() if lane.suspected_at else None
        self.checking = False
        self.in_flight: dict[UUID, bool] = {}
        self.blocked: dict[UUID, float] = {}
        self.look_at: float | None = None
        self.unread = True
        self._later: dict[UUID, float] = {}
        self._clock = clock
        self._senders = senders
        self._failed_at = 0.0
        self._limited: dict[UUID, float] = {}
        if self.suspected_at is None and (self.client is None or bot.proven_at is None):
            self._suspect()  # nothing is sent by a bot before getMe has accepted its token

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left that it would be held for."""
        return not (
            self.unread
            or self.in_flight
            or len(self.schedule)
            or self.look_at is not None
            or self.suspected_at is not None
        )

    @property
    def suspected_since(self) -> datetime | None:
        """Since when the token or the server seems wrong."""
        return None if self.suspected_at is None else datetime.fromtimestamp(self.suspected_at, UTC)

    @property
    def is_probing(self) -> bool:
        """Whether the one call under way decides what is next: nobody answered the last ones."""
        return bool(self.failures and (self.in_flight or self._senders.of(self.bot.pk)))

    def next_time(self) -> float | None:
        """When it may have something to do; None: only after something else happened."""
        now = self._clock.now()
        at: float | None
        if self.suspected_at is not None:
            at = None if self.checking or self.in_flight else self.not_before
        elif self.is_probing:
            at = None
        else:
            at = self.schedule.next_time(now)
            at = None if at is None else max(at, self.not_before)
        if self.look_at is None:
            return at
        return self.look_at if at is None else min(at, self.look_at)

    def look_later(self, chat_id: UUID, at: float) -> None:
        """Have this chat read again then."""
        self._later[chat_id] = min(at, self._later.get(chat_id, at))
        self.look_at = at if self.look_at is None else min(at, self.look_at)

    def take_later(self, until: float) -> list[UUID]:
        """The chats to be read again by then."""
        due = [chat_id for chat_id, at in self._later.items() if at <= until]
        for chat_id in due:
            del self._later[chat_id]
        self.look_at = min(self._later.values(), default=None)
        return due

    def block(self, chats: dict[UUID, float]) -> None:
        """Leave these chats alone until so long: calls of a former holder may be under way."""
        blocked = {chat: at for chat, at in chats.items() if chat not in self.in_flight}
        freed = dict.fromkeys(self.blocked.keys() - blocked.keys(), 0.0)
        self.blocked = blocked
        for chat_id, at in {**blocked, **freed}.items():
            self.look_later(chat_id, at)

    def offer(self, head: Head) -> bool:
        """Take over what was found to be next in a chat; whether that is of use now."""
        now = self._clock.now()
        if head.chat_id in self.in_flight or self.blocked.get(head.chat_id, 0.0) > now:
            return False
        self.blocked.pop(head.chat_id, None)
        self.schedule.put(head, now)
        return True

    def pick(self, now: float, horizon: float) -> tuple[Head, float] | None:
        """The next call and when it leaves, within `horizon` seconds; it is in flight from now."""
        if self.not_before > now + horizon or self.is_probing:
            return None
        picked = self.schedule.pick(now, horizon)
        if picked is None:
            return None
        head, at = picked
        self.in_flight[head.chat_id] = head.group
        return head, max(at, self.not_before)  # not within the horizon before its pause ends

    def take_back(self, head: Head) -> None:
        """The picked call could not be begun."""
        del self.in_flight[head.chat_id]
        self.schedule.pace.give_back(head.chat_id, group=head.group)

    def begun(self, head: Head, chat_id: UUID) -> None:
        """The picked call is on its way, to another chat where its rows were moved meanwhile."""
        self.in_flight[chat_id] = self.in_flight.pop(head.chat_id)

    def answered(self, result: Result, done: Done) -> None:
        """Note what a call spent, and what its outcome does to the lane's clock."""
        chat_id = result.attempt.delivery.chat_id
        group = self.in_flight.pop(chat_id, None)
        if group is not None:  # else it is of a former hold of this lane
            self.schedule.pace.answered(
                chat_id,
                group=group,
                left=done.started,
                answered=result.finished_at.timestamp(),
            )
        self.blocked.pop(chat_id, None)
        self._note(result, done.started)

    def _note(self, result: Result, started: float) -> None:
        decision = result.decision
        if isinstance(decision, LaneBackoff | Unconfirmed):
            self._back_off(started, str(result.failure or ""))
        elif isinstance(decision, Postpone):
            self._limit(result.attempt.delivery.chat_id, decision.seconds)
        elif isinstance(decision, SuspectBot):
            if self.suspected_at is None:
                self._suspect()
        elif self.failures or 0 < self.not_before <= self._clock.now():
            self._recovered()

    def _recovered(self) -> None:
        """Telegram took a call: what was said of the lane is over, its pause only when it ends."""
        self.failures = 0
        over = self.not_before <= self._clock.now()
        if over:
            self.not_before = 0.0
        clock = {"not_before": None} if over else {}
        lanes.shift([self.bot.pk], failures=0, trouble="", **clock)

    def _back_off(self, started: float, trouble: str) -> None:
        now = self._clock.now()
        if started >= self._failed_at:  # what was on its way then fails for the same reason
            self.failures += 1
            self._failed_at = now
        pause = min(BACKOFF_MAX, 0.25 * 2 ** min(self.failures, BACKOFF_DOUBLINGS))
        pause *= random.uniform(0.8, 1)  # noqa: S311  # jitter
        self._hold_back(now + pause, trouble)

    def _limit(self, chat_id: UUID, seconds: int) -> None:
        """A 429 pauses its chat; of several chats, the bot."""
        now = self._clock.now()
        self._limited[chat_id] = now
        recent = [at for at in self._limited.values() if at > now - LIMITED_SECONDS]
        if len(recent) >= LIMITED_CHATS:
            advice = ADVICE[Problem.RATE_LIMITED].wrong
            self._hold_back(now + seconds + settling.AFTER_429, advice)

    def _suspect(self) -> None:
        self.suspected_at = self._clock.now()
        health.suspect(self.bot, self._clock.time())

    def _hold_back(self, until: float, trouble: str) -> None:
        if until > self.not_before:
            self.not_before = until
            lanes.shift(
                [self.bot.pk],
                failures=self.failures,
                not_before=self._clock.time(until - self._clock.now()),
                trouble=trouble,
            )


def changed(held: Collection[HeldLane]) -> list[UUID]:
    """The bots whose line somebody changed since their lanes were taken, perhaps another process.

    What was doubted or waited for is over with them.
    """
    now = Bot.objects.filter(pk__in=[one.bot.pk for one in held]).values_list("pk", *LINE)
    lines = {pk: line for pk, *line in now}
    found = [
        one.bot.pk
        for one in held
        if lines.get(one.bot.pk) != [getattr(one.bot, name) for name in LINE]
    ]
    if found:
        lanes.shift(found, failures=0, not_before=None, suspected_at=None, trouble="")
    return found


def _limits(bot: Bot) -> Limits:
    return Limits(bot.per_second, bot.chat_per_second, bot.group_per_minute)


def _line(bot: Bot) -> tuple[BotApiClient | None, str]:
    """What a call needs; without a client the bot is checked, and then disabled, like one whose
    token is wrong. One bot's secrets or address must not end the run of all."""
    try:
        return client_for(bot), token_of(bot)
    except (CannotDecrypt, InvalidAddress) as error:
        log.error("bot %s: %s", bot.pk, error)  # noqa: TRY400  # the reason is all there is to say
        return None, ""


class Agenda:
    """When each lane may have something to do."""

    def __init__(self) -> None:
        self._times: dict[UUID, float] = {}
        self._queue: list[tuple[float, int, UUID]] = []
        self._numbers: Iterator[int] = count()

    def put(self, bot_id: UUID, at: float | None) -> None:
        """Come back to this lane at `at`, or earlier where that is planned already."""
        known = self._times.get(bot_id)
        if at is not None and (known is None or at < known):
            self._times[bot_id] = at
            heapq.heappush(self._queue, (at, next(self._numbers), bot_id))

    def drop(self, bot_ids: Collection[UUID]) -> None:
        """Forget these lanes."""
        for bot_id in bot_ids:
            self._times.pop(bot_id, None)

    def due(self, until: float) -> UUID | None:
        """Take out the next lane planned for `until` or earlier; None without one."""
        while self._queue and self._queue[0][0] <= until:
            at, _, bot_id = heapq.heappop(self._queue)
            if self._times.get(bot_id) == at:
                del self._times[bot_id]
                return bot_id
        return None

    @property
    def next_time(self) -> float | None:
        """When the next lane is planned, or one that was dropped since."""
        return self._queue[0][0] if self._queue else None
