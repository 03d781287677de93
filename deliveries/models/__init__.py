"""HOW: the durable Bot API calls, the order they leave in, and what became of them.

Django looks for models here and nowhere else.
"""

from deliveries.models.calls import (
    Attachment,
    ChatClock,
    Delivery,
    DeliveryAttempt,
    Lane,
    SentMessage,
    Stream,
)
from deliveries.models.outgoing import OutgoingCall
from deliveries.models.polls import PollAnswer, SentPoll
from deliveries.models.watching import Mark, Probe, Tally, Trouble

__all__ = [
    "Attachment",
    "ChatClock",
    "Delivery",
    "DeliveryAttempt",
    "Lane",
    "Mark",
    "OutgoingCall",
    "PollAnswer",
    "Probe",
    "SentMessage",
    "SentPoll",
    "Stream",
    "Tally",
    "Trouble",
]
