"""Servers of a test's own, which it may freeze, kill and restart: PostgreSQL and Redis."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import clock
from tests.ports import free_port

START_SECONDS = 60.0


class Redis:
    """A Redis on a Unix socket that writes nothing to disk."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "Redis is not running"
        return self._process.pid

    def start(self) -> None:
        """Start it, or start it anew."""
        self.socket.unlink(missing_ok=True)
        options = ("--port", "0", "--unixsocket", str(self.socket), "--save", "")
        self._process = subprocess.Popen(
            ["redis-server", *options, "--appendonly", "no", "--loglevel", "warning"],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )
        _wait_for(self.socket.exists, "Redis")

    def kill(self) -> None:
        """kill -9; returns when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """SIGTERM, and a new one at the end: connections are refused meanwhile."""
        os.kill(self.pid, signal.SIGTERM)
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """SIGSTOP, and SIGCONT at the end."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


class Postgres:
    """A cluster in a folder of its own. PostgreSQL refuses root, so root runs it as `postgres`."""

    def __init__(self) -> None:
        self.port = free_port()
        # Not in pytest's folder, which is its user's alone.
        self._folder = Path(tempfile.mkdtemp(prefix="tocsin-postgres-"))
        self._data = self._folder / "cluster"
        self._as = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8")

    @property
    def url(self) -> str:
        """As DATABASE_URL."""
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self._control("start", "-l", str(self._folder / "log"), "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a crash: no checkpoint, all connections gone."""
        self._control("stop", "-m", mode)

    @contextmanager
    def away(self, mode: str) -> Iterator[None]:
        """Stopped (`immediate`, `fast`), and started again at the end."""
        self.stop(mode)
        try:
            yield
        finally:
            self.start()

    def hang_up(self) -> None:
        """End all connections, as an administrator or a failing network does."""
        others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    def remove(self) -> None:
        """Stop it for good, and take its folder away."""
        self.stop()
        shutil.rmtree(self._folder)

    def execute(self, statement: str) -> None:
        """Run SQL: to age what would take minutes."""
        self._run("psql", "-q", "-d", self.url, "-c", statement)

    def _control(self, action: str, *options: str) -> None:
        self._run("pg_ctl", action, "-w", "-D", str(self._data), *options)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, str(_binaries() / program), *arguments],
            check=False,  # the assertion shows what it said
            cwd="/",
            stdout=subprocess.DEVNULL,  # the server keeps it open
            stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            timeout=START_SECONDS,
        )
        assert done.returncode == 0, f"{program} {arguments}: {done.stderr!r}"


def _binaries() -> Path:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    assert on_path, "PostgreSQL's server is not installed"
    return Path(on_path).parent


def _wait_for(is_there: Callable[[], bool], what: str) -> None:
    deadline = clock.now() + START_SECONDS
    while not is_there():
        assert clock.now() < deadline, f"{what} did not start"
        time.sleep(0.02)
