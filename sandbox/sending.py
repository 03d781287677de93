"""sendMessage, sendPhoto, sendDocument and sendChatAction, in the server's order of validation.

Parameters first, then chat, topic and reply, then rights, markup and content, and last what only
Telegram knows.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox import access, formatting, reply_markup, uploads
from sandbox.access import Level
from sandbox.call import Call
from sandbox.errors import bad_request
from sandbox.link_preview import link_preview_options
from sandbox.model import Content, ContentKind, Json, Message
from sandbox.replies import Reply, find_reply, parse_reply
from sandbox.uploads import InputFile, input_file, input_thumbnail

_CHAT_ACTIONS = frozenset(
    [
        "cancel",
        "typing",
        "record_video",
        "upload_video",
        "record_voice",
        "record_audio",
        "upload_voice",
        "upload_audio",
        "upload_photo",
        "upload_document",
        "choose_sticker",
        "find_location",
        "pick_up_location",
        "record_video_note",
        "upload_video_note",
    ]
)


def send_message(call: Call) -> Json:
    preview = link_preview_options(call.parameters)
    parsed = formatting.message_text(call.parameters)

    def content() -> Content:
        fields = formatting.finished_text(call.world, parsed)
        return Content("text", fields | preview)

    return _send(call, "text", content)


def send_photo(call: Call) -> Json:
    file = _required_file(call, "photo")
    caption = formatting.caption(call.parameters)

    def content() -> Content:
        fields = uploads.photo_fields(call.world, call.bot, file)
        fields |= formatting.finished_caption(call.world, caption)
        above = call.parameters.boolean("show_caption_above_media")
        spoiler = call.parameters.boolean("has_spoiler")
        return Content("photo", fields | photo_flags(fields, above=above, spoiler=spoiler))

    return _send(call, "photo", content)


def send_document(call: Call) -> Json:
    thumbnail = input_thumbnail(call.parameters, call.parameters.text("thumbnail"))
    file = _required_file(call, "document")
    caption = formatting.caption(call.parameters)

    def content() -> Content:
        fields = uploads.document_fields(call.world, call.bot, file, thumbnail)
        return Content("document", fields | formatting.finished_caption(call.world, caption))

    return _send(call, "document", content)


def send_chat_action(call: Call) -> bool:
    if call.parameters.text("action").lower() not in _CHAT_ACTIONS:
        raise bad_request("Wrong parameter action in request")
    chat = access.find_chat(call.world, call.bot, call.parameters.text("chat_id"), Level.WRITE)
    topic_id = access.find_topic(chat, call.parameters.integer("message_thread_id"))
    access.check_on_server(call.bot, chat, topic_id)
    return True


def photo_flags(fields: Json, *, above: bool, spoiler: bool) -> Json:
    """The flags of a photo message; a caption that is not there is not shown above."""
    flags: Json = {}
    if above and "caption" in fields:
        flags["show_caption_above_media"] = True
    if spoiler:
        flags["has_media_spoiler"] = True
    return flags


def _required_file(call: Call, kind: str) -> InputFile:
    file = input_file(call.parameters, kind, call.parameters.text(kind))
    if file is None:
        raise bad_request(f"There is no {kind} in the request")
    return file


def _send(call: Call, kind: ContentKind, make_content: Callable[[], Content]) -> Json:
    parameters, world, bot = call.parameters, call.world, call.bot
    wanted_reply = parse_reply(parameters)
    markup = reply_markup.parse(parameters)
    chat = access.find_chat(world, bot, parameters.text("chat_id"), Level.WRITE)
    topic_id = access.find_topic(chat, max(parameters.integer("message_thread_id"), 0))
    reply = find_reply(world, bot, chat, wanted_reply)
    access.check_may_write(bot, chat)
    keyboard = reply_markup.accept(markup, chat, only_inline=False)
    access.check_may_send(bot, chat, kind)
    content = make_content()
    if reply.message_thread_id and chat.is_forum and not topic_id:
        topic_id = reply.message_thread_id  # an answer goes where the question is
    access.check_on_server(bot, chat, topic_id)
    reply_markup.check_on_server(keyboard, chat)
    call.admit(chat)
    message = Message(
        message_id=world.next_message_id(bot, chat),
        chat_id=chat.id,
        bot_id=bot.id,
        from_id=0 if chat.kind == "channel" else bot.id,
        time=world.clock(),
        content=content,
        reply_markup=keyboard,
        has_reply_keyboard=markup is not None and markup.kind != "inline",
        message_thread_id=topic_id,
        is_topic_message=topic_id != 0,
        is_silent=parameters.boolean("disable_notification"),
        is_protected=parameters.boolean("protect_content"),
    )
    _attach_reply(message, reply)
    world.store_message(world.dialog(bot, chat), message)
    return call.message_json(chat, message)


def _attach_reply(message: Message, reply: Reply) -> None:
    message.reply_to_message_id = reply.message_id
    message.quote = reply.quote
