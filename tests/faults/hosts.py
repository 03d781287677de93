"""Two hosts and what they share: workers in network namespaces of their own, whose link can be cut.

PostgreSQL, Redis, Telegram and the web server run beside them, on an address that both reach.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.faults.processes import ROOT, START_SECONDS, environment, run_manage
from tests.faults.servers import Postgres
from tests.flows.system import eventually
from tests.ports import free_port

_NET = f"10.231.{os.getpid() % 250}"
SHARED = f"{_NET}.1"
"""The address of the servers."""


def why_not() -> str:
    """Why there can be no namespaces here; empty when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    name = f"tqprobe{os.getpid()}"
    try:
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespaces: {error}"
    return ""


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)


@dataclass(frozen=True, slots=True)
class Host:
    """A network namespace with one link to the servers."""

    name: str
    link: str

    def cut(self) -> None:
        """From now on nothing passes, and nobody is told."""
        _ip("link", "set", self.link, "down")

    def mend(self) -> None:
        """As before."""
        _ip("link", "set", self.link, "up")

    def command(self, *argv: str) -> list[str]:
        """What runs `argv` there."""
        return ["ip", "netns", "exec", self.name, *argv]


@contextmanager
def shared_address() -> Iterator[str]:
    """An address of this machine's own that the hosts reach."""
    _ip("address", "add", f"{SHARED}/32", "dev", "lo")
    try:
        yield SHARED
    finally:
        _ip("address", "del", f"{SHARED}/32", "dev", "lo")


@contextmanager
def host(number: int) -> Iterator[Host]:
    """The host of this number, from 1 on."""
    made = Host(f"tq{os.getpid()}n{number}", f"tq{os.getpid()}l{number}")
    outside, inside = (f"{_NET}.{4 * number + place}" for place in (1, 2))
    _ip("netns", "add", made.name)
    try:
        _ip("link", "add", made.link, "type", "veth", "peer", "name", "up0", "netns", made.name)
        _ip("address", "add", f"{outside}/30", "dev", made.link)
        _ip("link", "set", made.link, "up")
        _ip("-n", made.name, "address", "add", f"{inside}/30", "dev", "up0")
        for device in ("lo", "up0"):
            _ip("-n", made.name, "link", "set", device, "up")
        _ip("-n", made.name, "route", "add", "default", "via", outside)
        yield made
    finally:
        _ip("netns", "del", made.name)  # its end of the link, and so the other, go with it


class SharedPostgres(Postgres):
    """A cluster that hosts of this network reach."""

    @property
    def url(self) -> str:
        """As DATABASE_URL."""
        return f"postgres://postgres@{SHARED}:{self.port}/postgres"

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {_NET}.0/24 trust\n")
        options = f"-p {self.port} -c listen_addresses={SHARED} -c unix_socket_directories=''"
        self._control("start", "-l", str(self._folder / "log"), "-o", options)


class TwoHosts:
    """A product with a web server beside its database, and a worker on each of two hosts."""

    def __init__(self, folder: Path, telegram_url: str, postgres: Postgres) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.hosts: list[Host] = []
        self.postgres = postgres
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._redis_port = free_port()
        (folder / "data").mkdir()
        self.env = environment(
            folder / "data",
            self.port,
            telegram_url,
            DATABASE_URL=postgres.url,
            REDIS_URL=f"redis://{SHARED}:{self._redis_port}/0",
        )
        self._stack = ExitStack()

    def __enter__(self) -> "TwoHosts":
        self.hosts = [self._stack.enter_context(host(number)) for number in (1, 2)]
        self.manage("migrate", "--verbosity", "0", is_json=False)
        redis = ("redis-server", "--port", str(self._redis_port), "--bind", SHARED, "--save", "")
        self.start("redis", (*redis, "--protected-mode", "no"))
        self.start(
            "web",
            (
                *(sys.executable, "-m", "granian", "--interface", "rsgi", "--no-ws"),
                *("--port", str(self.port), "--workers", "1", "config.rsgi:application"),
            ),
        )
        eventually(self._is_ready, START_SECONDS, what="a ready web")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._stack.close()

    def start_worker(self, place: Host) -> None:
        """One on this host; returns when it is ready."""
        beats = self._folder / f"{place.name}.alive"
        argv = place.command(sys.executable, "manage.py", "worker")
        since = time.time()
        self.start(place.name, argv, WORKER_HEARTBEAT_FILE=str(beats))
        eventually(lambda: self.beats(place, since), START_SECONDS, what="a ready worker")

    def host_of(self, pid: int) -> Host:
        """Where the worker runs whose process, or a child of it, has this number."""
        return next(one for one in self.hosts if self._running[one.name].pid == os.getpgid(pid))

    def beats(self, place: Host, since: float) -> bool:
        """Whether its worker has been well since then."""
        beats = self._folder / f"{place.name}.alive"
        return beats.exists() and beats.stat().st_mtime >= since

    def start(self, name: str, argv: Sequence[str], **env: str) -> None:
        """Start a process."""
        with (self._folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                argv,
                cwd=ROOT,
                env={**self.env, **env},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running[name] = process

    def log(self, name: str) -> str:
        """What a process has said."""
        return (self._folder / f"{name}.log").read_text(errors="replace")

    def manage(self, *arguments: str, is_json: bool = True) -> Any:
        """What a management command prints as JSON."""
        return run_manage(self.env, *arguments, is_json=is_json)

    def kill(self, name: str) -> None:
        """Nothing is killed here: hosts are cut off."""
        raise NotImplementedError(name)

    def _is_ready(self) -> bool:
        return requests.get(f"{self.url}/readyz", timeout=2).ok
