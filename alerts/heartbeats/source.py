"""The integration of an organization's heartbeats: their alerts come from it, nobody can POST to
it, and routes may choose it as any other."""

import secrets

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import Organization
from alerts.integration_keys import hash_of
from alerts.models import Integration

NAME = "Heartbeats"


def source_of(organization: Organization) -> Integration:
    """It, with its organization loaded; made when it is first needed."""
    row = _found(organization)
    if row is None:
        try:
            with transaction.atomic():
                row = _make(organization)
        except IntegrityError:  # another process makes it at the same moment
            row = _found(organization)
            if row is None:
                raise
    row.organization = organization
    return row


def _found(organization: Organization) -> Integration | None:
    rows = Integration.objects.for_organization(organization)
    return rows.filter(kind=Integration.Kind.HEARTBEAT).order_by("pk").first()


def _make(organization: Organization) -> Integration:
    like = Integration.objects.for_organization(organization).filter(name__startswith=NAME)
    taken = set(like.values_list("name", flat=True))
    names = [NAME, *(f"{NAME} {number}" for number in range(2, len(taken) + 2))]
    row = Integration(
        organization=organization,
        name=next(name for name in names if name not in taken),
        kind=Integration.Kind.HEARTBEAT,
        key_hash=hash_of(secrets.token_urlsafe(32)),  # of a key that nobody knows
    )
    row.save(force_insert=True)
    audit.record(audit.SYSTEM, organization, "create", row)
    return row
