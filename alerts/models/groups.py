"""What is shown together, and what each channel has been shown of it."""

from django.db import models

from accounts.models import User, Way
from alerts.models.alerts import Alert
from alerts.models.base import SEVERITIES, Busy, Status
from alerts.models.routes import Route
from channels_app.models import NotificationChannel
from deliveries.models import SentMessage, Stream


class AlertGroup(Busy):
    """Alerts of one route and group key shown together; open until all resolve."""

    route = models.ForeignKey(
        Route, on_delete=models.CASCADE, related_name="groups", db_index=False
    )
    key_hash = models.CharField(max_length=64)
    key = models.TextField()
    labels = models.JSONField(default=dict)
    title = models.CharField(max_length=300)
    status = models.CharField(max_length=8, choices=Status.choices)
    severity = models.CharField(max_length=8, choices=SEVERITIES, blank=True)
    is_open = models.BooleanField(default=True)
    external_url = models.TextField(blank=True)
    truncated_alerts = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(help_text="When status or severity last changed.")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=254, blank=True)

    class Meta:
        verbose_name = "group"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "route", "key_hash"],
                condition=models.Q(is_open=True),
                name="one_open_group",
            )
        ]
        indexes = [
            models.Index(fields=["organization", "is_open", "-id"], name="group_by_organization"),
            models.Index(fields=["route", "key_hash", "-id"], name="group_by_key"),
            models.Index(
                fields=["closed_at"],
                condition=models.Q(closed_at__isnull=False),
                name="group_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class GroupMember(Busy):
    """An alert in a group, with the episode that brought it there."""

    group = models.ForeignKey(
        AlertGroup, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="memberships")
    episode = models.PositiveIntegerField()
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "alert"], name="member_once")]


class GroupMessage(Busy):
    """A group in a channel: its timing and its messages.

    `due_at` is set by whatever changes the group. Publishing claims the row before it reads the
    group: the claim clears `due_at`, so a change from then on makes the row due again, and a claim
    that ran out (`claimed_until`) counts as due. `parked_at` says since when a change waits for its
    channel to be enabled. `shown` is what the channel was last told, see alerts/shown.py.
    """

    group = models.ForeignKey(
        AlertGroup, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    channel = models.ForeignKey(
        NotificationChannel, on_delete=models.CASCADE, related_name="group_messages"
    )
    stream = models.OneToOneField(Stream, on_delete=models.RESTRICT, related_name="+")
    due_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    repeat_at = models.DateTimeField(null=True)
    sound_due_at = models.DateTimeField(null=True)
    sounded_at = models.DateTimeField(null=True)
    message = models.ForeignKey(SentMessage, null=True, on_delete=models.SET_NULL, related_name="+")
    document = models.ForeignKey(
        SentMessage, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    shown = models.JSONField(default=dict)
    routed = models.BooleanField(default=True, help_text="False once its channel left the route.")
    published_at = models.DateTimeField(null=True, help_text="When the channel was last told.")
    parked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "channel"], name="group_message_once")
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(due_at__isnull=False),
                name="group_message_due",
            ),
            models.Index(
                fields=["claimed_until"],
                condition=models.Q(claimed_until__isnull=False),
                name="group_message_claimed",
            ),
            models.Index(
                fields=["channel"],
                condition=models.Q(parked_at__isnull=False),
                name="group_message_parked",
            ),
            models.Index(
                fields=["repeat_at"],
                condition=models.Q(repeat_at__isnull=False),
                name="group_message_repeat",
            ),
            models.Index(
                fields=["sound_due_at"],
                condition=models.Q(sound_due_at__isnull=False),
                name="group_message_sound",
            ),
        ]


class TimelineEvent(Busy):
    """One line of a group's history."""

    class Kind(models.TextChoices):
        """What happened."""

        OPENED = "opened", "Opened"
        FIRED = "fired", "Fired"
        REFIRED = "refired", "Fired again"
        SEVERITY = "severity", "Severity changed"
        RESOLVED = "resolved", "Resolved"
        EXPIRED = "expired", "Expired"
        CLOSED = "closed", "All resolved"
        REOPENED = "reopened", "Reopened"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        UNACKNOWLEDGED = "unacknowledged", "Acknowledgement withdrawn"
        SILENCED = "silenced", "Silenced"
        COMMENT = "comment", "Comment"
        EVENT = "event", "Event"

    group = models.ForeignKey(
        AlertGroup, on_delete=models.CASCADE, related_name="timeline", db_index=False
    )
    alert = models.ForeignKey(Alert, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    kind = models.CharField(max_length=14, choices=Kind.choices)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=254, blank=True)
    way = models.CharField(max_length=10, choices=Way.choices, default=Way.SYSTEM)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["group", "id"], name="timeline_of_group")]
