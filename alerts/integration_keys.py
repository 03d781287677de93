"""A key that came with a POST → its integration: cached for seconds, and read in one statement.

Where each sender comes seldom the cache never helps, so that reading decides how late an alert is.
"""

import hashlib
import threading
import time
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.models import Organization
from accounts.statements import adapt, json_of, query, time_of, uuid_of
from alerts.models import Integration

PREFIX = "ti_"
CACHED_FOR = 2.0
"""Seconds for which a process believes what it read: a new, rotated, disabled or deleted key counts
everywhere within that time."""
MAX_CACHED = 10_000
_INTEGRATION = (
    "id",
    "organization_id",
    "name",
    "kind",
    "enabled",
    "ignored_labels",
    "ingest_limit",
    "resolve_timeout",
    "signature_secret_encrypted",
    "signature_header",
    "signature_timestamp_header",
    "mapping",
    "last_received_at",
    "feeds_heartbeats",
)
_ORGANIZATION = ("id", "name", "timezone", "severity_map", "ingest_limit")
_FIND = (  # noqa: S608  # names from above
    "SELECT {columns} FROM alerts_integration i"
    " JOIN accounts_organization o ON o.id = i.organization_id"
    " WHERE i.key_hash = %s OR (i.previous_key_hash = %s AND i.previous_key_expires_at > %s)"
).format(
    columns=", ".join(
        [*(f"i.{name}" for name in _INTEGRATION), *(f"o.{name}" for name in _ORGANIZATION)]
    )
)

M = TypeVar("M", bound=Model)

_cache: dict[str, tuple[float, Integration | None]] = {}
_cache_lock = threading.Lock()


def integration_for_key(presented: str) -> Integration | None:
    """The integration with this key, its organization loaded; also when it is disabled. Fields that
    ingest does not need are deferred.

    Look-up is by hash, so its duration tells nothing about a key. Believed for CACHED_FOR seconds;
    a database error is raised, never cached.
    """
    if not presented.startswith(PREFIX):
        return None
    key_hash = hash_of(presented)
    now = time.monotonic()
    cached = _cache.get(key_hash)
    if cached is not None and cached[0] > now:
        return cached[1]
    integration = _find(key_hash)
    with _cache_lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[key_hash] = (now + CACHED_FOR, integration)
    return integration


def forget_cached_keys() -> None:
    """Let this process read every key anew; other processes do within CACHED_FOR."""
    with _cache_lock:
        _cache.clear()


def hash_of(key: str) -> str:
    """As which a key is stored."""
    return hashlib.sha256(key.encode()).hexdigest()


def _find(key_hash: str) -> Integration | None:
    rows = query(_FIND, [key_hash, key_hash, adapt(timezone.now())])
    if not rows:
        return None
    own = dict(zip(_INTEGRATION, rows[0], strict=False))
    of_organization = dict(zip(_ORGANIZATION, rows[0][len(_INTEGRATION) :], strict=True))
    own |= {
        "id": uuid_of(own["id"]),
        "organization_id": uuid_of(own["organization_id"]),
        "enabled": bool(own["enabled"]),
        "ignored_labels": json_of(own["ignored_labels"]),
        "mapping": json_of(own["mapping"]),
        "last_received_at": time_of(own["last_received_at"]),
        "feeds_heartbeats": bool(own["feeds_heartbeats"]),
    }
    of_organization |= {
        "id": own["organization_id"],
        "severity_map": json_of(of_organization["severity_map"]),
    }
    integration = _as_model(Integration, own)
    integration.organization = _as_model(Organization, of_organization)
    return integration


def _as_model(model: type[M], values: dict[str, Any]) -> M:
    """As the ORM does for `only(…)`; `from_db` takes the values in the order of the fields."""
    names = [f.attname for f in model._meta.concrete_fields if f.attname in values]
    return model.from_db(connection.alias, names, [values[name] for name in names])
