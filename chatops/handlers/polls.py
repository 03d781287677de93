"""Polls of ours: how they stand, and who voted what."""

from chatops.context import Context
from chatops.handled import Handled
from deliveries import polls


def handle(context: Context) -> Handled | None:
    """Of polls that were sent over REST; others are nobody's here."""
    incoming = context.incoming
    if incoming.kind == "poll_answer":
        known = polls.record_answer(context.bot, dict(incoming.body))
        return Handled("noted a vote" if known else "a vote in a poll of nobody")
    if incoming.kind == "poll":
        known = polls.record_poll(context.bot, dict(incoming.body))
        return Handled("noted a poll" if known else "a poll of nobody")
    return None
