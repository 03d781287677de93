"""A fast stand-in of the Bot API: `python -m bench.telegram PORT`.

It answers as Telegram does, as late as it is told to, and refuses what exceeds the published limits
where it is told to. It notes when each call arrived and which alerts (`payloads.MARKER`) it spoke
of, in its text or in its document; it tells bots of presses of their buttons, and notes what became
of them. Under `/bench/` the benchmark sets it up and reads the notes;
`POST /null` is the answer of a server that does nothing, which the load generator is judged by.
All times are `time.monotonic()`, which all processes of a machine share on Linux.
"""

import asyncio
import json
import math
import re
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.http import Messages, run
from bench.limits import Limits
from bench.payloads import MARKER
from bench.presses import Presses
from bench.updates import Updates

_PATH = re.compile(rb"POST /bot(\d+):[^/]+/(\w+)")
_CHAT = re.compile(rb'name="chat_id"[^\n]*\r\n(?:[^\n]+\r\n)*\r\n(-?\d+)')
_MESSAGE = re.compile(rb'name="message_id"[^\n]*\r\n(?:[^\n]+\r\n)*\r\n(\d+)')
_REPLY = re.compile(rb'"?reply_(?:parameters|to_message_id)"?')
_COUNTED = ("send", "edit")


@dataclass(slots=True)
class Notes:
    """What arrived. `seen`: alert → first arrival. `firsts`: alert → new messages about it alone,
    replies aside: more than one is a duplicate."""

    calls: list[tuple[float, int, str, int, int, int]] = field(default_factory=list)
    """(arrival, bot, method, chat, status, number of alerts)."""
    seen: dict[str, float] = field(default_factory=dict)
    firsts: Counter[str] = field(default_factory=Counter)
    told: list[tuple[float, str, list[str]]] = field(default_factory=list)
    """(arrival, method, alerts in their order) of accepted calls that spoke of several."""
    refused: int = 0


