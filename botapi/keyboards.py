"""Keyboards (Bot API InlineKeyboardMarkup, ReplyKeyboardMarkup, ForceReply, ReplyKeyboardRemove),
checked before Telegram sees them.

Telegram refuses a whole message because of one bad button, so a button that cannot be right is
refused where it is made.
"""

import ipaddress
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from botapi.limits import (
    BUTTON_URL_MAX,
    BUTTONS_MAX,
    BUTTONS_PER_ROW_MAX,
    CALLBACK_DATA_BYTES_MAX,
    INPUT_PLACEHOLDER_MAX,
    REPLY_MARKUP_BYTES_MAX,
)

_AUTHORITY: Final = re.compile(r"[hH][tT][tT][pP][sS]?://([^/?#]*)")
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._!$,~*'();&+=-]|%[0-9a-fA-F]{2}|[^\x00-\x7f])+")
_USERINFO: Final = re.compile(r"(?:[A-Za-z0-9._!$,~*'();&+=:-]|%[0-9a-fA-F]{2}|[^\x00-\x7f])*")
_PORT: Final = re.compile(r"[0-9]+")


class InvalidKeyboard(ValueError):
    """A keyboard that Telegram would refuse or cut; the message names the button and the fix."""


def acceptable_button_url(url: str) -> bool:
    """Whether Telegram takes an absolute http or https URL for a button (TDLib
    LinkManager::get_checked_link and parse_url in tdutils HttpUrl.cpp).

    The host must have a dot or be an IP address: http://grafana:3000 and http://localhost are
    refused, and the message with them.
    """
    authority = _AUTHORITY.match(url)
    if authority is None or len(url) > BUTTON_URL_MAX:
        return False
    userinfo, _, host_port = authority[1].rpartition("@")
    host, port = _split_port(host_port)
    if port is not None and not (_PORT.fullmatch(port) and 0 < int(port) <= 65535):
        return False
    if host.startswith("[") and host.endswith("]"):
        return _is_ipv6(host[1:-1])
    return bool(
        "." in host and host != "." and _HOST.fullmatch(host) and _USERINFO.fullmatch(userinfo)
    )


def _split_port(host_port: str) -> tuple[str, str | None]:
    if host_port.endswith("]"):
        return host_port, None
    host, colon, port = host_port.rpartition(":")
    return (host, port) if colon else (host_port, None)


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


@dataclass(frozen=True)
class UrlButton:
    """Opens `url`. Raises InvalidKeyboard unless `acceptable_button_url(url)`."""

    text: str
    url: str

    def __post_init__(self) -> None:
        _check_text(self.text)
        if not acceptable_button_url(self.url):
            raise InvalidKeyboard(
                f"button {self.text!r}: url must be absolute http or https with a host that has a "
                f"dot or is an IP address, not {self.url[:200]!r}"
            )

    def as_json(self) -> dict[str, str]:
        return {"text": self.text, "url": self.url}


@dataclass(frozen=True)
class CallbackButton:
    """Sends `callback_data` back: 1 to 64 bytes in UTF-8. Raises InvalidKeyboard."""

    text: str
    callback_data: str

    def __post_init__(self) -> None:
        _check_text(self.text)
        size = len(self.callback_data.encode("utf-8", "replace"))
        if not 1 <= size <= CALLBACK_DATA_BYTES_MAX:
            raise InvalidKeyboard(
                f"button {self.text!r}: callback_data must have 1 to {CALLBACK_DATA_BYTES_MAX} "
                f"bytes, not {size}"
            )

    def as_json(self) -> dict[str, str]:
        return {"text": self.text, "callback_data": self.callback_data}


Button = UrlButton | CallbackButton


@dataclass(frozen=True)
class InlineKeyboard:
    """Rows of buttons. Raises InvalidKeyboard beyond what clients show and servers keep."""

    rows: tuple[tuple[Button, ...], ...]

    def __post_init__(self) -> None:
        _check_rows(self.rows)
        _check_size(self.as_json())

    def as_json(self) -> dict[str, object]:
        """The value of `reply_markup`."""
        return {"inline_keyboard": [[button.as_json() for button in row] for row in self.rows]}


def keyboard(*rows: Iterable[Button]) -> InlineKeyboard | None:
    """A keyboard of the rows that have buttons; None when none has. Raises InvalidKeyboard."""
    filled = tuple(row for row in map(tuple, rows) if row)
    return InlineKeyboard(filled) if filled else None


