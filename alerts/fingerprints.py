"""The identity of an alert inside its integration: equal when firing and when resolved."""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

_OFFSET = 14695981039346656037
_PRIME = 1099511628211
_MASK = 2**64 - 1
_SEPARATOR = 0xFF
_USABLE = re.compile(r"[0-9A-Za-z._~-]{1,64}")


def of_labels(labels: Mapping[str, str], ignored: frozenset[str] = frozenset()) -> str:
    """Alertmanager's fingerprint: 64-bit FNV-1a over the labels sorted by name, as 16 hex digits.

    Each name and each value is followed by 0xFF (prometheus/common, model/signature.go). Of no
    labels it is `cbf29ce484222325`.
    """
    data = bytearray()
    for name in sorted((n for n in labels if n not in ignored), key=str.encode):
        data += name.encode()
        data.append(_SEPARATOR)
        data += labels[name].encode()
        data.append(_SEPARATOR)
    digest = _OFFSET
    for byte in data:
        digest = ((digest ^ byte) * _PRIME) & _MASK
    return f"{digest:016x}"


def of_texts(texts: Iterable[str]) -> str:
    """SHA-256 over texts of which none runs into the next, as 64 hex digits."""
    digest = sha256()
    for text in texts:
        data = text.encode()
        digest.update(f"{len(data)}:".encode())
        digest.update(data)
    return digest.hexdigest()


def of_title(title: str, labels: Mapping[str, str], ignored: frozenset[str] = frozenset()) -> str:
    """For senders without a fingerprint of their own: the title and, if any, the labels."""
    kept = sorted(name for name in labels if name not in ignored)
    return of_texts([title, *(text for name in kept for text in (name, labels[name]))])


def as_given(text: str) -> str:
    """A sender's own fingerprint if it is at most 64 of `[0-9A-Za-z._~-]`, else its SHA-256."""
    return text if _USABLE.fullmatch(text) else sha256(text.encode()).hexdigest()
