"""Tocsin, set up and run as README.md says: scaled out, or embedded by `manage.py up`."""

import base64
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bench.load import Job
from bench.payloads import Shape
from bench.ports import free_port
from bench.processes import Failed, Process, cpu_seconds, pss_megabytes, run
from bench.servers import Postgres, Redis, Telegram, session

MANAGE = (sys.executable, "manage.py")
WEB = (
    "-m granian --interface rsgi --host 127.0.0.1 --port {port} --workers 2 --http 1 --no-ws"
    " --no-access-log config.rsgi:application"
)
"""README.md, "Scaled out"; a test compares them."""

# One start of Django instead of one for each organization. What no organization may change for
# itself is lifted here, as an operator does it in the console: how many POSTs it may send and,
# where the pace is not what is measured, how fast its bots may call.
_SET_UP = """
import json, sys
from io import StringIO
from django.core.management import call_command
from accounts.models import Organization
from alerts.models import Integration
from channels_app.models import Bot
asked = json.load(sys.stdin)
tenants = []
for arguments in asked["quickstart"]:
    told = StringIO()
    call_command("quickstart", *arguments, "--json", stdout=told)
    tenants.append(json.loads(told.getvalue()))
Organization.objects.update(ingest_limit=10_000_000)
Integration.objects.update(ingest_limit=1_000_000)
Bot.objects.update(updates="none")
if asked["unpaced"]:
    Bot.objects.update(per_second=1000, chat_per_second=1000, group_per_minute=30_000)
print(json.dumps(tenants))
"""
GROUP = -1_001_000_000_000


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organization with a bot, a channel and an integration, as `quickstart --json` tells."""

    site_url: str
    organization: str
    ingest_url: str
    channel_id: str
    bot_id: str
    token: str
    chat_id: int
    api_key: str

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the REST API; None where it answers nothing. Raises requests.HTTPError."""
        with session() as http:
            answer = http.request(
                method,
                f"{self.site_url}/api/v1/{path}",
                json=body,
                headers={"Authorization": f"Bearer {self.api_key}"},
                timeout=30,
            )
        answer.raise_for_status()
        return answer.json() if answer.content else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many organizations, with a bot and a chat each. `unpaced`: their bots may call as fast
    as they can. `groups`: the chats are groups. `first`: the number of the first one's bot."""

    tenants: int = 1
    unpaced: bool = False
    groups: bool = False
    first: int = 1


