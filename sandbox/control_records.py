"""What the control API tells: bots with tokens, chats with states, messages with their history."""

from __future__ import annotations

from sandbox.faults import Fault
from sandbox.model import Bot, Chat, Dialog, Json, Message
from sandbox.shapes import chat_json, message_json, user_json
from sandbox.world import World

SWITCHES = {
    "can_read_all_group_messages": "reads_all_messages",
    "supports_inline_queries": "supports_inline",
    "inline_feedback": "hears_choices",
}
"""What an owner switches at BotFather → the bot's attribute."""


def bot_record(bot: Bot) -> Json:
    switches = {name: getattr(bot, attribute) for name, attribute in SWITCHES.items()}
    return user_json(bot.user) | {"token": bot.token} | switches


def chat_record(world: World, chat: Chat) -> Json:
    return chat_json(chat, world.users) | {
        "condition": chat.condition,
        "migrate_to_chat_id": chat.upgraded_to,
        "topics": [topic_record(chat, topic_id) for topic_id in chat.topics],
        "members": {str(user_id): status for user_id, status in chat.members.items()},
        "states": {str(bot_id): standing for bot_id, standing in chat.standings.items()},
    }


def topic_record(chat: Chat, topic_id: int) -> Json:
    topic = chat.topics[topic_id]
    return {
        "message_thread_id": topic.message_thread_id,
        "name": topic.name,
        "icon_color": topic.icon_color,
        "is_closed": topic.is_closed,
    }


def message_record(world: World, dialog: Dialog, message: Message) -> Json:
    """The message as it is now, and as it was before each edit."""
    return {
        "message": message_json(message, dialog.messages, world.chats, world.users),
        "bot_id": message.bot_id,
        "kind": message.content.kind,
        "time": message.time,
        "edit_time": message.edit_time,
        "deleted": bool(message.deleted_time),
        "silent": message.is_silent,
        "versions": [
            {
                "time": version.time,
                "content": version.content.fields,
                "reply_markup": version.reply_markup,
            }
            for version in message.versions
        ],
    }


def fault_record(fault: Fault) -> Json:
    return {name: getattr(fault, name) for name in fault.__slots__}
