"""What a container does, and how it knows that it is well."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from config import container
from config.supervisor.options import StartRefusedError
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


class Answers(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Not here."""


class Fails(Answers):
    status = 500


@pytest.fixture(params=[Answers, Fails])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """(port, the status of its answers)."""
    with HTTPServer(("127.0.0.1", 0), request.param) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http.server_port, request.param.status
        http.shutdown()


def test_the_web_server_has_to_answer(server: tuple[int, int], tmp_path: Path) -> None:
    port, status = server
    environ = {"PORT": str(port), "WORKER_HEARTBEAT_FILE": str(tmp_path / "none")}
    found = container.trouble({**environ, "BIND": "0.0.0.0"})
    assert (found == "") == (status == 200)


def test_nobody_answers(tmp_path: Path) -> None:
    environ = {"PORT": str(free_port()), "WORKER_HEARTBEAT_FILE": str(tmp_path / "none")}
    assert "ConnectionRefusedError" in container.trouble(environ)


@pytest.mark.parametrize(("age", "well"), [(0, True), (19, True), (22, False)])
def test_a_worker_has_to_touch_its_file(tmp_path: Path, age: int, well: bool) -> None:
    heartbeat = tmp_path / "worker.alive"
    heartbeat.touch()
    os.utime(heartbeat, (time.time() - age,) * 2)
    found = container.trouble({"WORKER_HEARTBEAT_FILE": str(heartbeat)})
    assert (found == "") == well
    assert well or str(heartbeat) in found


def test_what_is_well_ends_with_0_and_loads_no_django(tmp_path: Path) -> None:
    heartbeat = tmp_path / "worker.alive"
    heartbeat.touch()
    script = (
        "import sys; from config.container import main; code = main(['healthy']);"
        "assert 'django' not in sys.modules; sys.exit(code)"
    )
    environ = {**os.environ, "WORKER_HEARTBEAT_FILE": str(heartbeat)}
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environ, check=False)
    assert done.returncode == 0


def test_the_web_server_gets_as_many_processes_as_are_asked_for() -> None:
    line = container.arguments("web", [], {"WEB_PROCESSES": "3", "PORT": "8080", "BIND": "::"})
    assert line[line.index("--workers") + 1] == "3"
    assert line[line.index("--port") + 1] == "8080"
    assert line[line.index("--host") + 1] == "::"


@pytest.mark.parametrize("text", ["0", "none", "65", "-1"])
def test_a_wrong_number_of_processes_is_refused_by_name(text: str) -> None:
    with pytest.raises(StartRefusedError, match="WEB_PROCESSES"):
        container.arguments("web", [], {"WEB_PROCESSES": text})


def test_a_refusal_is_told_and_nothing_is_started() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.container", "web"],
        cwd=ROOT,
        env={**os.environ, "PORT": "no"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("PORT=no is not a port")


def test_keys_are_asked_for_where_none_can_be_made(tmp_path: Path) -> None:
    """Every container would make its own, and none could read what another has encrypted."""
    folder = tmp_path / "file"
    folder.mkdir()
    (folder / "secret_key").mkdir()  # cannot be read; root may write anywhere
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr
    assert "SECRET_KEY_FILE" in done.stderr
