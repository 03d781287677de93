"""What must not start on a database that lacks something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def manage(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.slow
def test_it_waits_for_what_is_missing_and_says_what_that_is(tmp_path: Path) -> None:
    early = manage(tmp_path, "wait_for_migrations", "--seconds", "0")
    assert early.returncode == 1
    assert "the database lacks " in early.stderr
    assert "manage.py migrate" in early.stderr
    assert manage(tmp_path, "migrate", "--verbosity", "0").returncode == 0
    assert manage(tmp_path, "wait_for_migrations", "--seconds", "0").returncode == 0
