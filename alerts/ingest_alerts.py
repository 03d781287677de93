"""The alerts of one POST against those we know: what each one does, and the rows it makes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from typing import Any
from uuid import UUID

from accounts.models import new_id
from accounts.statements import Writes, locking, one_of_pairs, query, time_of, utc, uuid_of
from alerts.group_state import Change, Opening
from alerts.grouping import group_key
from alerts.lifecycle import Effect, Known, Transition, after, content_hash, transition
from alerts.models import Alert, Episode, Integration
from alerts.route_table import RouteTable
from alerts.routing import matching_routes
from alerts.sources.fields import one_line
from alerts.sources.incoming import IncomingAlert, IncomingBatch, Link, LinkKind

Identity = tuple[UUID, str]
"""Of an alert: its integration's ID and its fingerprint there."""


@dataclass(frozen=True, slots=True)
class Described:
    """An incoming alert with what does not depend on the database, so that a retry is cheap.

    `fingerprint`: as stored; an event's is its own, so that no later one overwrites it.
    """

    incoming: IncomingAlert
    fingerprint: str
    severity: str
    content: str
    openings: tuple[Opening, ...]
    is_routed: bool


@dataclass(slots=True)
class Working:
    """An alert while it is being changed.

    `known`: its state so far, None before its first word. `told`: who spoke last with effect.
    `change`: what all of the POST did to it, None if nothing that is seen. `repeated`: the last
    one that only kept it alive.
    """

    id: UUID
    known: Known | None
    is_new: bool
    told: Described | None = None
    repeated: Described | None = None
    change: Change | None = None
    episodes: dict[int, Known] = field(default_factory=dict)


def describe(integration: Integration, table: RouteTable, batch: IncomingBatch) -> list[Described]:
    """Severity, identity and routes of every alert of the batch: no database."""
    ignored = frozenset(integration.ignored_labels)
    return [_describe(integration, table, batch, alert, ignored) for alert in batch.alerts]


def _describe(
    integration: Integration,
    table: RouteTable,
    batch: IncomingBatch,
    alert: IncomingAlert,
    ignored: frozenset[str],
) -> Described:
    fingerprint = _event_id(alert) if alert.status == "event" else alert.fingerprint
    rules = matching_routes(table.rules, alert.labels, integration.pk)
    waits = batch.group_key is None and alert.status != "event"
    openings = tuple(
        Opening(
            rule.id,
            group_key(
                rule,
                batch,
                alert,
                integration_id=integration.pk,
                event_id=fingerprint,
                ignored_labels=ignored,
            ),
            waits,
        )
        for rule in rules
    )
    return Described(
        incoming=alert,
        fingerprint=fingerprint,
        severity=table.severities.severity_of(alert.labels) or "",
        content=content_hash(alert, ignored),
        openings=openings,
        is_routed=any(table.timings[o.route_id].destinations.of(o.key.labels) for o in openings),
    )


def _event_id(alert: IncomingAlert) -> str:
    """An event with a time of its own is the same event when it comes again; else each is new."""
    if alert.starts_at is None:
        return f"event.{new_id().hex}"
    text = f"{alert.fingerprint} {alert.starts_at.isoformat()}"
    return f"event.{sha256(text.encode()).hexdigest()[:32]}"


def load_known(identities: Iterable[Identity]) -> dict[Identity, Working]:
    """The stored ones of these alerts, locked until the transaction ends."""
    asked = set(identities)
    if not asked:
        return {}
    condition, values = one_of_pairs(("integration_id", "fingerprint"), ("uuid", "text"), asked)
    rows = query(
        "SELECT integration_id, fingerprint, id, status, severity, content_hash, episode,"  # noqa: S608  # constants
        ' starts_at, ends_at, ended_by, last_received_at FROM "alerts_alert"'
        f" WHERE {condition} ORDER BY id{locking('FOR NO KEY UPDATE')}",
        values,
    )
    found: dict[Identity, Working] = {}
    for integration_id, fingerprint, row_id, status, severity, content, episode, *times in rows:
        starts_at, ends_at, ended_by, last_received_at = times
        known = Known(
            status=status,
            severity=severity,
            content_hash=content,
            episode=episode,
            starts_at=utc(starts_at),
            ends_at=time_of(ends_at),
            ended_by=ended_by,
            last_received_at=utc(last_received_at),
        )
        identity = (uuid_of(integration_id), fingerprint)
        found[identity] = Working(uuid_of(row_id), known, is_new=False)
    return found


def complete_ends(
    integration: Integration,
    table: RouteTable,
    batch: IncomingBatch,
    described: Sequence[Described],
    working: Mapping[str, Working],
) -> list[Described]:
    """What an end leaves out is what we knew: `{"title": …, "status": "resolved"}` takes neither
    its severity nor its words from an alert. One statement, and only where an end leaves out."""
    lacking = {one.fingerprint for one in described if _leaves_out(one)} & working.keys()
    if not lacking:
        return list(described)
    ids = {working[fingerprint].id: fingerprint for fingerprint in lacking}
    rows = Alert.objects.for_organization(integration.organization_id).filter(pk__in=ids)
    known = {ids[row.pk]: row for row in rows}
    ignored = frozenset(integration.ignored_labels)
    return [
        _describe(integration, table, batch, _completed(one.incoming, row), ignored)
        if _leaves_out(one) and (row := known.get(one.fingerprint))
        else one
        for one in described
    ]


