"""BACK: what Telegram told us, and who people in Telegram are."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from accounts.models import (
    Identified,
    Organization,
    OrganizationManager,
    OrganizationOwned,
    User,
)
from alerts.models import AlertGroup
from channels_app.models import Bot
from chatops.action_models import ActionRun, ChatMenu, OwnAction
from chatops.approval_models import Approval, Endpoint, EndpointCall
from chatops.dialogue_models import CommandMenu, Conversation, Listing, Reminder
from chatops.link_models import ChatOffer, LinkAttempt, LinkCode, UnclaimedChat
from languages.speaking import CODE_MAX, LANGUAGES

__all__ = [
    "ActionRun",
    "Approval",
    "AssignedNotice",
    "ChatMenu",
    "ChatOffer",
    "CommandMenu",
    "Conversation",
    "Endpoint",
    "EndpointCall",
    "InboundUpdate",
    "InlineChoice",
    "LinkAttempt",
    "LinkCode",
    "Listing",
    "OwnAction",
    "Reception",
    "Reminder",
    "TelegramIdentity",
    "UnclaimedChat",
]


class InboundUpdate(Identified):
    """One Telegram update, stored before it is handled. Its organization is whose chat it is; what
    comes from elsewhere has none, and goes soon."""

    class State(models.TextChoices):
        """Waiting until it is handled or given up."""

        WAITING = "waiting", "Waiting"
        DONE = "done", "Handled"
        DEAD = "dead", "Given up"

    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.CASCADE, related_name="+"
    )
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="+", db_index=False)
    update_id = models.BigIntegerField()
    kind = models.CharField(max_length=32, help_text="The update's field, such as callback_query.")
    queue = models.BigIntegerField(
        help_text="Telegram's chat, or user where there is none: its updates are handled in order."
    )
    payload = models.JSONField(help_text="The update, as Telegram sent it.")
    received_at = models.DateTimeField()
    bot_proven_at = models.DateTimeField(
        null=True,
        help_text="The bot's, as it was heard; what nothing had proven then is not heard.",
    )
    heard_from = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text="Tells the bot's server and proxy then from others: what those say is not heard.",
    )
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(
        max_length=48,
        blank=True,
        default="",
        db_default="",
        help_text="Which process: what one that is gone claimed is free.",
    )
    handled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=120, blank=True, help_text="What came of it.")
    answer = models.JSONField(
        null=True, help_text='{"method", "params"} of the call that ends a query; made directly.'
    )
    answer_due_at = models.DateTimeField(null=True, help_text="While the answer is to be given.")

    objects: ClassVar[OrganizationManager["InboundUpdate"]] = OrganizationManager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "update"
        constraints = [
            models.UniqueConstraint(fields=["bot", "update_id"], name="inbound_update_once")
        ]
        indexes = [
            models.Index(
                fields=["bot", "queue", "update_id"],
                condition=models.Q(state="waiting"),
                name="inbound_update_waiting",
            ),
            models.Index(
                fields=["not_before"],
                condition=models.Q(state="waiting"),
                name="inbound_update_due",
            ),
            models.Index(
                fields=["answer_due_at"],
                condition=models.Q(answer_due_at__isnull=False),
                name="inbound_update_unanswered",
            ),
            models.Index(fields=["received_at"], name="inbound_update_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.update_id}"


class Reception(models.Model):
    """How one bot's updates come in: what was agreed with Telegram, who polls, and how it goes.

    `Bot.updates` is what a person wants. `way`, `server` and `bot_proven_at` are what the last look
    at Telegram was about, `is_settled` whether both sides agree since; only then the bot is polled.
    """

    class Errand(models.TextChoices):
        """What a person asked for once, and is done at the next look at Telegram."""

        NONE = "", "—"
        TAKE_OVER = "take_over", "Take over"
        LOG_OUT = "log_out", "Log out"
        CLOSE = "close", "Close"

    bot = models.OneToOneField(Bot, primary_key=True, on_delete=models.CASCADE, related_name="+")
    path = models.UUIDField(
        default=uuid.uuid4, unique=True, help_text="Of the webhook's URL; nobody can guess it."
    )
    offset = models.BigIntegerField(
        default=0, help_text="The first update that is not stored yet; 0: the server knows."
    )
    offset_of = models.CharField(
        max_length=300, blank=True, help_text="Whose offset: each Bot API server counts by itself."
    )
    poller = models.CharField(max_length=80, blank=True, help_text="Who polls.")
    polled_until = models.DateTimeField(null=True, help_text="The end of its lease.")
    way = models.CharField(max_length=8, choices=Bot.Updates.choices, default=Bot.Updates.NONE)
    server = models.CharField(max_length=300, blank=True)
    bot_proven_at = models.DateTimeField(
        null=True, help_text="The bot's, then: another one has another token, server or proxy."
    )
    is_settled = models.BooleanField(default=False)
    errand = models.CharField(max_length=9, choices=Errand.choices, default=Errand.NONE, blank=True)
    check_at = models.DateTimeField(default=timezone.now, help_text="When Telegram is asked next.")
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0, help_text="Of looks, in a row.")
    checked_at = models.DateTimeField(null=True, help_text="When Telegram last answered.")
    webhook = models.JSONField(
        default=dict,
        help_text='{"host", "ours", "pending_update_count", "last_error_at", "last_error_message", '
        '"max_connections", "ip_address"}; empty before the first answer.',
    )
    polled_at = models.DateTimeField(null=True, help_text="When getUpdates last answered well.")
    received_at = models.DateTimeField(null=True, help_text="When an update last came.")
    problem = models.JSONField(
        default=dict, help_text='Of the agreement: {"problem", "telegram", "advice"}.'
    )
    poll_problem = models.JSONField(default=dict, help_text="The same, of the last poll.")
    forged_at = models.DateTimeField(
        null=True, help_text="When a POST with a wrong secret was last put on record."
    )

    class Meta:
        verbose_name = "reception"
        indexes = [models.Index(fields=["check_at"], name="reception_due")]

    def __str__(self) -> str:
        return f"updates of {self.bot}"


class TelegramIdentity(Identified):
    """A Telegram user proven to be a platform user.

    `bot` is empty where Telegram itself said who wrote. A server or proxy of a user's choice can
    say anything, so what a bot there says of a person holds for that bot alone.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="telegram_identities")
    bot = models.ForeignKey(Bot, null=True, on_delete=models.CASCADE, related_name="+")
    telegram_id = models.BigIntegerField()
    name = models.CharField(max_length=160, help_text="As Telegram showed it when it was linked.")
    username = models.CharField(max_length=64, blank=True)
    organization = models.ForeignKey(
        Organization,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Which one is meant where a bot serves several of this person's.",
    )
    linked_at = models.DateTimeField(auto_now_add=True)
    timezone = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Empty: the user's own."
    )
    language = models.CharField(
        max_length=CODE_MAX,
        choices=LANGUAGES,
        blank=True,
        default="",
        db_default="",
        help_text="Empty: that of their Telegram app.",
    )
    app_language = models.CharField(
        max_length=CODE_MAX,
        blank=True,
        default="",
        db_default="",
        help_text="Of their Telegram app, as it last told it; empty where we do not speak it.",
    )
    direct_messages = models.BooleanField(
        default=True, db_default=True, help_text="Whether the bot may write to them unasked."
    )
    tell_assigned = models.BooleanField(
        default=False, db_default=False, help_text="Told what is assigned to them."
    )
    quiet_from = models.TimeField(null=True, help_text="From then on not, unless asked; local.")
    quiet_until = models.TimeField(null=True)

    class Meta:
        verbose_name = "Telegram account"
        constraints = [
            models.UniqueConstraint(
                fields=["telegram_id"],
                condition=models.Q(bot__isnull=True),
                name="telegram_identity_once",
            ),
            models.UniqueConstraint(
                fields=["bot", "telegram_id"],
                condition=models.Q(bot__isnull=False),
                name="telegram_identity_of_bot_once",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(bot__isnull=True), name="telegram_user_once"
            ),
            models.UniqueConstraint(
                fields=["bot", "user"],
                condition=models.Q(bot__isnull=False),
                name="telegram_user_of_bot_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (@{self.username})" if self.username else self.name


class AssignedNotice(OrganizationOwned):
    """What is to be told somebody in private, because it was assigned to them; gone once it is
    told. `held`: it came in their quiet hours."""

    group = models.ForeignKey(AlertGroup, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    by = models.CharField(max_length=254)
    assigned_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    held = models.BooleanField(default=False)

    class Meta:
        verbose_name = "notice of an assignment"
        verbose_name_plural = "notices of assignments"
        constraints = [
            models.UniqueConstraint(fields=["group", "user"], name="assigned_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.group} to {self.user}"


class InlineChoice(OrganizationOwned):
    """How often an inline query ended with one of our results: what people look for in chats."""

    WORDS_MAX = 64

    words = models.CharField(max_length=WORDS_MAX, blank=True)
    times = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "inline search"
        verbose_name_plural = "inline searches"
        ordering = ["-times"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "words"], name="inline_choice_once")
        ]
        indexes = [models.Index(fields=["last_at"], name="inline_choice_age")]

    def __str__(self) -> str:
        return self.words or "(no words)"
