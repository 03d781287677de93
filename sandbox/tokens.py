"""Bot tokens: making them, and the server's checks in its order (telegram-bot-api
ClientManager.cpp, Client.cpp).
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets

from sandbox.errors import BotApiError

_INTEGER = re.compile(r"-?\d+")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def make_token(bot_id: int) -> str:
    """`<bot_id>:AA…`: 26 random bytes as unpadded base64url, the first byte zero as in real
    tokens.
    """
    secret = bytes([0, secrets.randbelow(16)]) + secrets.token_bytes(24)
    return f"{bot_id}:{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"


def check_token_form(token: str) -> None:
    """Raise the server's 401 or 421 for a token that cannot be one."""
    bot_id, colon, secret = token.partition(":")
    if token[:1] == "0" or len(token) > 80 or "/" in token or not colon:
        raise BotApiError(401, "Unauthorized: invalid token specified")
    if not _INTEGER.fullmatch(bot_id):
        raise BotApiError(421, "Misdirected Request: unallowed token specified")
    if not 0 < int(bot_id) < 2**54:
        raise BotApiError(401, "Unauthorized: invalid token specified")
    if len(secret) < 24 or not is_strict_base64url(secret):
        raise BotApiError(401, "Unauthorized")


def is_strict_base64url(text: str) -> bool:
    """True for unpadded base64url whose spare bits are zero, as TDLib's decoder demands."""
    if not _BASE64URL.fullmatch(text):
        return False
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return False
    return base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() == text
