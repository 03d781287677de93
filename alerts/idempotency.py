"""`Idempotency-Key` on a POST: the same key and body get the same answer again, for 48 hours."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import IdempotencyRecord, new_id
from accounts.statements import Writes
from alerts.models import Integration

MAX_KEY = 255


class Replayed(Exception):
    """A POST with this key came before. `answer` is what it heard; None: it had another body."""

    def __init__(self, answer: dict[str, Any] | None) -> None:
        super().__init__("a POST with this Idempotency-Key came before")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A sender's promise that this POST, however often it arrives, is one POST."""

    integration: Integration
    key_hash: str
    request_hash: str

    @classmethod
    def of(cls, integration: Integration, key: str, body: bytes) -> "Idempotency":
        """From the header's text and the body as it travelled."""
        return cls(
            integration, hashlib.sha256(key.encode()).hexdigest(), hashlib.sha256(body).hexdigest()
        )

    @property
    def scope(self) -> str:
        """Keys of different integrations have nothing to do with each other."""
        return f"ingest:{self.integration.pk}"

    def raise_if_known(self) -> None:
        """Raises Replayed when a POST with this key was stored."""
        record = (
            IdempotencyRecord.objects.for_organization(self.integration.organization_id)
            .filter(scope=self.scope, key_hash=self.key_hash)
            .first()
        )
        if record is not None:
            raise Replayed(record.body if record.request_hash == self.request_hash else None)

    def add_record(self, answer: dict[str, Any], now: datetime, writes: Writes) -> None:
        """Remember the answer in the transaction that makes it true."""
        writes.insert(
            IdempotencyRecord,
            [
                {
                    "id": new_id(),
                    "organization_id": self.integration.organization_id,
                    "scope": self.scope,
                    "key_hash": self.key_hash,
                    "request_hash": self.request_hash,
                    "status": 202,
                    "body": answer,
                    "created_at": now,
                }
            ],
        )
