"""WHAT: where alerts come from, what is the case, and what each channel has been shown of it."""

from typing import ClassVar

from django.db import models

from accounts.models import (
    Identified,
    Organization,
    OrganizationManager,
    OrganizationOwned,
    User,
    Way,
)
from channels_app.models import NotificationChannel
from deliveries.models import SentMessage, Stream

SEVERITIES = [
    ("critical", "Critical"),
    ("high", "High"),
    ("warning", "Warning"),
    ("info", "Info"),
    ("", "Unknown"),
]


class Status(models.TextChoices):
    """Of an alert and of a group."""

    FIRING = "firing", "Firing"
    RESOLVED = "resolved", "Resolved"
    EVENT = "event", "Event"


class Ended(models.TextChoices):
    """How we know that an alert's last episode is over."""

    TOLD = "told", "The sender said when"
    HEARD = "heard", "The sender said that it is, not when"
    EXPIRED = "expired", "Not repeated in time"
    PERSON = "person", "Resolved by a person"


class Busy(OrganizationOwned):
    """Rows that every POST writes: no index that another one makes superfluous."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class Integration(OrganizationOwned):
    """One inbound source with its own key and kind."""

    class Kind(models.TextChoices):
        """What the sender is; `auto` looks at each payload."""

        AUTO = "auto", "Detect"
        ALERTMANAGER = "alertmanager", "Alertmanager"
        PROMETHEUS = "prometheus", "Prometheus"
        GRAFANA = "grafana", "Grafana"
        GENERIC = "generic", "JSON, form or text"

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=14, choices=Kind.choices, default=Kind.AUTO)
    enabled = models.BooleanField(default=True)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    key_encrypted = models.TextField(editable=False)
    previous_key_hash = models.CharField(
        max_length=64, null=True, unique=True, editable=False, help_text="Works until it expires."
    )
    previous_key_expires_at = models.DateTimeField(null=True, editable=False)
    signature_secret_encrypted = models.TextField(blank=True, editable=False)
    signature_header = models.CharField(
        max_length=100, blank=True, default="X-Grafana-Alerting-Signature"
    )
    signature_timestamp_header = models.CharField(
        max_length=100, blank=True, help_text="Header with the Unix seconds that are signed too."
    )
    ignored_labels = models.JSONField(
        default=list,
        blank=True,
        help_text="Labels that don't tell alerts apart, such as replica.",
    )
    ingest_limit = models.PositiveIntegerField(
        default=6000, help_text="Accepted POSTs a minute; more hear 503 with Retry-After."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_received_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="integration_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Trace(Identified):
    """What became of one POST, also of a refused one; kept as long as RETENTION says.

    `alerts` lists `[alert ID, effect, [group IDs]]` for each alert in the payload, so that one row
    a POST is enough. Without an organization the key was unknown: only the operator sees it.
    """

    organization = models.ForeignKey(
        "accounts.Organization",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # the index below serves it
    )
    integration = models.ForeignKey(
        Integration, null=True, on_delete=models.SET_NULL, related_name="traces"
    )
    received_at = models.DateTimeField(db_index=True)
    remote_addr = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=200, blank=True)
    size = models.PositiveIntegerField(default=0)
    body = models.TextField(blank=True, help_text="The start of the body, at most 16,384 letters.")
    source = models.CharField(max_length=20, blank=True)
    status = models.PositiveSmallIntegerField(help_text="The HTTP status that the sender heard.")
    summary = models.CharField(max_length=255, blank=True)
    problems = models.JSONField(default=list, help_text="[[JSON pointer, reason, excerpt], …]")
    alerts = models.JSONField(default=list)
    unrouted = models.PositiveIntegerField(default=0, help_text="Alerts that matched no channel.")
    duration_ms = models.PositiveIntegerField(default=0)

    objects: ClassVar[OrganizationManager["Trace"]] = OrganizationManager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "-id"], name="trace_by_organization")]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M:%S} UTC, {self.status}"


class Alert(Busy):
    """One labelled condition of one integration, by fingerprint; the row shows its last episode."""

    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, related_name="alerts", db_index=False
    )
    fingerprint = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=Status.choices)
    severity = models.CharField(max_length=8, choices=SEVERITIES, blank=True)
    name = models.CharField(max_length=300)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    summary = models.TextField(blank=True)
    description = models.TextField(blank=True)
    value_text = models.TextField(blank=True)
    links = models.JSONField(default=list, help_text="[[kind, URL, label], …]")
    image_url = models.TextField(blank=True)
    episode = models.PositiveIntegerField(default=1)
    content_hash = models.CharField(
        max_length=32, help_text="Of what people read: another one makes the message due again."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="When resolved; empty while firing.")
    ended_by = models.CharField(max_length=7, choices=Ended.choices, blank=True)
    expires_at = models.DateTimeField(
        null=True, help_text="When a firing alert resolves by itself unless repeated."
    )
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    last_trace_id = models.UUIDField(
        null=True, help_text="The Trace that last spoke of it; it may be purged already."
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["integration", "fingerprint"], name="alert_identity")
        ]
        indexes = [
            models.Index(fields=["organization", "status", "-id"], name="alert_by_organization"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(expires_at__isnull=False),
                name="alert_expiry",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Episode(Busy):
    """One time that an alert fired, from its start to its end."""

    alert = models.ForeignKey(
        Alert, on_delete=models.CASCADE, related_name="episodes", db_index=False
    )
    number = models.PositiveIntegerField()
    severity = models.CharField(max_length=8, choices=SEVERITIES, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["alert", "number"], name="episode_number")]


class Route(OrganizationOwned):
    """Ordered label matchers → channels, grouping and timing; the default takes what is left."""

    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField(default=0)
    is_default = models.BooleanField(default=False, editable=False)
    enabled = models.BooleanField(default=True)
    integrations = models.ManyToManyField(
        Integration, blank=True, related_name="routes", help_text="Empty: all of them."
    )
    matchers = models.JSONField(
        default=list, blank=True, help_text='[{"name", "op": "= != =~ !~", "value"}, …]; all match.'
    )
    continue_matching = models.BooleanField(
        "continue", default=False, help_text="Routes below are tried too."
    )
    channels = models.ManyToManyField(NotificationChannel, blank=True, related_name="routes")
    group_by = models.JSONField(
        null=True,
        blank=True,
        help_text='Label names, or ["..."] for all; empty: as the sender grouped, '
        "else all labels but instance.",
    )
    group_wait = models.PositiveIntegerField(default=0, help_text="Seconds before a first message.")
    group_interval = models.PositiveIntegerField(
        default=0, help_text="Seconds between messages about changes."
    )
    repeat_interval = models.PositiveIntegerField(
        default=14400, help_text="Seconds after which a firing group is told again; 0: never."
    )

    class Meta:
        ordering = ["is_default", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(is_default=True),
                name="one_default_route",
            )
        ]

    def __str__(self) -> str:
        return self.name


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


class SweepMark(models.Model):
    """When somebody last swept, and since when there has been no gap: one row for all of us, of
    whose times only the database's clock is asked."""

    swept_at = models.DateTimeField()
    up_since = models.DateTimeField()
