"""API keys: shown once, found by hash, dead at once when revoked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import api_keys
from accounts.audit import COMMAND_LINE
from accounts.models import ApiKey, Role
from tests.factories import make_organization

pytestmark = pytest.mark.django_db


def test_the_key_is_found_again_and_stored_nowhere() -> None:
    row, key = api_keys.create_key(COMMAND_LINE, Role.OWNER, make_organization(), "script")
    assert api_keys.key_for(key) == row
    assert key not in repr(ApiKey.objects.filter(pk=row.pk).values().get())
    assert key.startswith(row.prefix)


@pytest.mark.parametrize("presented", ["", "tk_", "tk_unknown", "Bearer x", "xx_" + "a" * 43])
def test_others_are_nobodys(presented: str) -> None:
    api_keys.create_key(COMMAND_LINE, Role.OWNER, make_organization(), "script")
    assert api_keys.key_for(presented) is None


def test_a_revoked_key_is_dead_at_once_and_twice_is_harmless() -> None:
    row, key = api_keys.create_key(COMMAND_LINE, Role.OWNER, make_organization(), "script")
    api_keys.revoke_key(COMMAND_LINE, row)
    assert api_keys.key_for(key) is None
    first = ApiKey.objects.get(pk=row.pk).revoked_at
    api_keys.revoke_key(COMMAND_LINE, row)
    assert ApiKey.objects.get(pk=row.pk).revoked_at == first


def test_an_expired_key_is_dead() -> None:
    past = timezone.now() - timedelta(seconds=1)
    _, key = api_keys.create_key(
        COMMAND_LINE, Role.OWNER, make_organization(), "script", expires_at=past
    )
    assert api_keys.key_for(key) is None


def test_nobody_makes_a_key_stronger_than_their_role() -> None:
    with pytest.raises(api_keys.NotAllowed):
        api_keys.create_key(COMMAND_LINE, Role.ADMIN, make_organization(), "x", Role.OWNER)


def test_last_use_is_noted_without_a_write_on_every_request() -> None:
    row, key = api_keys.create_key(COMMAND_LINE, Role.OWNER, make_organization(), "script")
    api_keys.key_for(key)
    first = ApiKey.objects.get(pk=row.pk).last_used_at
    assert first is not None
    api_keys.key_for(key)
    assert ApiKey.objects.get(pk=row.pk).last_used_at == first
