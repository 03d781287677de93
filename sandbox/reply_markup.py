"""The `reply_markup` parameter: first its JSON, then, once the chat is known, its meaning.

Follows telegram-bot-api Client.cpp (get_reply_markup) and TDLib ReplyMarkup.cpp. Only an inline
keyboard is ever shown in a message; of the other kinds it matters that the message cannot be
edited afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from botapi.entities_links import link_user_id
from sandbox import strict_json
from sandbox.errors import Refusal, bad_request
from sandbox.links import LinkRefused, accept_link
from sandbox.model import Chat, Json
from sandbox.parameters import Parameters

MAX_ROW = 12
MAX_BUTTONS = 300
MAX_CALLBACK_DATA = 64
MAX_MARKUP_BYTES = 10_240
"""Of all buttons' texts and data; beyond it Telegram says `reply markup is too long` (observed)."""

_FLAGS = (
    "hide_keyboard",
    "remove_keyboard",
    "personal_keyboard",
    "selective",
    "force_reply_keyboard",
    "force_reply",
)
_STYLES = {"", "default", "primary", "danger", "success"}
_KEYBOARD_REQUESTS = {
    "request_phone_number": "Phone number",
    "request_contact": "Phone number",
    "request_location": "Location",
    "request_poll": "Poll",
    "web_app": "Web App",
    "request_user": "Users",
    "request_users": "Users",
    "request_chat": "Chats",
    "request_managed_bot": "Managed bots",
}


@dataclass(frozen=True, slots=True)
class ReplyMarkup:
    """`rows` are checked buttons in Bot API form; `kind` tells which of the four markups it is."""

    kind: Literal["inline", "keyboard", "remove", "force_reply"]
    rows: list[list[Json]]
    flags: Json = field(default_factory=dict)
    """Of a reply keyboard: those that are set, and the placeholder."""


def parse(parameters: Parameters) -> ReplyMarkup | None:
    """Raises 400 for markup that is no JSON or has buttons of the wrong shape."""
    text = parameters.text("reply_markup")
    if not text:
        return None
    value = strict_json.decode(text, "Can't parse reply keyboard markup JSON object")
    if not isinstance(value, dict):
        raise bad_request("Object expected as reply markup")
    keyboard = _rows(value, "keyboard")
    inline = _rows(value, "inline_keyboard")
    flags = {name: strict_json.optional_boolean(value, name) for name in _FLAGS}
    shown = _shown_flags(value)
    if keyboard:
        return ReplyMarkup("keyboard", keyboard, shown)
    if inline:
        return ReplyMarkup("inline", inline)
    if flags["hide_keyboard"] or flags["remove_keyboard"]:
        return ReplyMarkup("remove", [], shown)
    if flags["force_reply"] or flags["force_reply_keyboard"]:
        return ReplyMarkup("force_reply", [], shown)
    return None


def below_input(markup: ReplyMarkup | None) -> Json | None:
    """What the message changes below the person's input field."""
    if markup is None or markup.kind == "inline":
        return None
    return {"kind": markup.kind, "rows": _cut(markup.rows)} | markup.flags


def _shown_flags(value: Json) -> Json:
    flags = ("selective", "one_time_keyboard", "is_persistent")
    shown: Json = {name: True for name in flags if value.get(name) is True}
    placeholder = strict_json.optional_string(value, "input_field_placeholder")
    return shown | ({"input_field_placeholder": placeholder} if placeholder else {})


def _rows(value: Json, name: str) -> list[list[Json]]:
    inline = name == "inline_keyboard"
    owner = (
        " of the InlineKeyboardMarkup must be an Array of Arrays"
        if inline
        else (" must be an Array of Arrays")
    )
    rows: list[list[Json]] = []
    for row in strict_json.optional_array(value, name):
        if not isinstance(row, list):
            raise bad_request(f'Field "{name}"{owner}')
        try:
            rows.append([_inline_button(item) if inline else _button(item) for item in row])
        except Refusal as error:
            kind = "inline keyboard button" if inline else "keyboard button"
            raise bad_request(f"Can't parse {kind}: {error}") from None
    return rows


def _button(value: Any) -> Json:
    if isinstance(value, str):
        return {"text": value}
    if not isinstance(value, dict):
        raise Refusal("KeyboardButton must be a String or an Object")
    button = _face(value)
    for name in ("request_phone_number", "request_contact", "request_location"):
        if strict_json.optional_boolean(value, name):
            return button | {name: True}
    for name in ("request_poll", "web_app", "request_users", "request_user", "request_chat"):
        if name in value:
            return button | {name: strict_json.required_object(value, name)}
    return button


def _inline_button(value: Any) -> Json:
    if not isinstance(value, dict):
        raise Refusal("InlineKeyboardButton must be an Object")
    button = _face(value)
    for name in ("url", "callback_data"):
        if text := strict_json.optional_string(value, name):
            return button | {name: text}
    if "callback_game" in value:
        return button | {"callback_game": {}}
    if "pay" in value:
        return button | {"pay": True}
    if "switch_inline_query" in value:
        query = strict_json.required_string(value, "switch_inline_query")
        return button | {"switch_inline_query": query}
    if "switch_inline_query_chosen_chat" in value:
        return button | _chosen_chat(value)
    if "switch_inline_query_current_chat" in value:
        query = strict_json.required_string(value, "switch_inline_query_current_chat")
        return button | {"switch_inline_query_current_chat": query}
    for name, key in (("login_url", "url"), ("web_app", "url"), ("copy_text", "text")):
        if name in value:
            inner = strict_json.required_object(value, name)
            return button | {name: {key: strict_json.required_string(inner, key)}}
    raise Refusal("Text buttons are unallowed in the inline keyboard")


