"""The record of every change: who, what, when, from where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models

from accounts.models import ApiKey, AuditEntry, Organization, User, Way

Changes = Mapping[str, tuple[Any, Any]]
SECRET = "••••"  # noqa: S105  # what stands in place of a secret


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and how they reached us."""

    name: str
    way: str
    user: User | None = None
    api_key: ApiKey | None = None
    ip_address: str | None = None


SYSTEM = Actor(name="Tocsin", way=Way.SYSTEM)
COMMAND_LINE = Actor(name="command line", way=Way.COMMAND)


def record(
    actor: Actor,
    organization: Organization | UUID | None,
    action: str,
    row: models.Model,
    changes: Changes | None = None,
) -> None:
    """Write one entry, in the caller's transaction: no change without its record.

    `changes` maps a field to (before, after); the caller passes SECRET for secrets.
    """
    AuditEntry.objects.create(
        organization_id=organization.pk if isinstance(organization, Organization) else organization,
        actor=actor.user,
        api_key=actor.api_key,
        actor_name=actor.name[:254],
        way=actor.way,
        ip_address=actor.ip_address,
        action=action,
        object_type=str(row._meta.verbose_name),
        object_id=str(row.pk),
        object_name=str(row)[:254],
        changes={name: [_plain(a), _plain(b)] for name, (a, b) in (changes or {}).items()},
    )


def snapshot(row: models.Model) -> dict[str, Any]:
    """The row's fields now, to be compared after a change; secrets as SECRET."""
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        hidden = field.name.endswith(("_encrypted", "_hash")) or field.name == "password"
        values[field.name] = (hash(value) if value else None, SECRET) if hidden else value
    return values


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Field → (before, after) of what differs between two snapshots, secrets masked."""
    return {
        name: (_shown(before.get(name)), _shown(after.get(name)))
        for name in after
        if before.get(name) != after.get(name)
    }


def _shown(value: Any) -> Any:
    if isinstance(value, tuple):
        return value[1] if value[0] is not None else ""
    return value


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | list | dict):
        return value
    return str(value)
