"""Integrations: made, changed, re-keyed, deleted.

A key is `ti_` and 32 random bytes. It is found by its SHA-256 (`alerts/integration_keys.py`), and
kept encrypted beside it so that admins can copy the URL again.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from alerts import route_table
from alerts.ending import end_alerts
from alerts.group_rows import Scope
from alerts.ingest import wake_publish
from alerts.integration_keys import PREFIX, forget_cached_keys, hash_of
from alerts.lifecycle import Effect
from alerts.models import Ended, Integration, Status
from alerts.muting.changes import sources_gone
from alerts.resolve_timeout import problem_of
from alerts.routes import change_route
from alerts.sources.mapping import stored_form
from channels_app import encryption

ENDED_AT_ONCE = 500
SETTINGS = (
    "kind",
    "enabled",
    "ignored_labels",
    "ingest_limit",
    "resolve_timeout",
    "signature_header",
    "signature_timestamp_header",
)
"""What a person may set besides the name."""
KINDS = tuple(kind.value for kind in Integration.Kind if kind != Integration.Kind.HEARTBEAT)
"""Kinds that a person may give; the other one is made with the first heartbeat."""


class IntegrationRefused(ValueError):
    """The input can't become this integration: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def create_integration(
    actor: Actor, organization: Organization, name: str, kind: str = "auto", **values: Any
) -> tuple[Integration, str]:
    """The row and its key. `values` are those of SETTINGS. Raises IntegrationRefused."""
    _check({"kind": kind, **values})
    integration = Integration(organization=organization, name=name, kind=kind, **values)
    key = _give_key(integration)
    _save(integration, lambda: audit.record(actor, organization, "create", integration))
    return integration, key


def change_integration(
    actor: Actor, integration: Integration, *, name: str | None = None, **values: Any
) -> Integration:
    """Change what is given. Raises IntegrationRefused."""
    if integration.kind == Integration.Kind.HEARTBEAT and values:
        field = min(values)
        raise IntegrationRefused(field, f"Only the name of this integration changes, not {field}.")
    _check(values)
    before = audit.snapshot(integration)
    if name is not None:
        integration.name = name
    for field, value in values.items():
        setattr(integration, field, value)
    _save_changed(actor, integration, before, "change")
    return integration


def rotate_key(
    actor: Actor, integration: Integration, overlap: timedelta = timedelta(days=1)
) -> str:
    """A new key; the old one works for `overlap` longer (0: only the seconds of CACHED_FOR)."""
    _need_key(integration)
    before = audit.snapshot(integration)
    old = integration.key_hash
    key = _give_key(integration)
    keeps = overlap > timedelta(0)
    integration.previous_key_hash = old if keeps else None
    integration.previous_key_expires_at = timezone.now() + overlap if keeps else None
    _save_changed(actor, integration, before, "rotate key")
    return key


def set_signature_secret(actor: Actor, integration: Integration, secret: str) -> None:
    """From now on every POST must be signed with this secret (Grafana's HMAC); "" asks for none."""
    _need_key(integration)
    before = audit.snapshot(integration)
    integration.signature_secret_encrypted = encryption.encrypt(
        secret, _context(integration, "signature_secret")
    )
    _save_changed(actor, integration, before, "change")


def set_mapping(actor: Actor, integration: Integration, mapping: Any) -> None:
    """From now on its payloads are mapped by this; None: by nothing. Raises BadMapping."""
    before = audit.snapshot(integration)
    if mapping is not None:
        integration.mapping = stored_form(mapping)
        integration.kind = Integration.Kind.MAPPED
    else:
        integration.mapping = None
    _save_changed(actor, integration, before, "change mapping")