def _face(value: Json) -> Json:
    """Text, icon and style, which every button has."""
    button: Json = {"text": strict_json.required_string(value, "text")}
    if icon := strict_json.optional_integer(value, "icon_custom_emoji_id", bits=64):
        button["icon_custom_emoji_id"] = str(icon)
    style = strict_json.optional_string(value, "style").lower()
    if style not in _STYLES:
        raise Refusal("invalid button style specified")
    if style not in {"", "default"}:
        button["style"] = style
    return button


def _chosen_chat(value: Json) -> Json:
    chosen = strict_json.required_object(value, "switch_inline_query_chosen_chat")
    kinds = ("user", "bot", "group", "channel")
    fields: Json = {"query": strict_json.optional_string(chosen, "query")}
    for kind in kinds:
        name = f"allow_{kind}_chats"
        fields[name] = strict_json.optional_boolean(chosen, name)
    return {"switch_inline_query_chosen_chat": fields}


def accept(markup: ReplyMarkup | None, chat: Chat, *, only_inline: bool) -> Json | None:
    """The InlineKeyboardMarkup to show, if any. Raises TDLib's 400s, such as for a button URL
    without a dot.
    """
    if markup is None:
        return None
    if only_inline and markup.kind != "inline":
        raise bad_request("Inline keyboard expected")
    if markup.kind == "keyboard":
        for button in _kept(markup.rows):
            _accept_keyboard_button(button, chat)
        return None
    if markup.kind != "inline":
        return None
    rows = [[_accepted(button, chat) for button in row] for row in _cut(markup.rows)]
    return {"inline_keyboard": rows} if rows else None


def check_on_server(keyboard: Json | None, chat: Chat) -> None:
    """What Telegram itself refuses, in capitals (simulated)."""
    if keyboard is None:
        return
    size = 0
    for row in keyboard["inline_keyboard"]:
        for button in row:
            if len(button.get("callback_data", "").encode()) > MAX_CALLBACK_DATA:
                raise bad_request("BUTTON_DATA_INVALID")
            if "web_app" in button and chat.kind != "private":
                raise bad_request("BUTTON_TYPE_INVALID")
            size += sum(len(str(value).encode()) for value in button.values())
    if size > MAX_MARKUP_BYTES:
        raise bad_request("reply markup is too long")


def _cut(rows: list[list[Json]]) -> list[list[Json]]:
    """Silently at most 12 buttons a row and 300 in all, none without a face (TDLib
    get_reply_markup).
    """
    kept: list[list[Json]] = []
    total = 0
    for row in rows:
        buttons = [button for button in row if button["text"] or "icon_custom_emoji_id" in button]
        buttons = buttons[: min(MAX_ROW, MAX_BUTTONS - total)]
        total += len(buttons)
        if buttons:
            kept.append(buttons)
    return kept


def _kept(rows: list[list[Json]]) -> list[Json]:
    return [button for row in _cut(rows) for button in row]


def _accept_keyboard_button(button: Json, chat: Chat) -> None:
    if not button["text"]:
        raise bad_request("Keyboard button text must be non-empty")
    for name, subject in _KEYBOARD_REQUESTS.items():
        if name not in button:
            continue
        if chat.kind != "private":
            verb = "buttons can be used" if name == "web_app" else "can be requested"
            raise bad_request(f"{subject} {verb} in private chats only")
        if name == "web_app":
            url = strict_json.required_string(button["web_app"], "url")
            _checked_url(url, "Keyboard button Web App ", https=True)


def _accepted(button: Json, chat: Chat) -> Json:
    if not button["text"]:
        raise bad_request("Inline keyboard button text must be non-empty")
    if "url" in button:
        return button | {"url": _checked_url(button["url"], "Inline keyboard button ")}
    if "login_url" in button:
        url = _checked_url(button["login_url"]["url"], "Inline keyboard button login ", https=True)
        return _without(button, "login_url") | {"url": url}
    if "web_app" in button:
        prefix = "Inline keyboard button Web App "
        return button | {
            "web_app": {"url": _checked_url(button["web_app"]["url"], prefix, https=True)}
        }
    if chat.kind == "channel":
        for name in button:
            if name.startswith("switch_inline_query"):
                current = name == "switch_inline_query_current_chat"
                shown = name if current else "switch_inline_query"
                raise bad_request(
                    f"Can't use {shown} button in a channel chat, because users will not be able "
                    "to use the button without knowing bot's username"
                )
    return button


def _without(button: Json, name: str) -> Json:
    return {key: value for key, value in button.items() if key != name}


def _checked_url(url: str, prefix: str, *, https: bool = False) -> str:
    if https and link_user_id(url):
        subject = "login URL" if "login" in prefix else "Web App URL"
        raise bad_request(f"Link to a user can't be used in {subject} buttons")
    try:
        return accept_link(url, https=https)
    except LinkRefused as refused:
        raise bad_request(f"{prefix}{refused}") from None
