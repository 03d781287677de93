"""Long polling for every bot that wants it: a lease and a thread for each, in any number of
processes.

A bot is polled by whoever holds its lease, one conditional UPDATE on its reception. One thread
looks each second at who shall be polled, and writes down how it goes; another few store what comes,
so that hundreds of parked threads need no connection to the database. Storing twice changes
nothing, so a lease that two believe in for a moment does no harm.
"""

import logging
import resource
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import Error, close_old_connections, transaction
from django.db.models import Q

from botapi.client import ClientPool
from botapi.guard import InvalidAddress
from channels_app import bots
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot
from chatops.models import Reception
from chatops.receiving import inbox, receptions
from chatops.receiving.poll_lines import STACK_BYTES, Arrived, Line, Poll
from chatops.receiving.reception_advice import Trouble, problem
from deliveries import clock, health, lanes, processes, wakeup

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
LEASE: Final = timedelta(seconds=20)
RENEW_SECONDS: Final = 5.0
START_SECONDS: Final = 0.005
"""Between two polls that begin: a thousand bots do not knock at the same moment."""
NOTED_SECONDS: Final = 20.0
"""So often a poll without news is written down."""
KEEPERS: Final = 1 if settings.EMBEDDED_DATABASE else 3
"""Threads that store; on SQLite a second one would only wait for the first."""
BOTS_MAX: Final = 2000
"""Of one process."""


class Poller:
    """Runs on threads of its own, from `start` to `stop`."""

    def __init__(self) -> None:
        self.holder = lanes.new_holder()
        self._polls: dict[UUID, Poll] = {}
        self._noted: dict[UUID, tuple[float, Trouble | None]] = {}
        self._stopped = threading.Event()
        self._leased_until = 0.0
        self._renewed_at = 0.0
        self._keepers = ThreadPoolExecutor(KEEPERS, thread_name_prefix="poll-keeper")
        self._checkers = ThreadPoolExecutor(2, thread_name_prefix="poll-checker")
        self._suspected: dict[UUID, datetime] = {}
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)

    def start(self) -> None:
        """Begin."""
        _allow_files()
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Begin no call any more, store what was heard, and let others poll; within so long. What
        is parked is left behind: it ends with the process, and confirms nothing."""
        ends_at = time.monotonic() + seconds
        self._stopped.set()
        for poll in list(self._polls.values()):
            poll.stopped.set()
        self._keepers.shutdown(wait=False)
        self._thread.join(max(0.0, ends_at - time.monotonic()))

    @property
    def polled(self) -> int:
        """How many bots it polls."""
        return len(self._polls)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._look()
            except Error as error:
                log.warning("who is to be polled can't be read: %s", type(error).__name__)
            except Exception:  # the other bots must not stand still for a defect
                log.exception("the poller failed")
            close_old_connections()
            self._stopped.wait(LOOK_SECONDS)
        try:
            self._let_go(Reception.objects.filter(poller=self.holder).values_list("pk", flat=True))
        except Error:
            log.warning("the leases of bots are left to run out")
        close_old_connections()

    # --- who is polled ---

    def _look(self) -> None:
        self._write_down()
        wanted = {row.pk: row for row in self._wanted()}
        mine = self._hold(wanted)
        for bot_id in [one for one in self._polls if one not in mine]:
            self._end(bot_id)
        for bot_id, row in mine.items():
            poll = self._polls.get(bot_id)
            if poll is not None and poll.line.connection == _connection(row.bot) and poll.is_alive:
                continue
            if poll is not None:
                self._end(bot_id)
            self._begin(row)
            if self._stopped.wait(START_SECONDS):
                return

    def _wanted(self) -> Iterable[Reception]:
        rows = receptions.pollable().select_related("bot")
        names = (
            "token_encrypted",
            "api_url",
            "proxy_encrypted",
            "organization_id",
            "enabled",
            "proven_at",
        )
        return rows.only(
            *("poller", "polled_until", "offset", "offset_of"), *(f"bot__{name}" for name in names)
        )

    def _hold(self, wanted: dict[UUID, Reception]) -> dict[UUID, Reception]:
        """Renew what is ours, let go what is not wanted, and take what is free."""
        now, began = clock.now(), time.monotonic()
        if began >= self._renewed_at + RENEW_SECONDS:
            Reception.objects.filter(poller=self.holder).update(polled_until=now + LEASE)
            self._renewed_at, self._leased_until = began, began + LEASE.total_seconds() - 1
        self._let_go([bot_id for bot_id in self._polls if bot_id not in wanted])
        mine = {bot_id: row for bot_id, row in wanted.items() if row.poller == self.holder}
        others = {row.poller for row in wanted.values() if row.poller not in ("", self.holder)}
        gone = [name for name in others if processes.is_gone(name.rpartition(":")[2])]
        held = Counter(row.bot.organization_id for row in mine.values())
        free = [
            row
            for row in wanted.values()
            if row.poller != self.holder
            and (row.poller in ("", *gone) or row.polled_until is None or row.polled_until < now)
        ]
        free = in_turn(free, held)[: BOTS_MAX - len(mine)]
        if free:
            is_free = Q(poller__in=["", *gone]) | Q(polled_until=None) | Q(polled_until__lt=now)
            chosen = [row.pk for row in free]
            Reception.objects.filter(is_free, pk__in=chosen).update(
                poller=self.holder, polled_until=now + LEASE
            )
            taken = Reception.objects.filter(pk__in=chosen, poller=self.holder)
            for row in taken.select_related("bot"):
                mine[row.pk] = row
        return mine

    def _let_go(self, bot_ids: Iterable[UUID]) -> None:
        if found := list(bot_ids):
            Reception.objects.filter(pk__in=found, poller=self.holder).update(
                poller="", polled_until=None
            )

    def _begin(self, row: Reception) -> None:
        try:
            line = _line(row.bot)
        except (CannotDecrypt, InvalidAddress) as error:
            told = problem(Trouble.REFUSED, str(error))
            Reception.objects.filter(pk=row.pk).exclude(poll_problem=told).update(poll_problem=told)
            return
        offset = row.offset if row.offset_of == line.server else 0
        poll = Poll(line, offset, self._keep, self._suspect, self._is_leased)
        self._polls[row.pk] = poll
        self._noted.pop(row.pk, None)
        before = threading.stack_size(STACK_BYTES)
        try:
            poll.start()
        finally:
            threading.stack_size(before)

    def _end(self, bot_id: UUID) -> None:
        self._polls.pop(bot_id).stopped.set()
        self._suspected.pop(bot_id, None)

    def _is_leased(self) -> bool:
        return time.monotonic() < self._leased_until

    # --- what comes ---

    def _keep(self, poll: Poll, arrived: Arrived, offset: int) -> None:
        """On the poll's thread: wait until it is stored. Raises what storing raised."""
        self._keepers.submit(self._store, poll, arrived, offset).result()

    def _store(self, poll: Poll, arrived: Arrived, offset: int) -> None:
        try:
            inbox.store(
                Bot(pk=poll.line.bot_id),
                arrived,
                also=lambda: self._move_offset(poll, offset),
                heard_as=poll.line.proven_at,
                heard_from=poll.line.heard_from,
            )
        finally:
            close_old_connections()

    def _move_offset(self, poll: Poll, offset: int) -> None:
        """With what it confirms, in one commit; nobody else's, where the lease was lost."""
        now = clock.now()
        mine = Reception.objects.filter(pk=poll.line.bot_id, poller=self.holder)
        mine.update(
            offset=offset,
            offset_of=poll.line.server,
            received_at=now,
            polled_at=now,
            poll_problem={},
        )

    def _suspect(self, poll: Poll) -> None:
        """On the poll's thread: have the token checked. A second refusal disables the bot."""
        self._checkers.submit(self._check, poll)

    def _check(self, poll: Poll) -> None:
        try:
            bot = Bot.objects.filter(pk=poll.line.bot_id).first()
            if bot is not None:
                since = self._suspected.setdefault(bot.pk, clock.now())
                if health.check_bot(bot, since, clock.now()) is None:
                    self._suspected.pop(bot.pk, None)
        except Error as error:
            log.warning("bot %s is not checked: %s", poll.line.bot_id, type(error).__name__)
        finally:
            close_old_connections()

    # --- how it goes ---

    def _write_down(self) -> None:
        news = [
            (bot_id, poll, values)
            for bot_id, poll in self._polls.items()
            if (values := self._news(bot_id, poll))
        ]
        if not news:
            return
        with transaction.atomic():
            for bot_id, _, values in news:
                Reception.objects.filter(pk=bot_id, poller=self.holder).update(**values)
        for bot_id, poll, values in news:
            self._noted[bot_id] = (poll.answered_at, poll.pause.trouble if poll.pause else None)
            if "is_settled" in values:
                wakeup.wake(receptions.AGREE)

    def _news(self, bot_id: UUID, poll: Poll) -> dict[str, object]:
        answered_at, trouble = self._noted.get(bot_id, (0.0, None))
        pause = poll.pause
        values: dict[str, object] = {}
        if poll.answered_at >= answered_at + NOTED_SECONDS or (trouble and pause is None):
            values["polled_at"] = datetime.fromtimestamp(poll.answered_at, UTC)
            values["poll_problem"] = {}
        if pause is not None and pause.has_webhook:
            # Whether it is ours is asked of Telegram; until that is settled nobody polls.
            return {"is_settled": False, "check_at": clock.now(), "failures": 0, "poll_problem": {}}
        if pause is not None and pause.trouble != trouble:
            values["poll_problem"] = problem(pause.trouble, pause.telegram)
        return values


