"""The organization itself, as its owners change it."""

from typing import Any

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from accounts.zones import zone_names
from languages.speaking import ENGLISH, LANGUAGES

SETTINGS = ("name", "timezone", "language", "severity_map")
"""What its owners may set. Its limits are the operator's."""


class OrganizationRefused(ValueError):
    """The input can't be used: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def change_organization(actor: Actor, organization: Organization, **values: Any) -> Organization:
    """Change what is given, of SETTINGS; the caller has checked `severity_map`.

    Raises OrganizationRefused.
    """
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise OrganizationRefused(min(unknown), f"{min(unknown)} can't be set here.")
    zone = values.get("timezone")
    if zone is not None and zone not in zone_names():
        raise OrganizationRefused(
            "timezone", f"{zone!r} is no time zone. Use a name such as Europe/Berlin, or UTC."
        )
    if values.get("language", ENGLISH) not in LANGUAGES:
        raise OrganizationRefused("language", f"Say one of {', '.join(LANGUAGES)}.")
    with transaction.atomic():
        # Alerts, whose foreign keys look at this row, do not wait for it.
        row = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        before = audit.snapshot(row)
        for field, value in values.items():
            setattr(row, field, value)
        changes = audit.changes_between(before, audit.snapshot(row))
        if changes:
            row.save(update_fields=list(values))
            audit.record(actor, row, "change", row, changes)
    return row