@dataclass(slots=True)
class Tocsin:
    """One installation. Its processes are started and stopped by whoever measures."""

    folder: Path
    port: int
    env: Mapping[str, str]
    tenants: list[Tenant] = field(default_factory=list)
    database: str = ""
    web: Process | None = None
    workers: list[Process] = field(default_factory=list)
    _numbers: int = 0

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    def manage(self, *arguments: str, data: str = "") -> str:
        """Run a command to its end; its output."""
        return run([*MANAGE, *arguments], env=self.env, data=data)

    def set_up(self, wanted: Wanted) -> None:
        """Make organizations."""
        numbers = range(wanted.first, wanted.first + wanted.tenants)
        chats = [GROUP - n if wanted.groups else 1000 + n for n in numbers]
        tokens = [f"{7_000_000 + n}:AAbench{'x' * 22}{n:05d}A" for n in numbers]
        quickstarts = [
            [
                *("--organization", f"Bench {n}", "--bot-token", token),
                # With "=": a group's number would pass for an option.
                f"--chat-id={chat}",
                "--new-api-key",
            ]
            for n, token, chat in zip(numbers, tokens, chats, strict=True)
        ]
        asked = {"quickstart": quickstarts, "unpaced": wanted.unpaced}
        told = self.manage("shell", "-v", "0", "-c", _SET_UP, data=json.dumps(asked))
        for one, token, chat in zip(json.loads(told), tokens, chats, strict=True):
            self.tenants.append(
                Tenant(
                    site_url=self.url,
                    organization=one["organization"],
                    ingest_url=one["ingest_url"],
                    channel_id=one["channel_id"],
                    bot_id=one["bot_id"],
                    token=token,
                    chat_id=chat,
                    api_key=one["api_key"],
                )
            )

    def job(self, shape: Shape = "webhook", **values: Any) -> Job:
        """POSTs to all organizations in turn."""
        return Job(tuple(tenant.ingest_url for tenant in self.tenants), shape, **values)

    # --- processes ---

    def start_web(self) -> None:
        """Scaled out: granian with two processes."""
        command = [sys.executable, *WEB.format(port=self.port).split()]
        self.web = self._start("web", command, self.env)
        self.web.wait_until(self._is_ready, "answer to /readyz")

    def start_worker(self, *queues: str) -> Process:
        """Scaled out: one more worker, of these queues or of all."""
        heartbeat = self.folder / f"worker-{self._numbers}.alive"
        env = {**self.env, "WORKER_HEARTBEAT_FILE": str(heartbeat)}
        options = ["--queues", *queues] if queues else []
        worker = self._start("worker", [*MANAGE, "worker", *options], env)
        self.workers.append(worker)
        worker.wait_until(heartbeat.exists, "heartbeat")
        return worker

    def start_embedded(self) -> None:
        """`manage.py up`: supervisor, Redis, web and worker."""
        self.web = self._start("up", [*MANAGE, "up"], self.env)
        self.web.wait_until(self._is_ready, "answer to /readyz")
        heartbeat = self.folder / "data" / "run" / "worker.heartbeat"
        self.web.wait_until(heartbeat.exists, "heartbeat")

    def check_running(self) -> None:
        """Raises Failed when one of its processes has ended by itself."""
        for process in (self.web, *self.workers):
            if process is not None and not process.running:
                raise Failed(f"{process.name} has ended\n{process.log_end()}")

    def stop_workers(self) -> None:
        """SIGTERM to all, then each drains."""
        for worker in self.workers:
            worker.ask_to_end()
        for worker in self.workers:
            worker.stop()
        self.workers.clear()

    def stop(self) -> None:
        """All of its processes, politely."""
        self.stop_workers()
        if self.web is not None:
            self.web.stop()
            self.web = None

    def kill(self) -> None:
        """kill -9 of all its processes, all at once."""
        doomed = [process for process in (self.web, *self.workers) if process is not None]
        for process in doomed:
            os.killpg(process.pid, signal.SIGKILL)
        for process in doomed:
            process.kill()
        self.web = None
        self.workers.clear()

    def pss(self) -> float:
        """MB of all its processes."""
        running = [process for process in (self.web, *self.workers) if process is not None]
        return sum(pss_megabytes(process.pid) for process in running)

    def cpu(self) -> dict[str, float]:
        """Processor seconds so far of each kind of its processes."""
        used = {}
        if self.web is not None:
            used[self.web.name] = cpu_seconds(self.web.pid)
        if self.workers:
            used["worker"] = sum(cpu_seconds(worker.pid) for worker in self.workers)
        return used

    def _start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Process:
        self._numbers += 1
        log = self.folder / f"{name}-{self._numbers}.log"
        return Process(command, name=name, env=env, log=log)

    def _is_ready(self) -> bool:
        try:
            with session() as http:
                return http.get(f"{self.url}/readyz", timeout=2).ok
        except requests.RequestException:
            return False


def environment(folder: Path, port: int, api: Telegram, **more: str) -> dict[str, str]:
    """Nothing of the person's own settings, and no way to the real Telegram."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR")
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "DATA_DIR": str(folder / "data"),
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ENCRYPTION_KEYS": f"k1:{key}",
        "TELEGRAM_API_URL": api.url,
        "SANDBOX": "off",
        "API_REQUESTS_PER_MINUTE": "100000",
        **more,
    }


TEMPLATE = "tocsin_migrated"


def migrate_template(folder: Path, server: Postgres, api: Telegram) -> None:
    """A database that others are copied from: migrating takes longer than copying."""
    server.create(TEMPLATE)
    env = environment(folder, free_port(), api, DATABASE_URL=server.url(TEMPLATE))
    run([*MANAGE, "migrate", "-v", "0"], env=env)
    shutil.rmtree(folder / "data", ignore_errors=True)


@contextmanager
def scaled_out(
    folder: Path, name: str, server: Postgres, broker: Redis, api: Telegram, wanted: Wanted
) -> Iterator[Tocsin]:
    """An installation on PostgreSQL and Redis with an empty database; nothing runs yet."""
    own = folder / name
    own.mkdir()
    port = free_port()
    server.create(name, TEMPLATE)
    env = environment(own, port, api, DATABASE_URL=server.url(name), REDIS_URL=broker.url)
    tocsin = Tocsin(own, port, env, database=name)
    tocsin.set_up(wanted)
    try:
        yield tocsin
    finally:
        tocsin.stop()
        server.drop(name)


@contextmanager
def embedded(
    folder: Path,
    api: Telegram,
    wanted: Wanted,
    prepare: Callable[[Tocsin], object] | None = None,
) -> Iterator[Tocsin]:
    """An installation on SQLite in a folder of its own; `manage.py up` runs, after `prepare`."""
    own = Path(tempfile.mkdtemp(prefix="embedded-", dir=folder))
    port = free_port()
    tocsin = Tocsin(own, port, environment(own, port, api))
    tocsin.manage("migrate", "-v", "0")
    tocsin.set_up(wanted)
    if prepare is not None:
        prepare(tocsin)
    try:
        tocsin.start_embedded()
        yield tocsin
    finally:
        tocsin.stop()