def in_turn(rows: Iterable[Reception], held: Mapping[UUID, int]) -> list[Reception]:
    """In turn from each organization, first from whose bots the fewest are polled already (`held`):
    one's many do not keep another's from being polled."""
    places = Counter(held)
    turns = []
    for row in rows:
        turns.append((places[row.bot.organization_id], row))
        places[row.bot.organization_id] += 1
    return [row for _, row in sorted(turns, key=itemgetter(0))]


def _allow_files() -> None:
    """As many open files as this process may have: each parked call is one, and 1,024 is usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 8 * BOTS_MAX) if hard != resource.RLIM_INFINITY else 8 * BOTS_MAX
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _connection(bot: Bot) -> tuple[str, ...]:
    return tuple(str(getattr(bot, name)) for name in (*health.CONNECTION, "proven_at"))


def _line(bot: Bot) -> Line:
    """Raises CannotDecrypt and InvalidAddress."""
    client = _clients().get(bot.api_url or settings.TELEGRAM_API_URL, bots.proxy_of(bot) or None)
    return Line(
        bot.pk,
        bots.token_of(bot),
        client,
        _connection(bot),
        bot.api_url,
        bot.proven_at,
        inbox.server_of(bot),
    )


@lru_cache(maxsize=1)
def _clients() -> ClientPool:
    """Its own: parked calls keep a connection each, and none of those that send."""
    return bots.new_client_pool(pool_size=BOTS_MAX)
