"""Checks that people ask for, what is counted, and troubles that people are told of."""

from typing import ClassVar

from django.db import models

from accounts.models import Identified, Organization, OrganizationManager, OrganizationOwned, User
from channels_app.models import Bot, NotificationChannel
from deliveries.models.calls import Delivery
from deliveries.trouble_rules import LABELS, Kind


class Probe(OrganizationOwned):
    """A check of a bot or channel, or a test message, that a person asked for."""

    class Kind(models.TextChoices):
        """What is proven."""

        BOT = "bot", "Verify bot"
        CHANNEL = "channel", "Verify channel"
        TEST = "test", "Send test"

    class State(models.TextChoices):
        """How far it is."""

        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        OK = "ok", "Passed"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="probes")
    channel = models.ForeignKey(
        NotificationChannel, null=True, on_delete=models.CASCADE, related_name="probes"
    )
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.SET_NULL, related_name="+")
    requested_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    verdict = models.JSONField(
        default=dict, help_text='{"problem": code, "telegram": description, "advice": text, …}.'
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=["pending", "running"]),
                name="probe_open",
            )
        ]


class Tally(models.Model):
    """How often something happened on this installation, ever: it only grows.

    Processes count in memory and add what they counted every few seconds (deliveries/tally.py).
    """

    key = models.CharField(max_length=120, primary_key=True)
    value = models.BigIntegerField()


class Mark(models.Model):
    """When something last happened on this installation, in any process."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()


class Trouble(Identified):
    """Something that keeps alerts from arriving, of which people are told.

    Without an organization it is the installation's. `subject` tells troubles of one kind apart, as
    the ID of a bot or channel. `tell_at`: when people are told next, unless it is over by then.
    """

    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=20, choices=[(str(kind), LABELS[kind]) for kind in Kind])
    subject = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=255, blank=True, help_text="What people call the subject.")
    bot = models.ForeignKey(
        Bot,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The bot that fails: it does not tell of this.",
    )
    said = models.TextField(blank=True, help_text="Telegram's words.")
    advice = models.TextField(blank=True)
    number = models.PositiveIntegerField(
        default=0, help_text="Messages refused, or seconds that the oldest was late."
    )
    opened_at = models.DateTimeField()
    again_at = models.DateTimeField(
        null=True, help_text="When it last happened, of what happens rather than lasts."
    )
    tell_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    times_told = models.PositiveIntegerField(default=0)
    recovered_at = models.DateTimeField(null=True)
    recovery_told_at = models.DateTimeField(null=True)

    objects: ClassVar[OrganizationManager["Trouble"]] = OrganizationManager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "subject"],
                condition=models.Q(recovered_at__isnull=True, organization__isnull=False),
                name="trouble_open_once",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=models.Q(recovered_at__isnull=True, organization__isnull=True),
                name="trouble_of_installation_open_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="trouble_by_organization"),
            models.Index(
                fields=["tell_at"],
                condition=models.Q(recovered_at__isnull=True),
                name="trouble_to_tell",
            ),
            models.Index(
                fields=["recovered_at"],
                condition=models.Q(recovered_at__isnull=False),
                name="trouble_recovered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}" if self.name else self.get_kind_display()
