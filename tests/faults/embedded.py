"""Tocsin as its users run it, `manage.py up`, with a Telegram that survives it."""

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.faults.processes import ROOT, Victim, environment, run_manage
from tests.flows.system import eventually
from tests.up.running import Running

RESTARTS_SECONDS = 60.0


class Embedded:
    """`up`, which starts again whatever dies."""

    def __init__(self, folder: Path, telegram_url: str) -> None:
        self._data_dir = folder / "data"
        extra = {
            "SANDBOX": "off",
            "TELEGRAM_API_URL": telegram_url,
            "API_REQUESTS_PER_MINUTE": "100000",
        }
        self._running = Running([sys.executable, "manage.py", "up"], self._data_dir, ROOT, **extra)
        self.url = f"http://127.0.0.1:{self._running.port}"
        self._env = environment(self._data_dir, self._running.port, telegram_url, SANDBOX="off")

    def __enter__(self) -> "Embedded":
        self._running.__enter__()
        self._running.wait_until_up()
        return self

    def __exit__(self, *error: object) -> None:
        self._running.__exit__(*error)

    def manage(self, *arguments: str) -> Any:
        """What a management command prints as JSON."""
        return run_manage(self._env, *arguments)

    def kill(self, name: Victim) -> None:
        """kill -9; returns when it has been started again."""
        killed = self._pid(name)
        os.kill(killed, signal.SIGKILL)
        eventually(
            lambda: self._pid(name) not in (0, killed), RESTARTS_SECONDS, what=f"a new {name}"
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another process holds the lock of the database: nobody can write."""
        with closing(sqlite3.connect(self._data_dir / "tocsin.sqlite3", timeout=20)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")

    def _pid(self, name: str) -> int:
        rows = json.loads((self._data_dir / "up.children.json").read_text())
        return next((int(row["pid"]) for row in rows if row["name"] == name), 0)
