"""The control API under `/_sandbox/`: tests and `up` look at the world, change it, and script
trouble. JSON in and out.

A wrong request gets 400 or 404 with `{"error": …}` naming the field.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import scenery
from sandbox.control_body import ControlError, Fields, read_fields
from sandbox.control_handlers import Handler, Handlers, guarded_routes
from sandbox.control_records import (
    SWITCHES,
    bot_record,
    chat_record,
    fault_record,
    message_record,
    topic_record,
)
from sandbox.faults import Fault, FaultKind
from sandbox.flood import FloodMode
from sandbox.model import Bot, CallbackQuery, Chat, ChatKind, InlineQuery, User
from sandbox.presses import remember_query
from sandbox.shapes import user_json
from sandbox.updates import UPDATE_KINDS

MAX_WAIT = 30.0
PUBLIC_KINDS: dict[str, ChatKind] = {
    "group": "group",
    "supergroup": "supergroup",
    "channel": "channel",
}


class Control(Handlers):
    """Handlers of the control API over one BotApi and its world."""

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/world", self.get_world),
            ("POST", "/bots", self.create_bot),
            ("POST", "/bots/{bot_id:int}", self.change_bot),
            ("POST", "/bots/{bot_id:int}/updates", self.queue_update),
            ("POST", "/users", self.create_user),
            ("POST", "/chats", self.create_chat),
            ("POST", "/chats/{chat_id}/topics", self.create_topic),
            ("POST", "/chats/{chat_id}/topics/{topic_id:int}", self.change_topic),
            ("DELETE", "/chats/{chat_id}/topics/{topic_id:int}", self.delete_topic),
            ("POST", "/chats/{chat_id}/state", self.set_state),
            ("GET", "/chats/{chat_id}/messages", self.get_messages),
            ("DELETE", "/chats/{chat_id}/messages", self.clear_messages),
            ("GET", "/calls", self.get_calls),
            ("DELETE", "/calls", self.clear_calls),
            ("GET", "/faults", self.get_faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("DELETE", "/faults/{fault_id:int}", self.remove_fault),
            ("GET", "/settings", self.get_settings),
            ("POST", "/settings", self.change_settings),
            ("POST", "/reset", self.reset),
        ]
        return guarded_routes(table)

    # --- the world ---

    async def get_world(self, request: Request) -> Response:
        world = self.world
        return JSONResponse(
            {
                "bots": [bot_record(bot) for bot in world.bots.values()],
                "users": [
                    user_json(user) for user in world.users.values() if user.id not in world.bots
                ],
                "chats": [chat_record(world, chat) for chat in world.chats.values()],
            }
        )

    async def create_bot(self, request: Request) -> Response:
        fields = await read_fields(request)
        bot_id = fields.integer("id") or self.world.free_id("bot")
        user = User(
            bot_id,
            fields.text("first_name", "Bot"),
            username=fields.text("username", f"sandbox_{bot_id}_bot"),
            is_bot=True,
        )
        if bot_id in self.world.users:
            raise ControlError(f"id: {bot_id} exists already")
        bot = self.world.create_bot(user, fields.text("token"))
        _set_switches(bot, fields)
        return JSONResponse(bot_record(bot), 201)

    async def change_bot(self, request: Request) -> Response:
        """What its owner sets at BotFather."""
        fields = await read_fields(request)
        bot = self._bot(request.path_params["bot_id"])
        _set_switches(bot, fields)
        self.world.note("bots", bot.id)
        return JSONResponse(bot_record(bot))

    async def queue_update(self, request: Request) -> Response:
        fields = await read_fields(request)
        bot = self._bot(request.path_params["bot_id"])
        updates = []
        for kind, value in fields.values.items():
            if kind not in UPDATE_KINDS:
                raise ControlError(f"{kind}: no kind of update; one of {', '.join(UPDATE_KINDS)}")
            if isinstance(value, dict):
                self._expect_answer(bot, kind, str(value.get("id", "")))
            updates.append(self.world.queue_update(bot, kind, value))
        return JSONResponse(updates, 201)

    async def create_user(self, request: Request) -> Response:
        fields = await read_fields(request)
        return JSONResponse(user_json(self._make_person(fields)), 201)

    async def create_chat(self, request: Request) -> Response:
        fields = await read_fields(request)
        kind = fields.text("kind")
        if kind == "private":
            chat = self.world.chats[self._make_person(fields).id]
        elif kind in PUBLIC_KINDS:
            chat = scenery.make_chat(
                self.world,
                PUBLIC_KINDS[kind],
                fields.text("title", f"A {kind}"),
                username=fields.text("username"),
                is_forum=fields.boolean("is_forum") or bool(fields.values.get("topics")),
                chat_id=fields.integer("id"),
            )
        else:
            raise ControlError(f"kind: {kind!r} is none of private, {', '.join(PUBLIC_KINDS)}")
        for name in fields.texts("topics"):
            self.world.create_topic(chat, name)
        for user_id in fields.integers("members"):
            chat.members[user_id] = "member"
        self._change_state(chat, fields, default="active")
        return JSONResponse(chat_record(self.world, chat), 201)

    async def create_topic(self, request: Request) -> Response:
        fields = await read_fields(request)
        chat = self._chat(request)
        if not chat.is_forum:
            raise ControlError(f"chat {chat.id} is no forum; create it with is_forum")
        topic = self.world.create_topic(chat, fields.text("name", "Topic"))
        topic.is_closed = fields.boolean("is_closed")
        return JSONResponse(topic_record(chat, topic.message_thread_id), 201)

    async def change_topic(self, request: Request) -> Response:
        fields = await read_fields(request)
        chat, topic_id = self._topic(request)
        topic = chat.topics[topic_id]
        topic.is_closed = fields.boolean("is_closed")
        topic.name = fields.text("name", topic.name)
        self.world.note("chats", chat.id)
        return JSONResponse(topic_record(chat, topic_id))

    async def delete_topic(self, request: Request) -> Response:
        chat, topic_id = self._topic(request)
        del chat.topics[topic_id]
        self.world.note("chats", chat.id)
        return Response(status_code=204)

    async def set_state(self, request: Request) -> Response:
        fields = await read_fields(request)
        chat = self._chat(request)
        self._change_state(chat, fields, default="active")
        return JSONResponse(chat_record(self.world, chat))

    # --- messages and calls ---

    async def get_messages(self, request: Request) -> Response:
        chat = self._chat(request)
        bot_id = int(request.query_params.get("bot_id", 0))
        found = [
            message_record(self.world, dialog, message)
            for dialog in self.world.dialogs_of_chat(chat.id)
            if bot_id in {0, dialog.bot_id}
            for message in dialog.messages.values()
        ]
        return JSONResponse(found)

    async def clear_messages(self, request: Request) -> Response:
        self.world.clear_messages(self._chat(request).id)
        return Response(status_code=204)

    async def get_calls(self, request: Request) -> Response:
        query = request.query_params
        since = int(query.get("since", 0))
        journal = self.api.journal
        if journal.last_sequence <= since and float(query.get("wait", 0)):
            await journal.wait(min(float(query["wait"]), MAX_WAIT))
        wanted = {
            name: int(query[name]) if name.endswith("_id") else query[name]
            for name in ("bot_id", "chat_id", "method")
            if name in query
        }
        calls = [
            entry.as_json()
            for entry in journal.since(since)
            if all(getattr(entry, name) == value for name, value in wanted.items())
        ]
        return JSONResponse({"calls": calls, "cursor": journal.last_sequence})

    async def clear_calls(self, request: Request) -> Response:
        self.api.journal.clear()
        return Response(status_code=204)

    # --- trouble ---

    async def get_faults(self, request: Request) -> Response:
        return JSONResponse([fault_record(fault) for fault in self.api.faults.faults.values()])

    async def add_fault(self, request: Request) -> Response:
        fields = await read_fields(request)
        kind = fields.text("kind")
        if kind not in list(FaultKind):
            raise ControlError(f"kind: {kind!r} is none of {', '.join(FaultKind)}")
        fault = Fault(
            FaultKind(kind),
            bot_id=fields.integer("bot_id"),
            chat_id=fields.integer("chat_id"),
            method=fields.text("method"),
            count=None if fields.is_null("count") else fields.integer("count", 1),
            probability=fields.number("probability", 1.0),
            seconds=fields.number("seconds", 0.0) if "seconds" in fields.values else None,
            retry_after=fields.integer("retry_after", 1),
            code=fields.integer("code", 400),
            description=fields.text("description"),
            parameters=fields.mapping("parameters"),
        )
        return JSONResponse(fault_record(self.api.faults.add(fault)), 201)

    async def clear_faults(self, request: Request) -> Response:
        self.api.faults.faults.clear()
        return Response(status_code=204)

    async def remove_fault(self, request: Request) -> Response:
        if self.api.faults.faults.pop(request.path_params["fault_id"], None) is None:
            raise ControlError("fault not found", 404)
        return Response(status_code=204)

    async def get_settings(self, request: Request) -> Response:
        flood = self.api.flood
        violations = [
            {"bot_id": bot_id, "chat_id": chat_id, "limit": limit, "count": count}
            for (bot_id, chat_id, limit), count in flood.violations.items()
        ]
        settings = {
            "flood": flood.mode,
            "latency": self.api.faults.latency,
            "clock_shift": self.world.clock_shift,
        }
        return JSONResponse(settings | {"violations": violations})

    async def change_settings(self, request: Request) -> Response:
        fields = await read_fields(request)
        if "flood" in fields.values:
            mode = fields.text("flood")
            if mode not in list(FloodMode):
                raise ControlError(f"flood: {mode!r} is none of {', '.join(FloodMode)}")
            self.api.flood.mode = FloodMode(mode)
            self.api.flood.reset()
        self.api.faults.latency = fields.number("latency", self.api.faults.latency)
        self.world.clock_shift = fields.number("clock_shift", self.world.clock_shift)
        return await self.get_settings(request)

    async def reset(self, request: Request) -> Response:
        """Forget everything; `{"default_world": true}` sets the first start's stage again."""
        fields = await read_fields(request)
        self.world.clear()
        self.world.clock_shift = 0.0
        self.api.journal.clear()
        self.api.faults.clear()
        self.api.flood.mode = FloodMode.OFF
        self.api.flood.reset()
        if fields.boolean("default_world"):
            scenery.build_default_world(self.world)
        return await self.get_world(request)

    # --- making ---

    def _expect_answer(self, bot: Bot, kind: str, query_id: str) -> None:
        """The bot may answer the query, though nobody asked it."""
        now = self.world.clock()
        if kind == "callback_query":
            remember_query(self.world, CallbackQuery(query_id, bot.id, 0, "", 0, now))
        elif kind == "inline_query":
            bot.inline_queries[query_id] = InlineQuery(query_id, bot.id, 0, 0, "", "", now)

    def _make_person(self, fields: Fields) -> User:
        user_id = fields.integer("id")
        if user_id in self.world.users:
            raise ControlError(f"id: {user_id} exists already")
        return scenery.make_person(
            self.world,
            fields.text("first_name", "Person"),
            fields.text("last_name"),
            username=fields.text("username"),
            language_code=fields.text("language_code"),
            user_id=user_id,
        )

    def _change_state(self, chat: Chat, fields: Fields, default: str) -> None:
        bot = self._bot_of(fields)
        state = fields.text("state", default)
        forbidden = fields.contents("forbidden")
        try:
            migrate_to = fields.integer("migrate_to_chat_id")
            scenery.set_state(self.world, bot, chat, state, migrate_to)
        except ValueError as error:
            raise ControlError(str(error)) from None
        for bot_id in [bot.id] if bot is not None else list(self.world.bots):
            chat.forbidden[bot_id] = forbidden
        self.world.note("chats", chat.id)


def _set_switches(bot: Bot, fields: Fields) -> None:
    for name, attribute in SWITCHES.items():
        if name in fields.values:
            setattr(bot, attribute, fields.boolean(name))
