"""When what its sender does not repeat is over, where the sender does not say so. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alerts.sources.incoming import IncomingBatch, Source

SECONDS_MIN: Final = 60
SECONDS_MAX: Final = 30 * 24 * 3600
OF_DIRECT_ALERTS = timedelta(minutes=5)
"""Alertmanager's own default, for its API v2: who sends no end there (amtool, scripts) repeats, or
the alert is over."""


def problem_of(seconds: object) -> str:
    """Why this is no such time, and what to give instead; "" when it is one, or None."""
    if seconds is None or (type(seconds) is int and SECONDS_MIN <= seconds <= SECONDS_MAX):
        return ""
    return (
        f"Give {SECONDS_MIN} to {SECONDS_MAX:,} seconds (30 days), and more than the sender's "
        "repeat interval; or nothing."
    )


def with_end(batch: IncomingBatch, seconds: int | None, now: datetime) -> IncomingBatch:
    """The batch; what fires in it without an end of its own ends so many seconds from now unless it
    comes again. None: as the sender's API says, a webhook's never."""
    if seconds is not None:
        end = now + timedelta(seconds=seconds)
    elif batch.source is Source.PROMETHEUS:
        end = now + OF_DIRECT_ALERTS
    else:
        return batch
    alerts = tuple(
        replace(alert, expires_at=end)
        if alert.status == "firing" and alert.expires_at is None
        else alert
        for alert in batch.alerts
    )
    return replace(batch, alerts=alerts)
