"""BACK: commands and buttons of an organization's own, and their runs; a part of models.py."""

from django.db import models

from accounts.models import OrganizationOwned, User
from alerts.models import AlertGroup
from channels_app.models import Chat, NotificationChannel
from deliveries.models import SentMessage


class OwnAction(OrganizationOwned):
    """A command of the organization's own, a button under its alerts, or both: what they call is
    an endpoint. Without channels it is there in all of the organization's."""

    class Who(models.TextChoices):
        """Who may run it."""

        ANYONE = "anyone", "Whoever may act in the chat"
        RESPONDER = "responder", "Members who respond"
        ADMIN = "admin", "Admins"
        OWNER = "owner", "Owners"

    class Parameter(models.TextChoices):
        """Whether something follows its name."""

        NONE = "none", "None"
        OPTIONAL = "optional", "Optional"
        REQUIRED = "required", "Required"

    name = models.CharField(max_length=32)
    description = models.CharField(max_length=100)
    enabled = models.BooleanField(default=True)
    endpoint = models.ForeignKey(
        "chatops.Endpoint", null=True, on_delete=models.SET_NULL, related_name="actions"
    )
    is_command = models.BooleanField("command", default=True)
    button = models.CharField(max_length=30, blank=True)
    channels = models.ManyToManyField(NotificationChannel, blank=True, related_name="own_actions")
    who = models.CharField(max_length=9, choices=Who.choices, default=Who.RESPONDER)
    confirm = models.BooleanField("confirmation", default=False)
    parameter = models.CharField(max_length=8, choices=Parameter.choices, default=Parameter.NONE)
    hint = models.CharField(max_length=60, blank=True)
    choices = models.JSONField(default=list, blank=True)
    deadline = models.PositiveIntegerField(default=60)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "own command"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="own_action_name_once")
        ]

    def __str__(self) -> str:
        return f"/{self.name}"


class ActionRun(OrganizationOwned):
    """Somebody asked for an action, at a place in Telegram or for a test: its call has the same ID.

    `expires_at`: until when it may be confirmed, then until when it has to be over.
    """

    class State(models.TextChoices):
        """Asked until it is confirmed; waiting until the endpoint took it; running until it posts
        how it ended."""

        ASKED = "asked", "To be confirmed"
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        TIMED_OUT = "timed_out", "Timed out"
        CANCELLED = "cancelled", "Cancelled"

    action = models.ForeignKey(OwnAction, null=True, on_delete=models.SET_NULL, related_name="runs")
    name = models.CharField(max_length=32, help_text="The action's, then.")
    argument = models.TextField(blank=True)
    is_test = models.BooleanField(default=False)
    channel = models.ForeignKey(
        NotificationChannel, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    chat = models.ForeignKey(Chat, null=True, on_delete=models.CASCADE, related_name="+")
    message_thread_id = models.BigIntegerField(default=0, help_text="0: no topic.")
    group = models.ForeignKey(AlertGroup, null=True, on_delete=models.SET_NULL, related_name="+")
    user = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    asked_by = models.CharField(max_length=254)
    telegram_user_id = models.BigIntegerField(default=0, help_text="0: nobody of Telegram's.")
    who = models.JSONField(default=dict, help_text="As the endpoint is told: see runs.py.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    text = models.TextField(blank=True, help_text="What the endpoint said last.")
    progress = models.PositiveSmallIntegerField(null=True, help_text="Percent.")
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    shown_at = models.DateTimeField(null=True, help_text="When its reply is next, or was, edited.")
    settled_at = models.DateTimeField(null=True)
    message = models.ForeignKey(SentMessage, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]
        verbose_name = "run"
        indexes = [
            models.Index(fields=["organization", "-id"], name="action_run_by_organization"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(settled_at__isnull=True),
                name="action_run_open",
            ),
            models.Index(
                fields=["settled_at"],
                condition=models.Q(settled_at__isnull=False),
                name="action_run_settled",
            ),
        ]

    def __str__(self) -> str:
        return f"/{self.name} {self.argument}".strip()


class ChatMenu(OrganizationOwned):
    """Which commands a chat's menu lists in place of its bot's, by their hash, as CommandMenu has
    it; "" for none of its own. Its organization is the chat's."""

    chat = models.OneToOneField(Chat, on_delete=models.CASCADE, related_name="+")
    version = models.CharField(max_length=32, blank=True)
    due_at = models.DateTimeField()
    failures = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.chat}: {self.version}"
