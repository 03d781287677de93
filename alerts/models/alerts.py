"""What is the case."""

from django.db import models

from alerts.models.base import SEVERITIES, Busy, Status
from alerts.models.incoming import Integration


class Ended(models.TextChoices):
    """How we know that an alert's last episode is over."""

    TOLD = "told", "The sender said when"
    HEARD = "heard", "The sender said that it is, not when"
    EXPIRED = "expired", "Not repeated in time"
    PERSON = "person", "Resolved by a person"
    UNKNOWN = "unknown", "No longer known to its Alertmanager"


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
    ended_name = models.CharField(
        max_length=254, blank=True, default="", db_default="", help_text="Of the person, if one."
    )
    expires_at = models.DateTimeField(
        null=True, help_text="When a firing alert resolves by itself unless repeated."
    )
    unlisted_until = models.DateTimeField(
        null=True,
        help_text="Equal to expires_at where that is because its upstream no longer knows it.",
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
            # For the purge. Not on `last_received_at`, which every repeat writes.
            models.Index(
                fields=["ends_at"],
                condition=models.Q(ends_at__isnull=False),
                name="alert_ended",
            ),
            models.Index(fields=["id"], condition=models.Q(status="event"), name="alert_event_age"),
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
