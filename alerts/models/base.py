"""What several models share."""

from django.db import models

from accounts.models import Organization, OrganizationOwned

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


class Busy(OrganizationOwned):
    """Rows that every POST writes: no index that another one makes superfluous."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )

    class Meta:
        abstract = True
