"""`Idempotency-Key` on POSTs that send: the same key and body get the same answer for 48 hours."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import IdempotencyRecord, Organization

MAX_KEY = 255
HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"


class KeyInvalid(ValueError):
    """The header holds no usable key; the text says what to do."""


class KeyReused(ValueError):
    """The key was used for another request; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the sender hears; `replayed`: it heard it before."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


def once(
    organization: Organization | UUID,
    scope: str,
    key: str | None,
    request: Any,
    work: Callable[[], Answer],
) -> Answer:
    """Do the work in one transaction, unless a request with this key was answered before.

    `request` is what makes two requests the same, as JSON. A second request that arrives while
    the first one works waits for its commit (unique constraint) and then gets its answer. Work that
    raises leaves no trace of the key. Raises KeyInvalid, KeyReused, and what the work raises.
    """
    if key is None:
        with transaction.atomic():
            return work()
    if not (0 < len(key) <= MAX_KEY and key.isprintable()):
        raise KeyInvalid(f"{HEADER} takes 1 to {MAX_KEY} visible characters.")
    request_hash = _hash(json.dumps(request, sort_keys=True))
    with transaction.atomic():
        record, new = _claim(organization, scope, _hash(key), request_hash)
        if new:
            answer = work()
            # Through JSON: what is replayed is what was said.
            record.status, record.body = (
                answer.status,
                json.loads(json.dumps(answer.body, default=str)),
            )
            record.save(update_fields=["status", "body"])
            return Answer(answer.status, record.body)
    if record.request_hash != request_hash:
        raise KeyReused(
            f"This {HEADER} was used for another request. Use a new key for each message."
        )
    return Answer(record.status or 200, record.body or {}, replayed=True)


def _claim(
    organization: Organization | UUID, scope: str, key_hash: str, request_hash: str
) -> tuple[IdempotencyRecord, bool]:
    owner = organization.pk if isinstance(organization, Organization) else organization
    rows = IdempotencyRecord.objects.for_organization(owner)
    try:
        with transaction.atomic():
            return (
                IdempotencyRecord.objects.create(
                    organization_id=owner,
                    scope=scope,
                    key_hash=key_hash,
                    request_hash=request_hash,
                ),
                True,
            )
    except IntegrityError:
        return rows.get(scope=scope, key_hash=key_hash), False


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
