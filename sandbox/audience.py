"""Which bots hear of what happens in a chat, and the update that each gets.

Privacy mode as Telegram documents it (bots/features): a bot that has it on hears in groups only
commands meant for it, replies to it, what was sent through it, and service messages. A bare command
is meant for the bot that spoke last, or for all while none has spoken (simulated).
"""

from __future__ import annotations

from sandbox.model import Bot, Chat, Dialog, Json, Message, Standing
from sandbox.updates import is_allowed
from sandbox.world import World

_OUTSIDE = {Standing.KICKED, Standing.NOT_MEMBER, Standing.NEVER_STARTED, Standing.BLOCKED}


def tell(
    world: World, bot: Bot, kind: str, value: Json, lane: str, *, chat: Chat | None = None
) -> None:
    """Give the bot an update, if it wants that kind. With `chat` only administrators hear it."""
    if not is_allowed(bot, kind):
        return
    if chat is not None and chat.standings.get(bot.id) is not Standing.ADMINISTRATOR:
        return
    world.queue_update(bot, kind, value, lane)


def tell_of_message(
    world: World, dialog: Dialog, message: Message, *, edited: bool = False, also: Bot | None = None
) -> Json:
    """The bots of the chat hear of a message that no bot sent; gives the Message.

    In private that is the dialog's bot. `also` hears it though it is not in the chat any more.
    """
    chat = world.chats[dialog.chat_id]
    fields = world.message_json(dialog, message)
    kind = "channel_post" if chat.kind == "channel" else "message"
    kind = f"edited_{kind}" if edited else kind
    if chat.kind == "private":
        listeners = [world.bots[dialog.bot_id]] if dialog.bot_id else []
    else:
        listeners = [bot for bot in bots_inside(world, chat) if bot.id != message.bot_id]
        if also is not None and also not in listeners:
            listeners.append(also)
    for bot in listeners:
        if chat.kind in {"private", "channel"} or _hears(world, bot, chat, message):
            tell(world, bot, kind, fields, lane_of(chat))
    return fields


def post_by_bot(world: World, dialog: Dialog, message: Message) -> None:
    """Store what a bot sent. Other bots do not hear it, except in channels; but a bare command is
    now meant for this one.
    """
    world.store_message(dialog, message)
    chat = world.chats[dialog.chat_id]
    if chat.kind == "channel":
        if len(chat.standings) > 1:
            tell_of_message(world, dialog, message)
    elif chat.kind != "private":
        chat.last_bot_id = message.bot_id


def bots_inside(world: World, chat: Chat) -> list[Bot]:
    return [
        world.bots[bot_id]
        for bot_id, standing in chat.standings.items()
        if bot_id in world.bots and standing not in _OUTSIDE
    ]


def lane_of(chat: Chat) -> str:
    """The updates of one chat are delivered in order."""
    return f"chat {chat.id}"


def _hears(world: World, bot: Bot, chat: Chat, message: Message) -> bool:
    if bot.reads_all_messages or message.content.kind == "service":
        return True
    if chat.standings.get(bot.id) is Standing.ADMINISTRATOR or message.via_bot_id == bot.id:
        return True
    replied = world.dialog(None, chat).messages.get(message.reply_to_message_id)
    if replied is not None and bot.id in {replied.bot_id, replied.via_bot_id}:
        return True
    return _is_command_to(bot, chat, message)


def _is_command_to(bot: Bot, chat: Chat, message: Message) -> bool:
    fields = message.content.fields
    text = str(fields.get("text", fields.get("caption", "")))
    entities: list[Json] = fields.get("entities") or fields.get("caption_entities") or []
    for entity in entities:
        if entity["type"] != "bot_command":
            continue
        units = text.encode("utf-16-le")
        start, length = 2 * entity["offset"], 2 * entity["length"]
        name = units[start : start + length].decode("utf-16-le").partition("@")[2]
        if name.lower() == bot.user.username.lower() or (
            not name and chat.last_bot_id in {0, bot.id}
        ):
            return True
    return False
