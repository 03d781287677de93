"""What takes a channel's alerts when its chat does not get them, and what it took."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.models import OrganizationOwned
from alerts.models.groups import GroupMessage
from channels_app.models import NotificationChannel
from deliveries.models import Delivery, OutgoingCall

MINUTES_MAX = 1440


class Fallback(OrganizationOwned):
    """Where a channel's grave alerts go while its chat does not show them: one per channel.

    `paced_at`: when its last call was made ready; at most so many are a minute.
    """

    class Kind(models.TextChoices):
        """Another channel, people by e-mail, or a program."""

        CHANNEL = "channel", "Another channel"
        EMAIL = "email", "E-mail"
        WEBHOOK = "webhook", "Webhook"

    class Threshold(models.TextChoices):
        """The mildest severity that counts."""

        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        WARNING = "warning", "Warning"
        INFO = "info", "Info"

    channel = models.OneToOneField(
        NotificationChannel, on_delete=models.CASCADE, related_name="fallback"
    )
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.EMAIL)
    target = models.ForeignKey(
        NotificationChannel,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name="other channel",
    )
    addresses = models.JSONField(default=list, blank=True)
    url = models.CharField("URL", max_length=500, blank=True)
    secret_encrypted = models.TextField(blank=True, editable=False)
    threshold = models.CharField(
        max_length=8,
        choices=Threshold.choices,
        default=Threshold.CRITICAL,
        help_text="Alerts that are at least so grave.",
    )
    minutes = models.PositiveSmallIntegerField(
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(MINUTES_MAX)],
        help_text="How long the chat may go without such an alert before it is taken over.",
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    paced_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["channel__name"]

    def __str__(self) -> str:
        return f"Fallback of {self.channel}"


class FallbackCall(OutgoingCall):
    """One mail, one POST or one message of a fallback."""

    class Event(models.TextChoices):
        """What it tells."""

        UNDELIVERED = "undelivered", "Undelivered"
        OVER = "over", "Over"
        TEST = "test", "Test"

    fallback = models.ForeignKey(Fallback, on_delete=models.CASCADE, related_name="calls")
    event = models.CharField(max_length=11, choices=Event.choices)
    kind = models.CharField(max_length=7, choices=Fallback.Kind.choices)
    content = models.JSONField(
        default=dict,
        help_text='{"v": 1, "subject", "text"} of a mail, {"v": 1, "body"} of a webhook.',
    )
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.SET_NULL, related_name="+")
    answer = models.TextField(blank=True, help_text="What the other side said last.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["not_before"], condition=Q(state="waiting"), name="fallback_call_waiting"
            ),
            models.Index(
                fields=["settled_at"],
                condition=Q(settled_at__isnull=False),
                name="fallback_call_settled",
            ),
        ]


class TakeOver(OrganizationOwned):
    """A group that a fallback took over from its channel; open until the chat shows it or it ends.

    `told_until`: news up to then are told by the fallback. `news`: what of it waits to be put into
    a call; `call`: the last one.
    """

    class End(models.TextChoices):
        """Why nothing more will be told."""

        OPEN = "", "Open"
        DELIVERED = "delivered", "Delivered after all"
        RESOLVED = "resolved", "Resolved"
        DROPPED = "dropped", "Dropped"

    fallback = models.ForeignKey(Fallback, on_delete=models.CASCADE, related_name="take_overs")
    group_message = models.ForeignKey(
        GroupMessage, on_delete=models.CASCADE, related_name="take_overs"
    )
    undelivered_since = models.DateTimeField()
    taken_at = models.DateTimeField()
    told_until = models.DateTimeField()
    reason = models.TextField(blank=True, help_text="Why the chat had not got it, for people.")
    news = models.CharField(max_length=11, choices=FallbackCall.Event.choices, blank=True)
    call = models.ForeignKey(
        FallbackCall, null=True, on_delete=models.SET_NULL, related_name="take_overs"
    )
    end = models.CharField(max_length=9, choices=End.choices, blank=True)
    ended_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["group_message"],
                condition=Q(ended_at__isnull=True),
                name="one_open_take_over",
            )
        ]
        indexes = [
            models.Index(
                fields=["looked_at"], condition=Q(ended_at__isnull=True), name="take_over_open"
            ),
            models.Index(fields=["fallback"], condition=~Q(news=""), name="take_over_news"),
        ]
