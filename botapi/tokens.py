"""Bot tokens: what one looks like, and how to keep it out of everything people read.

A token is `<bot id>:<secret>`. The server (tdlib/telegram-bot-api, Client.cpp) refuses an id that
is not a positive integer below 2^54 and a secret that is shorter than 24 characters or is not
strictly base64url. Secrets in use have 35 characters: 26 bytes, so the last character carries two
spare bits that must be zero. That makes three of four slips of the last key detectable.
"""

import logging
import re
from collections.abc import Mapping
from typing import Final

from botapi.limits import BOT_ID_MAX, TOKEN_SECRET_MAX, TOKEN_SECRET_MIN

TOKEN_PATTERN: Final = re.compile(r"[1-9][0-9]{5,15}:[A-Za-z0-9_-]{24,60}")
"""The form of a token, for `fullmatch`."""

_USUAL_SECRET_LENGTH = 35
_USUAL_SECRET_ENDINGS = frozenset("AEIMQUYcgkosw048")  # base64url digits divisible by four
_SECRET = re.compile(r"[A-Za-z0-9_-]+")

# Wider than the form: a shortened, overlong or percent-encoded token is a secret as well. Twenty
# characters are the floor, because that many digits after "number:" are hardly anything else.
_TOKEN_SHAPE = re.compile(
    r"(?<![0-9])([0-9]{5,})(?::|%(?:25)*3[aA])(?:[A-Za-z0-9_-]|%(?:25)*(?:2[dD]|5[fF])){20,}"
)
_HIDDEN = r"\1:…"
_NESTING_MAX = 5  # levels of a log record's extra fields that are searched; they may be circular


class InvalidToken(ValueError):
    """A text that cannot be a bot token. The message names the fault and never holds the text."""


def check_token(text: str) -> str:
    """Return `text` without surrounding white space if it can be a bot token.

    Raises InvalidToken. Strict only where the server is known to be: the last character is
    checked for the 35-character secrets that BotFather hands out; of other lengths only
    Telegram can judge.
    """
    token = text.strip()
    if TOKEN_PATTERN.fullmatch(token) and _can_exist(token):
        return token
    raise InvalidToken(_fault(token))


def _can_exist(token: str) -> bool:
    number, _, secret = token.partition(":")
    mistyped = len(secret) == _USUAL_SECRET_LENGTH and secret[-1] not in _USUAL_SECRET_ENDINGS
    return int(number) <= BOT_ID_MAX and not mistyped


def _fault(token: str) -> str:
    number, colon, secret = token.partition(":")
    if not colon:
        return "token: has no colon; copy the whole of what BotFather wrote: 123456789:AA…"
    if not re.fullmatch(r"[1-9][0-9]{5,15}", number) or int(number) > BOT_ID_MAX:
        return "token: the part before the colon must be the bot's number, 6 to 16 digits"
    if secret and not _SECRET.fullmatch(secret):
        return "token: after the colon only letters, digits, '-' and '_' can occur"
    if not TOKEN_SECRET_MIN <= len(secret) <= TOKEN_SECRET_MAX:
        return (
            f"token: {len(secret)} characters after the colon, BotFather's have "
            f"{_USUAL_SECRET_LENGTH}; copy the whole token"
        )
    return "token: it looks mistyped, for no token ends in this character; copy it from BotFather"


def bot_id(token: str) -> int:
    """The Telegram ID of the token's bot. Raises InvalidToken."""
    return int(check_token(token).partition(":")[0])


def redact(text: str) -> str:
    """`text` with the secret of every token-shaped string removed, also percent-encoded ones."""
    return _TOKEN_SHAPE.sub(_HIDDEN, text)


class RedactTokens(logging.Filter):
    """Removes tokens from log records: message, arguments, exception, stack and extra fields.

    Add it to handlers: a logger's filter does not see what its child loggers write. A clean record
    passes unchanged. From a record whose exception text held a token the exception itself is
    removed and its redacted text kept, so that no later handler formats it anew.
    """

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        self._redact_message(record)
        self._redact_exception(record)
        for name, value in list(record.__dict__.items()):
            if name not in {"msg", "exc_info"}:
                clean = _redact_value(value)
                if clean is not value:
                    record.__dict__[name] = clean
        return True

    @staticmethod
    def _redact_message(record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # wrong arguments: logging reports them itself
            message = str(record.msg)
        # The template may hold one half of a token and an argument the other.
        clean = redact(message)
        if clean != message:
            record.msg, record.args = clean, None

    def _redact_exception(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] is not None:
            text = record.exc_text or self._formatter.formatException(record.exc_info)
            clean = redact(text)
            if clean != text:
                record.exc_text, record.exc_info = clean, None


def _redact_value(value: object, depth: int = 0) -> object:
    """`value` itself when nothing in it looks like a token, else a redacted copy."""
    match value:
        case str():
            clean = redact(value)
            return value if clean == value else clean
        case BaseException():
            text = str(value)
            clean = redact(text)
            return value if clean == text else clean
        case Mapping() | tuple() | list() if depth < _NESTING_MAX:
            return _redact_container(value, depth + 1)
        case _:
            return value


def _redact_container(
    value: Mapping[object, object] | tuple[object, ...] | list[object], depth: int
) -> object:
    clean: object
    if isinstance(value, Mapping):
        clean = {key: _redact_value(item, depth) for key, item in value.items()}
    else:
        items = [_redact_value(item, depth) for item in value]
        clean = items if isinstance(value, list) else tuple(items)
    return value if clean == value else clean
