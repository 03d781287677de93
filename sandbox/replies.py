"""The `reply_parameters` parameter and its predecessor (telegram-bot-api get_reply_parameters)."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox import access, formatting, strict_json
from sandbox.access import Level
from sandbox.errors import bad_request
from sandbox.formatting import ParsedText
from sandbox.model import Bot, Chat, Json
from sandbox.parameters import Parameters
from sandbox.world import World

_NO_QUOTE = ParsedText("", [])


@dataclass(frozen=True, slots=True)
class WantedReply:
    """What the call asked for; `message_id` 0 is no reply, `chat_id` names another chat."""

    message_id: int = 0
    chat_id: str = ""
    may_be_missing: bool = False
    quote: ParsedText = _NO_QUOTE


@dataclass(frozen=True, slots=True)
class Reply:
    """What was found: the replied message of the same chat, its topic, and the TextQuote."""

    message_id: int = 0
    message_thread_id: int = 0
    quote: Json | None = None


def parse_reply(parameters: Parameters) -> WantedReply:
    """Raises 400 for JSON of the wrong shape."""
    if not parameters.has("reply_parameters"):
        return WantedReply(
            parameters.message_id("reply_to_message_id"),
            may_be_missing=parameters.boolean("allow_sending_without_reply"),
        )
    text = parameters.text("reply_parameters")
    if not text:
        return WantedReply()
    value = strict_json.decode(text, "Can't parse reply parameters JSON object")
    if not isinstance(value, dict):
        raise bad_request("Object expected as reply parameters")
    if not value:
        return WantedReply()
    chat_id = strict_json.optional_string(value, "chat_id")
    message_id = strict_json.required_integer(value, "message_id")
    may_be_missing = strict_json.optional_boolean(value, "allow_sending_without_reply")
    quote = formatting.parse_text(
        strict_json.optional_string(value, "quote"),
        strict_json.optional_string(value, "quote_parse_mode"),
        value.get("quote_entities"),
    )
    strict_json.optional_integer(value, "quote_position")
    return WantedReply(max(message_id, 0), chat_id, may_be_missing, quote)


def find_reply(world: World, bot: Bot, chat: Chat, wanted: WantedReply) -> Reply:
    """The message to reply to. Raises 400 `message to be replied not found` unless it may be
    missing.

    A reply to a message of another chat is checked, and then sent without its quotation.
    """
    if not wanted.message_id:
        return Reply()
    other = chat
    if wanted.chat_id and wanted.chat_id != str(chat.id):
        other = access.find_chat(world, bot, wanted.chat_id, Level.READ)
    message = world.message(bot, other, wanted.message_id)
    if message is None:
        if wanted.may_be_missing:
            return Reply()
        raise bad_request("message to be replied not found")
    if other is not chat:
        return Reply()
    quote = _quote(world, wanted.quote, message.content.fields)
    return Reply(message.message_id, message.message_thread_id, quote)


def _quote(world: World, wanted: ParsedText, content: Json) -> Json | None:
    """The TextQuote; Telegram refuses a quote that is not in the message (simulated)."""
    fields = formatting.finished_quote(world, wanted)
    if not fields:
        return None
    text = str(content.get("text", content.get("caption", "")))
    position = text.find(fields["text"])
    if position < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    units = len(text[:position].encode("utf-16-le")) // 2
    return fields | {"position": units, "is_manual": True}
