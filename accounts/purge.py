"""What accounts keeps for a while only: the audit, answers to idempotent requests, sessions."""

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.chunks import every, in_chunks
from accounts.models import AuditEntry, IdempotencyRecord


def purge() -> int:
    """Delete what is older than RETENTION says, for a while; how many rows."""
    now = timezone.now()
    keep = settings.RETENTION
    audit = AuditEntry.objects.filter(at__lt=now - keep["audit"])
    answers = IdempotencyRecord.objects.filter(created_at__lt=now - keep["idempotency"])
    sessions = Session.objects.filter(expire_date__lt=now)
    kinds = {
        "audit": every(audit.order_by("at")),
        "answers": every(answers.order_by("created_at")),
        "sessions": every(sessions.order_by("expire_date")),
    }
    return sum(in_chunks(kinds).values())
