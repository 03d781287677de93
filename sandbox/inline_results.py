"""InlineQueryResults as a bot gives them, checked and ready to be shown and sent (telegram-bot-api
Client.cpp, get_inline_query_result).

Articles and results with a message of their own can be sent, and photos, documents, contacts and
locations; of other kinds the sandbox knows the fields, but has no such message to send.
"""

from __future__ import annotations

import json
from typing import Any

from sandbox import formatting, reply_markup, strict_json
from sandbox.call import Call
from sandbox.errors import Refusal, bad_request
from sandbox.input_media import media_flags
from sandbox.link_preview import link_preview_options
from sandbox.model import Chat, Json
from sandbox.parameters import Parameters
from sandbox.uploads import InputFile, document_fields, photo_fields

MAX_RESULTS = 50
MAX_ID_BYTES = 64
MAX_START_PARAMETER = 64
_REQUIRED: dict[str, tuple[str, ...]] = {
    "article": ("title",),
    "audio": (),
    "contact": ("phone_number", "first_name"),
    "document": ("title",),
    "game": ("game_short_name",),
    "gif": (),
    "location": ("latitude", "longitude", "title"),
    "mpeg4_gif": (),
    "photo": (),
    "sticker": ("sticker_file_id",),
    "venue": ("latitude", "longitude", "title", "address"),
    "video": ("title",),
    "voice": ("title",),
}
"""Kind → fields that it cannot be without; those with a file need its URL or ID besides."""
_FILES = {"audio", "document", "gif", "mpeg4", "photo", "video", "voice"}
_ANYWHERE = Chat(0, "supergroup")
"""Where a result will be sent is not known: its buttons must do in any group."""


def read_results(call: Call) -> list[Json]:
    """`id`, `type`, `title`, `description`, `reply_markup`, and `content`, a kind with fields;
    None where the sandbox has no such message. Raises 400.
    """
    text = call.parameters.text("results")
    values = (
        strict_json.decode(text, "Can't parse JSON encoded inline query results") if text else []
    )
    if values is None:
        values = []
    if not isinstance(values, list):
        raise bad_request("Expected an Array of inline query results")
    if len(values) > MAX_RESULTS:
        raise bad_request("Too many inline query results specified")
    try:
        results = [_read_result(call, value) for value in values]
    except Refusal as refusal:
        raise bad_request(f"Can't parse inline query result: {refusal}") from None
    _check_ids([result["id"] for result in results])
    return results


def read_button(parameters: Parameters) -> Json | None:
    """The button above the results: a text, and `start_parameter` or `web_app`. Raises 400."""
    text = parameters.text("button")
    if not text:
        return _old_button(parameters)
    value = strict_json.decode(text, "Can't parse inline query results button JSON object")
    try:
        button = _read_button(value)
    except Refusal as refusal:
        raise bad_request(f"Can't parse inline query results button: {refusal}") from None
    if "start_parameter" in button:
        _check_start_parameter(button["start_parameter"])
    return button


def _read_result(call: Call, value: Any) -> Json:
    if not isinstance(value, dict):
        raise Refusal("Inline query result must be an object")
    kind = strict_json.required_string(value, "type").lower()
    result_id = strict_json.required_string(value, "id")
    content = _own_content(call, kind, value)
    caption = formatting.parse_text(
        strict_json.optional_string(value, "caption"),
        strict_json.optional_string(value, "parse_mode"),
        value.get("caption_entities"),
    )
    keyboard = _keyboard(value)
    if kind not in _REQUIRED:
        raise Refusal(f'type "{kind}" is unsupported for the inline query result')
    for name in _REQUIRED[kind]:
        strict_json.required_string(value, name)
    prefix = kind.removesuffix("_gif") if kind == "mpeg4_gif" else kind
    file = ""
    if prefix in _FILES:
        file = strict_json.optional_string(value, f"{prefix}_url")
        file = file or strict_json.required_string(value, f"{prefix}_file_id")
    if content is None:
        content = _content_of_kind(call, kind, value, file, caption)
    return {
        "id": result_id,
        "type": kind,
        "title": strict_json.optional_string(value, "title"),
        "description": strict_json.optional_string(value, "description"),
        "content": content,
        "reply_markup": keyboard,
    }


def _own_content(call: Call, kind: str, value: Json) -> Json | None:
    """The message that the result names apart from itself, if any; articles need one."""
    own = value.get("input_message_content")
    if own is None:
        is_needed = kind == "article"
        read = strict_json.required_string if is_needed else strict_json.optional_string
        text = read(value, "message_text")
        return _text(call, value, text) if text or is_needed else None
    if not isinstance(own, dict):
        raise Refusal('Field "input_message_content" must be of type Object')
    if text := strict_json.optional_string(own, "message_text"):
        return _text(call, own, text)
    if "latitude" in own and "longitude" in own:
        return _location(own)
    if "phone_number" in own:
        return _contact(own)
    if kind == "article":
        raise Refusal("Input message content is not specified")
    return None


