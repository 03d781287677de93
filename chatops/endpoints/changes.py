"""Endpoints: made, changed, removed, tested."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import SECRET, Actor
from accounts.models import Organization
from channels_app import encryption
from chatops.endpoints.calls import request_call
from chatops.models import Endpoint, EndpointCall
from deliveries.signed_post import url_problem

NAME_MAX, URL_MAX = 100, 500
SECRET_PREFIX = "tes_"  # noqa: S105  # what a secret begins with, so that people know it by sight
TEST_PATIENCE = timedelta(seconds=8)
ENDPOINTS_MAX = 100


class EndpointRefused(ValueError):
    """The input can't become this endpoint: `field` says which one, the text what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Saved:
    """`secret`: a new one, to be shown this once; "" when none was made."""

    endpoint: Endpoint
    secret: str = ""


def create_endpoint(actor: Actor, organization: Organization, *, name: str, url: str) -> Saved:
    """A new one with a new secret. Raises EndpointRefused."""
    rows = Endpoint.objects.for_organization(organization)
    if rows.count() >= ENDPOINTS_MAX:
        raise EndpointRefused("name", f"There are {ENDPOINTS_MAX} endpoints already. Remove one.")
    row = Endpoint(organization=organization, name=_checked_name(name), url=_checked_url(url))
    secret = _give_secret(row)
    with transaction.atomic():
        _save(row)
        audit.record(actor, organization, "create", row)
    return Saved(row, secret)


def change_endpoint(
    actor: Actor,
    endpoint: Endpoint,
    *,
    name: str | None = None,
    url: str | None = None,
    secret: str = "",
    new_secret: bool = False,
) -> Saved:
    """Change what is given. Another URL needs the `secret` as it is, or `new_secret`: who may not
    know it must not have it used elsewhere. Raises EndpointRefused."""
    with transaction.atomic():
        rows = Endpoint.objects.for_organization(endpoint.organization_id)
        row = rows.select_for_update().get(pk=endpoint.pk)
        before = audit.snapshot(row)
        if name is not None:
            row.name = _checked_name(name)
        moves = url is not None and url != row.url
        if url is not None:
            row.url = _checked_url(url)
        made = _give_secret(row) if new_secret else ""
        if moves and not made and not hmac.compare_digest(secret.encode(), secret_of(row).encode()):
            raise EndpointRefused(
                "secret",
                "Enter the present secret to have another address called, or ask for a new one.",
            )
        _save(row)
        changes = audit.changes_between(before, audit.snapshot(row))
        masked = {n: (SECRET, SECRET) if n == "url" else pair for n, pair in changes.items()}
        if changes:
            audit.record(actor, row.organization_id, "change", row, masked)
    return Saved(row, made)


def delete_endpoint(actor: Actor, endpoint: Endpoint) -> None:
    """Remove it, with the calls that wait."""
    with transaction.atomic():
        audit.record(actor, endpoint.organization_id, "delete", endpoint)
        endpoint.delete()


def request_test(actor: Actor, endpoint: Endpoint) -> EndpointCall:
    """Have a test sent; its verdict is there within 10 s."""
    with transaction.atomic():
        audit.record(actor, endpoint.organization_id, "test", endpoint)
        return request_call(
            endpoint,
            EndpointCall.Event.TEST,
            {"event": "test", "endpoint": endpoint.name},
            patience=TEST_PATIENCE,
        )


def secret_of(endpoint: Endpoint) -> str:
    """The secret in clear. Raises CannotDecrypt."""
    return encryption.decrypt(endpoint.secret_encrypted, _context(endpoint))


def rekey(endpoint: Endpoint) -> None:
    """Encrypt its secret under the first key; the caller saves."""
    endpoint.secret_encrypted = encryption.encrypt(secret_of(endpoint), _context(endpoint))


def _give_secret(row: Endpoint) -> str:
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    row.secret_encrypted = encryption.encrypt(secret, _context(row))
    return secret


def _checked_name(name: str) -> str:
    text = " ".join(name.split())
    if not 1 <= len(text) <= NAME_MAX:
        raise EndpointRefused("name", f"Give a name of 1 to {NAME_MAX} characters.")
    return text


def _checked_url(url: str) -> str:
    if problem := url_problem(url, URL_MAX):
        raise EndpointRefused("url", problem)
    return url


def _save(row: Endpoint) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        message = f"There is an endpoint called {row.name!r} already."
        raise EndpointRefused("name", message) from None


def _context(row: Endpoint) -> Any:
    return encryption.context("endpoint", row.pk, row.organization_id, "secret")
