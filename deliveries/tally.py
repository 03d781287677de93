"""What happened on this installation, counted for all processes together.

Counting is one addition in memory. A thread of the process adds what it counted to the database
every few seconds: what a killed process counted since then is missing, and nothing goes backwards.
"""

import logging
import os
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any

from django.db import Error, close_old_connections, connection, transaction

from botapi.errors import BotApiError, BotApiFailure, InvalidAnswer, Unreachable
from deliveries.attempts import Result
from deliveries.decisions import Sent
from deliveries.models import Mark, Tally

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, inf)
"""Upper ends in seconds of the classes that lags are counted in."""

ANSWERS = "answers"
DEAD_LETTERS = "dead_letters"
POSTS = "posts"
POST_OUTCOMES = (
    "accepted",
    "repeated",
    "limited",
    "unavailable",
    "unreadable",
    "too_large",
    "unsigned",
    "switched_off",
    "unknown_key",
    "not_a_post",
)
"""What becomes of a POST of alerts: repeated with an Idempotency-Key; limited by its rate;
unavailable, because the database did not take it."""
UPDATE_POSTS = "update_posts"
UPDATE_POST_OUTCOMES = (
    "accepted",
    "repeated",
    "unavailable",
    "unreadable",
    "too_large",
    "wrong_secret",
    "elsewhere",
    "unknown_path",
    "not_a_post",
)
"""What becomes of a POST of an update: repeated, because its answer was lost; elsewhere: not from
Telegram's networks."""
RUN_POSTS = "run_posts"
RUN_POST_OUTCOMES = (
    "taken",
    "repeated",
    "ended",
    "late",
    "gone",
    "wrong_token",
    "limited",
    "unreadable",
    "too_large",
    "unavailable",
    "unknown_path",
    "not_a_post",
)
"""What becomes of a POST about a run of an own command: ended or late, because the run was over;
gone, because it was purged."""
ALERTS = "alerts"
SECONDS = "seconds"
MICROSECONDS = "microseconds"

DISPATCHED = "dispatched"
"""Mark: a dispatch run looked for work."""
PUBLISHED = "published"
"""Mark: a publishing run came to its end."""
SWEPT = "swept"
"""Mark: a sweep of deliveries came to its end."""
ANSWERED = "answered"
"""Mark: Telegram took a call."""
PROBED = "probed"
"""Mark: a run looked for probes to make."""
SYNCED = "synced"
"""Mark: a run looked for upstreams to read and to tell."""
AGREED = "agreed"
"""Mark: a run looked for bots whose updates are to be agreed with Telegram."""
FELL_BACK = "fell_back"
"""Mark: a run looked for calls of fallbacks."""


class Book:
    """What this process counted since it last wrote."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._marks: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    def add(self, counts: Counter[str]) -> None:
        """Add to what is to be written."""
        with self._lock:
            self._counts.update(counts)

    def mark(self, name: str, seconds: float) -> None:
        """Note when (seconds since the epoch) something happened last."""
        with self._lock:
            self._marks[name] = max(seconds, self._marks.get(name, 0.0))

    def write(self) -> None:
        """Add what was counted to the database. Raises Django's database errors; then all of it is
        kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            marks, self._marks = self._marks, {}
        try:
            _store(counts, marks)
        except Error:
            self.add(counts)
            for name, seconds in marks.items():
                self.mark(name, seconds)
            raise

    def start(self) -> None:
        """Have a thread of this process write every FLUSH_SECONDS."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tally", daemon=True)
                self._thread.start()

    def after_fork(self) -> None:
        """A child counts for itself, and has no copy of the thread."""
        self._reset()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(FLUSH_SECONDS):
            try:
                self.write()
            except Exception as error:  # noqa: BLE001  # whatever it is, the next time may work
                log.warning("what was counted is kept: %s", type(error).__name__)
            close_old_connections()


def _store(counts: Counter[str], marks: dict[str, float]) -> None:
    if not counts and not marks:
        return
    tally, mark = Tally._meta.db_table, Mark._meta.db_table
    at = Mark._meta.get_field("at")
    moments = {
        name: at.get_db_prep_value(datetime.fromtimestamp(seconds, UTC), connection)
        for name, seconds in marks.items()
    }
    with transaction.atomic():
        _upsert(f"{tally} (key, value)", counts, f"value = {tally}.value + excluded.value")
        _upsert(f"{mark} (name, at)", moments, "at = excluded.at", f"WHERE excluded.at > {mark}.at")


def _upsert(into: str, rows: Mapping[str, Any], values: str, where: str = "") -> None:
    """In one statement, sorted, so that two processes lock the rows in one order."""
    if not rows:
        return
    (key, _) = into.partition("(")[2].split(",")
    places = ", ".join(["(%s, %s)"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {into} VALUES {places}"  # noqa: S608  # our own tables
            f" ON CONFLICT ({key}) DO UPDATE SET {values} {where}",
            [part for row in sorted(rows.items()) for part in row],
        )


_book = Book()
start = _book.start
write = _book.write
os.register_at_fork(after_in_child=_book.after_fork)


def count(name: str, label: str = "", number: int = 1) -> None:
    """So many more of these, ever."""
    _book.add(Counter({key_of(name, label): number}))


def key_of(name: str, label: str = "") -> str:
    """The key of a Tally."""
    return f"{name}:{label}" if label else name


def note(name: str, seconds: float) -> None:
    """This happened at so many seconds since the epoch, by the database's clock."""
    _book.mark(name, seconds)


def settled(results: Sequence[Result]) -> None:
    """Count what Telegram said, and how long it was waited for."""
    counts: Counter[str] = Counter()
    for result in results:
        begun, delivery = result.attempt.started_at, result.attempt.delivery
        counts[key_of(ANSWERS, answer_of(result))] += 1
        _observe(counts, "attempt", (result.finished_at - begun).total_seconds())
        if delivery.attempts == 1:
            _observe(counts, "dispatch", (begun - delivery.due_at).total_seconds())
    sent = [result for result in results if isinstance(result.decision, Sent)]
    if sent:
        note(ANSWERED, max(result.finished_at.timestamp() for result in sent))
    _book.add(counts)


def answer_of(result: Result) -> str:
    """How an attempt ended, in one of few words."""
    if isinstance(result.decision, Sent):
        return "sent"
    return failure_of(result.failure)


def failure_of(failure: BotApiFailure | None) -> str:
    """The same of what failed; without a failure the call was not made."""
    if failure is None:
        return "not_made"
    if isinstance(failure, Unreachable):
        return "unreachable"
    code = failure.error_code if isinstance(failure, BotApiError) else 0
    if isinstance(failure, InvalidAnswer):
        code = failure.status
    if code == 429:
        return "too_many_requests"
    if code >= 500:
        return "server_error"
    return "refused" if isinstance(failure, BotApiError) else "unreadable"


def _observe(counts: Counter[str], stage: str, seconds: float) -> None:
    """One more of this length in this stage."""
    seconds = max(0.0, seconds)
    end = BUCKETS[bisect_left(BUCKETS, seconds)]
    counts[key_of(SECONDS, f"{stage}:{end:g}")] += 1
    counts[key_of(MICROSECONDS, stage)] += round(seconds * 1_000_000)
