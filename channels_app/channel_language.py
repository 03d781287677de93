"""The language in which a channel is spoken to."""

from channels_app.models import NotificationChannel
from languages.speaking import first_language


def language_of(channel: NotificationChannel) -> str:
    """The channel's language, else its organization's, else English."""
    return first_language(channel.language, channel.organization.language)
