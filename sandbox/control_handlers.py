"""What the handlers of the control API have in common: finding what a request names, and errors."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.bot_api import BotApi
from sandbox.control_body import ControlError, Fields
from sandbox.membership import Refused
from sandbox.model import Bot, Chat, Dialog, Message, User
from sandbox.world import World

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]


class Handlers:
    """Handlers over one BotApi and its world."""

    def __init__(self, api: BotApi) -> None:
        self.api = api

    @property
    def world(self) -> World:
        return self.api.world

    def _bot(self, bot_id: int) -> Bot:
        bot = self.world.bots.get(bot_id)
        if bot is None:
            raise ControlError(f"bot {bot_id} not found", 404)
        return bot

    def _bot_of(self, fields: Fields) -> Bot | None:
        bot_id = fields.integer("bot_id")
        return self._bot(bot_id) if bot_id else None

    def _person(self, fields: Fields, name: str = "from_id", default: int = 0) -> User:
        user = self.world.users.get(fields.integer(name) or default)
        if user is None or user.is_bot:
            raise ControlError(f"{name}: must be the ID of a user")
        return user

    def _chat(self, request: Request) -> Chat:
        text = request.path_params["chat_id"]
        chat = self.world.chats.get(int(text)) if text.lstrip("-").isdigit() else None
        if chat is None:
            raise ControlError(f"chat {text} not found", 404)
        return chat

    def _chat_named(self, fields: Fields, name: str) -> Chat:
        chat = self.world.chats.get(fields.integer(name))
        if chat is None:
            raise ControlError(f"{name}: must be the ID of a chat")
        return chat

    def _topic(self, request: Request) -> tuple[Chat, int]:
        chat = self._chat(request)
        topic_id = request.path_params["topic_id"]
        if topic_id not in chat.topics:
            raise ControlError(f"topic {topic_id} not found", 404)
        return chat, topic_id

    def _dialog(self, chat: Chat, bot: Bot | None) -> Dialog:
        """In private that with `bot`, or with the only one."""
        if chat.kind == "private":
            bot = bot or next(iter(self.world.bots.values()), None)
        return self.world.dialog(bot, chat)

    def _message(self, request: Request, fields: Fields) -> tuple[Dialog, Message]:
        """Deleted ones too: an app may not have heard of that yet."""
        dialog = self._dialog(self._chat(request), self._bot_of(fields))
        message = dialog.messages.get(request.path_params["message_id"])
        if message is None:
            raise ControlError(f"message {request.path_params['message_id']} not found", 404)
        return dialog, message


def guarded_routes(table: Iterable[tuple[str, str, Handler]]) -> list[Route]:
    """Routes below `/_sandbox` of (verb, path, handler)."""
    return [
        Route(f"/_sandbox{path}", _guarded(handler), methods=[verb])
        for verb, path, handler in table
    ]


def _guarded(handler: Handler) -> Handler:
    """Errors as JSON; and no other web site may drive the sandbox through a browser."""

    async def guarded(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin and origin.partition("://")[2] != request.headers.get("host"):
            return JSONResponse({"error": "requests of other web sites are refused"}, 403)
        try:
            return await handler(request)
        except ControlError as error:
            return JSONResponse({"error": str(error)}, error.status)
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, 400)

    return guarded
