"""Inline buttons: a person presses, the bot gets a callback query and answers it.

The window for answers is not published; a query expires as an update does, after 150 s.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import secrets

from sandbox.audience import tell
from sandbox.call import Call
from sandbox.errors import bad_request
from sandbox.membership import Refused, check_present
from sandbox.model import Bot, CallbackQuery, Dialog, Json, Message, User
from sandbox.parameters import leading_integer
from sandbox.shapes import chat_json, user_json
from sandbox.world import World

ANSWER_SECONDS = 150
KEPT_QUERIES = 1000
MAX_ANSWER_LENGTH = 200
MAX_CACHE_SECONDS = 2_592_000
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def press(world: World, dialog: Dialog, message: Message, user: User, data: str) -> CallbackQuery:
    """The person presses the button with that data; the bot that sent the message hears of it.

    The message may be deleted meanwhile: an app that has not heard so still shows the button.
    """
    check_present(world.chats[dialog.chat_id], user)
    if data not in callback_buttons(message.reply_markup):
        raise Refused(f"data: no button of message {message.message_id} sends {data!r}")
    bot = world.bots.get(message.via_bot_id or message.bot_id)
    if bot is None:
        raise Refused(f"no bot sent message {message.message_id}")
    if (known := _cached(world, bot, dialog, message, user, data)) is not None:
        return known
    query = CallbackQuery(
        id=new_query_id(),
        bot_id=bot.id,
        from_id=user.id,
        dialog_key=dialog.key,
        message_id=message.message_id,
        time=world.clock(),
        data=data,
    )
    remember_query(world, query)
    value: Json = {"id": query.id, "from": user_json(user)}
    if message.via_bot_id:
        value["inline_message_id"] = message.inline_message_id
    else:
        value["message"] = _pressed_message(world, dialog, message)
    value |= {"chat_instance": chat_instance(bot.id, dialog), "data": data}
    tell(world, bot, "callback_query", value, f"callbacks {user.id}")
    return query


def callback_buttons(markup: Json | None) -> list[str]:
    """The data of the buttons that send some."""
    rows = (markup or {"inline_keyboard": []})["inline_keyboard"]
    return [button["callback_data"] for row in rows for button in row if "callback_data" in button]


def remember_query(world: World, query: CallbackQuery) -> None:
    """The bot may answer it from now on; very old ones are forgotten."""
    queries = world.bots[query.bot_id].callback_queries
    queries[query.id] = query
    for key in list(itertools.islice(queries, max(len(queries) - KEPT_QUERIES, 0))):
        del queries[key]
    publish(world, query)


def publish(world: World, query: CallbackQuery) -> None:
    """The page shows the answer, or that there is none yet."""
    world.feed.publish(
        {"type": "callback", "dialog": query.dialog_key} | callback_record(world, query)
    )


def callback_record(world: World, query: CallbackQuery) -> Json:
    """`state`: `waiting` shows a spinner; `expired` when nobody answered in time."""
    late = world.clock() - query.time > ANSWER_SECONDS
    state = "answered" if query.answered_time else "expired" if late else "waiting"
    return {
        "id": query.id,
        "bot_id": query.bot_id,
        "from_id": query.from_id,
        "message_id": query.message_id,
        "data": query.data,
        "state": state,
        "text": query.text,
        "show_alert": query.show_alert,
        "url": query.url,
    }


def answer_callback_query(call: Call) -> bool:
    """Toast, alert or link for whoever pressed. A query takes one answer (simulated)."""
    parameters = call.parameters
    query_id = str(leading_integer(parameters.text("callback_query_id")))
    query = call.bot.callback_queries.get(query_id)
    now = call.world.clock()
    if query is None or query.answered_time or now - query.time > ANSWER_SECONDS:
        raise bad_request(_TOO_OLD)
    text, url = parameters.text("text"), parameters.text("url")
    if len(text) > MAX_ANSWER_LENGTH:
        raise bad_request("MESSAGE_TOO_LONG")
    own = rf"(?:https?://)?t\.me/{re.escape(call.bot.user.username)}\?start=[A-Za-z0-9_-]{{0,64}}"
    if url and not re.fullmatch(own, url, re.IGNORECASE):
        raise bad_request("URL_INVALID")
    query.text, query.url = text, url
    query.show_alert = parameters.boolean("show_alert")
    query.answered_time = now
    query.cache_seconds = parameters.integer("cache_time", 0, 0, MAX_CACHE_SECONDS)
    publish(call.world, query)
    return True


def _cached(
    world: World, bot: Bot, dialog: Dialog, message: Message, user: User, data: str
) -> CallbackQuery | None:
    """The answer to the same press that the person's app still keeps."""
    wanted = (user.id, dialog.key, message.message_id, data)
    for query in reversed(bot.callback_queries.values()):
        asked = (query.from_id, query.dialog_key, query.message_id, query.data)
        if asked == wanted and query.answered_time + query.cache_seconds > world.clock():
            return query if query.answered_time else None
    return None


def new_query_id() -> str:
    """A 64-bit number as text, as Telegram's are."""
    return str(secrets.randbelow(2**63 - 2**62) + 2**62)


def chat_instance(bot_id: int, dialog: Dialog) -> str:
    """The same for all presses in one chat, and for no other."""
    digest = hashlib.sha256(f"{bot_id} {dialog.key}".encode()).digest()
    return str(int.from_bytes(digest[:8], "big", signed=True))


def _pressed_message(world: World, dialog: Dialog, message: Message) -> Json:
    """A MaybeInaccessibleMessage."""
    if not message.deleted_time:
        return world.message_json(dialog, message)
    chat = chat_json(world.chats[dialog.chat_id], world.users)
    return {"chat": chat, "message_id": message.message_id, "date": 0}
