"""An alert of our own about a payload that did not fit: what parses is stored, and this says so."""

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.sources.incoming import IncomingAlert, IncomingBatch

KEPT_FOR = timedelta(hours=1)
FINGERPRINT = "tocsin.payload-truncated"
"""One for each integration: payload after payload is cut, one alert fires."""


def with_notice(batch: IncomingBatch, max_alerts: int, now: datetime) -> IncomingBatch:
    """The batch, and an alert when its body broke off or held more than `max_alerts`."""
    is_over = batch.truncated_alerts > 0 and len(batch.alerts) >= max_alerts
    if not batch.incomplete and not is_over:
        return batch
    what = (
        "The body broke off: what stood before was stored, what followed is lost."
        if batch.incomplete
        else f"Of {len(batch.alerts) + batch.truncated_alerts} alerts in one POST "
        f"{max_alerts} were stored."
    )
    notice = IncomingAlert(
        status="firing",
        fingerprint=FINGERPRINT,
        name="Payload truncated",
        labels={"alertname": "Payload truncated", "severity": "warning"},
        summary=what,
        description="Let the sender group its alerts, or send fewer of them in one POST.",
        expires_at=now + KEPT_FOR,
    )
    return replace(batch, alerts=(*batch.alerts, notice))
