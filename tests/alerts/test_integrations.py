"""Keys and secrets of integrations, and the record of who changed them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import COMMAND_LINE, SECRET
from accounts.models import AuditEntry
from alerts import integration_keys, integrations
from alerts.integrations import IntegrationRefused
from alerts.models import Integration
from channels_app.encryption import CannotDecrypt
from tests.factories import make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    """No test sees another one's keys."""
    integration_keys.forget_cached_keys()


def test_key_is_found_by_hash_and_readable_again_by_admins_only() -> None:
    row, key = integrations.create_integration(COMMAND_LINE, make_organization(), "Prometheus")
    assert key.startswith("ti_")
    assert len(key) == 3 + 43
    assert integration_keys.integration_for_key(key) == row
    assert integrations.key_of(row) == key
    assert key not in str(Integration.objects.values())
    assert integrations.ingest_url(row).endswith(f"/hooks/v1/{key}/")


def test_encrypted_key_is_bound_to_its_row() -> None:
    one, _ = integrations.create_integration(COMMAND_LINE, make_organization(), "One")
    two, _ = integrations.create_integration(COMMAND_LINE, make_organization(), "Two")
    two.key_encrypted = one.key_encrypted
    with pytest.raises(CannotDecrypt):
        integrations.key_of(two)


@pytest.mark.parametrize("presented", ["", "ti_", "tk_" + "a" * 43, "ti_" + "a" * 43])
def test_unknown_keys(presented: str) -> None:
    assert integration_keys.integration_for_key(presented) is None


def test_rotation_overlaps_and_without_overlap_ends_at_once() -> None:
    row, first = integrations.create_integration(COMMAND_LINE, make_organization(), "One")
    second = integrations.rotate_key(COMMAND_LINE, row, timedelta(hours=1))
    assert integration_keys.integration_for_key(first) == row
    assert integration_keys.integration_for_key(second) == row
    third = integrations.rotate_key(COMMAND_LINE, row, timedelta(0))
    for gone in (first, second):
        assert integration_keys.integration_for_key(gone) is None
    assert integration_keys.integration_for_key(third) == row


def test_previous_key_ends_when_its_time_is_over() -> None:
    row, first = integrations.create_integration(COMMAND_LINE, make_organization(), "One")
    integrations.rotate_key(COMMAND_LINE, row, timedelta(hours=1))
    Integration.objects.update(previous_key_expires_at=timezone.now())
    integration_keys.forget_cached_keys()
    assert integration_keys.integration_for_key(first) is None


def test_deleted_key_is_gone_at_once_in_this_process() -> None:
    row, key = integrations.create_integration(COMMAND_LINE, make_organization(), "One")
    assert integration_keys.integration_for_key(key) is not None
    integrations.delete_integration(COMMAND_LINE, row)
    assert integration_keys.integration_for_key(key) is None


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("kind", {"kind": "nagios"}),
        ("ignored_labels", {"ignored_labels": "replica"}),
        ("ignored_labels", {"ignored_labels": [1]}),
        ("resolve_timeout", {"resolve_timeout": 59}),
        ("resolve_timeout", {"resolve_timeout": 30 * 24 * 3600 + 1}),
        ("resolve_timeout", {"resolve_timeout": "5h"}),
        ("resolve_timeout", {"resolve_timeout": True}),
        ("key_hash", {"key_hash": "x"}),
        ("name", {}),
    ],
)
def test_refusals_name_the_field(field: str, values: dict[str, Any]) -> None:
    organization = make_organization()
    integrations.create_integration(COMMAND_LINE, organization, "Taken")
    with pytest.raises(IntegrationRefused) as refused:
        integrations.create_integration(COMMAND_LINE, organization, "Taken", **values)
    assert refused.value.field == field


def test_every_change_is_recorded_without_secrets() -> None:
    row, key = integrations.create_integration(COMMAND_LINE, make_organization(), "One")
    integrations.change_integration(COMMAND_LINE, row, name="Two", enabled=False)
    integrations.set_signature_secret(COMMAND_LINE, row, "s3cret")
    new = integrations.rotate_key(COMMAND_LINE, row)
    integrations.delete_integration(COMMAND_LINE, row)
    entries = AuditEntry.objects.filter(object_type="integration").order_by("id")
    assert [entry.action for entry in entries] == [
        "create", "change", "change", "rotate key", "delete",
    ]  # fmt: skip
    assert entries[1].changes == {"name": ["One", "Two"], "enabled": [True, False]}
    assert entries[2].changes == {"signature_secret_encrypted": ["", SECRET]}
    for secret in (key, new, "s3cret"):
        assert secret not in str(list(entries.values()))


def test_rekey_keeps_the_secrets() -> None:
    row, key = integrations.create_integration(COMMAND_LINE, make_organization(), "One")
    integrations.set_signature_secret(COMMAND_LINE, row, "s3cret")
    before = row.key_encrypted
    integrations.rekey(row)
    assert row.key_encrypted != before
    assert integrations.key_of(row) == key
    assert integrations.signature_secret_of(row) == "s3cret"
