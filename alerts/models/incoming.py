"""Where alerts come from, and what became of each POST."""

from typing import ClassVar

from django.db import models

from accounts.models import Identified, OrganizationManager, OrganizationOwned


class Integration(OrganizationOwned):
    """One inbound source with its own key and kind."""

    class Kind(models.TextChoices):
        """What the sender is; `auto` looks at each payload."""

        AUTO = "auto", "Detect"
        ALERTMANAGER = "alertmanager", "Alertmanager"
        PROMETHEUS = "prometheus", "Prometheus"
        GRAFANA = "grafana", "Grafana"
        GENERIC = "generic", "JSON, form or text"
        MAPPED = "mapped", "Any JSON, by a mapping"
        HEARTBEAT = "heartbeat", "Our heartbeats"

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
    resolve_timeout = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text=(
            "Seconds after which a firing alert is over that was not repeated. Give more than the "
            "sender's repeat interval, which is 4 hours in Alertmanager unless changed: 18000. "
            "Empty: webhooks' alerts burn until their end is told."
        ),
    )
    mapping = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="How any JSON becomes alerts, see alerts/sources/mapping.py.",
    )
    feeds_heartbeats = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_received_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="integration_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Payload(OrganizationOwned):
    """A body as it came to an integration; only the last ones are kept."""

    integration = models.ForeignKey(
        Integration,
        on_delete=models.CASCADE,
        related_name="payloads",
        db_index=False,  # the index below serves it
    )
    received_at = models.DateTimeField()
    content_type = models.CharField(max_length=200, blank=True)
    read_as = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="A source, or unreadable."
    )
    size = models.PositiveIntegerField(help_text="Bytes.")
    body = models.TextField(help_text="At most 262,144 letters.")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["integration", "-id"], name="payload_by_integration")]

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M:%S} UTC"


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
