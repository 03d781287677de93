"""Tocsin as processes of its own, which a test starts, arms, kills and starts again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import requests

from botapi.failpoints import VARIABLE
from config.supervisor.options import redis_socket_urls
from tests.faults.servers import Postgres, Redis
from tests.faults.wire import Wire
from tests.flows.system import eventually
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
Name = Literal["web", "worker", "worker-2"]
Victim = Literal["web", "worker", "worker-2", "redis"]


class Product(Protocol):
    """A running Tocsin, whatever started it."""

    url: str

    def manage(self, *arguments: str) -> Any:
        """What a management command prints as JSON."""

    def kill(self, name: Victim) -> None:
        """kill -9 a process of it, which is then started again."""


class Processes:
    """A web server and a worker beside a Redis; on SQLite, or on `postgres`.

    On PostgreSQL a second worker may be started, and Redis is at the end of a `wire`.
    """

    def __init__(self, folder: Path, telegram_url: str, postgres: Postgres | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = folder / "data"
        self.data_dir.mkdir()
        self.redis = Redis(folder)
        self.postgres = postgres
        self._folder = folder
        self.wire = Wire(self.redis.socket) if postgres else None
        broker, redis = redis_socket_urls(self.redis.socket)
        if self.wire is not None:
            broker = redis = f"redis://127.0.0.1:{self.wire.port}/0"
        self._env = environment(
            self.data_dir,
            self.port,
            telegram_url,
            CELERY_BROKER_URL=broker,
            REDIS_URL=redis,
            **({"DATABASE_URL": postgres.url} if postgres else {}),
        )
        self._running: dict[Name, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        self.redis.start()
        self.manage("migrate", "--verbosity", "0", is_json=False)
        self.start("web")
        self.start("worker")
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self.end(name)
        self.redis.kill()
        if self.wire is not None:
            self.wire.close()

    # --- one process ---

    def start(self, name: Name, **env: str) -> None:
        """Start it with `env` on top; returns when it is ready, or armed and under way."""
        self.end(name)
        web = (
            *(sys.executable, "-m", "granian", "--interface", "rsgi", "--no-ws"),
            *("--port", str(self.port), "--workers", "1", "config.rsgi:application"),
        )
        argv = web if name == "web" else (sys.executable, "manage.py", "worker")
        heartbeat = self.data_dir / f"{name}.alive"
        with self._log(name).open("ab") as log:
            own = {"WORKER_HEARTBEAT_FILE": str(heartbeat)}
            self._running[name] = self._popen(argv, log, own | env)
        if name == "web":
            eventually(self._is_ready, START_SECONDS, what="a ready web")
        elif VARIABLE not in env:
            since = time.time()
            eventually(
                lambda: heartbeat.exists() and heartbeat.stat().st_mtime >= since,
                START_SECONDS,
                what=f"a ready {name}",
            )

    def kill(self, name: Victim) -> None:
        """kill -9, and start it again."""
        if name == "redis":
            self.redis.kill()
            self.redis.start()
            return
        self.start(name)

    def wait_dead(self, name: Name, failpoint: str, seconds: float) -> None:
        """Until it has died at the failpoint. Raises AssertionError with its log's end."""
        process = self._running[name]
        said = f"failpoint {failpoint}: killed"

        def died() -> bool:
            log = self._log(name).read_text(errors="replace")
            assert said in log, log[-2000:]
            # The web server's own process notices that its child is gone, and ends too.
            assert process.poll() is not None, "it said so and lives"
            return True

        eventually(died, seconds, what=f"the death of {name} at {failpoint}")
        if name != "web":
            assert process.returncode == -signal.SIGKILL

    def end(self, name: Name) -> None:
        """kill -9, and it stays dead."""
        process = self._running.pop(name, None)
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a session of its own: its children too
        process.wait()

    def _log(self, name: Name) -> Path:
        return self._folder / f"{name}.log"

    def _popen(
        self, argv: tuple[str, ...], log: IO[bytes], env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**self._env, **env},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _is_ready(self) -> bool:
        return requests.get(f"{self.url}/readyz", timeout=2).ok

    # --- the installation ---

    def manage(self, *arguments: str, is_json: bool = True) -> Any:
        """What a management command prints as JSON."""
        return run_manage(self._env, *arguments, is_json=is_json)

    def execute(self, statement: str) -> None:
        """Run SQL, to age what would take minutes."""
        if self.postgres is not None:
            self.postgres.execute(statement)
            return
        with sqlite3.connect(self.data_dir / "tocsin.sqlite3", timeout=20) as connection:
            connection.execute(statement)


def environment(data_dir: Path, port: int, telegram_url: str, **env: str) -> dict[str, str]:
    """What Tocsin is started with: nothing of ours but where Python is."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **inherited,
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "TELEGRAM_API_URL": telegram_url,
        "API_REQUESTS_PER_MINUTE": "100000",
        "PYTHONUNBUFFERED": "1",
        **env,
    }


def run_manage(env: Mapping[str, str], *arguments: str, is_json: bool = True) -> Any:
    """What a management command prints as JSON."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        check=False,  # the assertion shows what it said
        cwd=ROOT,
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if is_json else None
