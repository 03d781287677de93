"""What organizations add to the More… menu under their alerts: chatops knows, and is asked here."""

from collections.abc import Callable, Iterable
from uuid import UUID

from channels_app.models import NotificationChannel

Source = Callable[[NotificationChannel], Iterable[tuple[UUID, str]]]

_sources: list[Source] = []


def offer_also(source: Source) -> None:
    """Have this asked, for each open menu: the ID and label of each button in that channel."""
    if source not in _sources:
        _sources.append(source)


def in_menu_of(channel: NotificationChannel) -> tuple[tuple[UUID, str], ...]:
    """All of them, in order."""
    return tuple(button for source in _sources for button in source(channel))
