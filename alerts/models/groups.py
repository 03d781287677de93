"""What is shown together, and what each channel has been shown of it."""

from django.db import models

from accounts.models import User, Way
from alerts.models.alerts import Alert
from alerts.models.base import SEVERITIES, Busy, Status
from alerts.models.routes import Route
from alerts.models.storms import Storm
from channels_app.models import NotificationChannel
from deliveries.models import SentMessage, Stream
from languages.speaking import gettext_noop


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
    assigned_to = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    assigned_name = models.CharField(max_length=254, blank=True, default="", db_default="")
    flaps = models.JSONField(null=True, help_text="What flips in it, see alerts/flapping.py.")
    escalate_at = models.DateTimeField(null=True, help_text="When others are told as well.")
    escalation = models.JSONField(
        null=True, help_text="How far that is, see alerts/escalations/rules.py."
    )

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
            models.Index(
                fields=["escalate_at"],
                condition=models.Q(escalate_at__isnull=False),
                name="group_escalates",
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

    With a `storm` the digest of that storm tells of the group; `message` is then one that the
    group had before, if any. `owed_at` says since when that is behind.

    `escalation` counts how often an escalation told the channel of it, which makes it routed there.

    `menu` is which menu stands under the message in the place of its buttons: whatever changes the
    group takes it away. `pressed_at`: when somebody last pressed one of its buttons; what they then
    wait to see leaves before what no person waits for.

    `muted` says why the channel is told nothing of it just now: it is due again when that ends.
    """

    class Muted(models.TextChoices):
        """What keeps it quiet."""

        SILENCED = "silenced", "Silenced"
        INHIBITED = "inhibited", "Inhibited"
        TIMED = "timed", "Muted by its route's times"

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
    storm = models.ForeignKey(
        Storm, null=True, on_delete=models.SET_NULL, related_name="absorbed", db_index=False
    )
    owed_at = models.DateTimeField(null=True)
    escalation = models.PositiveIntegerField(default=0, db_default=0)
    muted = models.CharField(
        max_length=9, choices=Muted.choices, blank=True, default="", db_default=""
    )
    menu = models.CharField(max_length=8, blank=True, default="", db_default="")
    pressed_at = models.DateTimeField(null=True)

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
            models.Index(
                fields=["storm"],
                condition=models.Q(storm__isnull=False),
                name="group_message_absorbed",
            ),
            models.Index(
                fields=["channel", "owed_at"],
                condition=models.Q(owed_at__isnull=False),
                name="group_message_owed",
            ),
            models.Index(
                fields=["organization", "muted"],
                condition=~models.Q(muted=""),
                name="group_message_muted",
            ),
        ]


class InhibitedGroup(Busy):
    """That a source of this key kept an alert of the group quiet (InhibitSource.key): so that what
    it held back is found when it ends, without reading all that others hold back. A row says that
    it once did, not that it does."""

    group = models.ForeignKey(
        AlertGroup, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "key"], name="inhibited_group_once")
        ]
        indexes = [models.Index(fields=["organization", "key"], name="inhibited_group_key")]


class TimelineEvent(Busy):
    """One line of a group's history."""

    class Kind(models.TextChoices):
        """What happened."""

        OPENED = "opened", gettext_noop("Opened")
        FIRED = "fired", gettext_noop("Fired")
        REFIRED = "refired", gettext_noop("Fired again")
        SEVERITY = "severity", gettext_noop("Severity changed")
        RESOLVED = "resolved", gettext_noop("Resolved")
        EXPIRED = "expired", gettext_noop("Expired")
        CLOSED = "closed", gettext_noop("All resolved")
        REOPENED = "reopened", gettext_noop("Reopened")
        ACKNOWLEDGED = "acknowledged", gettext_noop("Acknowledged")
        UNACKNOWLEDGED = "unacknowledged", gettext_noop("Acknowledgement withdrawn")
        ASSIGNED = "assigned", gettext_noop("Assigned")
        SILENCED = "silenced", gettext_noop("Silenced")
        COMMENT = "comment", gettext_noop("Comment")
        EVENT = "event", gettext_noop("Event")
        ESCALATED = "escalated", gettext_noop("Escalated")
        FALLBACK = "fallback", gettext_noop("Taken over by the fallback")
        FLAPPING = "flapping", gettext_noop("Flapping")
        ACTION = "action", gettext_noop("Own command")

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
