"""What accounts keeps for a while only: the audit and answers to idempotent requests."""

from datetime import datetime

from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from accounts.models import AuditEntry, IdempotencyRecord

CHUNK = 1000


def purge() -> int:
    """Delete what is older than RETENTION says, at most 1,000 rows a statement; how many."""
    now = timezone.now()
    return _older(AuditEntry, "at", now - settings.RETENTION["audit"]) + _older(
        IdempotencyRecord, "created_at", now - settings.RETENTION["idempotency"]
    )


def _older(model: type[Model], field: str, limit: datetime) -> int:
    done = 0
    while True:
        rows = model._default_manager.filter(**{f"{field}__lt": limit})
        ids = list(rows.values_list("pk", flat=True)[:CHUNK])
        if not ids:
            return done
        model._default_manager.filter(pk__in=ids).delete()
        done += len(ids)
