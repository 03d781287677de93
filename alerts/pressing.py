"""That somebody pressed a button under a group's message, and waits to see what it does."""

from datetime import datetime, timedelta

from alerts.models import GroupMessage

WAITS = timedelta(seconds=20)
"""For so long what the message shows leaves as an answer to a person: a publisher that is behind
may take a while."""


def is_pressed(row: GroupMessage, now: datetime) -> bool:
    """Whether a person waits for the message to change."""
    return row.pressed_at is not None and now - row.pressed_at <= WAITS
