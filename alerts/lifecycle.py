"""What an incoming alert does to the one we know: pure decisions, no clock, no database.

An episode runs from firing to resolved. A new one begins with a `startsAt` later than the last
resolve; a late "firing" of an ended episode (an HA peer's retry, a reordered POST) is stale.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from alerts.severity import Severity
from alerts.sources.incoming import IncomingAlert
from languages.speaking import gettext_noop

REOPEN_WITHIN = timedelta(minutes=10)
"""A re-fire this soon after its group's last resolve belongs to the same group."""

STALE_WITHIN = timedelta(minutes=3)
"""How long after a resolve a "firing" of the same episode is taken for a late one.

Later it is believed: Alertmanager resolves by itself what Prometheus stopped sending for a while
and then fires it again with the old startsAt; to drop that would hide a burning alert until the
next repeat, four hours by default. Alertmanager's HA peers and retries are late by less.
"""


NO_LONGER_KNOWN = gettext_noop("no longer known to its Alertmanager")
"""Why an alert is over whose sender does not say so, for people; see alerts/upstreams/look.py."""


class Effect(StrEnum):
    """What an incoming alert changed; kept in its Trace."""

    FIRED = "fired"
    REPEATED = "repeated"
    REFIRED = "refired"
    RESOLVED = "resolved"
    STALE = "stale"
    SEVERITY = "severity"
    UPDATED = "updated"
    EVENT = "event"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Known:
    """An alert as it is stored. `ended_by`: a value of models.Ended, "" while firing."""

    status: str
    severity: str
    content_hash: str
    episode: int
    starts_at: datetime
    ends_at: datetime | None
    ended_by: str
    last_received_at: datetime


@dataclass(frozen=True, slots=True)
class Transition:
    """`episode`: the number it counts for; `opens_episode`: that one is new."""

    effect: Effect
    episode: int
    opens_episode: bool = False


def content_hash(incoming: IncomingAlert, ignored_labels: frozenset[str]) -> str:
    """A digest of what people read and decide by: name, labels, texts.

    Left out, because it differs between the two replicas of one Prometheus or with every
    evaluation: ignored labels, links, images and values.
    """
    parts = [incoming.name, incoming.summary, incoming.description]
    for mapping in (incoming.labels, incoming.annotations):
        parts.append("")
        for name in sorted(mapping):
            if name not in ignored_labels:
                parts += (name, mapping[name])
    # No text holds NUL (sources/incoming.py), so none runs into the next.
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def transition(
    known: Known | None, incoming: IncomingAlert, severity: str, content: str, now: datetime
) -> Transition:
    """Decide. `severity` and `content` (its hash) are the incoming alert's."""
    if incoming.status == "event":
        return (
            Transition(Effect.REPEATED, known.episode)
            if known
            else Transition(Effect.EVENT, 1, opens_episode=True)
        )
    if known is None:
        first = Effect.FIRED if incoming.status == "firing" else Effect.RESOLVED
        return Transition(first, 1, opens_episode=True)
    if known.status == "firing":
        if incoming.status == "firing":
            return Transition(_while_firing(known, severity, content), known.episode)
        return _resolve(known, incoming)
    return _after_end(known, incoming, now)


def _while_firing(known: Known, severity: str, content: str) -> Effect:
    if severity != known.severity:
        return Effect.SEVERITY
    return Effect.REPEATED if content == known.content_hash else Effect.UPDATED


def _resolve(known: Known, incoming: IncomingAlert) -> Transition:
    """Stale is the end of an episode before this one, also when it is repeated: Prometheus does so
    for a quarter of an hour, whatever its twin sees meanwhile. Where the sender tells no start ours
    may stand there, by another clock than its end: then it is believed, or the alert burns for
    ever."""
    ended_before = incoming.ends_at is not None and incoming.ends_at <= known.starts_at
    if ended_before and incoming.starts_at is not None and incoming.starts_at < known.starts_at:
        return Transition(Effect.STALE, known.episode)
    return Transition(Effect.RESOLVED, known.episode)


def _after_end(known: Known, incoming: IncomingAlert, now: datetime) -> Transition:
    is_later = incoming.starts_at is None or incoming.starts_at > _end_by_the_sender(known)
    if incoming.status == "resolved":
        if incoming.starts_at is None or not is_later:
            return Transition(Effect.REPEATED, known.episode)
        return Transition(Effect.RESOLVED, known.episode + 1, opens_episode=True)
    if is_later or known.ended_by in _UNSAID or _is_believable(known, now):
        return Transition(Effect.REFIRED, known.episode + 1, opens_episode=True)
    return Transition(Effect.STALE, known.episode)


_UNSAID = ("expired", "unknown")
"""Ends by its sender's silence alone: whatever it says next is believed."""


def _end_by_the_sender(known: Known) -> datetime:
    """Only the sender's own times are comparable with its startsAt: clocks differ."""
    if known.ended_by == "told" and known.ends_at is not None:
        return known.ends_at
    return known.starts_at


def _is_believable(known: Known, now: datetime) -> bool:
    """A person's resolve holds until the sender says that something new has begun."""
    return known.ended_by != "person" and now - known.last_received_at >= STALE_WITHIN


def after(
    known: Known | None,
    incoming: IncomingAlert,
    decided: Transition,
    severity: str,
    content: str,
    now: datetime,
) -> Known:
    """The alert as it is stored once the decision is carried out; not for STALE."""
    ended = incoming.status == "resolved"
    ends_at = (incoming.ends_at or now) if ended else None
    if decided.opens_episode or known is None:
        starts_at = incoming.starts_at or ends_at or now
        if known is not None and not ended and known.ended_by == "told" and known.ends_at:
            # Believed though its sender says that it began before: episodes follow each other.
            starts_at = max(starts_at, known.ends_at)
    else:
        starts_at = known.starts_at
    ended_by = ("told" if incoming.ends_at else "heard") if ended else ""
    return Known(
        status=incoming.status,
        severity=severity,
        content_hash=content,
        episode=decided.episode,
        starts_at=starts_at,
        ends_at=ends_at,
        ended_by=ended_by,
        last_received_at=now,
    )


def worst_severity(severities: Iterable[str]) -> str:
    """The worst of these words; "" when there are none, or none is known."""
    return max(severities, key=lambda word: _RANK.get(word, 0), default="")


def is_worse(severity: str, than: str) -> bool:
    """Whether the first word is worse than the second."""
    return _RANK.get(severity, 0) > _RANK.get(than, 0)


_RANK = {severity.value: severity.rank for severity in Severity}
