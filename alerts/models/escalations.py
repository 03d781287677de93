"""Who else is told of what nobody acknowledges."""

from django.db import models

from accounts.models import OrganizationOwned
from alerts.models.base import SEVERITIES
from channels_app.models import NotificationChannel


class EscalationPolicy(OrganizationOwned):
    """Steps that a route's groups take while they burn and nobody acknowledges them.

    `threshold`: the mildest severity that takes them, empty for any. After the last step it is
    taken again every `repeat_every` minutes, `repeat_times` times.
    """

    name = models.CharField(max_length=100)
    threshold = models.CharField(
        max_length=8,
        choices=[("", "Any"), *SEVERITIES[:-1]],
        blank=True,
        help_text="Groups of this severity or worse.",
    )
    repeat_every = models.PositiveIntegerField(
        "repeat every", default=0, help_text="Minutes after which the last step is taken again."
    )
    repeat_times = models.PositiveIntegerField(
        "repeat times", default=0, help_text="How many times it is; 0: never."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "escalation policy"
        verbose_name_plural = "escalation policies"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="escalation_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class EscalationStep(OrganizationOwned):
    """After so many minutes these channels are told, too."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    after = models.PositiveIntegerField(help_text="Minutes since the group opened.")
    channels = models.ManyToManyField(NotificationChannel, blank=True, related_name="+")

    class Meta:
        ordering = ["after"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "after"], name="escalation_step_once")
        ]

    def __str__(self) -> str:
        return f"after {self.after} min"
