"""Copies of a SQLite database that is in use."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.backups import KEPT, BackupError, back_up_sqlite

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "my data" / "tocsin.sqlite3"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE alert (title TEXT)")
        connection.execute("INSERT INTO alert VALUES ('first')")
        connection.commit()
    return path


def titles(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT title FROM alert ORDER BY rowid")]


def test_the_copy_holds_what_is_only_in_the_log_and_nothing_uncommitted(database: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("INSERT INTO alert VALUES ('second')")
        writer.commit()
        writer.execute("INSERT INTO alert VALUES ('uncommitted')")
        assert database.with_name("tocsin.sqlite3-wal").stat().st_size > 0
        copy = back_up_sqlite(database, database.parent / "backups", NOW)
        writer.rollback()
    assert titles(copy) == ["first", "second"]


def test_it_is_private_and_named_by_its_time(database: Path) -> None:
    copy = back_up_sqlite(database, database.parent / "backups", NOW)
    assert copy.name == "tocsin-20300102-030405-000000.sqlite3"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.parent.stat().st_mode & 0o777 == 0o700


def test_the_newest_few_are_kept(database: Path) -> None:
    folder = database.parent / "backups"
    folder.mkdir()
    (folder / "tocsin-20200101.unfinished").touch()
    (folder / "notes.txt").touch()
    for day in range(KEPT + 3):
        back_up_sqlite(database, folder, NOW + timedelta(days=day))
    kept = sorted(path.name for path in folder.glob("*.sqlite3"))
    assert len(kept) == KEPT
    assert kept[0].startswith("tocsin-20300105")
    assert not list(folder.glob("*.unfinished"))
    assert (folder / "notes.txt").exists()


def test_what_is_no_database_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "tocsin.sqlite3"
    broken.write_bytes(b"not a database" * 100)
    with pytest.raises(BackupError, match="could not be backed up"):
        back_up_sqlite(broken, tmp_path / "backups", NOW)
    assert not list((tmp_path / "backups").iterdir())
