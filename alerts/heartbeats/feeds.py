"""Alerts that keep heartbeats alive: Prometheus' Watchdog always fires, its silence is the news."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from alerts.heartbeats.pings import Ping, ping
from alerts.matchers import MatcherError, matches_all, read_matchers
from alerts.models import Heartbeat, Integration
from alerts.sources.incoming import IncomingAlert
from deliveries import clock

logger = logging.getLogger(__name__)

OFTEN = timedelta(seconds=5)
"""What was pinged a moment ago needs no ping: its sender may send a thousand alerts a second."""


def feed(integration: Integration, alerts: Sequence[IncomingAlert]) -> int:
    """Ping what these alerts keep alive; returns how many. Only firing ones count.

    Before the alerts are stored: a POST that fails after it is sent again, and pings again. A ping
    that fails is logged alone: it must cost no alert. Raises django.db.Error where the heartbeats
    cannot be read.
    """
    firing = [alert for alert in alerts if alert.status == "firing"]
    if not firing:
        return 0
    rows = Heartbeat.objects.for_organization(integration.organization_id)
    pinged = 0
    for row in rows.filter(integration=integration.pk):
        is_fresh = row.last_ping_at is not None and clock.now() - row.last_ping_at < OFTEN
        if is_fresh and row.down_at is None:
            continue
        if any(_feeds(row, alert) for alert in firing):
            pinged += _ping(row)
    return pinged


def _ping(row: Heartbeat) -> bool:
    try:
        return ping(row.pk, Ping("success", method="alert")) is not None
    except Exception:  # whatever it is: what the POST brings matters more
        logger.exception("Heartbeat %s could not be pinged", row.pk)
    return False


def _feeds(row: Heartbeat, alert: IncomingAlert) -> bool:
    try:
        return matches_all(read_matchers(row.matchers), alert.labels)
    except MatcherError:
        return False
