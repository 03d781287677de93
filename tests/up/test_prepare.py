"""`manage.py prepare` over real databases: new, current, behind, ahead, damaged, out of reach."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def manage(data_dir: Path, *arguments: str, stdin: str = "", **env: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of a command on its own data folder."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=inherited | {"DATA_DIR": str(data_dir)} | env,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    return done.returncode, done.stdout, done.stderr


def prepare(data_dir: Path, request: Any = None, **env: str) -> tuple[int, list[dict[str, Any]]]:
    """(exit code, what it said)."""
    asked = json.dumps({"quickstart": request})
    code, stdout, stderr = manage(data_dir, "prepare", stdin=f"{asked}\n", **env)
    assert stderr == ""
    return code, [json.loads(line) for line in stdout.splitlines()]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was prepared once."""
    folder = tmp_path_factory.mktemp("my data")
    code, said = prepare(folder, ["--json"])
    assert code == 0
    assert said[0] == {"note": "setting up the database…"}
    assert said[1]["quickstart"]["password"]
    assert not (folder / "backups").exists(), "there was nothing to back up"
    return folder


def test_what_is_current_is_left_alone(data_dir: Path) -> None:
    assert prepare(data_dir) == (0, [])
    assert not (data_dir / "backups").exists()


def test_quickstart_twice_tells_the_same_without_the_password(data_dir: Path) -> None:
    code, [said] = prepare(data_dir, ["--json"])
    assert code == 0
    assert said["quickstart"]["ingest_url"].startswith("http")
    assert "password" not in said["quickstart"]


def test_what_quickstart_refuses_is_passed_on(data_dir: Path) -> None:
    code, [said] = prepare(data_dir, ["--json", "--bot-token=not-a-token"])
    assert code == 1
    assert "token" in said["refused"]
    assert "not-a-token" not in said["refused"]


def test_a_copy_is_made_before_migrating(data_dir: Path) -> None:
    assert manage(data_dir, "migrate", "sessions", "zero")[0] == 0
    code, said = prepare(data_dir)
    assert code == 0
    [copy] = (data_dir / "backups").iterdir()
    assert said[0] == {"note": f"backed the database up to {copy}"}
    assert said[1] == {"note": "migrating…"}
    with closing(sqlite3.connect(copy)) as backup, closing(_database(data_dir)) as database:
        tables = "SELECT count(*) FROM sqlite_master WHERE name = 'django_session'"
        assert backup.execute(tables).fetchone() == (0,)
        assert database.execute(tables).fetchone() == (1,)


def test_a_schema_from_the_future_is_refused_untouched(data_dir: Path) -> None:
    with closing(_database(data_dir)) as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "VALUES ('alerts', '0999_from_the_future', '2099-01-01')"
        )
        database.commit()
    try:
        code, [said] = prepare(data_dir)
    finally:
        with closing(_database(data_dir)) as database:
            database.execute("DELETE FROM django_migrations WHERE name = '0999_from_the_future'")
            database.commit()
    assert code == 1
    assert "newer version: alerts.0999_from_the_future is unknown" in said["refused"]
    assert str(data_dir / "backups") in said["refused"]


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "tocsin.sqlite3").write_bytes(b"this is not a database" * 100)
    code, [said] = prepare(tmp_path)
    assert code == 1
    assert "file is not a database" in said["refused"]
    assert str(tmp_path / "tocsin.sqlite3") in said["refused"]


def test_a_server_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    code, [said] = prepare(tmp_path, DATABASE_URL="postgres://me:pa55word@127.0.0.1:9/tocsin")
    assert code == 1
    assert "Check DATABASE_URL" in said["refused"]
    assert "pa55word" not in said["refused"]


def _database(data_dir: Path) -> sqlite3.Connection:
    return sqlite3.connect(data_dir / "tocsin.sqlite3")
