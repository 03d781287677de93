"""Polls that we sent, and who chose what."""

from django.db import models

from accounts.models import OrganizationOwned
from channels_app.models import Bot
from deliveries.models.calls import SentMessage


class SentPoll(OrganizationOwned):
    """A poll that we sent, as Telegram last told of it; it goes with its message."""

    message = models.OneToOneField(SentMessage, on_delete=models.CASCADE, related_name="poll")
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+", db_index=False)
    poll_id = models.CharField(max_length=64)
    question = models.CharField(max_length=300)
    options = models.JSONField(help_text='[{"text": …, "voter_count": …}, …]')
    total_voter_count = models.PositiveIntegerField(default=0)
    is_anonymous = models.BooleanField(default=True)
    is_closed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bot", "poll_id"], name="sent_poll_of_bot")]


class PollAnswer(OrganizationOwned):
    """What one voter chose in a poll that is not anonymous; gone when they take it back."""

    poll = models.ForeignKey(
        SentPoll, on_delete=models.CASCADE, related_name="answers", db_index=False
    )
    voter_id = models.BigIntegerField(help_text="Telegram's ID of the person, or of a chat.")
    voter_name = models.CharField(max_length=255, blank=True)
    option_ids = models.JSONField(help_text="Numbers of options, from 0.")
    answered_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["poll", "voter_id"], name="poll_answer_once")
        ]
