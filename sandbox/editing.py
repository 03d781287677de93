"""The edit methods and deleteMessage (telegram-bot-api Client.cpp, TDLib MessagesManager.cpp
edit_message_…).

Leaving `reply_markup` out removes the keyboard. A bot's own messages can be edited for ever.
"""

from __future__ import annotations

from typing import Any

from sandbox import access, formatting, reply_markup, strict_json
from sandbox.access import Level
from sandbox.call import Call
from sandbox.errors import bad_request
from sandbox.input_media import content_of, media_flags, one_media
from sandbox.link_preview import link_preview_options
from sandbox.model import Bot, Chat, Content, ContentKind, Json, Message, Standing

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
DELETE_LIMIT = 48 * 3600
"""Seconds after which a bot cannot delete its message (Bot API, deleteMessage)."""

HOMOGENEOUS = frozenset(["audio", "document"])
"""Media that albums do not mix with other media."""
CAPTIONED: frozenset[ContentKind] = frozenset(
    ["photo", "document", "audio", "video", "voice", "animation"]
)
_IDENTITY_OF_FILES = ("file_id", "file_path", "thumbnail", "thumb")


def edit_message_text(call: Call) -> Json | bool:
    preview = link_preview_options(call.parameters)
    parsed = formatting.message_text(call.parameters)
    markup = reply_markup.parse(call.parameters)
    chat, message = message_to_edit(call)
    if message.content.kind != "text":
        raise bad_request("There is no text in the message to edit")
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    fields = formatting.finished_text(call.world, parsed)
    return edit(call, chat, message, Content("text", fields | preview), keyboard)


def edit_message_caption(call: Call) -> Json | bool:
    markup = reply_markup.parse(call.parameters)
    parsed = formatting.caption(call.parameters)
    chat, message = message_to_edit(call)
    kind = message.content.kind
    if kind not in CAPTIONED:
        raise bad_request("There is no caption in the message to edit")
    shown = message.content.fields
    fields: Json = {name: shown[name] for name in (kind, "document") if name in shown}
    fields |= formatting.finished_caption(call.world, parsed)
    above = call.parameters.boolean("show_caption_above_media")
    spoiler = bool(shown.get("has_media_spoiler"))
    fields |= media_flags(kind, fields, above=above, spoiler=spoiler)
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    return edit(call, chat, message, Content(kind, fields), keyboard)


def edit_message_media(call: Call) -> Json | bool:
    markup = reply_markup.parse(call.parameters)
    media = one_media(call.parameters)
    chat, message = message_to_edit(call)
    old = message.content.kind
    if old not in CAPTIONED - {"voice"} | {"text"}:
        raise bad_request("Message media can't be edited")
    content = content_of(call, media)
    if message.media_group_id and media.kind != old:
        if media.kind == "animation":
            raise bad_request("Message content type can't be used in an album")
        if HOMOGENEOUS & {media.kind, old}:
            raise bad_request("Can't change media type in the album")
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    return edit(call, chat, message, content, keyboard)


def edit_message_reply_markup(call: Call) -> Json | bool:
    markup = reply_markup.parse(call.parameters)
    chat, message = message_to_edit(call)
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    return edit(call, chat, message, message.content, keyboard)


def delete_message(call: Call) -> bool:
    if not call.parameters.text("chat_id"):
        raise bad_request("Chat identifier is not specified")
    if not call.parameters.message_id():
        raise bad_request("Message identifier is not specified")
    chat, message = access.find_message(
        call.world, call.bot, call.parameters, Level.WRITE, "message to delete"
    )
    if not _can_delete(call, chat, message):
        raise bad_request("message can't be deleted")
    call.world.delete_message(call.world.dialog(call.bot, chat), message)
    return True


def delete_messages(call: Call) -> bool:
    text = call.parameters.text("message_ids")
    if not text:
        raise bad_request("Message identifiers are not specified")
    value = strict_json.decode(text, "Can't parse message_ids JSON object")
    if not isinstance(value, list):
        raise bad_request("Expected an Array of message identifiers")
    if len(value) > 100:
        raise bad_request("Too many message identifiers specified")
    if not value:
        raise bad_request("Message identifiers are not specified")
    message_ids = [_message_id(item) for item in value]
    chat = access.find_chat(call.world, call.bot, call.parameters.text("chat_id"), Level.WRITE)
    for message_id in message_ids:
        message = call.world.message(call.bot, chat, message_id)
        if message is not None and _can_delete(call, chat, message):
            call.world.delete_message(call.world.dialog(call.bot, chat), message)
    return True


def _message_id(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise bad_request("Message identifier must be a Number")
    try:
        number = int(value)
    except ValueError:
        raise bad_request("Can't parse message identifier as a Number") from None
    if number <= 0:
        raise bad_request("Invalid message identifier specified")
    return number


def _can_delete(call: Call, chat: Chat, message: Message) -> bool:
    """Its own and a person's messages for two days; in groups and channels an administrator's right
    is endless.
    """
    if access.standing(call.bot, chat) is Standing.ADMINISTRATOR:
        return True
    is_own = message.bot_id == call.bot.id
    return (is_own or chat.kind == "private") and call.world.clock() - message.time < DELETE_LIMIT


def message_to_edit(call: Call) -> tuple[Chat, Message]:
    parameters = call.parameters
    if not parameters.text("chat_id") and not parameters.message_id():
        if not parameters.text("inline_message_id"):
            raise bad_request("Message identifier is not specified")
        return _inline_message(call)
    chat, message = access.find_message(
        call.world, call.bot, parameters, Level.EDIT, "message to edit"
    )
    if not _can_edit(call.bot, chat, message):
        raise bad_request("Message can't be edited")
    return chat, message


def _inline_message(call: Call) -> tuple[Chat, Message]:
    """A message that a person sent through the bot, in a chat that it need not be in."""
    inline_message_id = call.parameters.text("inline_message_id")
    dialog, message_id = call.world.inline_messages.get(inline_message_id, (None, 0))
    message = dialog.messages.get(message_id) if dialog else None
    if message is None or message.deleted_time or message.via_bot_id != call.bot.id:
        raise bad_request("MESSAGE_ID_INVALID")
    return call.world.chats[message.chat_id], message


def _can_edit(bot: Bot, chat: Chat, message: Message) -> bool:
    if message.has_reply_keyboard:
        return False
    if chat.kind == "channel":
        return access.standing(bot, chat) is Standing.ADMINISTRATOR
    return message.bot_id == bot.id


def edit(
    call: Call, chat: Chat, message: Message, content: Content, keyboard: Json | None
) -> Json | bool:
    """The Message; of an inline message only that it was done."""
    reply_markup.check_on_server(keyboard, chat)
    call.admit(chat)
    if keyboard == message.reply_markup and _same(content, message.content):
        raise bad_request(NOT_MODIFIED)
    if message.inline_message_id:
        dialog, _ = call.world.inline_messages[message.inline_message_id]
        call.world.edit_message(dialog, message, content, keyboard)
        return True
    call.world.edit_message(call.world.dialog(call.bot, chat), message, content, keyboard)
    return call.message_json(chat, message)


def _same(new: Content, old: Content) -> bool:
    """Equal but for the IDs that every upload gets anew: the same bytes under the same name are the
    same file.
    """
    return new.kind == old.kind and _comparable(new.fields) == _comparable(old.fields)


def _comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _comparable(item) for key, item in value.items() if key not in _IDENTITY_OF_FILES
        }
    return [_comparable(item) for item in value] if isinstance(value, list) else value
