"""API keys: made, shown once, looked up by hash, revoked at once."""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import ApiKey, Organization, Role, User
from accounts.permissions import may_give

PREFIX = "tk_"
LAST_USE_STEP = timedelta(minutes=1)


class NotAllowed(ValueError):
    """The actor may not make a key of this role."""


def hash_key(key: str) -> str:
    """SHA-256 in hex: the keys hold 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(
    actor: Actor,
    actor_role: str | None,
    organization: Organization,
    name: str,
    role: str = Role.VIEWER,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """The row and the key itself, which can't be read again. Raises NotAllowed."""
    if not may_give(actor_role, role):
        raise NotAllowed(f"Your role doesn't allow you to make a key of the role {role}.")
    key = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiKey.objects.create(
            organization=organization,
            name=name,
            prefix=key[:10],
            key_hash=hash_key(key),
            role=role,
            created_by=_person(actor),
            expires_at=expires_at,
        )
        audit.record(actor, organization, "create", row, {"role": ("", role)})
    return row, key


def live_keys_of(user: User, organization: Organization | UUID) -> QuerySet[ApiKey]:
    """The keys that this person made for the organization, and that still work."""
    return (
        ApiKey.objects.for_organization(organization)
        .filter(created_by=user, revoked_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    )


def _person(actor: Actor) -> User | None:
    """Who answers for a key: also for one that was made with another key."""
    if actor.user is not None or actor.api_key is None:
        return actor.user
    return actor.api_key.created_by


def revoke_key(actor: Actor, row: ApiKey) -> None:
    """The key stops working with the next request; doing it twice changes nothing."""
    with transaction.atomic():
        changed = ApiKey.objects.filter(pk=row.pk, revoked_at=None).update(
            revoked_at=timezone.now()
        )
        if changed:
            audit.record(actor, row.organization_id, "revoke", row)


def key_for(presented: str) -> ApiKey | None:
    """The valid key with this text; notes its use, at most once a minute."""
    if not presented.startswith(PREFIX):
        return None
    now = timezone.now()
    row = (
        ApiKey.objects.filter(key_hash=hash_key(presented), revoked_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .select_related("organization")
        .first()
    )
    if row and (row.last_used_at is None or now - row.last_used_at > LAST_USE_STEP):
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return row
