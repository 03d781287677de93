"""Chats are deleted: with their bot, or with their last channel."""

from collections.abc import Callable, Sequence

from channels_app.models import Chat

_callbacks: list[Callable[[Sequence[Chat]], None]] = []


def on_chats_leaving(callback: Callable[[Sequence[Chat]], None]) -> None:
    """Have `callback(chats)` run, in its transaction, before chats without channels are deleted:
    what packages below still have there goes first. Called once, from AppConfig.ready."""
    _callbacks.append(callback)


def delete_chats(chats: Sequence[Chat]) -> None:
    """Delete chats without channels, in the caller's transaction."""
    for callback in _callbacks:
        callback(chats)
    Chat.objects.filter(pk__in=[chat.pk for chat in chats]).delete()