@dataclass(frozen=True)
class ReplyButton:
    """A tap sends `text` as a message; with `request` the person's own phone number or place, in
    private chats alone. Raises InvalidKeyboard."""

    text: str
    request: Literal["", "contact", "location"] = ""

    def __post_init__(self) -> None:
        _check_text(self.text)

    def as_json(self) -> dict[str, object]:
        """Bot API KeyboardButton."""
        return {"text": self.text} | ({f"request_{self.request}": True} if self.request else {})


@dataclass(frozen=True)
class ReplyKeyboard:
    """Buttons in the place of the letters, gone after one tap. `selective`: shown to whom the
    message replies to, in groups. A message that brings one can never be edited (TDLib
    MessagesManager.cpp). Raises InvalidKeyboard."""

    rows: tuple[tuple[ReplyButton, ...], ...]
    placeholder: str = ""
    selective: bool = True

    def __post_init__(self) -> None:
        if not self.rows:
            raise InvalidKeyboard("keyboard: must have buttons; use RemoveKeyboard for none")
        _check_rows(self.rows)
        _check_placeholder(self.placeholder)
        _check_size(self.as_json())

    @property
    def is_private(self) -> bool:
        """Whether Telegram takes it in private chats alone."""
        return any(button.request for row in self.rows for button in row)

    def as_json(self) -> dict[str, object]:
        """The value of `reply_markup`."""
        fields: dict[str, object] = {
            "keyboard": [[button.as_json() for button in row] for row in self.rows],
            "one_time_keyboard": True,
            "resize_keyboard": True,
            "selective": self.selective,
        }
        return fields | _placeholder(self.placeholder)


@dataclass(frozen=True)
class ForceReply:
    """Has the person's client begin a reply to the message: so a bot with privacy mode on hears the
    answer in a group. Raises InvalidKeyboard."""

    placeholder: str = ""
    selective: bool = True

    def __post_init__(self) -> None:
        _check_placeholder(self.placeholder)

    def as_json(self) -> dict[str, object]:
        """The value of `reply_markup`."""
        fields: dict[str, object] = {"force_reply": True, "selective": self.selective}
        return fields | _placeholder(self.placeholder)


@dataclass(frozen=True)
class RemoveKeyboard:
    """Takes a reply keyboard away."""

    selective: bool = True

    def as_json(self) -> dict[str, object]:
        """The value of `reply_markup`."""
        return {"remove_keyboard": True, "selective": self.selective}


Keyboard = InlineKeyboard | ReplyKeyboard | ForceReply | RemoveKeyboard


def check_keyboard_for(chat_type: str, markup: Keyboard) -> None:
    """Raises InvalidKeyboard for what Telegram refuses in chats of this type (Client.cpp: "phone
    number can be requested in private chats only"; channels have inline keyboards alone)."""
    if isinstance(markup, InlineKeyboard):
        return
    if chat_type == "channel":
        raise InvalidKeyboard("keyboard: in channels there are only inline keyboards")
    if chat_type != "private" and isinstance(markup, ReplyKeyboard) and markup.is_private:
        raise InvalidKeyboard("keyboard: a contact or place is asked for in private chats only")


def _check_rows(rows: tuple[tuple[object, ...], ...]) -> None:
    for number, row in enumerate(rows, 1):
        if not 1 <= len(row) <= BUTTONS_PER_ROW_MAX:
            raise InvalidKeyboard(
                f"row {number}: must have 1 to {BUTTONS_PER_ROW_MAX} buttons, not {len(row)}"
            )
    count = sum(map(len, rows))
    if count > BUTTONS_MAX:
        raise InvalidKeyboard(f"keyboard: at most {BUTTONS_MAX} buttons, not {count}")


def _check_size(markup: dict[str, object]) -> None:
    size = len(json.dumps(markup, ensure_ascii=False).encode("utf-8", "replace"))
    if size > REPLY_MARKUP_BYTES_MAX:
        raise InvalidKeyboard(
            f"keyboard: at most {REPLY_MARKUP_BYTES_MAX} bytes of JSON, not {size}; "
            "shorten URLs or drop buttons"
        )


def _check_placeholder(text: str) -> None:
    if len(text) > INPUT_PLACEHOLDER_MAX:
        raise InvalidKeyboard(
            f"placeholder: at most {INPUT_PLACEHOLDER_MAX} characters, not {len(text)}"
        )


def _placeholder(text: str) -> dict[str, object]:
    return {"input_field_placeholder": text} if text else {}


def _check_text(text: str) -> None:
    if not text.strip():
        raise InvalidKeyboard("button: text must not be blank; Telegram drops such buttons")
