"""What several models share."""

from django.db import models
from django.db.models import Case, IntegerField, Value, When

from accounts.models import Organization, OrganizationOwned
from alerts.severity import Severity

SEVERITIES = [
    ("critical", "Critical"),
    ("high", "High"),
    ("warning", "Warning"),
    ("info", "Info"),
    ("", "Unknown"),
]


def worst_first(field: str) -> Case:
    """To order rows by the severity in this field, unknown ones last."""
    return Case(
        *(When(**{field: severity.value}, then=Value(-severity.rank)) for severity in Severity),
        default=Value(0),
        output_field=IntegerField(),
    )


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
