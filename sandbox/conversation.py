"""What people do: they write, and the bots of the chat get an update."""

from __future__ import annotations

from botapi.entities import find_entities
from sandbox import entities as message_entities
from sandbox.model import Bot, Chat, Content, Json, Message, Standing, User
from sandbox.shapes import message_json
from sandbox.updates import is_allowed, wake
from sandbox.world import World

_LISTENING = {Standing.ACTIVE, Standing.ADMINISTRATOR}


def say(
    world: World,
    chat: Chat,
    user: User,
    text: str,
    *,
    bot: Bot | None = None,
    message_thread_id: int = 0,
    reply_to_message_id: int = 0,
) -> Json:
    """The person writes in the chat, in private to `bot` (None: the only one); gives the Message.

    Writing in private starts the bot. In groups every bot hears everything: privacy mode is not
    modelled.
    """
    if chat.kind == "private":
        bot = bot or next(iter(world.bots.values()))
        chat.standings[bot.id] = Standing.ACTIVE
        world.note("chats", chat.id)
    dialog = world.dialog(bot, chat)
    message = Message(
        message_id=world.next_message_id(bot or _any_bot(world, chat), chat),
        chat_id=chat.id,
        bot_id=0,
        from_id=0 if chat.kind == "channel" else user.id,
        time=world.clock(),
        content=Content("text", _text_fields(world, text)),
        message_thread_id=message_thread_id if chat.is_forum else 0,
        is_topic_message=bool(message_thread_id and chat.is_forum),
        reply_to_message_id=reply_to_message_id,
    )
    world.store_message(dialog, message)
    fields = message_json(message, dialog.messages, world.chats, world.users)
    kind = "channel_post" if chat.kind == "channel" else "message"
    for listener in [bot] if chat.kind == "private" and bot else list(world.bots.values()):
        if chat.standings.get(listener.id) in _LISTENING and is_allowed(listener, kind):
            world.queue_update(listener, kind, fields)
            wake(listener)
    return fields


def _any_bot(world: World, chat: Chat) -> Bot | None:
    """A bot of the group: basic groups count message IDs with their bots."""
    return next((world.bots[bot_id] for bot_id in chat.standings if bot_id in world.bots), None)


def _text_fields(world: World, text: str) -> Json:
    fields: Json = {"text": text}
    if shown := message_entities.shown(find_entities(text), world.users):
        fields["entities"] = shown
    return fields