def delete_integration(actor: Actor, integration: Integration) -> None:
    """Remove it with its alerts; its key stops working. Raises IntegrationRefused for that of the
    heartbeats.

    What still fires ends, since nobody will ever say so: chats are told, groups close. Routes for
    its alerts alone are switched off: without it they would take everybody's.
    """
    if integration.kind == Integration.Kind.HEARTBEAT:
        raise IntegrationRefused("", "Heartbeats need their integration; delete them instead.")
    with transaction.atomic():
        _end_alerts(actor, integration)
        for route in integration.routes.filter(enabled=True):
            if not route.integrations.exclude(pk=integration.pk).exists():
                change_route(actor, route, enabled=False)
        audit.record(actor, integration.organization_id, "delete", integration)
        integration.delete()
        sources_gone(integration.organization_id)
        transaction.on_commit(wake_publish)
    forget_cached_keys()


def _end_alerts(actor: Actor, integration: Integration) -> None:
    scope = Scope(
        organization_id=integration.organization_id,
        table=route_table.load(integration.organization),  # not a cached one: channels may be gone
        now=timezone.now(),
        alone=True,
        actor_id=actor.user.pk if actor.user else None,
        actor_name=actor.name,
        way=actor.way,
    )
    firing = integration.alerts.filter(status=Status.FIRING).order_by("pk").select_for_update()
    while alerts := list(firing[:ENDED_AT_ONCE]):
        end_alerts(alerts, scope, Effect.RESOLVED, Ended.PERSON)


def key_of(integration: Integration) -> str:
    """The current key. Raises encryption.CannotDecrypt."""
    return encryption.decrypt(integration.key_encrypted, _context(integration, "key"))


def signature_secret_of(integration: Integration) -> str:
    """The secret that POSTs are signed with, "" for none. Raises encryption.CannotDecrypt."""
    return encryption.decrypt(
        integration.signature_secret_encrypted, _context(integration, "signature_secret")
    )


def ingest_url(integration: Integration) -> str:
    """Where its sender POSTs to; holds the key. Raises encryption.CannotDecrypt."""
    return f"{settings.SITE_URL}/hooks/v1/{key_of(integration)}/"


def rekey(integration: Integration) -> None:
    """Encrypt its secrets under the first key; the caller saves under the old text."""
    for field in ("key", "signature_secret"):
        attribute = f"{field}_encrypted"
        clear = encryption.decrypt(getattr(integration, attribute), _context(integration, field))
        setattr(integration, attribute, encryption.encrypt(clear, _context(integration, field)))


def _need_key(integration: Integration) -> None:
    if integration.kind == Integration.Kind.HEARTBEAT:
        raise IntegrationRefused("kind", "Nobody sends to the heartbeats' integration: no keys.")


def _give_key(integration: Integration) -> str:
    key = PREFIX + secrets.token_urlsafe(32)
    integration.key_hash = hash_of(key)
    integration.key_encrypted = encryption.encrypt(key, _context(integration, "key"))
    return key


def _context(integration: Integration, field: str) -> str:
    return encryption.context("integration", integration.pk, integration.organization_id, field)


def _save_changed(
    actor: Actor, integration: Integration, before: dict[str, Any], action: str
) -> None:
    _save(
        integration,
        lambda: audit.record(
            actor,
            integration.organization_id,
            action,
            integration,
            audit.changes_between(before, audit.snapshot(integration)),
        ),
    )


def _save(integration: Integration, record: Callable[[], None]) -> None:
    try:
        with transaction.atomic():
            integration.save()
            record()
    except IntegrityError:
        raise IntegrationRefused(
            "name", f"There is an integration called {integration.name!r} already."
        ) from None
    forget_cached_keys()


def _check(values: dict[str, Any]) -> None:
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise IntegrationRefused(min(unknown), f"{min(unknown)} can't be set on an integration.")
    kind = values.get("kind", "auto")
    if kind not in KINDS:
        choices = ", ".join(KINDS)
        raise IntegrationRefused("kind", f"{str(kind)[:40]!r} is no kind. Use one of {choices}.")
    labels = values.get("ignored_labels", [])
    if not isinstance(labels, list) or not all(isinstance(name, str) and name for name in labels):
        raise IntegrationRefused(
            "ignored_labels", 'ignored_labels is a list of label names such as ["replica"].'
        )
    if problem := problem_of(values.get("resolve_timeout")):
        raise IntegrationRefused("resolve_timeout", problem)
