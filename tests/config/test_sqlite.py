"""Waiting for SQLite's one writer."""

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from chatops import answers
from config.sqlite import CACHE_KIB
from config.sqlite.base import DatabaseWrapper
from config.worker import POOLS
from tests import clock

pytestmark = pytest.mark.django_db(transaction=True)


def _connect(path: Path, timeout: float = 20.0) -> DatabaseWrapper:
    settings: dict[str, Any] = {
        "ENGINE": "config.sqlite",
        "NAME": str(path),
        "OPTIONS": {
            "timeout": timeout,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;",
        },
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "AUTOCOMMIT": True,
        "ATOMIC_REQUESTS": False,
        "TIME_ZONE": None,
        "TEST": {},
    }
    return DatabaseWrapper(settings, "other")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "wait.sqlite3"
    wrapper = _connect(path)
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE counted (number INTEGER)")
        cursor.execute("INSERT INTO counted VALUES (0)")
    wrapper.close()
    return path


def _count(path: Path, times: int, waits: list[float]) -> None:
    wrapper = _connect(path)
    for _ in range(times):
        asked = clock.now()
        wrapper.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        waits.append(clock.now() - asked)
        with wrapper.cursor() as cursor:
            cursor.execute("UPDATE counted SET number = number + 1")
        time.sleep(0.003)  # the lock is held as long as an ingest holds it
        wrapper.commit()
        wrapper.set_autocommit(True)
    wrapper.close()


def test_writers_take_turns_without_long_waits(path: Path) -> None:
    """Judged by how long a turn took on this machine: SQLite's own handler has its worst waits last
    for hundreds of turns."""
    waits: list[list[float]] = [[] for _ in range(6)]
    threads = [threading.Thread(target=_count, args=(path, 30, mine)) for mine in waits]
    began = clock.now()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    turn = (clock.now() - began) / 180
    with sqlite3.connect(path) as found:
        assert found.execute("SELECT number FROM counted").fetchone() == (180,)
    worst = sorted(max(mine) for mine in waits)
    assert worst[3] < 60 * turn, (worst, turn)


def test_a_single_statement_waits_for_the_lock(path: Path) -> None:
    wrapper = _connect(path)
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, holder.execute, args=("COMMIT",))
    release.start()
    with wrapper.cursor() as cursor:
        cursor.execute("UPDATE counted SET number = number + 1")
        assert not release.is_alive() or release.finished.is_set()
        cursor.execute("SELECT number FROM counted")
        assert cursor.fetchone() == (1,)
    release.join()
    holder.close()
    wrapper.close()


def test_it_gives_up_when_its_patience_ends(path: Path) -> None:
    wrapper = _connect(path, timeout=0.1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError, match="locked"), wrapper.cursor() as cursor:
        cursor.execute("UPDATE counted SET number = number + 1")
    holder.execute("ROLLBACK")
    with wrapper.cursor() as cursor:
        cursor.execute("UPDATE counted SET number = number + 1")
    holder.close()
    wrapper.close()


def test_a_snapshot_that_is_too_old_is_told_at_once(path: Path) -> None:
    """Asking again would never help: the transaction has read what is no longer so."""
    wrapper = _connect(path)
    wrapper.ensure_connection()
    wrapper.connection.execute("BEGIN")
    wrapper.connection.execute("SELECT number FROM counted").fetchone()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE counted SET number = 7")
    asked = clock.now()
    with pytest.raises(OperationalError, match="locked"), wrapper.cursor() as cursor:
        cursor.execute("UPDATE counted SET number = number + 1")
    assert clock.now() - asked < 10
    wrapper.connection.execute("ROLLBACK")
    wrapper.close()


def test_the_caches_of_all_threads_are_no_more_than_a_worker_may_take() -> None:
    """Each thread that reads has a connection, and in the end each cache is full."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size")
            assert cursor.fetchone() == (-CACHE_KIB,), "below zero: in KiB"
    threads = sum(POOLS.values()) + answers.THREADS
    assert threads * CACHE_KIB / 1024 <= 150
