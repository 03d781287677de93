"""`/bot<token>/<method>`: from the HTTP request to the envelope, with faults, flood and journal on
the way.

A bare ASGI endpoint, because benchmarks send thousands of calls a second through it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from dataclasses import dataclass
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from sandbox.body import BodyTooLarge, BodyUnreadable, read_parameters
from sandbox.call import Call, Described
from sandbox.connections import reset_connection
from sandbox.courier import Courier
from sandbox.errors import BotApiError, Refusal, bad_request, too_many_requests
from sandbox.faults import Fault, FaultKind, FaultPlan
from sandbox.flood import FloodModel
from sandbox.journal import Entry, Journal
from sandbox.methods import CANONICAL_NAMES, HANDLERS
from sandbox.model import Bot, Json
from sandbox.parameters import Parameters, UploadedFile, leading_integer
from sandbox.tokens import check_token_form
from sandbox.world import World

JOURNAL_TEXT_MAX = 500_000
_GATEWAY_PAGES = {502: "Bad Gateway", 504: "Gateway Time-out", 413: "Request Entity Too Large"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    content_type: bytes = b"application/json"
    retry_after: int | None = None
    description: str = ""
    message_id: int = 0


class BotApi:
    """The endpoint and everything it works on."""

    def __init__(self, world: World, journal: Journal) -> None:
        self.world = world
        self.journal = journal
        self.flood = FloodModel()
        self.faults = FaultPlan()
        self.courier = Courier(world, self.reply)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "POST"}:
            await _send(send, Answer(501, b""))
            return
        entry = Entry(0, self.world.clock(), "", 0, 0, {}, [])
        started = time.perf_counter()
        fault: Fault | None = None
        try:
            parameters = await read_parameters(scope, receive)
        except BodyTooLarge:
            answer = _gateway_page(413)
        except BodyUnreadable:
            answer = Answer(400, b"")
        else:
            call, answer = self._identify(scope["path"], parameters, entry)
            if call is not None:
                fault = self.faults.take(call.bot.id, entry.chat_id, call.method)
                answer = await self._perform(call, fault, entry)
        entry.status = answer.status
        entry.description = answer.description
        entry.message_id = answer.message_id
        if fault is not None and fault.kind in _SILENT:
            entry.status = 0
        entry.duration = time.perf_counter() - started
        self.journal.append(entry)
        await _deliver(scope, receive, send, answer, fault)

    async def reply(self, bot: Bot, content_type: str, body: bytes) -> None:
        """Perform the call with which a webhook answered. Its result is for nobody."""
        scope = {
            "type": "http",
            "query_string": b"",
            "headers": [(b"content-type", content_type.encode("latin-1"))],
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        entry = Entry(0, self.world.clock(), "", 0, 0, {}, [])
        try:
            parameters = await read_parameters(scope, receive)
        except (BodyTooLarge, BodyUnreadable):
            return
        method = parameters.text("method").lower()
        if not method or method.startswith("get") or method in _NOT_IN_REPLIES:
            return
        call, answer = self._identify(f"/bot{bot.token}/", parameters, entry)
        if call is not None:
            answer = await self._perform(call, None, entry)
        entry.status, entry.description = answer.status, answer.description
        entry.message_id = answer.message_id
        self.journal.append(entry)

    def _identify(
        self, path: str, parameters: Parameters, entry: Entry
    ) -> tuple[Call | None, Answer]:
        """The call that the request means, or the answer to one that is none."""
        token, _, method = path.removeprefix("/bot").partition("/")
        method = method.removeprefix("test/") or parameters.text("method")
        canonical = CANONICAL_NAMES.get(method.lower())
        entry.method = canonical or method
        entry.parameters = parameters.values
        entry.files = [
            {
                "field": name,
                "file_name": file.file_name,
                "size": len(file.content),
                "text": _text_of(file),
            }
            for name, file in parameters.files.items()
        ]
        try:
            bot = self._bot_of(token)
            entry.bot_id = bot.id
            entry.chat_id = self._chat_id(parameters.text("chat_id"))
            if bot.is_closed and canonical != "close":
                bot.is_closed = False
                self.courier.look(bot)
        except BotApiError as error:
            return None, _error(error)
        if canonical is None:
            return None, _error(BotApiError(404, "Not Found: method not found"))
        return Call(self.world, self.flood, bot, canonical, parameters), _NO_ANSWER

    def _bot_of(self, token: str) -> Bot:
        check_token_form(token)
        bot = self.world.bots_by_token.get(token)
        if bot is None:
            raise BotApiError(401, "Unauthorized")
        return bot

    def _chat_id(self, text: str) -> int:
        if text.startswith("@"):
            chat = self.world.chat_by_username(text)
            return 0 if chat is None else chat.id
        return leading_integer(text)

    async def _perform(self, call: Call, fault: Fault | None, entry: Entry) -> Answer:
        if self.faults.latency:
            await asyncio.sleep(self.faults.latency)
        if fault is not None:
            entry.fault = fault.kind
            if fault.kind is FaultKind.DELAY:
                await asyncio.sleep(fault.pause)
            elif (answer := _instead(fault)) is not None:
                return answer
        try:
            result = HANDLERS[call.method](call)
            if inspect.isawaitable(result):
                result = await result
        except BotApiError as error:
            return _error(error)
        except Refusal as refusal:
            return _error(bad_request(str(refusal)))
        return _success(result) if fault is None else _afterwards(fault, result)


def _instead(fault: Fault) -> Answer | None:
    """The answer given instead of performing the call, None when the call is performed."""
    match fault.kind:
        case FaultKind.TOO_MANY_REQUESTS:
            return _error(too_many_requests(fault.retry_after))
        case FaultKind.INTERNAL_ERROR:
            return _error(BotApiError(500, fault.description or "Internal Server Error: restart"))
        case FaultKind.UNAUTHORIZED:
            return _error(BotApiError(401, "Unauthorized"))
        case FaultKind.ERROR:
            return _error(_scripted_error(fault))
        case FaultKind.BAD_GATEWAY:
            return _gateway_page(502)
        case FaultKind.HANG_BEFORE | FaultKind.RESET_BEFORE:
            return _NO_ANSWER
    return None


def _afterwards(fault: Fault, result: Any) -> Answer:
    """The answer to a call that was performed."""
    match fault.kind:
        case FaultKind.LOST_ANSWER:
            return _gateway_page(504)
        case FaultKind.NO_MESSAGE:
            return _success(True)
    return _success(result)


def _scripted_error(fault: Fault) -> BotApiError:
    return BotApiError(
        fault.code,
        fault.description,
        retry_after=fault.parameters.get("retry_after"),
        migrate_to_chat_id=fault.parameters.get("migrate_to_chat_id"),
    )


def _success(result: Any) -> Answer:
    envelope: Json = {"ok": True, "result": result}
    if isinstance(result, Described):
        envelope = {"ok": True, "result": result.result, "description": result.description}
    message = result[0] if isinstance(result, list) and result else result
    message_id = message.get("message_id", 0) if isinstance(message, dict) else 0
    return Answer(200, _json(envelope), message_id=message_id)


def _text_of(file: UploadedFile) -> str:
    """What can be read in it; "" of what is no text or too long to be kept."""
    is_text = file.content_type.startswith("text/") and len(file.content) <= JOURNAL_TEXT_MAX
    return file.content.decode("utf-8", "replace") if is_text else ""


def _error(error: BotApiError) -> Answer:
    envelope: Json = {"ok": False, "error_code": error.code, "description": error.description}
    if error.retry_after is not None:
        envelope["parameters"] = {"retry_after": error.retry_after}
    elif error.migrate_to_chat_id is not None:
        envelope["parameters"] = {"migrate_to_chat_id": error.migrate_to_chat_id}
    return Answer(
        error.code,
        _json(envelope),
        retry_after=error.retry_after,
        description=error.description,
    )


def _gateway_page(status: int) -> Answer:
    """What the web server in front of Telegram says when Telegram does not."""
    title = f"{status} {_GATEWAY_PAGES[status]}"
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>"
    page += "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    return Answer(status, page.encode(), b"text/html", description=title)


def _json(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_NO_ANSWER = Answer(0, b"")
_NOT_IN_REPLIES = {"setwebhook", "deletewebhook", "close", "logout"}
_SILENT = {
    FaultKind.HANG_BEFORE,
    FaultKind.HANG_AFTER,
    FaultKind.RESET_BEFORE,
    FaultKind.RESET_AFTER,
}


async def _deliver(
    scope: Scope, receive: Receive, send: Send, answer: Answer, fault: Fault | None
) -> None:
    if fault is None or fault.kind not in _SILENT | {FaultKind.DRIP}:
        await _send(send, answer)
        return
    if fault.kind is FaultKind.DRIP:
        await _send(send, answer, pause=fault.pause)
        return
    if fault.kind in {FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER}:
        await _until_disconnected(receive, fault.pause)
    host, port = scope["client"]
    if reset_connection(host, int(port)):
        await _until_disconnected(receive, 5)


async def _until_disconnected(receive: Receive, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


async def _send(send: Send, answer: Answer, pause: float = 0) -> None:
    headers = [
        (b"content-type", answer.content_type),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    if answer.retry_after is not None:
        headers.append((b"retry-after", str(answer.retry_after).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if pause:
        for position in range(len(answer.body)):
            piece = answer.body[position : position + 1]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(pause)
        await send({"type": "http.response.body", "body": b""})
    else:
        await send({"type": "http.response.body", "body": answer.body})
