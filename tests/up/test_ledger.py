"""What a killed supervisor left behind: ended when it is ours, left alone when it is not."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.supervisor.ledger import Ledger, Recorded, birth_of, group_exists, record_of
from tests.up.running import is_alive

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def ended(folder: Path, *children: Recorded) -> list[str]:
    """What a ledger with these children ends."""
    Ledger(folder).record(children)
    return Ledger(folder).end_leftovers()


def test_a_recorded_child_is_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    assert ended(tmp_path, record_of("web", sleeper.pid)) == ["web"]
    assert not is_alive(sleeper.pid)


def test_a_stranger_with_a_recycled_number_is_left_alone(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    earlier = Recorded(name="web", pid=sleeper.pid, birth="another birth")
    assert ended(tmp_path, earlier) == []
    assert is_alive(sleeper.pid)


def test_the_orphan_of_a_dead_child_is_ended(tmp_path: Path) -> None:
    fork = "import os,time; pid = os.fork(); print(pid if pid else '', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{fork}\nif not pid: time.sleep(60)"],
        start_new_session=True,
        stdout=subprocess.PIPE,
        text=True,
    ) as leader:
        assert leader.stdout is not None
        orphan = next(int(line) for line in leader.stdout if line.strip())
        recorded = Recorded(name="web", pid=leader.pid, birth=birth_of(leader.pid) or "gone")
        leader.wait()
        assert is_alive(orphan)
        assert ended(tmp_path, recorded) == ["web"]
        assert not is_alive(orphan)


def test_a_zombie_is_nobody() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        while is_alive(process.pid):
            time.sleep(0.02)
        assert birth_of(process.pid) == ""
        assert not group_exists(process.pid)


def test_a_birth_is_the_same_twice_and_differs_between_processes(
    sleeper: subprocess.Popen[bytes],
) -> None:
    assert birth_of(sleeper.pid) == birth_of(sleeper.pid) != ""
    assert birth_of(sleeper.pid) != birth_of(os.getpid())


@pytest.mark.parametrize("content", ["", "{", "[1]", '[{"name": "web"}]', "null"])
def test_a_damaged_list_is_no_hindrance(tmp_path: Path, content: str) -> None:
    (tmp_path / "up.children.json").write_text(content)
    assert Ledger(tmp_path).end_leftovers() == []
    assert not (tmp_path / "up.children.json").exists()


def test_the_list_is_private_to_its_folder_and_names_no_secret(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    ledger.take(port=8000)
    ledger.record([Recorded("web", 1, "birth")])
    rows = json.loads((tmp_path / "up.children.json").read_text())
    assert rows == [{"name": "web", "pid": 1, "birth": "birth"}]
    ledger.release()
    assert not (tmp_path / "up.children.json").exists()
    Ledger(tmp_path).take(port=8000)
