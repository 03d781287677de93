"""Inline mode: a person types a bot's name and a query, the bot offers results, one is sent.

Off until the bot's owner switches it on. A query can be answered for 30 s, as its update waits.
"""

from __future__ import annotations

import itertools
import secrets
from typing import Any

from sandbox.audience import tell
from sandbox.call import Call
from sandbox.conversation import Place, post
from sandbox.errors import bad_request
from sandbox.inline_results import read_button, read_results
from sandbox.membership import Refused
from sandbox.model import Bot, Chat, InlineQuery, Json, User
from sandbox.parameters import leading_integer
from sandbox.presses import new_query_id
from sandbox.shapes import user_json
from sandbox.world import World

ANSWER_SECONDS = 30
KEPT_QUERIES = 1000
MAX_QUERY_LENGTH = 256
MAX_OFFSET_BYTES = 64
MAX_CACHE_SECONDS = 24 * 3600
_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def ask(
    world: World, bot: Bot, user: User, place: Place, text: str, offset: str = ""
) -> InlineQuery:
    """The person types `@bot text`, or scrolls to the results after `offset`. What the bot lets be
    cached is answered without it.
    """
    if not bot.supports_inline:
        raise Refused(f"@{bot.user.username} has inline mode off; its owner switches it on")
    query = InlineQuery(
        id=new_query_id(),
        bot_id=bot.id,
        from_id=user.id,
        chat_id=place.chat.id,
        query=text[:MAX_QUERY_LENGTH],
        offset=offset,
        time=world.clock(),
        answer=_cached(world, bot, user, text[:MAX_QUERY_LENGTH], offset),
    )
    bot.inline_queries[query.id] = query
    _forget_surplus(bot.inline_queries)
    if query.answer is None:
        value = {
            "id": query.id,
            "from": user_json(user),
            "chat_type": _chat_type(bot, place),
            "query": query.query,
            "offset": offset,
        }
        tell(world, bot, "inline_query", value, f"inline {user.id}")
    return query


def answer_inline_query(call: Call) -> bool:
    parameters = call.parameters
    seconds = parameters.integer("cache_time", 300, 0, MAX_CACHE_SECONDS)
    button = read_button(parameters)
    results = read_results(call)
    next_offset = parameters.text("next_offset")
    query = call.bot.inline_queries.get(str(leading_integer(parameters.text("inline_query_id"))))
    now = call.world.clock()
    if query is None or query.answer is not None or now - query.time > ANSWER_SECONDS:
        raise bad_request(_TOO_OLD)
    if len(next_offset.encode()) > MAX_OFFSET_BYTES:
        raise bad_request("NEXT_OFFSET_INVALID")
    query.answer = {"results": results, "next_offset": next_offset, "button": button}
    if seconds:
        owner = query.from_id if parameters.boolean("is_personal") else 0
        key = query.query, query.offset, owner
        call.bot.inline_cache[key] = now + seconds, query.answer
        _forget_surplus(call.bot.inline_cache)
    call.world.feed.publish({"type": "inline"} | inline_record(query))
    return True


def choose(world: World, query: InlineQuery, place: Place, user: User, result_id: str) -> Json:
    """The person sends a result: theirs, `via` the bot, which hears of the choice if its owner
    wants so. Gives the Message.
    """
    bot = world.bots[query.bot_id]
    results = (query.answer or {"results": []})["results"]
    result = next((item for item in results if item["id"] == result_id), None)
    if result is None:
        raise Refused(f"result_id: the bot offered no {result_id!r}")
    content = result["content"]
    if content is None:
        raise Refused(f"result_id: the sandbox has no {result['type']} to send")
    inline_message_id = secrets.token_urlsafe(24) if result["reply_markup"] else ""
    dialog, message = post(
        world,
        place,
        user,
        content["kind"],
        content["fields"],
        reply_markup=result["reply_markup"],
        via_bot_id=bot.id,
        inline_message_id=inline_message_id,
    )
    if bot.hears_choices:
        value: Json = {"from": user_json(user)}
        if inline_message_id:
            value["inline_message_id"] = inline_message_id
        value |= {"query": query.query, "result_id": result_id}
        tell(world, bot, "chosen_inline_result", value, f"choices {user.id}")
    return world.message_json(dialog, message)


def inline_record(query: InlineQuery) -> Json:
    """What the person sees: results without what they will send."""
    shown = ("id", "type", "title", "description")
    answer = query.answer
    return {
        "id": query.id,
        "bot_id": query.bot_id,
        "from_id": query.from_id,
        "is_answered": answer is not None,
        "results": [{name: item[name] for name in shown} for item in (answer or _NONE)["results"]],
        "next_offset": (answer or _NONE)["next_offset"],
        "button": (answer or _NONE)["button"],
    }


_NONE: Json = {"results": [], "next_offset": "", "button": None}


def _forget_surplus(kept: dict[Any, Any]) -> None:
    """The oldest are forgotten."""
    for key in list(itertools.islice(kept, max(len(kept) - KEPT_QUERIES, 0))):
        del kept[key]


def _cached(world: World, bot: Bot, user: User, text: str, offset: str) -> Json | None:
    for owner in (user.id, 0):
        until, answer = bot.inline_cache.get((text, offset, owner), (0.0, None))
        if until > world.clock():
            return answer
    return None


def _chat_type(bot: Bot, place: Place) -> str:
    """`sender` is the private chat with the bot itself."""
    chat: Chat = place.chat
    if chat.kind != "private":
        return chat.kind
    return "sender" if place.bot is None or place.bot is bot else "private"
