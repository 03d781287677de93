"""Who is told what."""

from django.db import models

from accounts.models import OrganizationOwned
from alerts.models.incoming import Integration
from channels_app.models import NotificationChannel


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
