"""Chats are deleted: with their bot, or with their last channel."""

from collections.abc import Callable, Sequence

from channels_app.models import Chat

_callbacks: list[Callable[[Sequence[Chat]], None]] = []
_uses: list[Callable[[Chat], bool]] = []


def on_chats_leaving(callback: Callable[[Sequence[Chat]], None]) -> None:
    """Have `callback(chats)` run, in its transaction, before chats without channels are deleted:
    what packages below still have there goes first. Called once, from AppConfig.ready."""
    _callbacks.append(callback)


def also_in_use(callback: Callable[[Chat], bool]) -> None:
    """Have `callback(chat)` say whether another organization than the chat's has something there,
    which must not go with its last channel. Called once, from AppConfig.ready."""
    _uses.append(callback)


def is_in_use(chat: Chat) -> bool:
    """Whether organizations besides its own have something there."""
    return any(callback(chat) for callback in _uses)


def delete_chats(chats: Sequence[Chat]) -> None:
    """Delete chats without channels, in the caller's transaction."""
    for callback in _callbacks:
        callback(chats)
    Chat.objects.filter(pk__in=[chat.pk for chat in chats]).delete()
