"""The whole product as its users run it: `manage.py up`, with nothing but HTTP in and out.

stage = system.make_stage()      # the fixture; a bot, a chat, an integration, a route
stage.post(webhook(alert()))
stage.wait_for("InstanceDown")   # what the chat shows
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from alerts.route_table import CACHED_FOR
from tests import clock
from tests.sandbox.process import Kind, SandboxBot, SandboxChat, SandboxHandle, SandboxMessage
from tests.up.running import Running

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 30.0
"""Seconds that anything may take which is not what a test measures."""
_numbers = count(1)
T = TypeVar("T")


def eventually(look: Callable[[], T], seconds: float = WITHIN, *, what: str = "") -> T:
    """The first true answer of `look`. Raises AssertionError, naming the last one, when none came.

    What `look` raises as AssertionError or as a failed request counts as "not yet".
    """
    deadline = clock.now() + seconds
    while True:
        last: object
        try:
            if found := look():
                return found
            last = found
        except (AssertionError, requests.RequestException) as error:
            last = error
        if clock.now() > deadline:
            raise AssertionError(f"{what or 'it'} did not happen within {seconds} s: {last!r}")
        time.sleep(0.05)


class System:
    """A running product. `api_key` is an owner's; `telegram` is its sandbox."""

    def __init__(self, running: Running, env: dict[str, str]) -> None:
        self.running = running
        self.data_dir = running.data_dir
        self.url = f"http://127.0.0.1:{running.port}"
        self.telegram = SandboxHandle(f"http://127.0.0.1:{running.port + 1}", running.popen)
        self._env = env
        self._session = requests.Session()
        self._session.trust_env = False
        self._spare: list[Stage] = []
        self.quickstart = self.manage("quickstart", "--new-api-key", "--json")
        self.api_key: str = self.quickstart["api_key"]
        self.ingest_url: str = self.quickstart["ingest_url"]

    # --- from outside ---

    def manage(self, *arguments: str) -> Any:
        """What a management command prints as JSON, in the product's environment."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            check=False,  # the assertion shows what it said
            cwd=ROOT,
            env=inherited
            | {"DATA_DIR": str(self.data_dir), "PORT": str(self.running.port)}
            | self._env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def api(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """A REST call as an owner; its JSON, or None without one. Fails when it is not `status`
        (by default: any 2xx)."""
        answer = self._session.request(
            method,
            f"{self.url}/api/v1/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.api_key}"},
            timeout=WITHIN,
        )
        right = answer.ok if status is None else answer.status_code == status
        assert right, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def make_stage(self, kind: Kind = "private") -> "Stage":
        """A new bot and chat, told of what a new integration hears."""
        if kind != "private":
            return self._make_stages([kind])[0]
        if not self._spare:
            self._spare = self._make_stages([kind] * 8)
        return self._spare.pop()

    def _make_stages(self, kinds: list[Kind]) -> list["Stage"]:
        """All at once: routes are read anew only every few seconds, and one wait is enough."""
        made = [self._make_stage(kind) for kind in kinds]
        time.sleep(CACHED_FOR)
        return made

    def _make_stage(self, kind: Kind) -> "Stage":
        number = next(_numbers)
        bot = self.telegram.create_bot(f"Bot {number}")
        chat = self.telegram.create_chat(kind, bot=bot)
        made_bot = self.api(
            "POST",
            "bots/",
            {"name": bot.username, "token": bot.token, "api_url": self.telegram.url},
        )
        channel = self.api(
            "POST",
            "channels/",
            {
                "name": f"Chat {number}",
                "bot": made_bot["id"],
                "chat_id": str(chat.id),
                "renotify_interval": 0,
            },
        )
        integration = self.api("POST", "integrations/", {"name": f"Sender {number}"})
        self.api(
            "POST",
            "routes/",
            {
                "name": f"Route {number}",
                "integrations": [integration["id"]],
                "channels": [channel["id"]],
            },
        )
        return Stage(self, bot, chat, made_bot["id"], channel["id"], integration["ingest_url"])

    # --- its processes ---

    def pid(self, name: str) -> int:
        """The process `redis`, `sandbox`, `web` or `worker`, as the supervisor started it last."""
        rows = json.loads((self.data_dir / "up.children.json").read_text())
        pids: dict[str, int] = {row["name"]: row["pid"] for row in rows}
        assert name in pids, f"{name} is not running"
        return pids[name]

    def kill(self, name: str) -> int:
        """kill -9; the number that was killed."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_restarted(self, name: str, killed: int) -> None:
        """Until the supervisor has started it anew and it is ready."""
        eventually(lambda: self.pid(name) != killed, what=f"a new {name}")
        eventually(
            lambda: self._session.get(f"{self.url}/readyz", timeout=2).ok, what="a ready web"
        )

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP, and SIGCONT at the end."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Stage:
    """One sender and the chat that hears of it."""

    system: System
    bot: SandboxBot
    chat: SandboxChat
    bot_id: str
    channel_id: str
    ingest_url: str

    @property
    def telegram(self) -> SandboxHandle:
        """The sandbox."""
        return self.system.telegram

    def post(self, payload: Any, seconds: float = WITHIN) -> requests.Response:
        """POST one payload as JSON, on a connection of its own."""
        with requests.Session() as session:
            session.trust_env = False
            return session.post(self.ingest_url, json=payload, timeout=seconds)

    def messages(self, chat: SandboxChat | None = None) -> list[SandboxMessage]:
        """What the chat shows now."""
        shown = chat or self.chat
        # A person has a dialog with each bot; a group's belongs to nobody.
        return self.telegram.messages(shown, bot=self.bot if shown.kind == "private" else None)

    def texts(self, chat: SandboxChat | None = None) -> list[str]:
        """Their texts."""
        return [message.text for message in self.messages(chat)]

    def wait_for(
        self, *words: str, seconds: float = WITHIN, chat: SandboxChat | None = None
    ) -> SandboxMessage:
        """The first message that holds all the words, whatever their case."""

        def look() -> SandboxMessage | None:
            for message in self.messages(chat):
                if all(word.lower() in message.text.lower() for word in words):
                    return message
            raise AssertionError(f"{words} not in {self.texts(chat)}")

        found = eventually(look, seconds, what="the message")
        assert found is not None
        return found

    def methods(self, since: int = 0) -> list[str]:
        """The calls that reached the chat, checks aside."""
        calls = self.telegram.calls(chat=self.chat, bot=self.bot, since=since)
        return [
            call.method
            for call in calls
            if call.method.startswith(("send", "edit")) and call.method != "sendChatAction"
        ]

    def channel(self) -> dict[str, Any]:
        """The channel as REST shows it."""
        shown: dict[str, Any] = self.system.api("GET", f"channels/{self.channel_id}/")
        return shown

    def deliveries(self, **query: str) -> list[dict[str, Any]]:
        """The channel's deliveries, newest first."""
        filters = "&".join(f"{name}={value}" for name, value in query.items())
        found: list[dict[str, Any]] = self.system.api(
            "GET", f"deliveries/?channel={self.channel_id}&{filters}"
        )["results"]
        return found


@contextmanager
def running_system(data_dir: Path, **env: str) -> Iterator[System]:
    """`manage.py up` on free ports, ready; stopped with SIGTERM at the end."""
    command = [sys.executable, "manage.py", "up"]
    with Running(command, data_dir, ROOT, **env) as running:
        running.wait_until_up()
        yield System(running, env)


@pytest.fixture(scope="package")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One product for all flows that need it whole; each test makes its own stage."""
    data_dir = tmp_path_factory.mktemp("system") / "data"
    with running_system(data_dir, OUTBOUND_ALLOWED_HOSTS="127.0.0.1") as running:
        yield running
