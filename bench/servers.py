"""Servers of the benchmark's own, on free ports, with their data in its folder."""

import os
import pwd
import shutil
import signal
import socket
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import requests

from bench.load import Job
from bench.payloads import Shape
from bench.ports import free_port
from bench.presses import Board, Press
from bench.processes import Process, run

ALERTMANAGER = "prometheus-alertmanager"


def session() -> requests.Session:
    """HTTP without proxies of the environment."""
    made = requests.Session()
    made.trust_env = False
    return made


def missing() -> list[str]:
    """Programs that are not installed, as Debian's packages."""
    found = {
        "postgresql": bool(postgresql_programs()),
        "redis-server": bool(shutil.which("redis-server")),
        "prometheus-alertmanager": bool(shutil.which(ALERTMANAGER)),
    }
    return [package for package, is_there in found.items() if not is_there]


# --- PostgreSQL ----------------------------------------------------------------------------------


def postgresql_programs() -> Path | None:
    """The folder of the newest version's programs; None without one."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: float(folder.parent.name), default=None)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster with Debian's defaults, so with `synchronous_commit=on`."""

    process: Process
    port: int

    def url(self, database: str) -> str:
        """As DATABASE_URL takes it."""
        return f"postgres://tocsin@127.0.0.1:{self.port}/{database}"

    def query(self, database: str, sql: str) -> list[tuple[Any, ...]]:
        """Rows of one statement, each in a transaction of its own."""
        url = self.url(database)
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def create(self, database: str, template: str = "template0") -> None:
        """A database, copied from `template`, which nobody is connected to."""
        self.query("postgres", f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    def drop(self, database: str) -> None:
        """Whoever is connected loses the connection."""
        self.query("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A private cluster. `initdb` refuses root: then it belongs to the user postgres."""
    programs = postgresql_programs()
    assert programs is not None
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "postgresql"
    data.mkdir(mode=0o700)
    if user:
        owner = pwd.getpwnam(user)
        os.chown(data, owner.pw_uid, owner.pw_gid)
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "tocsin"]
    as_user = ["runuser", "-u", user, "--"] if user else []
    run([*as_user, *initdb, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
    port = free_port()
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": data}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = Process(
        [str(programs / "postgres"), "-D", str(data), *options],
        name="postgresql",
        log=folder / "postgresql.log",
        user=user,
        ends_on=signal.SIGINT,  # "fast": without waiting for clients
    )
    made = Postgres(process, port)
    process.wait_until(lambda: _accepts(made), "answer")
    try:
        yield made
    finally:
        process.stop()


def _accepts(server: Postgres) -> bool:
    try:
        server.query("postgres", "SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


# --- Redis ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Redis:
    """Without files: nothing in it is worth keeping."""

    process: Process
    port: int

    @property
    def url(self) -> str:
        """As REDIS_URL takes it."""
        return f"redis://127.0.0.1:{self.port}/0"


@contextmanager
def redis(folder: Path) -> Iterator[Redis]:
    """A private Redis."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = Process(
        [*command, "--dir", str(folder)], name="redis", log=folder / f"redis-{port}.log"
    )
    process.wait_until(lambda: _listens(port), "answer")
    try:
        yield Redis(process, port)
    finally:
        process.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# --- Telegram ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notes:
    """What Telegram has noted, see bench/telegram.py."""

    calls: list[tuple[float, int, str, int, int, int]]
    seen: dict[str, float]
    firsts: dict[str, int]


Told = tuple[float, str, list[str]]
"""(arrival, method, alerts in their order) of a call."""


class Telegram:
    """The stand-in, as the benchmark talks to it."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self._session = session()

    def set_up(self, delay: float = 0.0, *, limited: bool = False) -> None:
        """Answer so late, with or without limits; forget what was noted."""
        body = {"delay": delay, "limited": limited}
        self._session.post(f"{self.url}/bench/set-up", json=body, timeout=10)

    def count(self) -> dict[str, float]:
        """`calls`, `seen` (alerts), `refused` (429), `last` (the last arrival)."""
        found: dict[str, float] = self._session.get(f"{self.url}/bench/count", timeout=30).json()
        return found

    def notes(self) -> Notes:
        """Everything noted since it was set up."""
        found = self._session.get(f"{self.url}/bench/notes", timeout=60).json()
        return Notes([tuple(call) for call in found["calls"]], found["seen"], found["firsts"])

    def told(self) -> list[Told]:
        """Each accepted call that spoke of several alerts."""
        found = self._session.get(f"{self.url}/bench/told", timeout=60).json()
        return [(at, method, names) for at, method, names in found]

    def boards(self) -> dict[int, Board]:
        """The buttons that messages have now, by message_id."""
        found = self._session.get(f"{self.url}/bench/boards", timeout=30).json()
        return {int(number): Board(**board) for number, board in found.items()}

    def press(self, message_id: int, labels: Sequence[str], person: int) -> str:
        """Have this person press that of these buttons which is there; the query's ID."""
        body = {"message_id": message_id, "labels": labels, "person": person}
        query: str = self._session.post(f"{self.url}/bench/press", json=body, timeout=10).json()
        return query

    def presses(self) -> dict[str, Press]:
        """What became of each press, by its query's ID."""
        found = self._session.get(f"{self.url}/bench/presses", timeout=30).json()
        return {query: Press(**press) for query, press in found.items()}

    def wait_for(self, alerts: int, seconds: float) -> int:
        """Wait until so many alerts were seen, at most so long; how many were."""
        ends = time.monotonic() + seconds
        while (seen := int(self.count()["seen"])) < alerts and time.monotonic() < ends:
            time.sleep(0.2)
        return seen

    def wait_for_all(self, alerts: Collection[str], seconds: float) -> dict[str, float]:
        """When each alert was first seen, once all of these were, or after so long."""
        ends = time.monotonic() + seconds
        while True:
            seen = self.notes().seen
            if time.monotonic() > ends or all(name in seen for name in alerts):
                return seen
            time.sleep(0.5)

    def wait_quiet(self, quiet: float, seconds: float) -> None:
        """Wait until no call came for `quiet` seconds, at most `seconds`."""
        ends = time.monotonic() + seconds
        began = time.monotonic()
        while time.monotonic() < ends:
            if time.monotonic() - max(began, self.count()["last"]) > quiet:
                return
            time.sleep(0.2)


@contextmanager
def telegram(folder: Path, delay: float = 0.0, *, limited: bool = False) -> Iterator[Telegram]:
    """A stand-in in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "bench.telegram", str(port)]
    process = Process(command, name="telegram", log=folder / f"telegram-{port}.log")
    process.wait_until(lambda: _listens(port), "answer")
    made = Telegram(process, port)
    made.set_up(delay, limited=limited)
    try:
        yield made
    finally:
        process.stop()


# --- Alertmanager --------------------------------------------------------------------------------


@dataclass(slots=True)
class Alertmanager:
    """Debian's, with a Telegram receiver and a group for each alert."""

    folder: Path
    port: int
    process: Process

    def job(self, **values: Any) -> Job:
        """POSTs to its API."""
        shape: Shape = "alertmanager"
        return Job((f"http://127.0.0.1:{self.port}/api/v2/alerts",), shape, **values)

    def restart_after_kill(self) -> None:
        """kill -9, and start it anew on the same folder."""
        self.process.kill()
        self.process = _alertmanager_process(self.folder, self.port)


_CONFIG = """
route:
  receiver: telegram
  group_by: ['...']
  group_wait: 0s
  group_interval: 1m
  repeat_interval: 24h
receivers:
  - name: telegram
    telegram_configs:
      - api_url: {url}
        bot_token: {token}
        chat_id: {chat}
        parse_mode: HTML
"""


@contextmanager
def alertmanager(folder: Path, api: Telegram, token: str, chat_id: int) -> Iterator[Alertmanager]:
    """One that sends to this chat."""
    port = free_port()
    own = folder / f"alertmanager-{port}"
    own.mkdir()
    (own / "config.yml").write_text(_CONFIG.format(url=api.url, token=token, chat=chat_id))
    made = Alertmanager(own, port, _alertmanager_process(own, port))
    try:
        yield made
    finally:
        made.process.kill()  # polite, it goes on trying to send


def _alertmanager_process(folder: Path, port: int) -> Process:
    options: Sequence[str] = (
        f"--config.file={folder / 'config.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=error",
    )
    process = Process([ALERTMANAGER, *options], name="alertmanager", log=folder / "log")
    process.wait_until(lambda: _is_ready(f"http://127.0.0.1:{port}/-/ready"), "answer")
    return process


def _is_ready(url: str) -> bool:
    try:
        with session() as http:
            return http.get(url, timeout=2).ok
    except requests.RequestException:
        return False
