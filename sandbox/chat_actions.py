"""Pins, reactions and leaving: what bots do to chats besides writing; and people's reactions."""

from __future__ import annotations

from typing import Any

from sandbox import access, membership, strict_json
from sandbox.access import Level
from sandbox.audience import bots_inside, lane_of, tell
from sandbox.call import Call
from sandbox.errors import Refusal, bad_request
from sandbox.model import Bot, Chat, Dialog, Json, Message, Standing, User
from sandbox.service_messages import announce
from sandbox.shapes import chat_json, user_json
from sandbox.world import World

_NO_RIGHT_TO_PIN = "Not enough rights to manage pinned messages in the chat"
_NAMED = """
❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌
🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓
🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡
🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀
😡
"""
_EMOJI = frozenset(_NAMED.split())
"""Those that Telegram takes (Bot API, ReactionTypeEmoji)."""


def leave_chat(call: Call) -> bool:
    chat = access.find_chat(
        call.world, call.bot, call.parameters.text("chat_id"), Level.READ_MEMBERS
    )
    if chat.kind == "private":
        raise bad_request("Chat member status can't be changed in private chats")
    membership.leave(call.world, chat, call.bot)
    return True


def pin_chat_message(call: Call) -> bool:
    chat, message = access.find_message(
        call.world, call.bot, call.parameters, Level.WRITE, "message to pin"
    )
    _check_may_pin(call.bot, chat)
    pinned = _pinned(call.bot, chat)
    if message.message_id not in pinned:
        pinned.append(message.message_id)
        fields = {"pinned_message": call.message_json(chat, message)}
        fields["pinned_message"].pop("reply_to_message", None)
        announce(call.world, chat, call.bot.user, fields, bot=call.bot)
    return True


def unpin_chat_message(call: Call) -> bool:
    """Without a message the newest pin."""
    chat = access.find_chat(call.world, call.bot, call.parameters.text("chat_id"), Level.WRITE)
    _check_may_pin(call.bot, chat)
    pinned = _pinned(call.bot, chat)
    message_id = call.parameters.message_id() or (pinned[-1] if pinned else 0)
    if message_id not in pinned:
        raise bad_request("Message to unpin not found")
    pinned.remove(message_id)
    call.world.note("chats", chat.id)
    return True


def unpin_all_chat_messages(call: Call) -> bool:
    chat = access.find_chat(call.world, call.bot, call.parameters.text("chat_id"), Level.WRITE)
    _check_may_pin(call.bot, chat)
    _pinned(call.bot, chat).clear()
    call.world.note("chats", chat.id)
    return True


def set_message_reaction(call: Call) -> bool:
    """A bot has at most one; none removes it."""
    reactions = _reactions(call)
    chat, message = access.find_message(
        call.world, call.bot, call.parameters, Level.READ, "message to react"
    )
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    if any(item["type"] == "emoji" and item["emoji"] not in _EMOJI for item in reactions):
        raise bad_request("REACTION_INVALID")
    _put(call.world, call.world.dialog(call.bot, chat), message, call.bot.user, reactions)
    return True


def react(world: World, dialog: Dialog, message: Message, user: User, emoji: list[str]) -> None:
    """The person's reactions become these. Administrating bots hear of it, if they asked to; in
    channels they only hear how many there are.
    """
    if unknown := [item for item in emoji if item not in _EMOJI]:
        raise membership.Refused(f"emoji: Telegram has no reaction {', '.join(unknown)}")
    chat = world.chats[dialog.chat_id]
    old = message.reactions.get(str(user.id), [])
    new = [{"type": "emoji", "emoji": item} for item in emoji]
    _put(world, dialog, message, user, new)
    value: Json = {
        "chat": chat_json(chat, world.users),
        "message_id": message.message_id,
    }
    now = int(world.clock())
    kind = "message_reaction"
    if chat.kind == "channel":
        kind = "message_reaction_count"
        value |= {"date": now, "reactions": _counts(message)}
    else:
        value |= {"user": user_json(user), "date": now}
        value |= {"old_reaction": old, "new_reaction": new}
    if chat.kind == "private":
        tell(world, world.bots[dialog.bot_id], kind, value, lane_of(chat))
        return
    for bot in bots_inside(world, chat):
        tell(world, bot, kind, value, lane_of(chat), chat=chat)


def _counts(message: Message) -> list[Json]:
    totals: dict[str, Json] = {}
    for reactions in message.reactions.values():
        for reaction in reactions:
            count = totals.setdefault(str(reaction), {"type": reaction, "total_count": 0})
            count["total_count"] += 1
    return list(totals.values())


def _put(world: World, dialog: Dialog, message: Message, user: User, reactions: list[Json]) -> None:
    message.reactions[str(user.id)] = reactions
    if not reactions:
        del message.reactions[str(user.id)]
    world.note_message(dialog, message.message_id)
    world.feed.publish({"type": "edit", "dialog": dialog.key, "id": message.message_id})


def _reactions(call: Call) -> list[Json]:
    text = call.parameters.text("reaction")
    if not text:
        return []
    value = strict_json.decode(text, "Can't parse reaction types JSON object")
    if not isinstance(value, list):
        raise bad_request("Expected an Array of ReactionType")
    try:
        return [_reaction(item) for item in value]
    except Refusal as refusal:
        raise bad_request(f"Can't parse ReactionType: {refusal}") from None


def _reaction(value: Any) -> Json:
    if not isinstance(value, dict):
        raise Refusal("expected an Object")
    kind = strict_json.required_string(value, "type")
    if kind == "emoji":
        return {"type": kind, "emoji": strict_json.required_string(value, "emoji")}
    if kind == "custom_emoji":
        number = strict_json.required_integer(value, "custom_emoji_id", bits=64)
        return {"type": kind, "custom_emoji_id": str(number)}
    raise Refusal("invalid reaction type specified")


def _check_may_pin(bot: Bot, chat: Chat) -> None:
    if chat.kind == "private":
        return
    right = "can_edit_messages" if chat.kind == "channel" else "can_pin_messages"
    is_admin = access.standing(bot, chat) is Standing.ADMINISTRATOR
    if not is_admin or (bot.id in chat.rights and right not in chat.rights[bot.id]):
        raise bad_request(_NO_RIGHT_TO_PIN)


def _pinned(bot: Bot, chat: Chat) -> list[int]:
    return chat.pinned.setdefault(bot.id if chat.kind == "private" else 0, [])