def _text(call: Call, value: Json, text: str) -> Json:
    if not text:
        raise Refusal("Message text is empty")
    parse_mode = strict_json.optional_string(value, "parse_mode")
    parsed = formatting.parse_text(text, parse_mode, value.get("entities"))
    options = Parameters()
    for name in ("link_preview_options", "disable_web_page_preview"):
        if name in value:
            options.values[name] = json.dumps(value[name])
    fields = formatting.finished_text(call.world, parsed) | link_preview_options(options)
    return {"kind": "text", "fields": fields}


def _content_of_kind(
    call: Call, kind: str, value: Json, file: str, caption: formatting.ParsedText
) -> Json | None:
    if kind == "contact":
        return _contact(value)
    if kind in {"location", "venue"}:
        return _location(value)
    if kind not in {"photo", "document"}:
        return None
    if "://" in file and "/file/bot" not in file:
        return None  # nothing is fetched from elsewhere
    shown = formatting.finished_caption(call.world, caption)
    if kind == "document":
        fields = document_fields(call.world, call.bot, InputFile(None, file), None) | shown
        return {"kind": "document", "fields": fields}
    fields = photo_fields(call.world, call.bot, InputFile(None, file)) | shown
    above = strict_json.optional_boolean(value, "show_caption_above_media")
    flags = media_flags("photo", fields, above=above, spoiler=False)
    return {"kind": "photo", "fields": fields | flags}


def _location(value: Json) -> Json:
    """A location, or a venue there."""
    try:
        point = {name: float(value[name]) for name in ("latitude", "longitude")}
    except (TypeError, ValueError):
        raise Refusal('Field "latitude" must be of type Number') from None
    if "title" in value and "address" in value:
        venue = {"location": point, "title": value["title"], "address": value["address"]}
        return {"kind": "location", "fields": {"location": point, "venue": venue}}
    return {"kind": "location", "fields": {"location": point}}


def _contact(value: Json) -> Json:
    names = ("phone_number", "first_name")
    contact: Json = {name: strict_json.required_string(value, name) for name in names}
    for name in ("last_name", "vcard"):
        if text := strict_json.optional_string(value, name):
            contact[name] = text
    return {"kind": "contact", "fields": {"contact": contact}}


def _keyboard(value: Json) -> Json | None:
    if value.get("reply_markup") is None:
        return None
    strict_json.required_object(value, "reply_markup")
    parsed = reply_markup.parse(Parameters({"reply_markup": json.dumps(value["reply_markup"])}))
    keyboard = reply_markup.accept(parsed, _ANYWHERE, only_inline=True)
    reply_markup.check_on_server(keyboard, _ANYWHERE)
    return keyboard


def _check_ids(ids: list[str]) -> None:
    """Telegram's own checks (simulated)."""
    if any(not 1 <= len(result_id.encode()) <= MAX_ID_BYTES for result_id in ids):
        raise bad_request("RESULT_ID_INVALID")
    if len(set(ids)) != len(ids):
        raise bad_request("RESULT_ID_DUPLICATE")


def _read_button(value: Any) -> Json:
    if not isinstance(value, dict):
        raise Refusal("InlineQueryResultsButton must be an Object")
    button: Json = {"text": strict_json.required_string(value, "text")}
    if "start_parameter" in value:
        return button | {"start_parameter": strict_json.required_string(value, "start_parameter")}
    if "web_app" in value:
        app = strict_json.required_object(value, "web_app")
        return button | {"web_app": {"url": strict_json.required_string(app, "url")}}
    raise Refusal("InlineQueryResultsButton must have exactly one optional field")


def _old_button(parameters: Parameters) -> Json | None:
    """`switch_pm_text` and `switch_pm_parameter`."""
    text = parameters.text("switch_pm_text")
    if not text:
        return None
    _check_start_parameter(parameters.text("switch_pm_parameter"))
    return {"text": text, "start_parameter": parameters.text("switch_pm_parameter")}


def _check_start_parameter(text: str) -> None:
    """TDLib's check (InlineQueriesManager.cpp)."""
    if not text:
        raise bad_request("Can't use empty start_parameter")
    if len(text) > MAX_START_PARAMETER:
        raise bad_request("Too long start_parameter specified")
    if not text.replace("_", "").replace("-", "").isalnum() or not text.isascii():
        raise bad_request("Unallowed characters in start_parameter are used")
