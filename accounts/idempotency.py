"""`Idempotency-Key` on POSTs that send: the same key and body get the same answer for 48 hours."""

import hashlib
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import IdempotencyRecord, Organization

MAX_KEY = 255


class KeyRefused(ValueError):
    """The key was used for another request, or is no key; the text says what to do."""


def claim(
    organization: Organization, scope: str, key: str, request: bytes
) -> tuple[IdempotencyRecord, bool]:
    """The record of this key and whether it is new; inside the transaction that does the work.

    A second request with the same key waits for the first one's commit (unique constraint) and
    then finds its answer. Raises KeyRefused when the key belongs to another request.
    """
    if not 0 < len(key) <= MAX_KEY:
        raise KeyRefused(f"An Idempotency-Key has 1 to {MAX_KEY} characters, not {len(key)}.")
    key_hash = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
    request_hash = hashlib.sha256(request).hexdigest()
    try:
        with transaction.atomic():
            record = IdempotencyRecord.objects.create(
                organization=organization,
                scope=scope,
                key_hash=key_hash,
                request_hash=request_hash,
            )
            return record, True
    except IntegrityError:
        record = IdempotencyRecord.objects.for_organization(organization).get(
            scope=scope, key_hash=key_hash
        )
    if record.request_hash != request_hash:
        raise KeyRefused(
            "This Idempotency-Key was used for a request with another body. Use a new key for each "
            "message."
        )
    return record, False


def answer(record: IdempotencyRecord, status: int, body: dict[str, Any]) -> None:
    """Keep the answer, in the same transaction."""
    record.status, record.body = status, body
    record.save(update_fields=["status", "body"])
