"""How many POSTs a minute are accepted: per integration, then per organization.

Over the limit the sender hears 503 with Retry-After, because Alertmanager tries again after a 5xx
and takes every 4xx, 429 included, as final (notify/util.go, Retrier.Check).
"""

import threading
import time
from functools import lru_cache
from uuid import UUID

from django.conf import settings

from accounts.rates import RateCounter
from alerts.heartbeats.rules import PingKind
from alerts.models import Integration

STRANGERS_TRACED = 60
"""Traces a minute of POSTs with an unknown key, all together: they must not fill the disk."""
REFUSALS_TRACED = 10
"""Traces a minute and integration of POSTs that were refused for their number."""

API_REQUESTS = 1_200
"""Requests a minute and integration of the Alertmanager API, POSTs of alerts not among them: a
board that asks too often must not cost its integration an alert."""
PAYLOADS_KEPT = 60
"""Payloads a minute and integration that are kept to write a mapping by: a flood needs no more."""
SAMPLE_EVERY = 10.0
"""Seconds between two payloads of a sender that is recognised, of one integration and in one
process: it is asked at every POST of the hot path, which must not cost a question to Redis."""
SAMPLED_MAX = 10_000
PINGS = 60
"""Pings a minute of one heartbeat; those of a job that starts and ends every few seconds."""
FAILURES = 600
"""Of them that say that it failed, counted by themselves: too many others must not hide one."""


@lru_cache(maxsize=1)
def counter() -> RateCounter:
    """The counter that all processes share through Redis, when there is one."""
    return RateCounter(settings.REDIS_URL)


def wait_for(integration: Integration) -> tuple[int, str]:
    """(0, "") when this POST is accepted, else seconds to wait and whose limit it is.

    The integration is asked first, so that one noisy sender does not use up what the others of its
    organization may send.
    """
    wait = counter().hit(f"ingest:i:{integration.pk}", integration.ingest_limit)
    if wait:
        return wait, f"integration {integration.name!r}: {integration.ingest_limit} POSTs a minute"
    organization = integration.organization
    wait = counter().hit(f"ingest:o:{organization.pk}", organization.ingest_limit)
    if wait:
        return wait, f"organization {organization.name!r}: {organization.ingest_limit} a minute"
    return 0, ""


def wait_for_api(integration: Integration) -> int:
    """Seconds to wait before the Alertmanager API answers this integration again; 0: none."""
    return counter().hit(f"api:i:{integration.pk}", API_REQUESTS)


def may_trace_stranger() -> bool:
    """Whether one more POST with an unknown key is worth a Trace this minute."""
    return counter().hit("trace:strangers", STRANGERS_TRACED) == 0


def may_trace_refusal(integration: Integration) -> bool:
    """Whether one more throttled POST of this integration is worth a Trace this minute."""
    return counter().hit(f"trace:i:{integration.pk}", REFUSALS_TRACED) == 0


def may_keep_payload(integration: Integration) -> bool:
    """Whether one more payload of this integration is worth keeping this minute."""
    return counter().hit(f"payload:i:{integration.pk}", PAYLOADS_KEPT) == 0


_sampled: dict[UUID, float] = {}
_sampled_lock = threading.Lock()


def may_keep_sample(integration: Integration) -> bool:
    """Whether it is time for one more payload of this integration that we understood anyway."""
    now = time.monotonic()
    if now < _sampled.get(integration.pk, 0.0):
        return False
    with _sampled_lock:
        if now < _sampled.get(integration.pk, 0.0):
            return False
        if len(_sampled) >= SAMPLED_MAX:
            _sampled.clear()
        _sampled[integration.pk] = now + SAMPLE_EVERY
    return True


def forget_samples() -> None:
    """Let this process keep one of each integration anew."""
    with _sampled_lock:
        _sampled.clear()


def pings_a_minute(kind: PingKind) -> int:
    """How many of this kind are accepted of one heartbeat."""
    return FAILURES if kind == "fail" else PINGS


def wait_for_ping(key_hash: str, kind: PingKind = "success") -> int:
    """0 when this ping is accepted, else seconds to wait; before the database is asked for it."""
    counted = "failure" if kind == "fail" else "ping"
    return counter().hit(f"{counted}:{key_hash}", pings_a_minute(kind))
