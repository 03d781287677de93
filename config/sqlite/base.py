"""Django's SQLite backend, with a wait of our own for the one lock that writers share.

SQLite's busy handler sleeps up to 100 ms between two tries, and whoever asks just then goes first:
with several writers one of them may wait for seconds on a lock that is held for milliseconds. Here
who waits asks each millisecond, and of one process only one thread does; the others queue behind.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.sqlite3 import base

ASK_SECONDS = 0.001

_queue = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """`OPTIONS["timeout"]`: for so many seconds the lock is waited for."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """As Django's; SQLite itself waits no longer once the connection is set up."""
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def create_cursor(self, name: str | None = None) -> "Cursor":
        """A cursor that waits."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.patience = float(self.settings_dict["OPTIONS"].get("timeout", 5.0))
        return cursor


class Cursor(base.SQLiteCursorWrapper):
    """Repeats a statement that found the database locked: it has done nothing yet.

    Not `executemany`, which may have: it belongs into a transaction, which has the lock.
    """

    patience = 5.0

    def execute(self, query: str, params: Any = None) -> Any:
        """As Django's."""
        in_line = query.startswith("BEGIN") and _queue.locked()  # nobody goes before who waits
        return self._patiently(
            lambda: base.SQLiteCursorWrapper.execute(self, query, params), in_line=in_line
        )

    def _patiently(self, run: Callable[[], Any], *, in_line: bool) -> Any:
        if not in_line:
            try:
                return run()
            except sqlite3.OperationalError as error:
                if not _is_locked(error):
                    raise
        ends_at = time.monotonic() + self.patience
        with _turn(self.patience):
            while True:
                try:
                    return run()
                except sqlite3.OperationalError as error:
                    if not _is_locked(error) or time.monotonic() > ends_at:
                        raise
                time.sleep(ASK_SECONDS)


def _is_locked(error: sqlite3.OperationalError) -> bool:
    """Whether somebody else writes. Not when a reader's snapshot is too old (SQLITE_BUSY_SNAPSHOT):
    that one has to start again from its beginning."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY


@contextmanager
def _turn(seconds: float) -> Iterator[None]:
    """Be the one of this process that asks; after so long without a turn, ask all the same."""
    has_turn = _queue.acquire(timeout=seconds)
    try:
        yield
    finally:
        if has_turn:
            _queue.release()