def _leaves_out(one: Described) -> bool:
    alert = one.incoming
    says = alert.summary or alert.description or alert.annotations
    return alert.status == "resolved" and not (one.severity and says and alert.links)


def _completed(end: IncomingAlert, known: Alert) -> IncomingAlert:
    """What it described becomes its summary, which is shown as what was the case."""
    if not (end.summary or end.description):
        summary = known.summary or one_line(known.description)
        end = replace(end, summary=summary, description=known.description)
    links = tuple(Link(LinkKind(kind), url, label) for kind, url, label in known.links)
    return replace(
        end,
        labels={**known.labels, **end.labels},
        annotations={**known.annotations, **end.annotations},
        links=end.links or links,
    )


def apply(
    working: dict[str, Working], described: Sequence[Described], now: datetime
) -> list[tuple[Working, Effect]]:
    """Let the alerts of the POST take effect in their order; adds unknown ones to `working`."""
    outcome: list[tuple[Working, Effect]] = []
    for one in described:
        alert = working.get(one.fingerprint)
        if alert is None:
            alert = working[one.fingerprint] = Working(new_id(), None, is_new=True)
        decided = transition(alert.known, one.incoming, one.severity, one.content, now)
        if decided.effect is Effect.REPEATED:
            alert.repeated = one
        elif decided.effect is not Effect.STALE:
            _take_effect(alert, one, decided, now)
        outcome.append((alert, decided.effect))
    return outcome


def _take_effect(alert: Working, one: Described, decided: Transition, now: datetime) -> None:
    before = alert.known
    alert.known = after(before, one.incoming, decided, one.severity, one.content, now)
    alert.told = one
    if decided.effect is not Effect.EVENT:
        alert.episodes[decided.episode] = alert.known
    change = Change(
        alert_id=alert.id,
        name=one.incoming.name,
        effect=decided.effect,
        status=alert.known.status,
        severity=one.severity,
        episode=decided.episode,
        before=before.severity if before else "",
        # Another severity may be another route's: whom it concerns now must hear of it.
        openings=one.openings if decided.opens_episode or decided.effect is Effect.SEVERITY else (),
    )
    earlier = alert.change
    if earlier is not None:  # the POST lists it more than once: one change that says it all
        keeps = earlier.openings and decided.effect in (Effect.SEVERITY, Effect.UPDATED)
        change = replace(
            change,
            effect=earlier.effect if keeps else change.effect,
            before=earlier.before,
            openings=change.openings or earlier.openings,
        )
    alert.change = change


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a POST does: its alerts by fingerprint, and what each had for an effect, in the order in
    which it lists them."""

    integration: Integration
    trace_id: UUID
    now: datetime
    working: Mapping[str, Working]
    effects: Sequence[tuple[Working, Effect]]
    unrouted: int


def add_rows(outcomes: Sequence[Outcome], writes: Writes) -> None:
    """New, changed and repeated alerts, and their episodes.

    In the order of their identities: two transactions with the same new alerts then wait for each
    other instead of each holding what the other needs.
    """
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    repeated: list[dict[str, Any]] = []
    episodes: list[dict[str, Any]] = []
    every = [
        (of.integration.pk, fingerprint, of, alert)
        for of in outcomes
        for fingerprint, alert in of.working.items()
    ]
    for _, fingerprint, of, alert in sorted(every, key=itemgetter(0, 1)):
        if alert.told is not None and alert.known is not None:
            row = {**_words(alert.told), **_state(alert.known), "last_trace_id": of.trace_id}
            row |= {"id": alert.id, "last_received_at": of.now}
            if alert.is_new:
                row |= {
                    "organization_id": of.integration.organization_id,
                    "integration_id": of.integration.pk,
                    "fingerprint": fingerprint,
                    "first_received_at": of.now,
                }
            (new if alert.is_new else changed).append(row)
        elif alert.repeated is not None and alert.known and alert.known.status == "firing":
            repeated.append(
                {
                    "id": alert.id,
                    "last_received_at": of.now,
                    "expires_at": alert.repeated.incoming.expires_at,
                    "last_trace_id": of.trace_id,
                }
            )
        for number, known in alert.episodes.items():
            episodes.append(_episode(of.integration, alert.id, number, known))
    writes.insert(Alert, new)
    writes.update(Alert, changed)
    writes.update(Alert, repeated)
    writes.insert(
        Episode,
        episodes,
        on_conflict="(alert_id, number) DO UPDATE SET"
        " severity = excluded.severity, ends_at = excluded.ends_at",
    )


def _words(described: Described) -> dict[str, Any]:
    """What the sender said."""
    alert = described.incoming
    return {
        "severity": described.severity,
        "name": alert.name,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "summary": alert.summary,
        "description": alert.description,
        "value_text": alert.value_text,
        "links": [[link.kind, link.url, link.label] for link in alert.links],
        "image_url": alert.image_url,
        "expires_at": alert.expires_at if alert.status == "firing" else None,
    }


def _state(known: Known) -> dict[str, Any]:
    return {
        "status": known.status,
        "content_hash": known.content_hash,
        "episode": known.episode,
        "starts_at": known.starts_at,
        "ends_at": known.ends_at,
        "ended_by": known.ended_by,
    }


def _episode(integration: Integration, alert_id: UUID, number: int, known: Known) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organization_id": integration.organization_id,
        "alert_id": alert_id,
        "number": number,
        "severity": known.severity,
        "starts_at": known.starts_at,
        "ends_at": known.ends_at,
    }
