"""How many POSTs a minute are accepted: per integration, then per organization.

Over the limit the sender hears 503 with Retry-After, because Alertmanager tries again after a 5xx
and takes every 4xx, 429 included, as final (notify/util.go, Retrier.Check).
"""

from functools import lru_cache

from django.conf import settings

from accounts.rates import RateCounter
from alerts.models import Integration

STRANGERS_TRACED = 60
"""Traces a minute of POSTs with an unknown key, all together: they must not fill the disk."""
REFUSALS_TRACED = 10
"""Traces a minute and integration of POSTs that were refused for their number."""


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


def may_trace_stranger() -> bool:
    """Whether one more POST with an unknown key is worth a Trace this minute."""
    return counter().hit("trace:strangers", STRANGERS_TRACED) == 0


def may_trace_refusal(integration: Integration) -> bool:
    """Whether one more throttled POST of this integration is worth a Trace this minute."""
    return counter().hit(f"trace:i:{integration.pk}", REFUSALS_TRACED) == 0
