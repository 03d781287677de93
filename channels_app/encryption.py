"""Secrets at rest: AES-256-GCM, the key named in the text, bound to the row that holds it.

Stored as `v1:<key id>:<base64url of nonce and ciphertext>`. The context (model, row, organization,
field) is authenticated with it: a ciphertext copied into another row does not decrypt.
"""

import base64
import binascii
import os
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "v1"
NONCE = 12  # bytes; NIST SP 800-38D section 8.2


class CannotDecrypt(Exception):
    """The key is missing from ENCRYPTION_KEYS, or the text belongs to another row."""


def context(model: str, row_id: UUID, organization_id: UUID, field: str) -> str:
    """What a secret is bound to."""
    return f"{model}:{row_id}:{organization_id}:{field}"


def encrypt(text: str, bound_to: str) -> str:
    """Encrypt under the first key of ENCRYPTION_KEYS; an empty text stays empty."""
    if not text:
        return ""
    key_id = primary_key_id()
    nonce = os.urandom(NONCE)
    sealed = _cipher(key_id).encrypt(nonce, text.encode(), bound_to.encode())
    return f"{VERSION}:{key_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(stored: str, bound_to: str) -> str:
    """The secret. Raises CannotDecrypt, whose text holds nothing of it."""
    if not stored:
        return ""
    version, _, rest = stored.partition(":")
    key_id, _, encoded = rest.partition(":")
    if version != VERSION:
        raise CannotDecrypt("This secret was stored by a newer version of Tocsin.")
    try:
        raw = base64.urlsafe_b64decode(encoded)
        return _cipher(key_id).decrypt(raw[:NONCE], raw[NONCE:], bound_to.encode()).decode()
    except (InvalidTag, binascii.Error, ValueError):
        raise CannotDecrypt(
            "A stored secret doesn't belong to this row, or ENCRYPTION_KEYS changed under its ID."
        ) from None


def key_id_of(stored: str) -> str:
    """Which key a stored secret needs."""
    return stored.split(":", 2)[1] if stored else ""


def primary_key_id() -> str:
    """The ID of the key that encrypts."""
    return settings.ENCRYPTION_KEYS[0].partition(":")[0]


def _cipher(key_id: str) -> AESGCM:
    for entry in settings.ENCRYPTION_KEYS:
        name, _, encoded = entry.partition(":")
        if name == key_id:
            return _aesgcm(encoded)
    raise CannotDecrypt(
        f"ENCRYPTION_KEYS holds no key with the ID {key_id!r}. Put the old key back behind the new "
        "one until `manage.py rotate_keys` has finished."
    )


@lru_cache(maxsize=16)
def _aesgcm(encoded: str) -> AESGCM:
    return AESGCM(base64.urlsafe_b64decode(encoded))
