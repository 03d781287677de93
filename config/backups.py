"""Copies of the SQLite database, taken before its schema changes."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

KEPT = 5
"""How many copies stay; the oldest go first."""


class BackupError(Exception):
    """The copy could not be made; the message says why and what to do."""


def back_up_sqlite(database: Path, folder: Path, now: datetime | None = None) -> Path:
    """Copy a database that may be in use to `folder/tocsin-<UTC time>.sqlite3` (mode 0600).

    SQLite's own backup API: the copy is consistent and includes the write-ahead log.
    Raises BackupError, for example when the disk has no room.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wal = database.with_name(f"{database.name}-wal")
    needed = sum(file.stat().st_size for file in (database, wal) if file.exists())
    free = shutil.disk_usage(folder).free
    if free < needed * 1.1:
        raise BackupError(
            f"No room to back the database up before migrating: {folder} has "
            f"{free / 1e6:.0f} MB free, {needed * 1.1 / 1e6:.0f} MB are needed. "
            "Free some space and start again."
        )
    moment = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S-%f")
    copy = folder / f"tocsin-{moment}.sqlite3"
    draft = copy.with_suffix(".unfinished")
    draft.touch(mode=0o600)
    try:
        with (
            closing(sqlite3.connect(database)) as source,
            closing(sqlite3.connect(draft)) as target,
        ):
            source.backup(target)
        draft.replace(copy)
    except (sqlite3.Error, OSError) as error:
        draft.unlink(missing_ok=True)
        raise BackupError(f"The database could not be backed up to {copy}: {error}") from error
    _drop_old(folder)
    return copy


def _drop_old(folder: Path) -> None:
    for unfinished in folder.glob("tocsin-*.unfinished"):
        unfinished.unlink(missing_ok=True)
    for old in sorted(folder.glob("tocsin-*.sqlite3"))[:-KEPT]:
        old.unlink(missing_ok=True)
