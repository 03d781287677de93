"""Upstreams of integrations: set, changed, removed."""

from typing import Any, Final

from django.db import transaction

from accounts import audit
from accounts.audit import SECRET, Actor
from alerts.models import Integration, Upstream
from alerts.muting.silences import SYNC_TASK
from alerts.upstreams.unlisted import take_back
from botapi.outbound import FetchFailed, host_of
from channels_app import encryption
from deliveries import clock, wakeup

SETTINGS: Final = ("kind", "url", "username", "enabled")
SECRET_MAX: Final = 1_000


class UpstreamRefused(ValueError):
    """The input can't become this upstream: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def set_upstream(
    actor: Actor, integration: Integration, *, secret: str | None = None, **values: Any
) -> Upstream:
    """Give an integration an upstream, or change it: what is not in `values` (of SETTINGS) stays,
    and the secret (a password, or a token where there is no user name) when it is None.

    Another URL or user name needs the secret again: it would be sent there. Raises UpstreamRefused.
    """
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise UpstreamRefused(min(unknown), f"{min(unknown)} can't be set on an upstream.")
    rows = Upstream.objects.for_organization(integration.organization_id)
    with transaction.atomic():
        row = rows.select_for_update().filter(integration=integration).first()
        before = audit.snapshot(row) if row else {}
        is_new = row is None
        if row is None:
            row = Upstream(organization_id=integration.organization_id, integration=integration)
        moves = (row.kind, row.url, row.username)
        for field, value in values.items():
            setattr(row, field, value)
        row.url = row.url.strip().rstrip("/")
        _check(row)
        has_moved = not is_new and moves != (row.kind, row.url, row.username)
        if secret is None and has_moved and row.secret_encrypted:
            raise UpstreamRefused("secret", "Enter the secret again: it is sent somewhere else.")
        if secret is not None:
            _keep_secret(row, secret)
        row.due_at, row.problem = (clock.now() if row.enabled else None), ""
        row.refused = None
        if has_moved:
            row.synced_at, row.answers = None, False
            row.silences.all().delete()  # they were the other one's
        if has_moved or not row.enabled:
            take_back(integration)
        row.save(force_insert=is_new)
        changes = {} if is_new else audit.changes_between(before, audit.snapshot(row))
        shown = {name: pair for name, pair in changes.items() if name in {*SETTINGS, "secret"}}
        if secret is not None:
            shown["secret"] = (SECRET, SECRET)
        if is_new or shown:
            verb = "create" if is_new else "change"
            audit.record(actor, row.organization_id, verb, row, shown)
        transaction.on_commit(lambda: wakeup.wake(SYNC_TASK))
    return row


def remove_upstream(actor: Actor, upstream: Upstream) -> None:
    """Ask it no more. Silences stay on both sides as they are, and alerts that it did not know
    burn on."""
    with transaction.atomic():
        audit.record(actor, upstream.organization_id, "delete", upstream)
        take_back(upstream.integration)
        upstream.delete()


def secret_of(upstream: Upstream) -> str:
    """In clear, for its API alone. Raises encryption.CannotDecrypt."""
    return encryption.decrypt(upstream.secret_encrypted, _context(upstream))


def rekey(upstream: Upstream) -> None:
    """Encrypt its secret under the first key; the caller saves under the old text."""
    upstream.secret_encrypted = encryption.encrypt(secret_of(upstream), _context(upstream))


def _keep_secret(upstream: Upstream, secret: str) -> None:
    if len(secret) > SECRET_MAX or not secret.isprintable():
        raise UpstreamRefused("secret", f"Give at most {SECRET_MAX:,} printable characters.")
    upstream.secret_encrypted = encryption.encrypt(secret, _context(upstream)) if secret else ""


def _context(upstream: Upstream) -> str:
    return encryption.context("upstream", upstream.pk, upstream.organization_id, "secret")


def _check(upstream: Upstream) -> None:
    if upstream.kind not in Upstream.Kind.values:
        kinds = ", ".join(Upstream.Kind.values)
        raise UpstreamRefused("kind", f"{str(upstream.kind)[:40]!r} is no kind. Use {kinds}.")
    try:
        host_of(upstream.url)
    except FetchFailed as error:
        said = str(error)
        raise UpstreamRefused("url", f"{said[:1].upper()}{said[1:]}.") from None
    if len(upstream.url) > 500 or "?" in upstream.url or "#" in upstream.url:
        raise UpstreamRefused("url", "Give the address up to its path, such as http://host:9093.")
    if len(upstream.username) > 200 or ":" in upstream.username:
        raise UpstreamRefused("username", "A user name has at most 200 characters and no colon.")
