"""The control API's part for people: what they write, press, choose and change in chats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import chat_actions, conversation, inline, membership, presses, reply_keyboards, voting
from sandbox.control_body import ControlError, Fields, read_fields
from sandbox.control_handlers import Handler, Handlers, guarded_routes
from sandbox.control_records import chat_record
from sandbox.conversation import Place
from sandbox.membership import STATUSES
from sandbox.model import Chat, ChatKind

MAX_WAIT = 30.0
_LOOK_SECONDS = 0.02
PUBLIC_KINDS: dict[str, ChatKind] = {
    "group": "group",
    "supergroup": "supergroup",
    "channel": "channel",
}


class People(Handlers):
    """`from_id` is who acts, in private chats the person themselves unless given."""

    def routes(self) -> list[Route]:
        message = "/chats/{chat_id}/messages/{message_id:int}"
        table: list[tuple[str, str, Handler]] = [
            ("POST", "/chats/{chat_id}/say", self.say),
            ("POST", "/chats/{chat_id}/keyboard", self.press_keyboard),
            ("POST", f"{message}/edit", self.edit),
            ("POST", f"{message}/delete", self.delete),
            ("POST", f"{message}/press", self.press),
            ("POST", f"{message}/forward", self.forward),
            ("POST", f"{message}/react", self.react),
            ("POST", f"{message}/vote", self.vote),
            ("GET", "/callbacks/{query_id}", self.get_callback),
            ("POST", "/bots/{bot_id:int}/start", self.start),
            ("POST", "/bots/{bot_id:int}/start_group", self.start_group),
            ("POST", "/bots/{bot_id:int}/block", self.block),
            ("POST", "/bots/{bot_id:int}/unblock", self.unblock),
            ("POST", "/bots/{bot_id:int}/inline", self.ask_inline),
            ("POST", "/bots/{bot_id:int}/inline/{query_id}/choose", self.choose_inline),
            ("POST", "/chats/{chat_id}/members", self.change_member),
            ("POST", "/chats/{chat_id}/title", self.rename),
            ("POST", "/chats/{chat_id}/upgrade", self.upgrade),
            ("POST", "/users/{user_id:int}/chats", self.create_chat),
        ]
        return guarded_routes(table)

    # --- messages ---

    async def say(self, request: Request) -> Response:
        fields = await read_fields(request)
        chat = self._chat(request)
        user = self._person(fields, default=chat.id)
        said = conversation.say(self.world, self._place(chat, fields), user, fields.text("text"))
        return JSONResponse(said, 201)

    async def press_keyboard(self, request: Request) -> Response:
        """`text` of the button; `chosen`: IDs that answer a request for users or a chat."""
        fields = await read_fields(request)
        chat = self._chat(request)
        user = self._person(fields, default=chat.id)
        dialog = self._dialog(chat, self._bot_of(fields))
        place = self._place(chat, fields)
        text, chosen = fields.text("text"), fields.integers("chosen")
        sent = reply_keyboards.press(self.world, place, dialog, user, text, chosen)
        return JSONResponse(sent, 201)

    async def edit(self, request: Request) -> Response:
        fields = await read_fields(request)
        dialog, message = self._message(request, fields)
        if message.bot_id or message.deleted_time:
            raise ControlError("people edit messages that a person wrote and that are there")
        return JSONResponse(conversation.edit(self.world, dialog, message, fields.text("text")))

    async def delete(self, request: Request) -> Response:
        """No bot hears of it."""
        dialog, message = self._message(request, await read_fields(request))
        self.world.delete_message(dialog, message)
        return Response(status_code=204)

    async def press(self, request: Request) -> Response:
        """`data` of the inline button; with `wait` (seconds) the answer is waited for."""
        fields = await read_fields(request)
        dialog, message = self._message(request, fields)
        user = self._person(fields, default=dialog.chat_id)
        query = presses.press(self.world, dialog, message, user, fields.text("data"))
        await _until(lambda: query.answered_time > 0, fields.number("wait", 0.0))
        return JSONResponse(presses.callback_record(self.world, query), 201)

    async def forward(self, request: Request) -> Response:
        """`to_chat_id`, in private with `to_bot_id`."""
        fields = await read_fields(request)
        dialog, message = self._message(request, fields)
        user = self._person(fields, default=dialog.chat_id)
        to_bot = fields.integer("to_bot_id")
        place = Place(self._chat_named(fields, "to_chat_id"), self._bot(to_bot) if to_bot else None)
        sent = conversation.forward(self.world, dialog, message, place, user)
        return JSONResponse(self.world.message_json(*sent), 201)

    async def react(self, request: Request) -> Response:
        """`emoji` is the list of the person's reactions from now on."""
        fields = await read_fields(request)
        dialog, message = self._message(request, fields)
        user = self._person(fields, default=dialog.chat_id)
        chat_actions.react(self.world, dialog, message, user, fields.texts("emoji"))
        return Response(status_code=204)

    async def vote(self, request: Request) -> Response:
        """`option_ids`, from 0 on; an empty list takes the vote back. Gives the Poll."""
        fields = await read_fields(request)
        dialog, message = self._message(request, fields)
        user, chosen = self._person(fields, default=dialog.chat_id), fields.integers("option_ids")
        return JSONResponse(voting.vote(self.world, dialog, message, user, chosen))

    async def get_callback(self, request: Request) -> Response:
        query_id = request.path_params["query_id"]
        bots = self.world.bots.values()
        query = next(filter(None, (bot.callback_queries.get(query_id) for bot in bots)), None)
        if query is None:
            raise ControlError(f"callback query {query_id} not found", 404)
        wait = float(request.query_params.get("wait", 0))
        await _until(lambda: query.answered_time > 0, wait)
        return JSONResponse(presses.callback_record(self.world, query))

    async def ask_inline(self, request: Request) -> Response:
        """`query` typed in `chat_id` (in private with `bot_id`), results from `offset` on; `wait`
        (seconds) for the answer.
        """
        fields = await read_fields(request)
        bot, user = self._bot(request.path_params["bot_id"]), self._person(fields)
        place = self._inline_place(fields, user.id)
        text, offset = fields.text("query"), fields.text("offset")
        query = inline.ask(self.world, bot, user, place, text, offset)
        await _until(lambda: query.answer is not None, fields.number("wait", 0.0))
        return JSONResponse(inline.inline_record(query), 201)

    async def choose_inline(self, request: Request) -> Response:
        fields = await read_fields(request)
        query_id = request.path_params["query_id"]
        query = self._bot(request.path_params["bot_id"]).inline_queries.get(query_id)
        if query is None:
            raise ControlError(f"inline query {query_id} not found", 404)
        user, place = self.world.users[query.from_id], self._inline_place(fields, query.chat_id)
        sent = inline.choose(self.world, query, place, user, fields.text("result_id"))
        return JSONResponse(sent, 201)

    # --- chats ---

    async def start(self, request: Request) -> Response:
        fields = await read_fields(request)
        bot = self._bot(request.path_params["bot_id"])
        user, payload = self._person(fields), fields.text("payload")
        return JSONResponse(conversation.start(self.world, bot, user, payload), 201)

    async def start_group(self, request: Request) -> Response:
        """`chat_id`, `payload`; `rights` (also empty) make the bot an administrator."""
        fields = await read_fields(request)
        bot, user = self._bot(request.path_params["bot_id"]), self._person(fields)
        chat, payload = self._chat_named(fields, "chat_id"), fields.text("payload")
        rights = self._rights(fields)
        said = conversation.start_in_group(self.world, bot, chat, user, payload, rights)
        return JSONResponse(said, 201)

    async def block(self, request: Request) -> Response:
        fields = await read_fields(request)
        membership.block(self.world, self._bot(request.path_params["bot_id"]), self._person(fields))
        return Response(status_code=204)

    async def unblock(self, request: Request) -> Response:
        fields = await read_fields(request)
        membership.unblock(
            self.world, self._bot(request.path_params["bot_id"]), self._person(fields)
        )
        return Response(status_code=204)

    async def change_member(self, request: Request) -> Response:
        """`user_id`, a person or a bot, gets the `status` member, administrator (with `rights`),
        left or kicked; people may also become creator.
        """
        fields = await read_fields(request)
        chat, user_id = self._chat(request), fields.integer("user_id")
        status, rights = fields.text("status"), self._rights(fields)
        if status not in STATUSES:
            raise ControlError(f"status: {status!r} is none of {', '.join(STATUSES)}")
        if user_id in self.world.bots:
            self._change_bot(chat, fields, status, rights)
        else:
            user = self._person(fields, "user_id")
            actor = self._person(fields, default=user.id)
            membership.change_person(self.world, chat, user, actor, status, rights)
        return JSONResponse(chat_record(self.world, chat))

    async def rename(self, request: Request) -> Response:
        fields = await read_fields(request)
        chat = self._chat(request)
        membership.rename(self.world, chat, self._person(fields), fields.text("title"))
        return JSONResponse(chat_record(self.world, chat))

    async def upgrade(self, request: Request) -> Response:
        fields = await read_fields(request)
        chat = membership.upgrade(self.world, self._chat(request), self._person(fields))
        return JSONResponse(chat_record(self.world, chat), 201)

    async def create_chat(self, request: Request) -> Response:
        """As a person makes one: the `bots` (IDs) are in it from the start, and hear of it."""
        fields = await read_fields(request)
        kind = PUBLIC_KINDS.get(fields.text("kind"))
        if kind is None:
            raise ControlError(f"kind: must be one of {', '.join(PUBLIC_KINDS)}")
        bots = [self._bot(bot_id) for bot_id in fields.integers("bots")]
        title = fields.text("title", f"A {kind}")
        maker = self._person(Fields({"user_id": request.path_params["user_id"]}), "user_id")
        chat = membership.create_chat(self.world, kind, title, maker, bots)
        return JSONResponse(chat_record(self.world, chat), 201)

    # --- parts ---

    def _change_bot(
        self, chat: Chat, fields: Fields, status: str, rights: list[str] | None
    ) -> None:
        bot, actor = self._bot(fields.integer("user_id")), self._person(fields)
        if status == "administrator":
            membership.add_bot(self.world, chat, bot, actor, rights or [])
        elif status == "member" and membership.is_inside(chat, bot):
            membership.demote_bot(self.world, chat, bot, actor)
        elif status == "member":
            membership.add_bot(self.world, chat, bot, actor)
        elif status == "creator":
            raise ControlError("status: a bot cannot own a chat")
        else:
            membership.remove_bot(self.world, chat, bot, actor)

    def _place(self, chat: Chat, fields: Fields) -> Place:
        return Place(
            chat,
            self._bot_of(fields),
            fields.integer("message_thread_id"),
            fields.integer("reply_to_message_id"),
        )

    def _inline_place(self, fields: Fields, default: int) -> Place:
        chat = self._chat_named(Fields({"chat_id": default} | fields.values), "chat_id")
        return self._place(chat, fields)

    @staticmethod
    def _rights(fields: Fields) -> list[str] | None:
        return fields.texts("rights") if "rights" in fields.values else None


async def _until(is_done: Callable[[], bool], seconds: float) -> None:
    """Wait for it, at most so long."""
    try:
        async with asyncio.timeout(min(seconds, MAX_WAIT)):
            while not is_done():
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        return
