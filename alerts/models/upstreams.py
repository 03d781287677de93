"""The Alertmanager or Grafana behind an integration, whose silences are kept equal to ours."""

from django.db import models

from accounts.models import OrganizationOwned
from alerts.models.incoming import Integration
from alerts.models.muting import Silence


class Upstream(OrganizationOwned):
    """Where an integration's alerts come from. `claimed_until`: somebody is at it until then;
    `due_at`: when it is asked next; `answers`: it did when it was asked last. `synced_at`: when
    both sides were last compared; `refused`: what one of them does not take, see
    alerts/upstreams/refusals.py. `look_at`: when its alerts are looked at next."""

    class Kind(models.TextChoices):
        """Whose API it speaks; both speak Alertmanager's, at different paths."""

        ALERTMANAGER = "alertmanager", "Alertmanager"
        GRAFANA = "grafana", "Grafana"

    integration = models.OneToOneField(
        Integration, on_delete=models.CASCADE, related_name="upstream"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.ALERTMANAGER)
    url = models.CharField("URL", max_length=500)
    username = models.CharField(
        max_length=200, blank=True, help_text="Empty: the secret is sent as a bearer token."
    )
    secret_encrypted = models.TextField(blank=True, editable=False)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True, editable=False)
    claimed_until = models.DateTimeField(null=True, editable=False)
    synced_at = models.DateTimeField(null=True, editable=False)
    problem = models.CharField(max_length=300, blank=True, editable=False)
    refused = models.JSONField(null=True, editable=False)
    answers = models.BooleanField(default=False, db_default=False, editable=False)
    look_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["integration__name"]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="upstream_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.integration}"


class UpstreamSilence(OrganizationOwned):
    """A silence of ours and one of an upstream that are the same. `agreed`: the mark of ours when
    they last agreed, `answered`: that of theirs, so that it is known who changed since."""

    upstream = models.ForeignKey(
        Upstream, on_delete=models.CASCADE, related_name="silences", db_index=False
    )
    silence = models.ForeignKey(Silence, on_delete=models.CASCADE, related_name="+")
    their_id = models.CharField(max_length=64)
    agreed = models.CharField(max_length=64)
    answered = models.CharField(max_length=64, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upstream", "silence"], name="upstream_silence_ours"),
            models.UniqueConstraint(
                fields=["upstream", "their_id"], name="upstream_silence_theirs"
            ),
        ]
