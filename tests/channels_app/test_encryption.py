"""Secrets at rest: bound to their row, readable under old keys, never under none."""

import base64
import uuid

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from channels_app.encryption import CannotDecrypt, context, decrypt, encrypt, key_id_of


def key(name: str, byte: int) -> str:
    return f"{name}:{base64.urlsafe_b64encode(bytes([byte]) * 32).decode()}"


ROW = context("bot", uuid.UUID(int=1), uuid.UUID(int=2), "token")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_was_encrypted_comes_back(text: str) -> None:
    assert decrypt(encrypt(text, ROW), ROW) == text


def test_the_stored_text_differs_each_time_and_holds_nothing_in_clear() -> None:
    first, second = encrypt("secret-value", ROW), encrypt("secret-value", ROW)
    assert first != second
    assert "secret-value" not in first
    assert b"secret-value" not in base64.urlsafe_b64decode(first.split(":", 2)[2])


@pytest.mark.parametrize(
    "other",
    [
        context("bot", uuid.UUID(int=9), uuid.UUID(int=2), "token"),
        context("bot", uuid.UUID(int=1), uuid.UUID(int=9), "token"),
        context("bot", uuid.UUID(int=1), uuid.UUID(int=2), "proxy"),
        context("integration", uuid.UUID(int=1), uuid.UUID(int=2), "token"),
    ],
)
def test_a_ciphertext_moved_to_another_place_does_not_open(other: str) -> None:
    with pytest.raises(CannotDecrypt):
        decrypt(encrypt("secret-value", ROW), other)


def test_old_keys_still_open_and_the_first_one_encrypts() -> None:
    with override_settings(ENCRYPTION_KEYS=[key("k1", 1)]):
        stored = encrypt("secret-value", ROW)
    with override_settings(ENCRYPTION_KEYS=[key("k2", 2), key("k1", 1)]):
        assert decrypt(stored, ROW) == "secret-value"
        assert key_id_of(encrypt("x", ROW)) == "k2"
    with override_settings(ENCRYPTION_KEYS=[key("k2", 2)]), pytest.raises(CannotDecrypt) as refusal:
        decrypt(stored, ROW)
    assert "k1" in str(refusal.value)
    assert "rotate_keys" in str(refusal.value)


@pytest.mark.parametrize("damage", ["v1:k1:", "v1:k1:AAAA", "v2:k1:AAAA", "nonsense", "v1:k1:%%%%"])
def test_damaged_text_is_refused_without_saying_what_it_held(damage: str) -> None:
    with override_settings(ENCRYPTION_KEYS=[key("k1", 1)]), pytest.raises(CannotDecrypt):
        decrypt(damage, ROW)
