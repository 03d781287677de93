"""The threads that call Telegram: a few per process, which outlive a dispatch run.

What they finish is put on `done`, and `event` is set; whichever run is under way settles it. So a
run may end while a call hangs, and the call's outcome is not lost with it.
"""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection

from botapi import failpoints
from botapi.client import BotApiClient
from botapi.errors import BotApiFailure, UnexpectedResult
from botapi.tokens import InvalidToken
from channels_app.models import Bot
from deliveries import answers, files, health
from deliveries.advice import Problem
from deliveries.answers import NOTHING_TOLD, Told
from deliveries.attempts import CALL_SECONDS, Attempt, Result
from deliveries.decisions import (
    Decision,
    GiveUp,
    LaneBackoff,
    NextStep,
    Refusal,
    Sent,
    SuspectBot,
    classify,
)

log = logging.getLogger(__name__)

SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Done:
    """A finished call (`result`, left at `started`), or a finished check of
    a bot (`again`: in how many seconds to check once more, None when that is settled)."""

    bot_id: UUID
    result: Result | None = None
    started: float = 0.0
    again: float | None = None


Job = Callable[[], Done]


class Senders:
    """At most `threads` threads, started when first needed."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.event = threading.Event()
        self.done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._started = 0
        self._busy = 0
        self._of: Counter[UUID] = Counter()  # jobs of each bot, and of each organization
        self._owners: dict[UUID, UUID] = {}

    @property
    def free(self) -> int:
        """How many more jobs would start at once."""
        return self.threads - self._busy

    @property
    def busy(self) -> bool:
        """Whether anything is not collected yet."""
        return self._busy > 0

    def of(self, bot_id: UUID) -> int:
        """How many jobs of this bot are not collected yet, those of former runs included."""
        return self._of[bot_id]

    def has_room(self, bot: Bot, taken: Collection[Bot]) -> bool:
        """Whether this bot may have one more job, beside those about to be submitted (`taken`).

        It needs as many free threads as the bot has busy ones: so a bot whose server hangs gets
        half of them, the next such bot half of the rest. Its organization needs half as many as it
        has: all of its bots together get two thirds.
        """
        free = self.free - len(taken)
        of_bot = self._of[bot.pk] + sum(one.pk == bot.pk for one in taken)
        owner = bot.organization_id
        of_owner = self._of[owner] + sum(one.organization_id == owner for one in taken)
        return of_bot < free and of_owner < 2 * free

    def submit(self, bot: Bot, job: Job) -> None:
        """Have it run. Only the dispatch run's own thread calls this and `collect`."""
        self._busy += 1
        self._owners[bot.pk] = bot.organization_id
        self._of.update((bot.pk, bot.organization_id))
        if self._started < min(self._busy, self.threads):
            self._started += 1
            name = f"send-{self._started}"
            threading.Thread(target=self._run, name=name, daemon=True).start()
        self._jobs.put(job)

    def collect(self, limit: int) -> list[Done]:
        """Up to `limit` finished jobs; does not wait."""
        finished: list[Done] = []
        while len(finished) < limit:
            try:
                finished.append(self.done.get_nowait())
            except queue.Empty:
                break
        self._count(finished, -1)
        return finished

    def put_back(self, finished: list[Done]) -> None:
        """What could not be settled now is collected again, by this run or the next."""
        self._count(finished, 1)
        for one in finished:
            self.done.put(one)

    def _count(self, jobs: Sequence[Done], sign: int) -> None:
        self._busy += sign * len(jobs)
        for job in jobs:
            for key in (job.bot_id, self._owners[job.bot_id]):
                self._of[key] += sign
                if not self._of[key]:
                    del self._of[key]

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            self.done.put(job())
            self.event.set()


@dataclass(frozen=True, slots=True)
class CallJob:
    """Make the call of an attempt at the time `at` (seconds since the epoch, by `now`)."""

    attempt: Attempt
    client: BotApiClient
    token: str
    at: float
    now: Callable[[], float]

    def __call__(self) -> Done:
        """Call, and decide."""
        time.sleep(max(0.0, self.at - self.now()))
        started = self.now()
        failure: BotApiFailure | None = None
        message_id: int | None = None
        told, reason = NOTHING_TOLD, ""
        try:
            decision, message_id, told = self._exchange()
        except BotApiFailure as error:
            failure, decision = error, classify(error)
        except files.CannotMake as error:
            log.warning("delivery %s goes without its file: %s", self.attempt.delivery.pk, error)
            decision, reason = NextStep(Refusal.MEDIA), str(error)
        except InvalidToken:
            decision = SuspectBot(Problem.WRONG_TOKEN)
        except (OperationalError, InterfaceError) as error:  # while its file was read
            log.warning("delivery %s waits: %s", self.attempt.delivery.pk, type(error).__name__)
            decision = LaneBackoff(maybe_sent=False)
        except Exception:  # whatever it is, the other calls of this run go on
            log.exception("delivery %s can't be called", self.attempt.delivery.pk)
            decision = GiveUp(Problem.REFUSED)
        if self._names_no_message(decision, message_id):
            failure = UnexpectedResult(
                self.attempt.delivery.method, "message_id", "that of a message"
            )
            decision = classify(failure)
        finished_at = datetime.fromtimestamp(self.now(), UTC)
        result = Result(self.attempt, decision, finished_at, failure, message_id, told, reason)
        return Done(self.attempt.delivery.bot_id, result, started)

    def _exchange(self) -> tuple[Decision, int | None, Told]:
        call = self.attempt.call
        if call is None:
            return GiveUp(Problem.REFUSED), None, NOTHING_TOLD
        uploads = {}
        if call.files:
            try:
                uploads = files.load(self.attempt.delivery.organization_id, call.files)
            finally:
                connection.close()
        left = self.attempt.deadline.timestamp() - self.now() - SETTLE_SECONDS
        if left < CALL_SECONDS / 3:  # it waited here too long to be settled in time
            return LaneBackoff(maybe_sent=False), None, NOTHING_TOLD
        failpoints.hit("call.before")
        answer = self.client.call(
            self.token,
            call.method,
            self.attempt.params,
            uploads,
            timeout=min(CALL_SECONDS, left),
        )
        failpoints.hit("call.answered")
        return Sent(), answers.message_id_of(answer), answers.read(call.method, answer)

    def _names_no_message(self, decision: Decision, message_id: int | None) -> bool:
        call = self.attempt.call
        sends = isinstance(decision, Sent) and call is not None and call.sends
        return sends and message_id is None


@dataclass(frozen=True, slots=True)
class CheckJob:
    """Ask getMe of a suspected bot."""

    bot: Bot
    suspected_at: datetime
    now: Callable[[], float]

    def __call__(self) -> Done:
        """Ask, and disable the bot when it is certain."""
        again: float | None = 5.0
        try:
            moment = datetime.fromtimestamp(self.now(), UTC)
            again = health.check_bot(self.bot, self.suspected_at, moment)
        except Exception:  # the check is repeated; the run goes on
            log.exception("the check of bot %s failed", self.bot.pk)
        finally:
            connection.close()
        return Done(self.bot.pk, again=again)
