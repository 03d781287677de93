"""Links that open a bot in Telegram (core.telegram.org/api/links, core.telegram.org/bots/features,
"Deep linking").
"""

import re
from typing import Final
from urllib.parse import quote

PAYLOAD_MAX: Final = 64
_PAYLOAD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
CHANNEL_RIGHTS: Final = ("post_messages", "edit_messages", "delete_messages")
"""What a bot needs in a channel to send, to keep its messages up to date, and to tidy up."""


def is_payload(text: str) -> bool:
    """Whether `text` can come after `?start=`."""
    return _PAYLOAD.fullmatch(text) is not None


def private_link(username: str, payload: str) -> str:
    """Opens the bot; Start then sends `/start <payload>` in private. Raises ValueError."""
    return f"https://t.me/{quote(username)}?start={_checked(payload)}"


def group_link(username: str, payload: str) -> str:
    """Asks for a group and adds the bot, which then reads `/start@<bot> <payload>` there. Raises
    ValueError."""
    return f"https://t.me/{quote(username)}?startgroup={_checked(payload)}"


def channel_link(username: str) -> str:
    """Asks for a channel and adds the bot as an administrator. It carries no payload: who added the
    bot is told by `my_chat_member` alone."""
    return f"https://t.me/{quote(username)}?startchannel&admin={'+'.join(CHANNEL_RIGHTS)}"


def _checked(payload: str) -> str:
    if not is_payload(payload):
        raise ValueError(f"a payload is 1 to {PAYLOAD_MAX} of A-Z a-z 0-9 _ -, not {payload!r}")
    return payload
