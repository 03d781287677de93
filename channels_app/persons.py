"""Whose private chats are, for packages below know people's Telegram accounts; and which of them
are open."""

from collections.abc import Callable
from datetime import datetime

from accounts.models import Organization
from channels_app.models import Bot, Chat

_callbacks: list[Callable[[Organization, Bot, int], bool]] = []


def on_private_chat(callback: Callable[[Organization, Bot, int], bool]) -> None:
    """Have `callback(organization, bot, telegram_id)` say whether this is a member's account, as
    far as the bot knows. Called once, from AppConfig.ready."""
    _callbacks.append(callback)


def is_persons(organization: Organization, bot: Bot, telegram_id: int) -> bool:
    """Whether the private chat of this number is a member's of the organization."""
    return any(callback(organization, bot, telegram_id) for callback in _callbacks)


def open_chat(bot: Bot, telegram_id: int) -> Chat | None:
    """Where the person has talked with the bot and lets it write; else it may not."""
    return Chat.objects.filter(
        bot=bot, chat_id=telegram_id, type=Chat.Type.PRIVATE, blocked_at=None
    ).first()


def close_chat(chat: Chat, now: datetime) -> None:
    """The person blocked the bot, or is gone."""
    Chat.objects.filter(pk=chat.pk, blocked_at=None).update(blocked_at=now)


def reopen_chat(chat: Chat) -> bool:
    """The person is back; whether they were gone."""
    closed = Chat.objects.filter(pk=chat.pk, blocked_at__isnull=False)
    return bool(closed.update(blocked_at=None))
