"""What tells when something did not happen: jobs that ping, and what is known of their pings."""

from django.db import models

from accounts.models import OrganizationOwned
from alerts.models.base import SEVERITIES, Busy
from alerts.models.incoming import Integration


class Heartbeat(OrganizationOwned):
    """A job that has to ping in time: a period in seconds, or a cron expression with its zone.

    How it stands follows from its moments (alerts/heartbeats/rules.py). `due_at`: when the next
    ping is expected, empty while nothing is; `alarm_at`: when its absence becomes an alert, empty
    while that is told; `down_at`: since when it is down. `excused_at`: the one time since its last
    ping that our own absence spared it.
    """

    class Reason(models.TextChoices):
        """Why it is down."""

        MISSED = "missed", "No ping came in time"
        UNFINISHED = "unfinished", "It started and did not finish in time"
        FAILED = "failed", "It said that it failed"
        SCHEDULE = "schedule", "Its schedule can't be read here any more"

    name = models.CharField(max_length=100)
    description = models.TextField(
        blank=True, max_length=1000, help_text="What it watches, what to do: shown in its alerts."
    )
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    key_encrypted = models.TextField(editable=False)
    period = models.PositiveIntegerField(
        null=True, blank=True, help_text="Seconds within which a ping is followed by the next one."
    )
    cron = models.CharField(
        max_length=100, blank=True, help_text="Or when it runs, as crontab says it: 0 3 * * *"
    )
    timezone = models.CharField(
        "time zone", max_length=64, blank=True, help_text="Of cron; empty: the organization's."
    )
    grace = models.PositiveIntegerField(
        default=300, help_text="Seconds that a ping may be late, or that a run may take."
    )
    severity = models.CharField(max_length=8, choices=SEVERITIES[:-1], default="critical")
    labels = models.JSONField(
        default=dict, blank=True, help_text="Labels of its alerts, for routes: {name: value}."
    )
    enabled = models.BooleanField(default=True, editable=False)
    integration = models.ForeignKey(
        Integration,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="heartbeats",
        help_text="Alerts that come here ping it, such as Prometheus' Watchdog.",
    )
    matchers = models.JSONField(
        default=list, blank=True, help_text="Which of these alerts ping it; all match."
    )
    last_ping_at = models.DateTimeField(null=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    last_duration = models.DurationField(null=True, editable=False)
    due_at = models.DateTimeField(null=True, editable=False)
    alarm_at = models.DateTimeField(null=True, editable=False)
    down_at = models.DateTimeField(null=True, editable=False)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True, editable=False)
    excused_at = models.DateTimeField(null=True, editable=False)
    pings = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="heartbeat_name_once")
        ]
        indexes = [
            models.Index(
                fields=["alarm_at"],
                condition=models.Q(alarm_at__isnull=False),
                name="heartbeat_alarm",
            )
        ]

    def __str__(self) -> str:
        return self.name


class HeartbeatPing(Busy):
    """One of the last pings: the next one to take its slot overwrites it."""

    class Kind(models.TextChoices):
        """What it said."""

        SUCCESS = "success", "Done"
        START = "start", "Started"
        FAIL = "fail", "Failed"

    heartbeat = models.ForeignKey(
        Heartbeat, on_delete=models.CASCADE, related_name="history", db_index=False
    )
    slot = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=7, choices=Kind.choices)
    exit_code = models.PositiveSmallIntegerField(null=True)
    duration = models.DurationField(null=True, help_text="Since it started, where it said so.")
    method = models.CharField(max_length=7, blank=True)
    remote_addr = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    body = models.TextField(blank=True, help_text="The end of the body, at most 10,000 bytes.")

    class Meta:
        verbose_name = "ping"
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["heartbeat", "slot"], name="heartbeat_ping_slot")
        ]
