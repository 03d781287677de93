"""Where a Telegram message can be opened. Pure; links as in core.telegram.org/api/links."""


def message_url(chat_id: int | None, username: str, message_id: int | None) -> str:
    """`https://t.me/…` of a message in a public or private supergroup or channel; "" elsewhere.

    Private chats and basic groups have no links. `chat_id` is the Bot API's: -100 and the number.
    """
    if message_id is None:
        return ""
    if username and (chat_id is None or chat_id < 0):
        return f"https://t.me/{username}/{message_id}"
    if chat_id is not None and str(chat_id).startswith("-100"):
        return f"https://t.me/c/{str(chat_id).removeprefix('-100')}/{message_id}"
    return ""
