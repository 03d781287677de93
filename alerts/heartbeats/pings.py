"""Pings of heartbeats, and the sweep that finds those that did not come."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import OperationalError

from alerts.heartbeats import rules as heartbeat_rules
from alerts.heartbeats.rules import Facts, PingKind, Schedule
from alerts.heartbeats.state import Changed, change
from alerts.heartbeats.texts import Said
from alerts.integration_keys import hash_of
from alerts.models import Heartbeat, HeartbeatPing
from alerts.uptime import GRACE, Uptime

logger = logging.getLogger(__name__)

PREFIX = "th_"
KEPT = 20
"""Pings that are kept of each heartbeat."""
BODY_KEPT = 10_000
"""Bytes of a body that are kept, from its end: the last lines say what went wrong."""
SWEPT = 1_000
"""Heartbeats of one sweep; the next one comes 5 seconds later."""
AFTER_DEFECT = timedelta(hours=1)
"""When one that could not be looked at is tried again: behind the others, and not in each sweep's
log."""


@dataclass(frozen=True, slots=True)
class Ping:
    """One, as it came. `exit_code`: where the URL named one."""

    kind: PingKind
    exit_code: int | None = None
    body: str = ""
    method: str = ""
    remote_addr: str = ""
    user_agent: str = ""


def heartbeat_for_key(presented: str) -> UUID | None:
    """The ID of the heartbeat with this key, also of a paused one."""
    if not presented.startswith(PREFIX):
        return None
    rows = Heartbeat.objects.filter(key_hash=hash_of(presented))
    return rows.values_list("pk", flat=True).first()


def ping(pk: UUID, one: Ping) -> Changed | None:
    """Note it, and what it changes; None when the heartbeat is gone. Raises django.db.Error: then
    it was not noted."""

    def decide(facts: Facts, schedule: Schedule, now: datetime) -> Facts:
        return heartbeat_rules.after_ping(facts, one.kind, now, schedule)

    said = Said(one.exit_code, one.body)
    return change(pk, decide, said=said, beside=partial(_remember, one))


def _remember(one: Ping, row: Heartbeat, now: datetime) -> None:
    """In the slot of the oldest one; the caller holds the heartbeat, so that each has its own."""
    slot = row.pings % KEPT
    row.pings += 1
    HeartbeatPing.objects.update_or_create(
        heartbeat=row,
        slot=slot,
        defaults={
            "organization_id": row.organization_id,
            "at": now,
            "kind": one.kind,
            "exit_code": one.exit_code,
            "duration": None if one.kind == "start" else row.last_duration,
            "method": one.method,
            "remote_addr": one.remote_addr,
            "user_agent": one.user_agent,
            "body": one.body,
        },
    )


def sweep(uptime: Uptime) -> int:
    """Take down what was not pinged in time, by what was known at the moment that was noted;
    returns how many. Each is a transaction of its own: whoever comes second finds it done, and what
    fails stops no other. Raises OperationalError."""

    def decide(facts: Facts, schedule: Schedule, now: datetime) -> Facts:
        return heartbeat_rules.overdue(
            facts, schedule, uptime.now, uptime.since, uptime.since + GRACE
        )

    missed = Heartbeat.objects.filter(alarm_at__lte=uptime.now).order_by("alarm_at")
    told = 0
    for pk in list(missed.values_list("pk", flat=True)[:SWEPT]):
        try:
            changed = change(pk, decide)
        except OperationalError:
            raise  # the database itself: the next sweep comes soon
        except Exception:  # one's defect must not keep the others quiet
            logger.exception("Heartbeat %s could not be looked at", pk)
            rows = Heartbeat.objects.filter(pk=pk, alarm_at__lte=uptime.now)
            rows.update(alarm_at=uptime.now + AFTER_DEFECT)
        else:
            told += changed is not None and changed.told
    return told
