"""forwardMessage and copyMessage, one or many (telegram-bot-api Client.cpp,
process_forward_message_query).
"""

from __future__ import annotations

from sandbox import access, formatting, strict_json
from sandbox.access import Level
from sandbox.call import Call
from sandbox.conversation import origin, url_buttons
from sandbox.errors import BotApiError, bad_request
from sandbox.model import Chat, Content, Json, Message
from sandbox.sending import send_ready

MAX_MESSAGES = 100


def forward_message(call: Call) -> Json:
    chat, message = _source(call, "message to forward")
    return _forward(call, chat, message)


def copy_message(call: Call) -> Json:
    """Without the origin and without buttons, but those given; `caption` replaces the caption."""
    has_caption = call.parameters.has("caption")
    caption = formatting.caption(call.parameters) if has_caption else None
    _, message = _source(call, "message to copy")
    content = message.content
    if caption is not None and content.kind != "text":
        kept = {
            name: value
            for name, value in content.fields.items()
            if name not in {"caption", "caption_entities", "show_caption_above_media"}
        }
        content = Content(content.kind, kept | formatting.finished_caption(call.world, caption))
    _check_relayable(message, "copied")
    return {"message_id": send_ready(call, content)["message_id"]}


def forward_messages(call: Call) -> list[Json]:
    """Those that cannot be found or forwarded are skipped."""
    return [
        {"message_id": _forward(call, chat, message)["message_id"]}
        for chat, message in _sources(call)
    ]


def copy_messages(call: Call) -> list[Json]:
    return [
        {"message_id": send_ready(call, message.content)["message_id"]}
        for _, message in _sources(call)
    ]


def _forward(call: Call, chat: Chat, message: Message) -> Json:
    _check_relayable(message, "forwarded")
    dialog = call.world.dialog(call.bot, chat)
    first = origin(call.world, dialog, message)
    return send_ready(
        call, message.content, forward=first, keyboard=url_buttons(message.reply_markup)
    )


def _source(call: Call, what: str) -> tuple[Chat, Message]:
    chat_id = call.parameters.text("from_chat_id")
    if not chat_id:
        raise bad_request('Parameter "from_chat_id" is required')
    chat = access.find_chat(call.world, call.bot, chat_id, Level.READ)
    message = call.world.message(call.bot, chat, call.parameters.message_id())
    if message is None:
        raise bad_request(f"{what} not found")
    return chat, message


def _sources(call: Call) -> list[tuple[Chat, Message]]:
    chat_id = call.parameters.text("from_chat_id")
    if not chat_id:
        raise bad_request('Parameter "from_chat_id" is required')
    text = call.parameters.text("message_ids")
    value = strict_json.decode(text or "[]", "Can't parse message_ids JSON object")
    if not isinstance(value, list):
        raise bad_request("Expected an Array of message identifiers")
    if not value:
        raise bad_request("Message identifiers are not specified")
    if len(value) > MAX_MESSAGES:
        raise bad_request("Too many message identifiers specified")
    chat = access.find_chat(call.world, call.bot, chat_id, Level.READ)
    found = [call.world.message(call.bot, chat, int(item)) for item in value]
    kept = [message for message in found if message is not None and _is_relayable(message)]
    if not kept:
        raise bad_request("there are no messages to forward")
    return [(chat, message) for message in kept]


def _check_relayable(message: Message, done: str) -> None:
    if not _is_relayable(message):
        raise BotApiError(400, f"Bad Request: the message can't be {done}")


def _is_relayable(message: Message) -> bool:
    return message.content.kind != "service" and not message.is_protected
