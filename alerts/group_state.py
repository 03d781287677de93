"""How a group stands after changes of its alerts: pure decisions.

A group is open while any of its alerts fires, and as bad as the worst of those. An event is a group
of its own that is closed from the start.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from alerts.grouping import GroupKey
from alerts.lifecycle import Effect, is_worse, worst_severity

NAMED_IN_TIMELINE = 20
RECOUNTS = frozenset((Effect.RESOLVED, Effect.EXPIRED, Effect.SEVERITY))
"""Effects after which a group may stand better, so that its other alerts must be counted."""
KINDS = {
    Effect.FIRED: "fired",
    Effect.REFIRED: "refired",
    Effect.SEVERITY: "severity",
    Effect.RESOLVED: "resolved",
    Effect.EXPIRED: "expired",
    Effect.EVENT: "event",
}
"""Effect → TimelineEvent.Kind."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A group that a new episode joins. `waits`: the sender did not group, so group_wait counts."""

    route_id: UUID
    key: GroupKey
    waits: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one alert, and how it stands now; `before`: its severity until then.
    `openings`: groups to join; one whose severity changed joins only on routes new to it."""

    alert_id: UUID
    name: str
    effect: Effect
    status: str
    severity: str
    episode: int
    before: str = ""
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """A line for the timeline: a TimelineEvent.Kind, the alert when it is about one, and data."""

    kind: str
    alert_id: UUID | None
    data: dict[str, Any]


@dataclass(slots=True)
class Group:
    """A group while it is being changed. `key` is set for a new one; `stood` for a stored one.
    `waits`: its first message comes after the route's group_wait."""

    id: UUID
    route_id: UUID
    status: str
    severity: str
    is_open: bool
    truncated: int = 0
    acknowledged_at: datetime | None = None
    key: GroupKey | None = None
    waits: bool = False
    stood: tuple[object, ...] | None = None
    changes: list[Change] = field(default_factory=list)
    joined: list[Change] = field(default_factory=list)
    log: list[Log] = field(default_factory=list)

    @property
    def stands(self) -> tuple[object, ...]:
        """What of its row may change."""
        return self.status, self.severity, self.is_open, self.truncated, self.acknowledged_at

    @property
    def is_new(self) -> bool:
        """Whether it has no row yet."""
        return self.key is not None

    @property
    def needs_recount(self) -> bool:
        """Whether `settle` must be told of its other firing alerts."""
        return not self.is_new and any(change.effect in RECOUNTS for change in self.changes)

    @property
    def is_urgent(self) -> bool:
        """Whether its channels hear at once, whatever the route's group_interval: it got worse."""
        return any(
            change.effect is Effect.SEVERITY and is_worse(change.severity, change.before)
            for change in self.changes
        )


def settle(group: Group, others: Iterable[str] | None, truncated: int | None) -> None:
    """Decide its status, severity and openness, and note what is worth a line in its timeline.

    `others`: severities of its other firing alerts; None when nothing got better, so that its
    severity still speaks for them.
    """
    was_open, before = group.is_open, group.severity
    if group.is_new:
        group.log.append(Log("opened", None, {}))
    if truncated is not None:
        group.truncated = truncated
    if group.status == "event":
        group.severity, group.is_open = group.changes[0].severity, False
    else:
        _settle_conditions(group, others)
    if not group.is_new and group.is_open and not was_open:
        group.log.append(Log("reopened", None, {}))
    _log_changes(group)
    got_worse = group.is_urgent or is_worse(group.severity, before)
    if group.acknowledged_at and group.is_open and (got_worse or not was_open):
        group.acknowledged_at = None
        why = "the severity rose" if was_open else "it fired again"
        group.log.append(Log("unacknowledged", None, {"why": why}))
    if group.status == "resolved" and (was_open or group.is_new):
        group.log.append(Log("closed", None, {}))


def _settle_conditions(group: Group, others: Iterable[str] | None) -> None:
    if others is None:
        is_burning = not group.is_new and group.is_open and group.status == "firing"
        others = [group.severity] if is_burning else []
    firing = [change.severity for change in group.changes if change.status == "firing"]
    firing += others
    ended = [group.severity, *(change.severity for change in group.changes)]
    group.status = "firing" if firing else "resolved"
    group.severity = worst_severity(firing or ended)
    group.is_open = bool(firing)


def _log_changes(group: Group) -> None:
    """One line a kind, however many alerts; it names the first of them."""
    for effect, kind in KINDS.items():
        alike = [change for change in group.changes if change.effect is effect]
        if not alike:
            continue
        named = alike[:NAMED_IN_TIMELINE]
        data: dict[str, Any] = {
            "count": len(alike),
            "alerts": [[str(change.alert_id), change.name] for change in named],
        }
        if effect is Effect.SEVERITY:
            data["severities"] = [[change.before, change.severity] for change in named]
        group.log.append(Log(kind, alike[0].alert_id if len(alike) == 1 else None, data))
