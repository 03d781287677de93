"""sendMessage, the methods for files, and sendChatAction, in the server's order of validation.

Parameters first, then chat, topic and reply, then rights, markup and content, and last what only
Telegram knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sandbox import access, formatting, input_media, media, reply_markup, uploads
from sandbox.access import Level
from sandbox.audience import post_by_bot
from sandbox.call import Call
from sandbox.errors import bad_request
from sandbox.input_media import media_flags
from sandbox.link_preview import link_preview_options
from sandbox.model import Chat, Content, ContentKind, Json, MediaKind, Message
from sandbox.replies import Reply, find_reply, parse_reply
from sandbox.uploads import InputFile, input_file, input_thumbnail

NAMES: dict[ContentKind, str] = {"video_note": "video note"}
"""What the server calls a parameter in `There is no … in the request`."""
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


@dataclass(frozen=True, slots=True)
class _Relayed:
    """What a forwarded message brings along."""

    forward: Json | None = None
    keyboard: Json | None = None


_NOT_RELAYED = _Relayed()


def send_message(call: Call) -> Json:
    preview = link_preview_options(call.parameters)
    parsed = formatting.message_text(call.parameters)

    def content() -> Content:
        fields = formatting.finished_text(call.world, parsed)
        return Content("text", fields | preview)

    return send(call, "text", content)


def send_photo(call: Call) -> Json:
    file = _required_file(call, "photo")
    caption = formatting.caption(call.parameters)

    def content() -> Content:
        fields = uploads.photo_fields(call.world, call.bot, file)
        fields |= formatting.finished_caption(call.world, caption)
        return Content("photo", fields | _flags(call, "photo", fields))

    return send(call, "photo", content)


def send_document(call: Call) -> Json:
    thumbnail = input_thumbnail(call.parameters, call.parameters.text("thumbnail"))
    file = _required_file(call, "document")
    caption = formatting.caption(call.parameters)

    def content() -> Content:
        fields = uploads.document_fields(call.world, call.bot, file, thumbnail)
        return Content("document", fields | formatting.finished_caption(call.world, caption))

    return send(call, "document", content)


def _send_file(call: Call, kind: MediaKind, *, captioned: bool = True) -> Json:
    parameters = call.parameters
    thumbnail = input_thumbnail(parameters, parameters.text("thumbnail"))
    file = _required_file(call, kind)
    caption = formatting.caption(parameters) if captioned else None
    details: Json = {"duration": parameters.integer("duration", 0, 0, media.MAX_DURATION)}
    for side in ("width", "height", "length"):
        details[side] = parameters.integer(side, 0, 0, media.MAX_SIDE)
    details["start_timestamp"] = parameters.integer("start_timestamp", 0, 0)
    details |= {name: parameters.text(name) for name in ("performer", "title", "emoji")}

    def content() -> Content:
        fields = media.media_fields(call.world, call.bot, kind, file, thumbnail, details)
        if caption is not None:
            fields |= formatting.finished_caption(call.world, caption)
        return Content(kind, fields | _flags(call, kind, fields))

    return send(call, kind, content)


send_audio = partial(_send_file, kind="audio")
send_video = partial(_send_file, kind="video")
send_voice = partial(_send_file, kind="voice")
send_animation = partial(_send_file, kind="animation")
send_video_note = partial(_send_file, kind="video_note", captioned=False)
send_sticker = partial(_send_file, kind="sticker", captioned=False)


def send_media_group(call: Call) -> list[Json]:
    items = input_media.album(call.parameters)
    kinds = [item.kind for item in items]
    return _send(call, kinds, lambda: input_media.album_contents(call, items), keyboards=False)


def send_chat_action(call: Call) -> bool:
    if call.parameters.text("action").lower() not in _CHAT_ACTIONS:
        raise bad_request("Wrong parameter action in request")
    chat = access.find_chat(call.world, call.bot, call.parameters.text("chat_id"), Level.WRITE)
    topic_id = access.find_topic(chat, call.parameters.integer("message_thread_id"))
    access.check_on_server(call.bot, chat, topic_id)
    dialog = call.world.dialog(call.bot, chat)
    name = call.bot.user.first_name
    action = call.parameters.text("action").lower()
    news = {"type": "action", "dialog": dialog.key, "name": name, "action": action}
    call.world.feed.publish(news)
    return True


def _flags(call: Call, kind: ContentKind, fields: Json) -> Json:
    above = call.parameters.boolean("show_caption_above_media")
    spoiler = call.parameters.boolean("has_spoiler")
    return media_flags(kind, fields, above=above, spoiler=spoiler)


def _required_file(call: Call, kind: ContentKind) -> InputFile:
    file = input_file(call.parameters, kind, call.parameters.text(kind))
    if file is None:
        raise bad_request(f"There is no {NAMES.get(kind, kind)} in the request")
    return file


def send_ready(
    call: Call, content: Content, *, forward: Json | None = None, keyboard: Json | None = None
) -> Json:
    """Send what is known already: the content of another message, with its origin and buttons."""
    relayed = _Relayed(forward, keyboard)
    return _send(call, [content.kind], lambda: [content], relayed)[0]


def send(call: Call, kind: ContentKind, make_content: Callable[[], Content]) -> Json:
    """One message; `make_content` runs when the chat is known, and may refuse."""
    return _send(call, [kind], lambda: [make_content()])[0]


def _send(
    call: Call,
    kinds: Sequence[ContentKind],
    make_contents: Callable[[], list[Content]],
    relayed: _Relayed = _NOT_RELAYED,
    *,
    keyboards: bool = True,
) -> list[Json]:
    parameters, world, bot = call.parameters, call.world, call.bot
    wanted_reply = parse_reply(parameters)
    markup = reply_markup.parse(parameters) if keyboards else None
    chat = access.find_chat(world, bot, parameters.text("chat_id"), Level.WRITE)
    topic_id = access.find_topic(chat, max(parameters.integer("message_thread_id"), 0))
    reply = find_reply(world, bot, chat, wanted_reply)
    access.check_may_write(bot, chat)
    keyboard = reply_markup.accept(markup, chat, only_inline=False)
    for kind in kinds:
        access.check_may_send(bot, chat, kind)
    contents = make_contents()
    if reply.message_thread_id and chat.is_forum and not topic_id:
        topic_id = reply.message_thread_id  # an answer goes where the question is
    access.check_on_server(bot, chat, topic_id)
    reply_markup.check_on_server(keyboard, chat)
    call.admit(chat, len(contents))
    messages = [_message(call, chat, topic_id, content) for content in contents]
    dialog = world.dialog(bot, chat)
    for message in messages:
        message.forward = relayed.forward
        message.reply_markup = keyboard or relayed.keyboard
        message.has_reply_keyboard = markup is not None and markup.kind != "inline"
        message.reply_keyboard = reply_markup.below_input(markup)
        if len(messages) > 1:
            message.media_group_id = str(10**16 + messages[0].message_id)
        _attach_reply(message, reply)
        post_by_bot(world, dialog, message)
    return [call.message_json(chat, message) for message in messages]


def _message(call: Call, chat: Chat, topic_id: int, content: Content) -> Message:
    return Message(
        message_id=call.world.next_message_id(call.bot, chat),
        chat_id=chat.id,
        bot_id=call.bot.id,
        from_id=0 if chat.kind == "channel" else call.bot.id,
        time=call.world.clock(),
        content=content,
        message_thread_id=topic_id,
        is_topic_message=topic_id != 0,
        is_silent=call.parameters.boolean("disable_notification"),
        is_protected=call.parameters.boolean("protect_content"),
    )


def _attach_reply(message: Message, reply: Reply) -> None:
    message.reply_to_message_id = reply.message_id
    message.quote = reply.quote
