"""Old audit entries, answers and sessions go; young ones stay."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.audit import COMMAND_LINE, record
from accounts.chunks import MOST
from accounts.models import AuditEntry, IdempotencyRecord
from accounts.purge import purge
from tests.factories import make_organization

pytestmark = pytest.mark.django_db


def test_only_what_is_old_goes() -> None:
    organization = make_organization()
    for days in (399, 401):
        record(COMMAND_LINE, organization, "change", organization)
        newest = AuditEntry.objects.latest("id")
        AuditEntry.objects.filter(pk=newest.pk).update(at=timezone.now() - timedelta(days=days))
    for number, hours in enumerate((47, 49)):
        row = IdempotencyRecord.objects.create(
            organization=organization, scope="s", key_hash=str(number), request_hash=""
        )
        IdempotencyRecord.objects.filter(pk=row.pk).update(
            created_at=timezone.now() - timedelta(hours=hours)
        )
    for days in (-1, 1):
        Session.objects.create(
            session_key=str(days), expire_date=timezone.now() + timedelta(days=days)
        )
    assert purge() == 3
    assert Session.objects.get().session_key == "1"
    assert AuditEntry.objects.count() == 1
    assert IdempotencyRecord.objects.get().key_hash == "0"
    assert purge() == 0


def test_more_than_a_chunk_goes_in_one_run() -> None:
    organization = make_organization()
    old = timezone.now() - timedelta(days=3)
    IdempotencyRecord.objects.bulk_create(
        IdempotencyRecord(organization=organization, scope="s", key_hash=str(n), request_hash="")
        for n in range(MOST + 1)
    )
    IdempotencyRecord.objects.update(created_at=old)
    assert purge() == MOST + 1
