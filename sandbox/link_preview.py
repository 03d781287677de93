"""The `link_preview_options` parameter and its predecessor (telegram-bot-api
get_link_preview_options).
"""

from __future__ import annotations

from sandbox import strict_json
from sandbox.errors import bad_request
from sandbox.model import Json
from sandbox.parameters import Parameters

_FLAGS = ("prefer_small_media", "prefer_large_media", "show_above_text")


def link_preview_options(parameters: Parameters) -> Json:
    """The `link_preview_options` field of the message, empty when none was asked for. Raises
    400.
    """
    text = parameters.text("link_preview_options")
    if not text:
        disabled = parameters.boolean("disable_web_page_preview")
        return {"link_preview_options": {"is_disabled": True}} if disabled else {}
    value = strict_json.decode(text, "Can't parse link preview options JSON object")
    if not isinstance(value, dict):
        raise bad_request("Object expected as link preview options")
    options: Json = {}
    if strict_json.optional_boolean(value, "is_disabled"):
        options["is_disabled"] = True
    if url := strict_json.optional_string(value, "url"):
        options["url"] = url
    for name in _FLAGS:
        if strict_json.optional_boolean(value, name):
            options[name] = True
    return {"link_preview_options": options} if options else {}