class Telegram:
    """The state of the stand-in."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.delay = 0.0
        self.limits: Limits | None = None
        self.presses = Presses()
        self.updates = Updates()
        self._message_id = 0

    def set_up(self, delay: float, *, limited: bool) -> None:
        """Answer after `delay` seconds, and with or without limits; forget what was noted."""
        self.delay = delay
        self.limits = Limits() if limited else None
        self.notes = Notes()

    def call(self, bot_id: int, method: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """(HTTP status, envelope) of one call that arrives now."""
        now = time.monotonic()
        if not method.startswith(_COUNTED) or method == "sendChatAction":
            return 200, {"ok": True, "result": self._other(bot_id, method, body, now)}
        params = _params(body)
        chat_id = int(params["chat_id"])
        wait = self.limits.admit(bot_id, chat_id, now) if self.limits else 0.0
        found = [name.decode() for name in MARKER.findall(body)]
        status = 429 if wait else 200
        self.notes.calls.append((now, bot_id, method, chat_id, status, len(found)))
        if wait:
            self.notes.refused += 1
            return status, _too_many(max(1, math.ceil(wait)))
        for name in found:
            self.notes.seen.setdefault(name, now)
        if len(found) > 1:
            self.notes.told.append((now, method, found))
        if method.startswith("send") and not _REPLY.search(body) and len(set(found)) == 1:
            self.notes.firsts[found[0]] += 1
        message = self._message(chat_id, method, params)
        self.presses.note_message(bot_id, message, params.get("reply_markup"), now)
        return status, {"ok": True, "result": message}

    def _other(self, bot_id: int, method: str, body: bytes, now: float) -> Any:
        if method == "answerCallbackQuery":
            self.presses.note_answer(_params(body)["callback_query_id"], now)
        elif method.endswith(("Webhook", "WebhookInfo")):
            return self.updates.setting(bot_id, method, _params(body))
        return _fact(bot_id, method, body)

    def press(self, message_id: int, labels: list[str], person: int) -> str:
        """Somebody presses that of these buttons which is there; the query's ID."""
        board = self.presses.boards[message_id]
        data = next(board.buttons[label] for label in labels if label in board.buttons)
        message = {
            "message_id": message_id,
            "date": int(time.time()),
            "chat": _chat(board.chat_id),
            "text": "An alert",
        }
        who = {"id": person, "is_bot": False, "first_name": f"Member {person}"}
        query = self.presses.press(message, data, who, time.monotonic())
        self.updates.add(board.bot_id, "callback_query", query)
        return str(query["id"])

    def _message(self, chat_id: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._message_id += 1
        message = {
            "message_id": int(params.get("message_id") or self._message_id),
            "date": int(time.time()),
            "chat": _chat(chat_id),
            "text": params.get("text", ""),
        }
        if "Document" in method or "Media" in method:
            message["document"] = {"file_id": f"file{self._message_id}", "file_unique_id": "u"}
        return message

    def control(self, path: str, body: bytes) -> Any:
        """The benchmark's own questions."""
        if path == "/bench/set-up":
            self.set_up(**json.loads(body))
        if path == "/bench/press":
            return self.press(**json.loads(body))
        if path == "/bench/boards":
            return {number: asdict(board) for number, board in self.presses.boards.items()}
        if path == "/bench/presses":
            return {query: asdict(press) for query, press in self.presses.made.items()}
        notes = self.notes
        if path == "/bench/told":
            return notes.told
        if path == "/bench/notes":
            return {"calls": notes.calls, "seen": notes.seen, "firsts": notes.firsts}
        return {
            "calls": len(notes.calls),
            "seen": len(notes.seen),
            "refused": notes.refused,
            "last": notes.calls[-1][0] if notes.calls else 0.0,
        }


def _fact(bot_id: int, method: str, body: bytes) -> Any:
    """Answers that a check of a bot or of a channel looks at."""
    me = {"id": bot_id, "is_bot": True, "first_name": "Bench", "username": f"bench{bot_id}_bot"}
    if method == "getMe":
        return me
    if method == "getChat":
        return _chat(int(_params(body)["chat_id"]))
    if method == "getChatMember":
        return {"status": "member", "user": me}
    return True


def _params(body: bytes) -> dict[str, Any]:
    if body.startswith(b"{"):
        params: dict[str, Any] = json.loads(body)
        return params
    found = {"chat_id": _CHAT.search(body), "message_id": _MESSAGE.search(body)}
    return {name: match[1] for name, match in found.items() if match}


def _chat(chat_id: int) -> dict[str, Any]:
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": "Somebody"}
    permissions = {"can_send_messages": True, "can_send_photos": True, "can_send_documents": True}
    return {"id": chat_id, "type": "supergroup", "title": "Group", "permissions": permissions}


def _too_many(seconds: int) -> dict[str, Any]:
    return {
        "ok": False,
        "error_code": 429,
        "description": f"Too Many Requests: retry after {seconds}",
        "parameters": {"retry_after": seconds},
    }


class _Connection(asyncio.Protocol):
    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._messages = Messages()
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._polls: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for head, body in self._messages.feed(data):
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        called = _PATH.match(head)
        if called and called[2] == b"getUpdates":
            task = self._loop.create_task(self._answer_poll(int(called[1]), body))
            self._polls.add(task)
            task.add_done_callback(self._polls.discard)
            return
        if called:
            status, answer = self._telegram.call(int(called[1]), called[2].decode(), body)
            content = json.dumps(answer).encode()
            if self._telegram.delay:
                whole = _answer(status, content)
                self._loop.call_later(self._telegram.delay, self._transport.write, whole)
                return
        elif head.startswith(b"POST /null"):
            status, content = 202, b"{}"
        else:
            status = 200
            path = head.split(b" ", 2)[1].decode()
            content = json.dumps(self._telegram.control(path, body)).encode()
        self._transport.write(_answer(status, content))

    async def _answer_poll(self, bot_id: int, body: bytes) -> None:
        found = await self._telegram.updates.poll(bot_id, _params(body))
        self._transport.write(_answer(200, json.dumps({"ok": True, "result": found}).encode()))


def _answer(status: int, content: bytes) -> bytes:
    head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: "
    return head.encode() + str(len(content)).encode() + b"\r\n\r\n" + content


async def main() -> None:
    """Serve until terminated."""
    telegram = Telegram()
    loop = asyncio.get_running_loop()
    port = int(sys.argv[1])
    server = await loop.create_server(
        lambda: _Connection(telegram), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    run(main)
