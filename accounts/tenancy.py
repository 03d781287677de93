"""The wall between organizations. Tenancy is explicit: no ambient state, no hidden filter."""

from typing import Protocol
from uuid import UUID

from accounts.models import Organization


class Owned(Protocol):
    """Anything with the ID of the organization that owns it."""

    organization_id: UUID


class ForeignOrganization(Exception):
    """A write would have joined rows of two organizations. Entry points answer 404."""


def require_same_organization(organization: Organization | UUID, *rows: Owned | None) -> None:
    """Called first in every write function that takes rows from outside.

    Raises ForeignOrganization when a row is another organization's.
    """
    expected = organization.pk if isinstance(organization, Organization) else organization
    for row in rows:
        if row is not None and row.organization_id != expected:
            raise ForeignOrganization(f"{type(row).__name__} belongs to another organization")
