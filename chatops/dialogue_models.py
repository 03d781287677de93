"""BACK: what people are asked and shown by commands, and the menus of these."""

from django.db import models

from accounts.models import Identified, OrganizationOwned, User
from channels_app.models import Bot, Chat
from deliveries.models import SentMessage


class Conversation(OrganizationOwned):
    """A dialogue's saved state: what a person was asked, in a chat and topic, and said so far.

    `turn` grows with every change, so that what answers an earlier question is known by it. `data`:
    {"v", "values", "trail", "choices"}, see chatops/conversations/state.py.
    """

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="+", db_index=False)
    message_thread_id = models.BigIntegerField(default=0, help_text="0: no topic.")
    telegram_user_id = models.BigIntegerField()
    kind = models.CharField(max_length=32)
    step = models.CharField(max_length=32)
    turn = models.PositiveIntegerField(default=1)
    data = models.JSONField(default=dict)
    asked_in = models.BigIntegerField(default=0, help_text="The message_id of the command.")
    prompt = models.ForeignKey(SentMessage, null=True, on_delete=models.SET_NULL, related_name="+")
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["chat", "message_thread_id", "telegram_user_id"], name="conversation_once"
            )
        ]
        indexes = [models.Index(fields=["expires_at"], name="conversation_expires")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.step}"


class Listing(OrganizationOwned):
    """A list that the bot showed, so that its pages can be turned: a button holds no filter."""

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16)
    query = models.CharField(max_length=200, blank=True)
    message_thread_id = models.BigIntegerField(default=0)
    shown_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["shown_at"], name="listing_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.query}".strip()


class CommandMenu(Identified):
    """Which commands a bot's menu lists, by their hash: Telegram is told when that is another.

    `due_at`: not before then, after a call that failed, and while somebody makes it.
    """

    bot = models.OneToOneField(Bot, on_delete=models.CASCADE, related_name="+")
    version = models.CharField(max_length=32, blank=True)
    due_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.bot}: {self.version}"


class Reminder(OrganizationOwned):
    """What a chat is to be told later; over when `due_at` is empty.

    `recurrence`: as chatops/when/recurrences.py stores it, empty for once. `mention`: whom the
    message names where it comes to a chat of several people.
    """

    chat = models.ForeignKey(Chat, on_delete=models.CASCADE, related_name="+")
    message_thread_id = models.BigIntegerField(default=0, help_text="0: no topic.")
    text = models.TextField()
    due_at = models.DateTimeField(null=True)
    recurrence = models.JSONField(null=True)
    mention = models.CharField(max_length=160, blank=True)
    telegram_user_id = models.BigIntegerField(help_text="Whose it is: they may change it.")
    made_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    made_by_name = models.CharField(max_length=254)
    made_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=0, help_text="How often it was told.")
    ended_at = models.DateTimeField(null=True)
    cancelled = models.BooleanField(default=False, db_default=False)
    recipient = models.ForeignKey(
        User,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Whose private chat it is told in; they hear it while they are a member.",
    )
    set_in = models.ForeignKey(
        Chat,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="Where it was asked for: told there where the private chat is closed.",
    )
    set_in_thread = models.BigIntegerField(default=0, db_default=0, help_text="0: no topic.")
    last_message = models.ForeignKey(
        SentMessage,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Which told it last.",
    )
    untold_since = models.DateTimeField(
        null=True, help_text="When it was due, while nobody can be told."
    )
    put_off = models.OneToOneField(
        "self",
        null=True,
        on_delete=models.CASCADE,
        related_name="again",
        help_text="Of one that comes again and again: told once more, besides its times.",
    )

    class Meta:
        ordering = ["due_at"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="reminder_due",
            ),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="reminder_ended",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]
