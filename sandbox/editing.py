"""The edit methods and deleteMessage (telegram-bot-api Client.cpp, TDLib MessagesManager.cpp
edit_message_…).

Leaving `reply_markup` out removes the keyboard. A bot's own messages can be edited for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox import access, formatting, reply_markup, strict_json, uploads
from sandbox.access import Level
from sandbox.call import Call
from sandbox.errors import Refusal, bad_request
from sandbox.formatting import ParsedText
from sandbox.link_preview import link_preview_options
from sandbox.model import Bot, Chat, Content, ContentKind, Json, Message, Standing
from sandbox.parameters import Parameters
from sandbox.sending import photo_flags
from sandbox.uploads import InputFile, input_file

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
DELETE_LIMIT = 48 * 3600
"""Seconds after which a bot cannot delete its message (Bot API, deleteMessage)."""

_IDENTITY_OF_FILES = ("file_id", "file_path", "thumbnail", "thumb")
_UNSUPPORTED_MEDIA = {"animation", "audio", "live_photo", "video"}


def edit_message_text(call: Call) -> Json:
    preview = link_preview_options(call.parameters)
    parsed = formatting.message_text(call.parameters)
    markup = reply_markup.parse(call.parameters)
    chat, message = _message_to_edit(call)
    if message.content.kind != "text":
        raise bad_request("There is no text in the message to edit")
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    fields = formatting.finished_text(call.world, parsed)
    return _edit(call, chat, message, Content("text", fields | preview), keyboard)


def edit_message_caption(call: Call) -> Json:
    markup = reply_markup.parse(call.parameters)
    parsed = formatting.caption(call.parameters)
    chat, message = _message_to_edit(call)
    kind = message.content.kind
    if kind == "text":
        raise bad_request("There is no caption in the message to edit")
    fields: Json = {kind: message.content.fields[kind]}
    fields |= formatting.finished_caption(call.world, parsed)
    if kind == "photo":
        above = call.parameters.boolean("show_caption_above_media")
        spoiler = bool(message.content.fields.get("has_media_spoiler"))
        fields |= photo_flags(fields, above=above, spoiler=spoiler)
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    return _edit(call, chat, message, Content(kind, fields), keyboard)


def edit_message_media(call: Call) -> Json:
    markup = reply_markup.parse(call.parameters)
    media = _input_media(call.parameters)
    chat, message = _message_to_edit(call)
    content = _media_content(call, media)
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    return _edit(call, chat, message, content, keyboard)


def edit_message_reply_markup(call: Call) -> Json:
    markup = reply_markup.parse(call.parameters)
    chat, message = _message_to_edit(call)
    keyboard = reply_markup.accept(markup, chat, only_inline=True)
    return _edit(call, chat, message, message.content, keyboard)


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


def _message_to_edit(call: Call) -> tuple[Chat, Message]:
    parameters = call.parameters
    if not parameters.text("chat_id") and not parameters.message_id():
        if not parameters.text("inline_message_id"):
            raise bad_request("Message identifier is not specified")
        raise bad_request("MESSAGE_ID_INVALID")  # nothing was ever sent in inline mode here
    chat, message = access.find_message(
        call.world, call.bot, parameters, Level.EDIT, "message to edit"
    )
    if not _can_edit(call.bot, chat, message):
        raise bad_request("Message can't be edited")
    return chat, message


def _can_edit(bot: Bot, chat: Chat, message: Message) -> bool:
    if message.has_reply_keyboard:
        return False
    if chat.kind == "channel":
        return access.standing(bot, chat) is Standing.ADMINISTRATOR
    return message.bot_id == bot.id


def _edit(
    call: Call, chat: Chat, message: Message, content: Content, keyboard: Json | None
) -> Json:
    reply_markup.check_on_server(keyboard, chat)
    call.admit(chat)
    if keyboard == message.reply_markup and _same(content, message.content):
        raise bad_request(NOT_MODIFIED)
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


@dataclass(frozen=True, slots=True)
class _InputMedia:
    """An InputMedia object: a photo or a document with its caption."""

    kind: ContentKind
    file: InputFile
    thumbnail: InputFile | None
    caption: ParsedText
    shows_caption_above: bool
    has_spoiler: bool


def _input_media(parameters: Parameters) -> _InputMedia:
    text = parameters.text("media")
    if not text:
        raise Refusal('Parameter "media" is required')
    value = strict_json.decode(text, "Can't parse input media JSON object")
    try:
        return _input_media_from_json(parameters, value)
    except Refusal as refusal:
        raise Refusal(f"Can't parse InputMedia: {refusal}") from None


def _input_media_from_json(parameters: Parameters, value: Any) -> _InputMedia:
    if not isinstance(value, dict):
        raise Refusal("expected an Object")
    caption = formatting.parse_text(
        strict_json.optional_string(value, "caption"),
        strict_json.optional_string(value, "parse_mode"),
        value.get("caption_entities"),
    )
    above = strict_json.optional_boolean(value, "show_caption_above_media")
    has_spoiler = strict_json.optional_boolean(value, "has_spoiler")
    kind = strict_json.required_string(value, "type")
    file = input_file(parameters, "", strict_json.optional_string(value, "media"))
    if file is None:
        raise Refusal("media not found")
    thumbnail = strict_json.optional_string(value, "thumbnail")
    if kind in _UNSUPPORTED_MEDIA:
        raise Refusal(f'type "{kind}" is not known to the sandbox; use "photo" or "document"')
    if kind not in {"photo", "document"}:
        raise Refusal(f'type "{kind}" is unsupported')
    return _InputMedia(
        "photo" if kind == "photo" else "document",
        file,
        input_file(parameters, "", thumbnail, only_upload=True),
        caption,
        above,
        has_spoiler,
    )


def _media_content(call: Call, media: _InputMedia) -> Content:
    world, bot = call.world, call.bot
    if media.kind == "document":
        fields = uploads.document_fields(world, bot, media.file, media.thumbnail)
        return Content("document", fields | formatting.finished_caption(world, media.caption))
    fields = uploads.photo_fields(world, bot, media.file)
    fields |= formatting.finished_caption(world, media.caption)
    flags = photo_flags(fields, above=media.shows_caption_above, spoiler=media.has_spoiler)
    return Content("photo", fields | flags)
