"""What people may put under a message, checked beyond its shape (telegram-bot-api Client.cpp
get_reply_markup, TDLib ReplyMarkup.cpp). Pure.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botapi.keyboards import acceptable_button_url
from botapi.limits import BUTTONS_MAX, BUTTONS_PER_ROW_MAX, REPLY_MARKUP_BYTES_MAX
from botapi.spec import Fault

WITHHELD: Final = {
    "callback_data": "Buttons that answer to the bot are not offered yet. Use url, copy_text or"
    " one of switch_inline_query….",
    "callback_game": "Games are not offered.",
    "pay": "Payments are not offered.",
    "icon_custom_emoji_id": "Custom emoji on buttons are not offered. Put an emoji into the text.",
    "request_managed_bot": "Managed bots are not offered.",
}
"""Fields of buttons that are not offered, and what to do instead."""
ACTIONS: Final = (
    "url",
    "login_url",
    "web_app",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
)
REQUESTS: Final = (
    "request_contact",
    "request_location",
    "request_poll",
    "request_users",
    "request_chat",
    "web_app",
)


def markup_faults(markup: Mapping[str, Any], chat_type: str) -> Iterator[Fault]:
    """What is wrong with a reply_markup of the right shape. `chat_type`: Chat.type, "" while it is
    not known."""
    if "inline_keyboard" in markup:
        yield from _inline(markup, chat_type)
        return
    if chat_type == "channel":
        yield Fault((), "Channels take only an inline_keyboard.")
    for name in ("remove_keyboard", "force_reply"):
        if markup.get(name) is False:
            yield Fault((name,), "Give true, or leave reply_markup out.")
    if "keyboard" in markup:
        yield from _rows(markup["keyboard"], "keyboard")
        for place, button in _buttons(markup["keyboard"], "keyboard"):
            yield from (fault.below(*place) for fault in _keyboard_button(button, chat_type))
        yield from _size(markup)


def _inline(markup: Mapping[str, Any], chat_type: str) -> Iterator[Fault]:
    rows = markup["inline_keyboard"]
    yield from _rows(rows, "inline_keyboard")
    for place, button in _buttons(rows, "inline_keyboard"):
        yield from (fault.below(*place) for fault in _inline_button(button, chat_type))
    yield from _size(markup)


def _rows(rows: list[list[Any]], name: str) -> Iterator[Fault]:
    if not rows:
        yield Fault((name,), "Give at least one row, or leave reply_markup out.", "items")
    for number, row in enumerate(rows):
        if not 1 <= len(row) <= BUTTONS_PER_ROW_MAX:
            words = f"Give 1 to {BUTTONS_PER_ROW_MAX} buttons a row, not {len(row)}."
            yield Fault((name, str(number)), words, "items")
    count = sum(map(len, rows))
    if count > BUTTONS_MAX:
        yield Fault((name,), f"Give at most {BUTTONS_MAX} buttons, not {count}.", "items")


def _size(markup: Mapping[str, Any]) -> Iterator[Fault]:
    size = len(json.dumps(markup, ensure_ascii=False).encode("utf-8", "replace"))
    if size > REPLY_MARKUP_BYTES_MAX:
        words = f"Telegram takes at most {REPLY_MARKUP_BYTES_MAX} bytes of JSON, not {size}."
        yield Fault((), f"{words} Shorten URLs, or leave buttons out.", "length")


def _buttons(
    rows: list[list[Any]], name: str
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for number, row in enumerate(rows):
        for place, button in enumerate(row):
            yield (name, str(number), str(place)), button


def _inline_button(button: Mapping[str, Any], chat_type: str) -> Iterator[Fault]:
    yield from _face(button)
    given = [name for name in ACTIONS if name in button]
    if len(given) != 1:
        yield Fault((), f"Give a button exactly one of {', '.join(ACTIONS)}.")
    if "url" in button and not acceptable_button_url(button["url"]):
        yield Fault(
            ("url",),
            "Give an absolute http or https URL whose host has a dot or is an IP address.",
        )
    for name in ("web_app", "login_url"):
        if name in button:
            yield from (fault.below(name) for fault in _https(button[name]))
    if "web_app" in button and chat_type not in {"", "private"}:
        yield Fault(("web_app",), "Mini Apps open from inline buttons in private chats only.")
    if chat_type == "channel" and any(name.startswith("switch_inline") for name in given):
        yield Fault((given[0],), "Channels take no switch_inline_query buttons.")


def _keyboard_button(button: Mapping[str, Any], chat_type: str) -> Iterator[Fault]:
    yield from _face(button)
    given = [name for name in REQUESTS if button.get(name)]
    if len(given) > 1:
        yield Fault((), f"Give a button at most one of {', '.join(REQUESTS)}.")
    if given and chat_type not in {"", "private"}:
        yield Fault((given[0],), "Telegram takes this in private chats only.")
    if "web_app" in button:
        yield from (fault.below("web_app") for fault in _https(button["web_app"]))


def _face(button: Mapping[str, Any]) -> Iterator[Fault]:
    if not button["text"].strip():
        yield Fault(("text",), "Give a text; Telegram drops buttons without one.", "blank")


def _https(value: Mapping[str, Any]) -> Iterator[Fault]:
    url = value["url"]
    if not url.lower().startswith("https://") or not acceptable_button_url(url):
        yield Fault(("url",), "Give an https URL whose host has a dot or is an IP address.")
