"""How heartbeats stand, changed one at a time: each change is one short transaction that holds its
row and, where it went down or came back, what that does to its alert. Killed before the commit
nothing has happened; after it, everything has.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction

from alerts.groups import NotAlone
from alerts.heartbeats import texts as heartbeat_alerts
from alerts.heartbeats.rules import Facts, Schedule
from alerts.heartbeats.source import source_of
from alerts.heartbeats.texts import Described, Said
from alerts.ingest import TRIES, store_inside, understand
from alerts.models import Heartbeat
from alerts.route_table import forget_cached_routes
from alerts.traces import Post
from botapi import failpoints
from deliveries import clock
from deliveries.conflicts import is_conflict

FACTS = tuple(field.name for field in fields(Facts))
NOTHING_SAID = Said()

Decide = Callable[[Facts, Schedule, datetime], Facts]
"""What it knew, its schedule, and now → what it knows from now on."""
Beside = Callable[[Heartbeat, datetime], None]
"""What else is written in the same transaction."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of it. `told`: whether its alert was spoken of."""

    row: Heartbeat
    told: bool


def facts_of(row: Heartbeat) -> Facts:
    """Its moments."""
    return Facts(**{name: getattr(row, name) for name in FACTS})


def schedule_of(row: Heartbeat) -> Schedule:
    """Its schedule; its organization is loaded."""
    return Schedule(
        period=timedelta(seconds=row.period) if row.period is not None else None,
        cron=row.cron,
        zone=row.timezone or row.organization.timezone,
        grace=timedelta(seconds=row.grace),
    )


def change(
    pk: UUID,
    decide: Decide,
    *,
    said: Said = NOTHING_SAID,
    beside: Beside | None = None,
    values: Mapping[str, Any] | None = None,
) -> Changed | None:
    """Decide anew how one stands; None when it is gone. `values`: fields that people set, which
    count for the decision already.

    Raises ScheduleError, and django.db.Error when the database did not take it: then nothing of it
    was stored.
    """
    alone = False
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                changed = _change(pk, decide, said, beside, values or {}, alone=alone)
                failpoints.hit("heartbeat.before_commit")
        except NotAlone:
            alone = True
        except IntegrityError:
            # Somebody opened the same group first, or a cached route is gone.
            if attempt == TRIES:
                raise
            forget_cached_routes()
        except OperationalError as error:
            if attempt == TRIES or not is_conflict(error):
                raise
        else:
            failpoints.hit("heartbeat.committed")
            return changed
    raise OperationalError(f"A heartbeat lost against others {TRIES} times.")


def _change(
    pk: UUID,
    decide: Decide,
    said: Said,
    beside: Beside | None,
    values: Mapping[str, Any],
    *,
    alone: bool,
) -> Changed | None:
    rows = Heartbeat.objects.select_related("organization").select_for_update(of=("self",))
    row = rows.filter(pk=pk).first()
    if row is None:
        return None
    now = clock.now()
    for name, value in values.items():
        setattr(row, name, value)
    before = facts_of(row)
    after = decide(before, schedule_of(row), now)
    changed = {name: value for name, value in asdict(after).items() if value != getattr(row, name)}
    for name, value in changed.items():
        setattr(row, name, value)
    if beside is not None:
        beside(row, now)
        changed["pings"] = row.pings
    if changed or values:
        row.save(update_fields=[*changed, *values])
    is_news = (before.down_at, before.reason) != (after.down_at, after.reason)
    told = is_news or (after.down_at is not None and after.last_ping_at != before.last_ping_at)
    if told:
        _tell(row, before, after, now, said, alone=alone)
    return Changed(row, told)


def _tell(
    row: Heartbeat, before: Facts, after: Facts, now: datetime, said: Said, *, alone: bool
) -> None:
    batch = heartbeat_alerts.batch(describe(row), schedule_of(row), before, after, now, said)
    post = Post(received_at=now, body=batch.alerts[0].summary.encode(), user_agent="Tocsin")
    store_inside([understand(source_of(row.organization), batch, post)], alone=alone)


def describe(row: Heartbeat) -> Described:
    """What its alerts say of it."""
    return Described(
        fingerprint=row.pk.hex,
        name=row.name,
        severity=row.severity,
        labels=row.labels,
        description=row.description,
        url=f"{settings.SITE_URL}/alerts/heartbeat/{row.pk}/change/",
    )
