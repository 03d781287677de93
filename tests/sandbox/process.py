"""The sandbox as tests use it: a real process on a free port, and typed helpers over its control
API.

    with running_sandbox() as telegram:
        bot = telegram.create_bot()
        chat = telegram.create_chat("private", bot=bot)
        ...                                          # let the product send
        assert telegram.messages(chat)[0].text == "…"
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import requests

from tests import clock
from tests.ports import free_port
from tests.sandbox.records import (
    Json,
    SandboxBot,
    SandboxCall,
    SandboxChat,
    SandboxMessage,
    read_message,
)

__all__ = [
    "Json",
    "SandboxBot",
    "SandboxCall",
    "SandboxChat",
    "SandboxHandle",
    "SandboxMessage",
    "running_sandbox",
]

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
Kind = Literal["private", "group", "supergroup", "channel"]


class SandboxHandle:
    """Control of a running sandbox; `url` is what TELEGRAM_API_URL is set to."""

    def __init__(self, url: str, process: subprocess.Popen[Any]) -> None:
        self.url = url
        self.process = process
        self._session = requests.Session()
        self._session.trust_env = False

    # --- the stage ---

    def create_bot(self, first_name: str = "Bot", **fields: Any) -> SandboxBot:
        """Fields: `id`, `username`, `token`, and those of `change_bot`."""
        made = self._post("/bots", {"first_name": first_name} | fields)
        return SandboxBot(made["id"], made["token"], made["username"])

    def create_chat(
        self,
        kind: Kind = "private",
        *,
        bot: SandboxBot | None = None,
        state: str = "active",
        forbidden: Sequence[str] = (),
        topics: Sequence[str] = (),
        **fields: Any,
    ) -> SandboxChat:
        """A chat that `bot` (None: every bot) may write to. `topics` make it a forum.

        Fields: `id`, `title`, `username`, `is_forum`, `members` (user IDs); for a person
        `first_name`, `last_name`.
        """
        body: Json = {
            "kind": kind,
            "state": state,
            "forbidden": list(forbidden),
            "topics": list(topics),
        }
        if bot is not None:
            body["bot_id"] = bot.id
        made = self._post("/chats", body | fields)
        return SandboxChat(
            made["id"],
            made["type"],
            made.get("title") or made.get("first_name", ""),
            {topic["name"]: topic["message_thread_id"] for topic in made["topics"]},
        )

    def create_topic(self, chat: SandboxChat, name: str) -> int:
        made: int = self._post(f"/chats/{chat.id}/topics", {"name": name})["message_thread_id"]
        return made

    def close_topic(self, chat: SandboxChat, topic_id: int, *, closed: bool = True) -> None:
        self._post(f"/chats/{chat.id}/topics/{topic_id}", {"is_closed": closed})

    def delete_topic(self, chat: SandboxChat, topic_id: int) -> None:
        self._delete(f"/chats/{chat.id}/topics/{topic_id}")

    def set_state(
        self,
        chat: SandboxChat,
        state: str,
        *,
        bot: SandboxBot | None = None,
        forbidden: Sequence[str] = (),
        migrate_to_chat_id: int = 0,
    ) -> Json:
        """How `bot` (None: every bot) stands in the chat (`blocked`, `kicked`, `not_admin` …), or
        what became of the
        chat (`deleted`, `deactivated`, `upgraded`). `forbidden`: of text, photo, document. Gives
        the chat as it is."""
        body: Json = {
            "state": state,
            "forbidden": list(forbidden),
            "migrate_to_chat_id": migrate_to_chat_id,
        }
        if bot is not None:
            body["bot_id"] = bot.id
        changed: Json = self._post(f"/chats/{chat.id}/state", body)
        return changed

    def say(self, chat: SandboxChat, text: str, **fields: Any) -> Json:
        """A person writes; the bots get an update. Fields: `from_id`, `bot_id`,
        `message_thread_id`,
        `reply_to_message_id`."""
        said: Json = self._post(f"/chats/{chat.id}/say", {"text": text} | fields)
        return said

    def act(self, path: str, **fields: Any) -> Any:
        """Anything that people do by the control API (sandbox.control_people); gives its answer."""
        return self._post(path, fields)

    def start(self, bot: SandboxBot, person: SandboxChat, payload: str = "") -> Json:
        """The person follows a link to the bot; gives the `/start` message."""
        said: Json = self.act(f"/bots/{bot.id}/start", from_id=person.id, payload=payload)
        return said

    def press(self, chat: SandboxChat, message_id: int, data: str, **fields: Any) -> Json:
        """A person presses an inline button. Fields: `from_id`, `bot_id`, and `wait` for so many
        seconds until the bot answers. Gives `id`, `state`, `text`, `show_alert`, `url`."""
        path = f"/chats/{chat.id}/messages/{message_id}/press"
        pressed: Json = self.act(path, data=data, **fields)
        return pressed

    def callback(self, query_id: str, *, wait: float = 0) -> Json:
        """What became of that press, once it is answered or so many seconds have passed."""
        found: Json = self._get(f"/callbacks/{query_id}", {"wait": wait})
        return found

    def change_bot(self, bot: SandboxBot, **switches: bool) -> Json:
        """`can_read_all_group_messages`, `supports_inline_queries`, `inline_feedback`."""
        changed: Json = self.act(f"/bots/{bot.id}", **switches)
        return changed

    def change_member(self, chat: SandboxChat, user_id: int, status: str, **fields: Any) -> Json:
        """A person or bot becomes `member`, `administrator`, `left`, `kicked`. Fields: `from_id`
        (who does it), `rights`. Gives the chat."""
        changed: Json = self.act(
            f"/chats/{chat.id}/members", user_id=user_id, status=status, **fields
        )
        return changed

    def shift_clock(self, seconds: float) -> None:
        """The sandbox's world is ahead by so much."""
        self._post("/settings", {"clock_shift": seconds})

    def queue_update(self, bot: SandboxBot, kind: str, value: Json) -> Json:
        """Put an Update into the bot's queue as it is."""
        queued: Json = self._post(f"/bots/{bot.id}/updates", {kind: value})[0]
        return queued

    def reset(self, *, default_world: bool = False) -> Json:
        """Forget everything; gives the world."""
        world: Json = self._post("/reset", {"default_world": default_world})
        return world

    def world(self) -> Json:
        world: Json = self._get("/world")
        return world

    # --- trouble ---

    def fault(
        self,
        kind: str,
        *,
        bot: SandboxBot | None = None,
        chat: SandboxChat | None = None,
        method: str = "",
        count: int | None = 1,
        **fields: Any,
    ) -> int:
        """The next `count` calls (None: all) that fit go wrong; gives the fault's ID.

        Kinds: see sandbox.faults.FaultKind. Fields: `probability`, `seconds`, `retry_after`,
        `code`, `description`,
        `parameters`.
        """
        body = {"kind": kind, "method": method, "count": count} | fields
        if bot is not None:
            body["bot_id"] = bot.id
        if chat is not None:
            body["chat_id"] = chat.id
        made: int = self._post("/faults", body)["id"]
        return made

    def remove_fault(self, fault_id: int) -> None:
        self._delete(f"/faults/{fault_id}")

    def clear_faults(self) -> None:
        self._delete("/faults")

    def set_flood(self, mode: Literal["off", "published", "observed"]) -> None:
        self._post("/settings", {"flood": mode})

    def set_latency(self, seconds: float) -> None:
        self._post("/settings", {"latency": seconds})

    def violations(self) -> list[Json]:
        """`{"bot_id", "chat_id", "limit", "count"}` of calls that came too early."""
        found: list[Json] = self._get("/settings")["violations"]
        return found

    # --- what happened ---

    def messages(
        self, chat: SandboxChat, *, bot: SandboxBot | None = None, deleted: bool = False
    ) -> list[SandboxMessage]:
        """The chat's messages, oldest first; deleted ones only on demand."""
        query = {} if bot is None else {"bot_id": bot.id}
        records = self._get(f"/chats/{chat.id}/messages", query)
        return [read_message(record) for record in records if deleted or not record["deleted"]]

    def wait_for_messages(
        self, chat: SandboxChat, count: int = 1, *, timeout: float = 20.0
    ) -> list[SandboxMessage]:
        """The chat's messages as soon as there are `count`. Raises AssertionError after
        `timeout` seconds.
        """
        deadline = clock.now() + timeout
        cursor = 0
        while len(found := self.messages(chat)) < count:
            remaining = deadline - clock.now()
            assert remaining > 0, f"{len(found)} messages instead of {count} after {timeout} s"
            cursor = self._get("/calls", {"since": cursor, "wait": min(remaining, 1.0)})["cursor"]
        return found

    def calls(
        self,
        method: str = "",
        *,
        chat: SandboxChat | None = None,
        bot: SandboxBot | None = None,
        since: int = 0,
    ) -> list[SandboxCall]:
        """The Bot API calls, in the order in which they ended."""
        query: Json = {"since": since}
        if method:
            query["method"] = method
        if chat is not None:
            query["chat_id"] = chat.id
        if bot is not None:
            query["bot_id"] = bot.id
        return [SandboxCall(**call) for call in self._get("/calls", query)["calls"]]

    def wait_for_calls(
        self,
        method: str = "",
        count: int = 1,
        *,
        chat: SandboxChat | None = None,
        bot: SandboxBot | None = None,
        since: int = 0,
        timeout: float = 20.0,
    ) -> list[SandboxCall]:
        """The calls as soon as there are `count`. Raises AssertionError after `timeout` seconds."""
        deadline = clock.now() + timeout
        cursor = 0
        while len(found := self.calls(method, chat=chat, bot=bot, since=since)) < count:
            remaining = deadline - clock.now()
            assert remaining > 0, f"{len(found)} calls instead of {count} after {timeout} s"
            cursor = self._get("/calls", {"since": cursor, "wait": min(remaining, 1.0)})["cursor"]
        return found

    def cursor(self) -> int:
        """Where the journal stands, for `since`."""
        now: int = self._get("/calls", {"since": sys.maxsize})["cursor"]
        return now

    def clear_calls(self) -> None:
        self._delete("/calls")

    def clear_messages(self, chat: SandboxChat) -> None:
        self._delete(f"/chats/{chat.id}/messages")

    # --- the Bot API itself ---

    def api(self, bot: SandboxBot, method: str, **parameters: Any) -> Json:
        """Call a method with a JSON body; gives the envelope."""
        body = json.dumps(parameters)
        headers = {"Content-Type": "application/json"}
        url = f"{self.url}/bot{bot.token}/{method}"
        answer: Json = self._session.post(url, data=body, headers=headers, timeout=60).json()
        return answer

    def upload(
        self,
        bot: SandboxBot,
        method: str,
        files: dict[str, tuple[str, bytes]],
        **parameters: Any,
    ) -> Json:
        """Call a method with a multipart body; gives the envelope."""
        fields = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in parameters.items()
        }
        url = f"{self.url}/bot{bot.token}/{method}"
        answer: Json = self._session.post(url, data=fields, files=files, timeout=60).json()
        return answer

    def _get(self, path: str, query: Json | None = None) -> Any:
        return self._checked(
            self._session.get(f"{self.url}/_sandbox{path}", params=query, timeout=60)
        )

    def _post(self, path: str, body: Json) -> Any:
        return self._checked(
            self._session.post(f"{self.url}/_sandbox{path}", json=body, timeout=60)
        )

    def _delete(self, path: str) -> None:
        self._checked(self._session.delete(f"{self.url}/_sandbox{path}", timeout=60))

    @staticmethod
    def _checked(response: requests.Response) -> Any:
        assert response.ok, f"{response.request.method} {response.url}: {response.text}"
        return response.json() if response.content else None


@contextmanager
def running_sandbox(
    *,
    state: Path | None = None,
    default_world: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[SandboxHandle]:
    """A sandbox process, empty unless `default_world` or kept in `state`; stopped with SIGTERM
    at the end.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "sandbox", "--host", host, "--port", str(port), "--quiet"]
    if state is not None:
        command += ["--state", str(state)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait_until_listening(process, host, port)
        handle = SandboxHandle(f"http://{host}:{port}", process)
        if not default_world and state is None:
            handle.reset()
        yield handle
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_listening(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    deadline = clock.now() + START_SECONDS
    while clock.now() < deadline:
        assert process.poll() is None, f"the sandbox ended with {process.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex((host, port)) == 0:
                return
        time.sleep(0.01)
    raise AssertionError(f"no sandbox on port {port} after {START_SECONDS} s")
