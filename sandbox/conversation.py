"""What people write: texts, edits, forwarded messages, links that start a bot. The bots of the chat
get an update.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from botapi.entities import find_entities
from sandbox import entities as message_entities
from sandbox.audience import tell_of_message
from sandbox.membership import Refused, add_bot, check_present, is_inside, unblock
from sandbox.model import Bot, Chat, Content, ContentKind, Dialog, Json, Message, Standing, User
from sandbox.shapes import chat_json, user_json
from sandbox.world import World

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person writes: the chat, in private with which bot, in which topic, to what."""

    chat: Chat
    bot: Bot | None = None
    message_thread_id: int = 0
    reply_to_message_id: int = 0


def say(world: World, place: Place, user: User, text: str) -> Json:
    """The person writes in the chat; gives the Message. Writing in private starts the bot."""
    return world.message_json(*post(world, place, user, "text", text_fields(world, text)))


def post(
    world: World,
    place: Place,
    user: User,
    kind: ContentKind,
    fields: Json,
    *,
    reply_markup: Json | None = None,
    forward: Json | None = None,
    via_bot_id: int = 0,
    inline_message_id: str = "",
) -> tuple[Dialog, Message]:
    """A message of a person, of any kind, and the updates about it."""
    chat, bot = place.chat, place.bot
    check_present(chat, user)
    if chat.kind == "private":
        bot = bot or next(iter(world.bots.values()))
        _start(world, chat, bot, user)
    dialog = world.dialog(bot, chat)
    thread_id = _thread_id(dialog, place)
    message = Message(
        message_id=world.next_message_id(bot or _any_bot(world, chat), chat),
        chat_id=chat.id,
        bot_id=0,
        from_id=0 if chat.kind == "channel" else user.id,
        time=world.clock(),
        content=Content(kind, fields),
        reply_markup=reply_markup,
        message_thread_id=thread_id,
        is_topic_message=thread_id != 0,
        reply_to_message_id=place.reply_to_message_id,
        forward=forward,
        via_bot_id=via_bot_id,
        inline_message_id=inline_message_id,
    )
    world.store_message(dialog, message)
    tell_of_message(world, dialog, message)
    return dialog, message


def edit(world: World, dialog: Dialog, message: Message, text: str) -> Json:
    """The author changes the text, or the caption; bots hear of it unless nothing changed."""
    fields = text_fields(world, text)
    if message.content.kind != "text":
        named = {"text": "caption", "entities": "caption_entities"}
        kept = {k: v for k, v in message.content.fields.items() if k not in named.values()}
        fields = kept | {named[name]: value for name, value in fields.items()}
    if fields != message.content.fields:
        content = Content(message.content.kind, fields)
        world.edit_message(dialog, message, content, message.reply_markup)
        tell_of_message(world, dialog, message, edited=True)
    return world.message_json(dialog, message)


def forward(
    world: World, source: Dialog, message: Message, place: Place, user: User
) -> tuple[Dialog, Message]:
    """A copy with its origin. Of the buttons only those with a URL come along: nobody can press a
    bot's button outside the chat it was sent to.
    """
    return post(
        world,
        place,
        user,
        message.content.kind,
        dict(message.content.fields),
        reply_markup=url_buttons(message.reply_markup),
        forward=origin(world, source, message),
        via_bot_id=message.via_bot_id,
    )


def start(world: World, bot: Bot, user: User, payload: str = "") -> Json:
    """`t.me/<bot>?start=<payload>`, and the Start button without one."""
    _check_payload(payload)
    place = Place(world.chats[user.id], bot)
    return say(world, place, user, f"/start {payload}".strip())


def start_in_group(
    world: World, bot: Bot, chat: Chat, user: User, payload: str, rights: list[str] | None
) -> Json | None:
    """`?startgroup=<payload>`: the bot is added, with rights (None: none) as an administrator, and
    the person's app writes the command. `?startchannel` only adds.
    """
    _check_payload(payload)
    if not is_inside(chat, bot) or rights is not None:
        add_bot(world, chat, bot, user, rights)
    if chat.kind == "channel" or not payload:
        return None
    return say(world, Place(chat, bot), user, f"/start@{bot.user.username} {payload}")


def text_fields(world: World, text: str) -> Json:
    fields: Json = {"text": text}
    if shown := message_entities.shown(find_entities(text), world.users):
        fields["entities"] = shown
    return fields


def origin(world: World, dialog: Dialog, message: Message) -> Json:
    """`forward_origin` and the fields it replaced; of a forwarded message its first origin."""
    if message.forward:
        return message.forward
    if message.from_id:
        author = user_json(world.users[message.from_id])
        first: Json = {"type": "user", "sender_user": author, "date": message.date}
        return {"forward_origin": first, "forward_from": author, "forward_date": message.date}
    chat = chat_json(world.chats[dialog.chat_id], world.users)
    first = {
        "type": "channel",
        "chat": chat,
        "message_id": message.message_id,
        "date": message.date,
    }
    return {
        "forward_origin": first,
        "forward_from_chat": chat,
        "forward_from_message_id": message.message_id,
        "forward_date": message.date,
    }


def url_buttons(markup: Json | None) -> Json | None:
    """The part of an inline keyboard that survives forwarding."""
    rows = [
        [button for button in row if "url" in button] for row in (markup or _EMPTY_KEYBOARD)[_ROWS]
    ]
    kept = [row for row in rows if row]
    return {_ROWS: kept} if kept else None


_ROWS = "inline_keyboard"
_EMPTY_KEYBOARD: Json = {_ROWS: []}


def _thread_id(dialog: Dialog, place: Place) -> int:
    """An answer goes where the question is."""
    if not place.chat.is_forum:
        return 0
    replied = dialog.messages.get(place.reply_to_message_id)
    return place.message_thread_id or (replied.message_thread_id if replied else 0)


def _start(world: World, chat: Chat, bot: Bot, user: User) -> None:
    """Whoever writes to a bot has started it, and has unblocked it before."""
    if chat.standings.get(bot.id) is Standing.BLOCKED:
        unblock(world, bot, user)
    chat.standings[bot.id] = Standing.ACTIVE
    world.note("chats", chat.id)


def _check_payload(payload: str) -> None:
    if not _PAYLOAD.fullmatch(payload):
        raise Refused("payload: at most 64 of A-Z a-z 0-9 _ -; the app ignores such a link")


def _any_bot(world: World, chat: Chat) -> Bot | None:
    """A bot of the group: basic groups count message IDs with their bots."""
    return next((world.bots[bot_id] for bot_id in chat.standings if bot_id in world.bots), None)
