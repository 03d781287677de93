"""Links into Telegram, and the chats that are not connected yet; a part of models.py."""

from django.db import models

from accounts.models import Identified, OrganizationOwned, User
from channels_app.models import Bot, NotificationChannel


class LinkCode(OrganizationOwned):
    """What a link into Telegram carries: proof that who opens it has seen our page. It is used
    once, for ten minutes, and only its hash is stored.

    A person's own code is used by a Telegram account, which counts once the person has said that it
    is theirs. A chat's code is used in a chat, which is then on offer (ChatOffer).
    """

    class Kind(models.TextChoices):
        """What is linked with it."""

        PERSON = "person", "A person"
        PRIVATE = "private", "Private chat"
        GROUP = "group", "Group"
        CHANNEL = "channel", "Channel"

    kind = models.CharField(max_length=7, choices=Kind.choices)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+")
    bot_proven_at = models.DateTimeField(
        help_text="Of the bot when the code was made: a bot that was moved since proves nothing."
    )
    code_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    telegram_id = models.BigIntegerField(null=True, help_text="Who used it.")
    name = models.CharField(max_length=160, blank=True)
    username = models.CharField(max_length=64, blank=True)
    used_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="When it was confirmed or refused.")
    confirmed = models.BooleanField(default=False)

    class Meta:
        verbose_name = "link"
        indexes = [models.Index(fields=["expires_at"], name="link_code_age")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.bot}"

    @property
    def used_by(self) -> str:
        """The Telegram account as Telegram shows it."""
        return f"{self.name} (@{self.username})" if self.username else self.name


class LinkAttempt(Identified):
    """A wrong code that somebody tried: after some of these they get no answer for a while."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+", db_index=False)
    telegram_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["bot", "telegram_id", "at"], name="link_attempt_by"),
            models.Index(fields=["at"], name="link_attempt_age"),
        ]

    def __str__(self) -> str:
        return f"{self.telegram_id} at {self.at}"


class ChatOffer(OrganizationOwned):
    """A chat that somebody showed us from within Telegram; it is a channel once a person who may
    manage channels says so."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+")
    code = models.OneToOneField(LinkCode, null=True, on_delete=models.CASCADE, related_name="offer")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    telegram_id = models.BigIntegerField(help_text="Who showed it.")
    name = models.CharField(max_length=160, help_text="As Telegram showed them.")
    chat_id = models.BigIntegerField()
    type = models.CharField(max_length=10)
    title = models.CharField(max_length=255)
    message_thread_id = models.PositiveIntegerField(null=True)
    offered_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, help_text="When it was connected or refused.")
    channel = models.ForeignKey(
        NotificationChannel, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = "chat on offer"
        indexes = [models.Index(fields=["offered_at"], name="chat_offer_age")]

    def __str__(self) -> str:
        return self.title


class UnclaimedChat(Identified):
    """A chat that a bot was added to and that is nobody's channel yet. The bot offers itself there
    once, and leaves when nobody wants it."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+")
    chat_id = models.BigIntegerField()
    type = models.CharField(max_length=10)
    title = models.CharField(max_length=255)
    added_by = models.BigIntegerField(help_text="Whose doing it was, in Telegram.")
    arrived_at = models.DateTimeField()
    offer_at = models.DateTimeField(null=True, help_text="Until it has offered itself.")
    leave_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bot", "chat_id"], name="unclaimed_chat_once")
        ]
        indexes = [
            models.Index(fields=["leave_at"], name="unclaimed_chat_leave"),
            models.Index(
                fields=["offer_at"],
                condition=models.Q(offer_at__isnull=False),
                name="unclaimed_chat_offer",
            ),
        ]

    def __str__(self) -> str:
        return self.title
