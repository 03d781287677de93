"""One POST, understood → stored in one short transaction. From its commit nothing is lost.

Statements: known alerts, their groups, those groups' messages, and one for all writes; a repeat
takes two. Concurrent POSTs meet at unique constraints and row locks: whoever comes second starts
again and sees what the first one wrote, so that HA pairs make one alert and one message.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction

from accounts.models import new_id
from alerts import truncation
from alerts.group_rows import Scope
from alerts.groups import NotAlone, change_groups, needs_to_be_alone
from alerts.idempotency import Idempotency
from alerts.ingest_alerts import (
    Described,
    add_rows,
    apply,
    complete_ends,
    describe,
    load_known,
)
from alerts.lifecycle import Effect
from alerts.models import Integration, Trace
from alerts.route_table import RouteTable, forget_cached_routes, route_table
from alerts.sources.incoming import IncomingBatch, Problem
from alerts.statements import Writes
from alerts.traces import Post, page_of, trace_row
from botapi import failpoints
from deliveries import wakeup
from deliveries.conflicts import is_conflict

TRIES = 6
PUBLISH = "alerts.publish"
NOTED_EVERY = timedelta(seconds=30)
"""How old an integration's `last_received_at` may get: a row that all of its POSTs would write."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the sender hears once it is stored."""

    trace_id: UUID
    alerts: int
    problems: tuple[Problem, ...]

    def answer(self) -> dict[str, Any]:
        """As JSON. `url` is the page that tells what became of it."""
        return {
            "trace": str(self.trace_id),
            "url": page_of(self.trace_id),
            "alerts": self.alerts,
            "problems": [
                {"pointer": p.pointer, "reason": p.reason, "excerpt": p.excerpt}
                for p in self.problems
            ],
        }


def ingest(
    integration: Integration,
    batch: IncomingBatch,
    post: Post,
    trace_id: UUID | None = None,
    idempotency: Idempotency | None = None,
) -> Accepted:
    """Store the batch; `integration` has its organization loaded.

    Raises Replayed when a POST with this Idempotency-Key came first, and django.db.Error when the
    batch could not be stored. Either way nothing of it is.
    """
    trace_id = trace_id or new_id()
    batch = truncation.with_notice(batch, settings.INGEST_MAX_ALERTS, post.received_at)
    accepted = Accepted(trace_id, len(batch.alerts), batch.problems)
    extra = Writes()
    if idempotency is not None:
        idempotency.add_record(accepted.answer(), post.received_at, extra)
    table = route_table(integration.organization)
    described = describe(integration, table, batch)
    alone = False
    for attempt in range(1, TRIES + 1):
        try:
            with transaction.atomic():
                _store(integration, table, batch, described, post, trace_id, alone=alone)
                extra.execute()
                failpoints.hit("ingest.before_commit")
        except NotAlone:
            alone = True
        except IntegrityError:
            # Somebody stored the same alert or group first, or a cached route is gone.
            if idempotency is not None:
                idempotency.raise_if_known()
            if attempt == TRIES:
                raise
            forget_cached_routes()
            table = route_table(integration.organization)
            described = describe(integration, table, batch)
        except OperationalError as error:
            if attempt == TRIES or not is_conflict(error):
                raise
        else:
            failpoints.hit("ingest.committed")
            return accepted
    raise OperationalError(f"Ingest lost against others {TRIES} times.")


def _store(
    integration: Integration,
    table: RouteTable,
    batch: IncomingBatch,
    described: Sequence[Described],
    post: Post,
    trace_id: UUID,
    *,
    alone: bool,
) -> None:
    now = post.received_at
    working = load_known(integration.pk, (one.fingerprint for one in described))
    described = complete_ends(integration, table, batch, described, working)
    outcome = apply(working, described, now)
    changes = [alert.change for alert in working.values() if alert.change is not None]
    scope = Scope(
        organization_id=integration.organization_id,
        table=table,
        now=now,
        alone=alone or needs_to_be_alone(changes),
        truncated=batch.truncated_alerts,
        external_url=batch.external_url,
    )
    writes = Writes()
    add_rows(integration, working, trace_id, now, writes)
    groups_of = change_groups(scope, changes, writes)
    effects = Counter(effect for _, effect in outcome)
    row = trace_row(integration, post, trace_id, status=post.accepted, source=batch.source)
    row |= {
        "summary": summary(effects),
        "problems": [[p.pointer, p.reason, p.excerpt] for p in batch.problems],
        "alerts": [
            [str(alert.id), effect, [str(i) for i in groups_of.get(alert.id, ())]]
            for alert, effect in outcome
        ],
        "unrouted": sum(not one.is_routed for one in described),
    }
    writes.insert(Trace, [row])
    _note_receipt(integration, now, writes)
    writes.execute()
    if changes:
        transaction.on_commit(wake_publish)


def summary(effects: Counter[Effect]) -> str:
    """`2 fired, 1 repeated`, for people."""
    return ", ".join(f"{count} {effect}" for effect, count in effects.items()) or "no alerts"


def wake_publish() -> None:
    """Have what is due published soon; the sweep finds it in any case."""
    wakeup.wake(PUBLISH)


def _note_receipt(integration: Integration, now: datetime, writes: Writes) -> None:
    last = integration.last_received_at
    if last is None or now - last >= NOTED_EVERY:
        writes.update(Integration, [{"id": integration.pk, "last_received_at": now}])
        integration.last_received_at = now  # the row is cached: one write, not one a request
