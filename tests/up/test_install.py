"""`bin/install` on machines that lack something; each says what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with a space in its path, and no requirements."""
    folder = tmp_path / "my clone"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "install", folder / "bin" / "install")
    (folder / "requirements.txt").write_text("# nothing\n")
    return folder


def install(clone: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(clone / "bin" / "install")],
        env={"PATH": os.environ["PATH"], "HOME": str(clone)} | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


def shim(folder: Path, name: str, script: str) -> None:
    """A program that stands in for a Python of another machine."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def tools(folder: Path) -> str:
    """A PATH with a shell's tools and no Python but the shims in `folder`."""
    for tool in ("dirname", "cat", "rm", "sh"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return str(folder)


def test_an_old_python_is_named_with_what_to_install(clone: Path, tmp_path: Path) -> None:
    shim(tmp_path / "shims", "python3", 'case "$2" in *version_info[*) echo 3.9;; *) exit 1;; esac')
    done = install(clone, PATH=tools(tmp_path / "shims"))
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; found only python3=3.9" in done.stderr
    assert "apt install python3" in done.stderr


def test_no_python_at_all(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "shims").mkdir()
    done = install(clone, PATH=tools(tmp_path / "shims"))
    assert done.returncode == 1
    assert "needs Python 3.11 or newer. " in done.stderr


def test_a_python_without_venv_is_named_with_what_to_install(clone: Path, tmp_path: Path) -> None:
    script = 'case "$2" in *version_info[*) echo 3.12;; *ensurepip*) exit 1;; *) exit 0;; esac'
    shim(tmp_path / "shims", "python3.12", script)
    done = install(clone, PATH=tools(tmp_path / "shims"))
    assert done.returncode == 1
    assert "apt install python3-venv (or python3.12-venv)" in done.stderr


@pytest.mark.slow
def test_it_installs_once_again_after_a_change_and_after_a_failure(clone: Path) -> None:
    offline = {"PYTHON": sys.executable, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    first = install(clone, **offline)
    assert first.returncode == 0, first.stderr
    assert "Making .venv" in first.stderr
    assert install(clone, **offline).stderr == ""
    (clone / "requirements.txt").write_text("no-such-package==1\n")
    failed = install(clone, **offline)
    assert failed.returncode == 1
    assert "no-such-package" in failed.stderr
    assert "check the network" in failed.stderr
    assert "Installing" in install(clone, **offline).stderr, "a failure must not count as done"
    (clone / "requirements.txt").write_text("# nothing again\n")
    assert "Installing" in install(clone, **offline).stderr
    (clone / ".venv" / "bin" / "python").unlink()
    assert "Making .venv" in install(clone, **offline).stderr
