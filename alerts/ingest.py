"""POSTs, understood → stored in one short transaction. From its commit nothing is lost.

Statements: known alerts, their groups, those groups' messages, and one for all writes; a repeat
takes two. POSTs that arrive together share them (alerts/together.py). Concurrent transactions meet
at unique constraints and row locks: whoever comes second starts again and sees what the first one
wrote, so that HA pairs make one alert and one message.
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction

from accounts.models import new_id
from accounts.statements import Writes
from alerts import truncation
from alerts.group_rows import Scope
from alerts.group_state import Change
from alerts.groups import NotAlone, change_groups_of, needs_to_be_alone
from alerts.idempotency import Idempotency
from alerts.ingest_alerts import (
    Described,
    Identity,
    Outcome,
    Working,
    add_rows,
    apply,
    complete_ends,
    describe,
    load_known,
)
from alerts.lifecycle import Effect
from alerts.models import Integration, Trace
from alerts.muting.inhibit_sources import note_sources
from alerts.route_table import RouteTable, forget_cached_routes, route_table
from alerts.sources.incoming import IncomingBatch, Problem
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


@dataclass(slots=True)
class Understood:
    """A POST that only has to be stored; `integration` has its organization loaded."""

    integration: Integration
    batch: IncomingBatch
    post: Post
    trace_id: UUID
    idempotency: Idempotency | None
    table: RouteTable
    described: Sequence[Described]

    @property
    def accepted(self) -> Accepted:
        """What its sender hears once it is stored."""
        return Accepted(self.trace_id, len(self.batch.alerts), self.batch.problems)

    def describe_anew(self) -> None:
        """By the routes as they are now."""
        self.table = route_table(self.integration.organization)
        self.described = describe(self.integration, self.table, self.batch)

    def touches(self) -> Iterator[Hashable]:
        """What of it another POST may touch as well: its alerts, the groups they may open, its
        Idempotency-Key. Two that touch the same are not stored together."""
        for one in self.described:
            yield self.integration.pk, one.fingerprint
            for opening in one.openings:
                yield opening.route_id, opening.key.hash
        if self.idempotency is not None:
            yield self.idempotency.scope, self.idempotency.key_hash


def understand(
    integration: Integration,
    batch: IncomingBatch,
    post: Post,
    trace_id: UUID | None = None,
    idempotency: Idempotency | None = None,
) -> Understood:
    """All that can be said of a batch before its transaction. Raises django.db.Error."""
    batch = truncation.with_notice(batch, settings.INGEST_MAX_ALERTS, post.received_at)
    table = route_table(integration.organization)
    described = describe(integration, table, batch)
    return Understood(integration, batch, post, trace_id or new_id(), idempotency, table, described)


def ingest(one: Understood) -> Accepted:
    """Store a POST.

    Raises Replayed when a POST with this Idempotency-Key came first, and django.db.Error when it
    could not be stored. Either way nothing of it is.
    """
    alone = False
    for attempt in range(1, TRIES + 1):
        try:
            store([one], alone=alone)
        except NotAlone:
            alone = True
        except IntegrityError:
            # Somebody stored the same alert or group first, or a cached route is gone.
            if one.idempotency is not None:
                one.idempotency.raise_if_known()
            if attempt == TRIES:
                raise
            forget_cached_routes()
            one.describe_anew()
        except OperationalError as error:
            if attempt == TRIES or not is_conflict(error):
                raise
        else:
            return one.accepted
    raise OperationalError(f"Ingest lost against others {TRIES} times.")


def store(posts: Sequence[Understood], *, alone: bool = False) -> None:
    """One try in one transaction; the POSTs touch nothing in common. All of them are stored or,
    after an exception, none: NotAlone, Met, django.db.Error."""
    with transaction.atomic():
        store_inside(posts, alone=alone)
        failpoints.hit("ingest.before_commit")
    failpoints.hit("ingest.committed")


def store_inside(posts: Sequence[Understood], *, alone: bool) -> None:
    """The same in the caller's transaction, which is of no use after an exception."""
    known = load_known((one.integration.pk, d.fingerprint) for one in posts for d in one.described)
    outcomes = [_decide(one, known) for one in posts]
    parts = [_changes(one, of, alone=alone) for one, of in zip(posts, outcomes, strict=True)]
    writes = Writes()
    add_rows(outcomes, writes)
    for one, of in zip(posts, outcomes, strict=True):
        note_sources(one.table.inhibitions, of, writes)
    groups_of = change_groups_of(parts, writes)
    traces = [_trace(one, of, groups_of) for one, of in zip(posts, outcomes, strict=True)]
    writes.insert(Trace, traces)
    for one in posts:
        if one.idempotency is not None:
            one.idempotency.add_record(one.accepted.answer(), one.post.received_at, writes)
    for one in sorted(posts, key=lambda one: one.integration.pk):
        _note_receipt(one.integration, one.post.received_at, writes)
    writes.execute()
    if groups_of:
        transaction.on_commit(wake_publish)


def _decide(one: Understood, known: Mapping[Identity, Working]) -> Outcome:
    identities = {d.fingerprint: (one.integration.pk, d.fingerprint) for d in one.described}
    working = {name: known[identity] for name, identity in identities.items() if identity in known}
    described = complete_ends(one.integration, one.table, one.batch, one.described, working)
    now = one.post.received_at
    effects = apply(working, described, now)
    unrouted = sum(not d.is_routed for d in described)
    return Outcome(one.integration, one.trace_id, now, working, effects, unrouted)


def _changes(one: Understood, of: Outcome, *, alone: bool) -> tuple[Scope, list[Change]]:
    changes = [alert.change for alert in of.working.values() if alert.change is not None]
    scope = Scope(
        organization_id=one.integration.organization_id,
        table=one.table,
        now=of.now,
        alone=alone or needs_to_be_alone(changes),
        truncated=one.batch.truncated_alerts,
        external_url=one.batch.external_url,
    )
    return scope, changes


def _trace(
    one: Understood, of: Outcome, groups_of: Mapping[UUID, Sequence[UUID]]
) -> dict[str, Any]:
    row = trace_row(
        one.integration,
        one.post,
        one.trace_id,
        status=one.post.accepted,
        source=one.batch.source,
    )
    return row | {
        "summary": summary(Counter(effect for _, effect in of.effects)),
        "problems": [[p.pointer, p.reason, p.excerpt] for p in one.batch.problems],
        "alerts": [
            [str(alert.id), effect, [str(i) for i in groups_of.get(alert.id, ())]]
            for alert, effect in of.effects
        ],
        "unrouted": of.unrouted,
    }


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
