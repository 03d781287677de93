"""May this bot do this in this chat? In the layers and words of the server and TDLib.

`find_chat` is the Bot API server's check (Client.cpp check_chat, check_chat_access),
`check_may_send` is TDLib's
(DialogManager.cpp, MessageContent.cpp), `check_on_server` is Telegram's own, simulated.
"""

from __future__ import annotations

from enum import IntEnum

from sandbox.errors import BotApiError, bad_request, forbidden
from sandbox.model import Bot, Chat, ChatCondition, ContentKind, Message, Standing
from sandbox.parameters import Parameters, leading_integer
from sandbox.world import World

GENERAL_TOPIC_ID = 1
_CONTENTS: dict[ContentKind, str] = {
    "text": "text messages",
    "photo": "photos",
    "document": "documents",
    "audio": "audios",
    "video": "videos",
    "voice": "voice notes",
    "video_note": "video notes",
    "animation": "animations",
    "sticker": "stickers",
    "location": "locations",
    "venue": "venues",
    "contact": "contacts",
    "poll": "polls",
    "dice": "dice",
}
"""TDLib MessageContent.cpp, can_send_message_content."""
_OUTSIDE = {Standing.KICKED, Standing.NOT_MEMBER, Standing.NEVER_STARTED}


class Level(IntEnum):
    """What a call wants; each level includes those before it."""

    READ = 0
    READ_MEMBERS = 1
    EDIT = 2
    WRITE = 3


def find_chat(world: World, bot: Bot, chat_id: str, level: Level) -> Chat:
    """The chat named by `chat_id`, a number or @username, when the bot may see it at that level."""
    if not chat_id:
        raise bad_request("chat_id is empty")
    if chat_id[0] == "@":
        chat = world.chat_by_username(chat_id)
    else:
        chat = world.chats.get(leading_integer(chat_id))
    if chat is None:
        raise bad_request("chat not found")
    if chat.kind == "private":
        _check_person(world, bot, chat, level)
    elif chat.kind == "group":
        _check_group(bot, chat, level)
    else:
        _check_supergroup(bot, chat, level)
    return chat


def standing(bot: Bot, chat: Chat) -> Standing:
    """Whoever has no standing has never been there."""
    default = Standing.NEVER_STARTED if chat.kind == "private" else Standing.NOT_MEMBER
    return chat.standings.get(bot.id, default)


def _check_person(world: World, bot: Bot, chat: Chat, level: Level) -> None:
    never_started = standing(bot, chat) is Standing.NEVER_STARTED
    if never_started and not world.is_known_to(bot, chat.id):
        raise bad_request("chat not found")
    if chat.condition is ChatCondition.DEACTIVATED and level >= Level.EDIT:
        raise forbidden("user is deactivated")


def _check_group(bot: Bot, chat: Chat, level: Level) -> None:
    if chat.condition in {ChatCondition.UPGRADED, ChatCondition.DELETED}:
        if level in {Level.READ, Level.EDIT}:
            return
        if chat.condition is ChatCondition.DELETED:
            raise forbidden("the group chat was deleted")
        raise BotApiError(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=chat.upgraded_to,
        )
    if level is not Level.READ:
        _check_inside(bot, chat)


def _check_supergroup(bot: Bot, chat: Chat, level: Level) -> None:
    if chat.condition is ChatCondition.DELETED:
        raise bad_request("chat not found")
    if standing(bot, chat) is Standing.KICKED or level >= Level.EDIT or not chat.username:
        _check_inside(bot, chat)


def _check_inside(bot: Bot, chat: Chat) -> None:
    where = standing(bot, chat)
    if where is Standing.KICKED:
        raise forbidden(f"bot was kicked from the {chat.kind} chat")
    if where in _OUTSIDE:
        raise forbidden(f"bot is not a member of the {chat.kind} chat")


def find_topic(chat: Chat, message_thread_id: int) -> int:
    """The topic to post in, 0 for none: outside forums the parameter is ignored. Raises 400 for a
    missing one.
    """
    if not message_thread_id or not (chat.is_forum or chat.kind == "private"):
        return 0
    if message_thread_id == GENERAL_TOPIC_ID or message_thread_id not in chat.topics:
        raise bad_request("message thread not found")
    return message_thread_id


def find_message(
    world: World, bot: Bot, parameters: Parameters, level: Level, what: str
) -> tuple[Chat, Message]:
    """The chat and message that a call names; `what` begins the error, as in `message to edit not
    found`.
    """
    chat = find_chat(world, bot, parameters.text("chat_id"), level)
    message_id = parameters.message_id()
    message = world.message(bot, chat, message_id) if message_id > 0 else None
    if message is None:
        raise bad_request(f"{what} not found")
    return chat, message


def check_may_write(bot: Bot, chat: Chat) -> None:
    """TDLib's check of the right to post at all."""
    where = standing(bot, chat)
    if where is Standing.NO_WRITE_ACCESS:
        raise bad_request("Have no write access to the chat")
    if chat.kind == "channel" and where in {Standing.ACTIVE, Standing.NOT_ADMIN}:
        raise bad_request("Need administrator rights in the channel chat")


def check_may_send(bot: Bot, chat: Chat, kind: ContentKind) -> None:
    """TDLib's check of the right to post this kind of content."""
    if kind in chat.forbidden.get(bot.id, ()):
        raise bad_request(f"Not enough rights to send {_CONTENTS[kind]} to the chat")


def check_on_server(bot: Bot, chat: Chat, topic_id: int) -> None:
    """What only Telegram's servers know (simulated): blocked, never started, muted, closed
    topic.
    """
    where = standing(bot, chat)
    if chat.kind == "private":
        if where is Standing.BLOCKED:
            raise forbidden("bot was blocked by the user")
        if where is Standing.NEVER_STARTED:
            raise forbidden("bot can't initiate conversation with a user")
    if where is Standing.WRITE_FORBIDDEN:
        raise bad_request("CHAT_WRITE_FORBIDDEN")
    topic = chat.topics.get(topic_id)
    if topic is not None and topic.is_closed and where is not Standing.ADMINISTRATOR:
        raise bad_request("TOPIC_CLOSED")
