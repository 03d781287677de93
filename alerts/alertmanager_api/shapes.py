"""Alerts, groups and silences as the API shows them, in its order. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cmp_to_key
from typing import Any

from alerts.matchers import Matcher
from alerts.muting.silencing import SilenceState, state_at

Labels = Mapping[str, str]
Shape = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """What is known of a firing alert. `receivers`: names; the others are IDs of what keeps it
    quiet."""

    fingerprint: str
    labels: Labels
    annotations: Labels
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    generator_url: str
    receivers: Sequence[str]
    silenced_by: Sequence[str]
    inhibited_by: Sequence[str]


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """Alerts that are told together. `receiver`: its name."""

    receiver: str
    labels: Labels
    alerts: list[ShownAlert]


@dataclass(frozen=True, slots=True)
class ShownSilence:
    """A silence."""

    id: str
    matchers: Sequence[Matcher]
    starts_at: datetime
    ends_at: datetime
    updated_at: datetime
    created_by: str
    comment: str


def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC with exactly three decimals, the rest cut off."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def alert_shape(alert: ShownAlert) -> Shape:
    """`gettableAlert`."""
    quiet = alert.silenced_by or alert.inhibited_by
    shape: Shape = {
        "annotations": dict(sorted(alert.annotations.items())),
        "endsAt": time_text(alert.ends_at),
        "fingerprint": alert.fingerprint,
        "receivers": [{"name": name} for name in alert.receivers],
        "startsAt": time_text(alert.starts_at),
        "status": {
            "inhibitedBy": list(alert.inhibited_by),
            "silencedBy": list(alert.silenced_by),
            "state": "suppressed" if quiet else "active",
        },
        "updatedAt": time_text(alert.updated_at),
    }
    if alert.generator_url:
        shape["generatorURL"] = alert.generator_url
    return shape | {"labels": dict(sorted(alert.labels.items()))}


def alert_shapes(alerts: Sequence[ShownAlert]) -> list[Shape]:
    """GET /alerts: by fingerprint."""
    return [alert_shape(alert) for alert in sorted(alerts, key=lambda one: one.fingerprint)]


def group_shapes(groups: Sequence[ShownGroup]) -> list[Shape]:
    """GET /alerts/groups: groups by labels and receiver, their alerts by job, instance, labels."""
    return [
        {
            "alerts": [alert_shape(alert) for alert in sorted(group.alerts, key=_by_place)],
            "labels": dict(sorted(group.labels.items())),
            "receiver": {"name": group.receiver},
        }
        for group in sorted(groups, key=_by_labels)
    ]


def silence_shape(silence: ShownSilence, now: datetime) -> Shape:
    """`gettableSilence`."""
    return {
        "id": silence.id,
        "status": {"state": state_at(silence.starts_at, silence.ends_at, now).value},
        "updatedAt": time_text(silence.updated_at),
        "comment": silence.comment,
        "createdBy": silence.created_by,
        "endsAt": time_text(silence.ends_at),
        "matchers": [
            dict(sorted(matcher.to_alertmanager().items())) for matcher in silence.matchers
        ],
        "startsAt": time_text(silence.starts_at),
    }


def silence_shapes(silences: Sequence[ShownSilence], now: datetime) -> list[Shape]:
    """GET /silences: active ones by their end, then pending ones by their start, then those that
    have expired, the last one first."""

    def place(silence: ShownSilence) -> tuple[int, float, str]:
        match state_at(silence.starts_at, silence.ends_at, now):
            case SilenceState.ACTIVE:
                return 0, silence.ends_at.timestamp(), silence.id
            case SilenceState.PENDING:
                return 1, silence.starts_at.timestamp(), silence.id
            case SilenceState.EXPIRED:
                return 2, -silence.ends_at.timestamp(), silence.id

    return [silence_shape(silence, now) for silence in sorted(silences, key=place)]


def _compare(one: Labels, other: Labels) -> int:
    """LabelSet.Before of prometheus/common: fewer labels first, then by names and values. A set
    that lacks the name comes first."""
    if len(one) != len(other):
        return -1 if len(one) < len(other) else 1
    for name in sorted({*one, *other}):
        if name not in one or name not in other:
            return -1 if name not in one else 1
        if one[name] != other[name]:
            return -1 if one[name] < other[name] else 1
    return 0


def _compare_alerts(one: ShownAlert, other: ShownAlert) -> int:
    """AlertSlice.Less of types/types.go: those with a job first, then those with an instance."""
    for name in ("job", "instance"):
        if (name in one.labels) != (name in other.labels):
            return -1 if name in one.labels else 1
        if name in one.labels and one.labels[name] != other.labels[name]:
            return -1 if one.labels[name] < other.labels[name] else 1
    return _compare(one.labels, other.labels)


def _compare_groups(one: ShownGroup, other: ShownGroup) -> int:
    """AlertGroups.Less of dispatch/dispatch.go."""
    if found := _compare(one.labels, other.labels):
        return found
    return (one.receiver > other.receiver) - (one.receiver < other.receiver)


_by_place = cmp_to_key(_compare_alerts)
_by_labels = cmp_to_key(_compare_groups)
