"""What the chat page shows: chats as a person sees them in the list, and messages ready to
draw. No tokens.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.model import Chat, Dialog, Json, Message, Standing, StoredFile
from sandbox.page_media import is_big, media_item, media_name
from sandbox.page_texts import origin_text, plain_text, service_text
from sandbox.world import World

PREVIEW_LENGTH = 80
QUOTE_LENGTH = 120


def list_dialogs(world: World) -> list[Json]:
    """All chats, the one with the latest message first."""
    shown = [_dialog_json(world, chat, dialog) for chat, dialog in _dialogs(world)]
    return sorted(shown, key=lambda item: -float(item["last"]["time"] if item["last"] else 0))


def find_dialog(world: World, key: str) -> Dialog | None:
    """The dialog of a key such as `-100123` or `<bot>:<person>`."""
    return next((dialog for _, dialog in _dialogs(world) if dialog.key == key), None)


def message_items(world: World, dialog: Dialog, messages: Iterable[Message]) -> list[Json]:
    return [_message_item(world, dialog, message) for message in messages]


def visible_messages(dialog: Dialog, before: int, limit: int) -> list[Message]:
    """The last `limit` messages, or those before a message ID (0: none), oldest first."""
    found: list[Message] = []
    for message in reversed(dialog.messages.values()):
        if not message.deleted_time and (not before or message.message_id < before):
            found.append(message)
            if len(found) == limit:
                break
    return found[::-1]


def _dialogs(world: World) -> list[tuple[Chat, Dialog]]:
    found: list[tuple[Chat, Dialog]] = []
    for chat in world.chats.values():
        if chat.kind != "private":
            found.append((chat, world.dialog(None, chat)))
            continue
        for bot in world.bots.values():
            started = chat.standings.get(bot.id, Standing.NEVER_STARTED)
            if started is not Standing.NEVER_STARTED:
                found.append((chat, world.dialog(bot, chat)))
    return found


def _dialog_json(world: World, chat: Chat, dialog: Dialog) -> Json:
    last = next(iter(visible_messages(dialog, 0, 1)), None)
    return {
        "key": dialog.key,
        "chat_id": chat.id,
        "kind": "forum" if chat.is_forum else chat.kind,
        "title": _name(world, dialog.bot_id) if chat.kind == "private" else chat.title,
        "person": _name(world, chat.id) if chat.kind == "private" else "",
        "topics": [
            {"id": topic.message_thread_id, "name": topic.name, "is_closed": topic.is_closed}
            for topic in chat.topics.values()
        ],
        "last": None if last is None else {"text": _summary(world, last), "time": last.time},
    }


def _message_item(world: World, dialog: Dialog, message: Message) -> Json:
    chat = world.chats[message.chat_id]
    fields = message.content.fields
    topic = chat.topics.get(message.message_thread_id)
    return {
        "id": message.message_id,
        "author": _author(world, message),
        "author_id": message.from_id,
        "by_bot": bool(message.bot_id),
        "service": service_text(message, _author(world, message)),
        "via": world.users[message.via_bot_id].username if message.via_bot_id else "",
        "forwarded_from": origin_text(message),
        "reactions": [item for given in message.reactions.values() for item in given],
        "text": fields.get("text", fields.get("caption", "")) or plain_text(fields),
        "entities": fields.get("entities", fields.get("caption_entities", [])),
        "caption_above": bool(fields.get("show_caption_above_media")),
        "big": is_big(message),
        "keyboard": message.reply_markup["inline_keyboard"] if message.reply_markup else [],
        "reply": _reply(world, dialog, message),
        "topic": message.message_thread_id,
        "topic_name": topic.name if topic else "",
        "album": message.media_group_id,
        "time": message.time,
        "edit_time": message.edit_time,
        "silent": message.is_silent,
        **media_item(message),
    }


def _reply(world: World, dialog: Dialog, message: Message) -> Json | None:
    replied = dialog.messages.get(message.reply_to_message_id)
    if replied is None or replied.deleted_time:
        return None
    quote = message.quote["text"] if message.quote else _summary(world, replied)
    author = _author(world, replied)
    return {"id": replied.message_id, "author": author, "text": quote[:QUOTE_LENGTH]}


def _summary(world: World, message: Message) -> str:
    fields = message.content.fields
    text = str(fields.get("text", fields.get("caption", "")))
    text = text or plain_text(fields) or service_text(message, _author(world, message))
    text = text or media_name(fields)
    return " ".join(text.split())[:PREVIEW_LENGTH]


def _author(world: World, message: Message) -> str:
    """A person, a bot, or in channels the channel."""
    if message.from_id:
        return _name(world, message.from_id)
    return world.chats[message.chat_id].title


def _name(world: World, user_id: int) -> str:
    user = world.users.get(user_id)
    return "" if user is None else f"{user.first_name} {user.last_name}".strip()


def download_name(file: StoredFile) -> str:
    """A name that is safe in a header; the page's own links carry the readable one."""
    return file.file_name or file.file_path.rpartition("/")[2]
