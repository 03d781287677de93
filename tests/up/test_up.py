"""The whole product, started as a person starts it: one command, then what it printed."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests import clock
from tests.ports import free_port
from tests.up.running import Running, is_alive, wait_gone

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "manage.py", "up"]
MEMORY_BUDGET = 300 * 1024
"""kB of proportional set size for everything together."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Installation:
    """A data folder whose path has a space, its port, and what the first start left behind."""

    data_dir: Path
    port: int
    first_output: str = ""
    stop_seconds: float = 0.0
    exit_code: int | None = None
    memory: dict[str, int] = field(default_factory=dict)
    delivered: list[str] = field(default_factory=list)
    answer_to_curl: str = ""

    def up(self, **env: str) -> Running:
        return Running(COMMAND, self.data_dir, ROOT, PORT=str(self.port), **env)

    def children(self) -> dict[str, int]:
        rows = json.loads((self.data_dir / "up.children.json").read_text())
        return {row["name"]: row["pid"] for row in rows}

    def sandbox(self, path: str) -> Any:
        with urlopen(f"http://127.0.0.1:{self.port + 1}/_sandbox{path}", timeout=60) as answer:
            return json.load(answer)

    def chat_texts(self) -> list[str]:
        """The text of every message in every chat of the sandbox."""
        return [
            str(record["message"].get("text", ""))
            for chat in self.sandbox("/world")["chats"]
            for record in self.sandbox(f"/chats/{chat['id']}/messages")
        ]

    def wait_for_message(self, words: str, seconds: float = 20) -> list[str]:
        """The texts, once one of them has the words in it; whatever there is when none has."""
        deadline = clock.now() + seconds
        while True:
            texts = self.chat_texts()
            if any(words in text for text in texts) or clock.now() > deadline:
                return texts
            time.sleep(0.1)


def paste(line: str) -> str:
    """What a shell prints when a person pastes the line."""
    done = subprocess.run(
        ["bash", "-c", f"{line} -sS -w ' %{{http_code}}'"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def memory_of(children: dict[str, int], supervisor: int) -> dict[str, int]:
    """Proportional set size in kB of each child with its group, and of the supervisor."""
    sizes = dict.fromkeys([*children, "up"], 0)
    groups = {pid: name for name, pid in children.items()} | {supervisor: "up"}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            group = os.getpgid(int(process.name))
            rollup = (process / "smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)
        if group in groups and found:
            sizes[groups[group]] += int(found[1])
    return sizes


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Started once, its curl line pasted, stopped."""
    made = Installation(tmp_path_factory.mktemp("a home") / "my data", free_port())
    with made.up() as running:
        running.wait_until_up()
        line = re.search(r"^ +(curl .*)$", running.output, re.MULTILINE)
        assert line, running.output
        made.answer_to_curl = paste(line[1])
        made.delivered = made.wait_for_message("Disk almost full")
        made.memory = memory_of(made.children(), running.popen.pid)
        started = clock.now()
        made.exit_code = running.stop(signal.SIGTERM)
        made.stop_seconds = clock.now() - started
        made.first_output = running.output
    return made


def test_the_printed_line_sends_an_alert_into_the_chat(installation: Installation) -> None:
    assert installation.answer_to_curl.endswith(" 202"), installation.answer_to_curl
    assert any("Disk almost full" in text for text in installation.delivered)


def test_the_first_screen_says_where_to_go(installation: Installation) -> None:
    output = installation.first_output
    assert f"Console   http://localhost:{installation.port}/" in output
    assert f"Chats     http://localhost:{installation.port + 1}/" in output
    assert re.search(r"Log in +\S+@\S+ +password: \S{8,}", output)
    assert "Ctrl-C stops everything" in output
    assert "\x1b" not in output, "no colours into a pipe"


def test_a_clean_start_and_stop_print_no_warning(installation: Installation) -> None:
    marked = [line for line in installation.first_output.splitlines() if "| " in line]
    assert [line for line in marked if not line.startswith("tocsin")] == []


def test_it_stops_cleanly_and_soon(installation: Installation) -> None:
    assert installation.exit_code == 0
    assert installation.stop_seconds < 15


def test_it_fits_its_memory(installation: Installation) -> None:
    assert sum(installation.memory.values()) <= MEMORY_BUDGET, installation.memory


def test_what_it_keeps_is_for_its_user_alone(installation: Installation) -> None:
    for path in installation.data_dir.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, f"{path} has mode {mode:o}"


def test_no_secret_of_the_bot_was_printed(installation: Installation) -> None:
    with installation.up() as running:
        running.wait_until_up()
        tokens = [bot["token"] for bot in installation.sandbox("/world")["bots"]]
        printed = installation.first_output + running.output
        assert tokens
        assert not [token for token in tokens if token.partition(":")[2] in printed]
        running.stop()
    assert "password:" not in running.output
    assert "/hooks/v1/" not in running.output


def test_a_second_start_takes_less_than_ten_seconds_and_has_kept_the_data(
    installation: Installation,
) -> None:
    # Three seconds on a quiet machine of two cores. A slow moment says nothing about us: then the
    # smallest command of the same program is as slow, and takes a second and a half otherwise.
    began = clock.now()
    subprocess.run([sys.executable, "manage.py", "check"], cwd=ROOT, check=True)
    patience = max(10.0, 6 * (clock.now() - began))
    with installation.up() as running:
        assert running.wait_until_up() < patience
        assert any("Disk almost full" in text for text in installation.chat_texts())
        ingest_url = re.search(r"http\S+/hooks/v1/\S+/", installation.first_output)
        assert ingest_url
        body = """-d '{"title": "After the restart"}'"""
        answer = paste(f"curl -H 'Content-Type: application/json' {body} {ingest_url[0]}")
        assert answer.endswith(" 202"), answer
        texts = installation.wait_for_message("After the restart")
        assert any("After the restart" in text for text in texts)
        running.stop(signal.SIGINT)
    assert running.popen.returncode == 0


def test_after_kill_9_of_the_supervisor_the_next_start_works(installation: Installation) -> None:
    with installation.up() as running:
        running.wait_until_up()
        children = installation.children()
        running.popen.kill()
        running.popen.wait()
    with installation.up() as again:
        again.wait_until_up()
        assert not [name for name, pid in children.items() if is_alive(pid)]
        again.stop()
    assert wait_gone(list(children.values()), 1) == []


def test_a_crashed_worker_comes_back_and_delivers(installation: Installation) -> None:
    with installation.up() as running:
        running.wait_until_up()
        ingest_url = re.search(r"http\S+/hooks/v1/\S+/", installation.first_output)
        assert ingest_url
        os.kill(installation.children()["worker"], signal.SIGKILL)
        running.wait_for("worker was ended by SIGKILL; starting it again")
        body = """-d '{"title": "While it was away"}'"""
        answer = paste(f"curl -H 'Content-Type: application/json' {body} {ingest_url[0]}")
        assert answer.endswith(" 202"), answer
        texts = installation.wait_for_message("While it was away", seconds=30)
        assert any("While it was away" in text for text in texts)
        running.stop()
