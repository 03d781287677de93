"""Whose private chats are: packages below know people's Telegram accounts."""

from collections.abc import Callable

from accounts.models import Organization
from channels_app.models import Bot

_callbacks: list[Callable[[Organization, Bot, int], bool]] = []


def on_private_chat(callback: Callable[[Organization, Bot, int], bool]) -> None:
    """Have `callback(organization, bot, telegram_id)` say whether this is a member's account, as
    far as the bot knows. Called once, from AppConfig.ready."""
    _callbacks.append(callback)


def is_persons(organization: Organization, bot: Bot, telegram_id: int) -> bool:
    """Whether the private chat of this number is a member's of the organization."""
    return any(callback(organization, bot, telegram_id) for callback in _callbacks)
