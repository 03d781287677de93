"""How a group stands after changes of its alerts: pure decisions.

A group is open while any of its alerts fires, and as bad as the worst of those. An event is a group
of its own that is closed from the start.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from alerts.escalations import rules as escalating
from alerts.escalations.rules import Escalation
from alerts.flapping import WHOLE, Flaps, Limits, flapping, noted
from alerts.grouping import GroupKey
from alerts.lifecycle import Effect, is_worse, worst_severity
from alerts.severity import Severity
from languages.speaking import gettext_noop, ngettext

ROSE = gettext_noop("the severity rose")
FIRED_AGAIN = gettext_noop("it fired again")
"""Why an acknowledgement ended."""

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
    `openings`: groups to join; one whose severity changed joins only on routes new to it. `why`: a
    word on it for the timeline."""

    alert_id: UUID
    name: str
    effect: Effect
    status: str
    severity: str
    episode: int
    before: str = ""
    openings: tuple[Opening, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Log:
    """A line for the timeline: a TimelineEvent.Kind, the alert when it is about one, and data."""

    kind: str
    alert_id: UUID | None
    data: dict[str, Any]


@dataclass(slots=True)
class Group:
    """A group while it is being changed. `key` is set for a new one; `stood` for a stored one.
    `waits`: its first message comes after the route's group_wait. `labels`: see GroupKey."""

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
    flaps: Flaps = field(default_factory=dict)
    escalation: Escalation = escalating.NONE
    labels: Mapping[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    joined: list[Change] = field(default_factory=list)
    log: list[Log] = field(default_factory=list)

    @property
    def stands(self) -> tuple[object, ...]:
        """What of its row may change."""
        return (
            self.status,
            self.severity,
            self.is_open,
            self.truncated,
            self.acknowledged_at,
            self.flaps,
            self.escalation,
        )

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


def settle(
    group: Group,
    others: Iterable[str] | None,
    truncated: int | None,
    now: datetime,
    limits: Limits,
    rule: escalating.Rule | None = None,
) -> None:
    """Decide its status, severity and openness, and note what is worth a line in its timeline.

    `others`: severities of its other firing alerts; None when nothing got better, so that its
    severity still speaks for them. `limits`: from how many flips on something flaps. `rule`: of the
    route's escalation.
    """
    was_open, before = group.is_open, group.severity
    was_acknowledged = group.acknowledged_at is not None
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
    if not group.is_new and group.status != "event":
        _note_flips(group, now, limits, was_open=was_open)
    got_worse = group.is_urgent or is_worse(group.severity, before)
    # Who acknowledged what flaps knows that it fires again.
    reopened = not was_open and flapping(group.flaps.get(WHOLE), now, limits) is None
    if group.acknowledged_at and group.is_open and (got_worse or reopened):
        group.acknowledged_at = None
        why = ROSE if was_open else FIRED_AGAIN
        group.log.append(Log("unacknowledged", None, {"why": why}))
    group.escalation = escalating.carried(
        group.escalation,
        rule,
        begins=group.is_new or not was_open or was_acknowledged,
        burns=group.is_open and group.acknowledged_at is None,
        before=before,
        severity=group.severity,
        now=now,
    )
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


def _note_flips(group: Group, now: datetime, limits: Limits, *, was_open: bool) -> None:
    before = group.flaps
    flipped = [str(change.alert_id) for change in group.changes if is_flip(change)]
    flipped += [WHOLE] if group.is_open and not was_open else []
    ended = [str(change.alert_id) for change in group.changes if change.status == "resolved"]
    ended += [WHOLE] if was_open and not group.is_open else []
    group.flaps = noted(before, flipped, ended, now, limits)
    begun = [
        name
        for name in flipped
        if flapping(group.flaps.get(name), now, limits)
        and not flapping(before.get(name), now, limits)
    ]
    if not begun:
        return
    names = {str(change.alert_id): change.name for change in group.changes}
    alerts = [[name, names[name]] for name in begun if name != WHOLE]
    times = max(group.flaps[name].times for name in begun)
    data = {
        "why": quiet_words(times),
        "times": times,
        "count": len(alerts),
        "alerts": alerts[:NAMED_IN_TIMELINE],
    }
    group.log.append(Log("flapping", UUID(alerts[0][0]) if len(alerts) == 1 else None, data))


def quiet_words(times: int) -> str:
    """Why the chat is told no more of it for now."""
    told = ngettext(
        "{count} time, edits only until it is calm",
        "{count} times, edits only until it is calm",
        times,
    )
    return told.format(count=times)


def is_flip(change: Change) -> bool:
    """Whether it fires again, or rose; as sound.py hears it, which takes an unknown severity as
    seriously as a warning."""
    now, before = change.severity or Severity.WARNING, change.before or Severity.WARNING
    rose = change.effect is Effect.SEVERITY and is_worse(now, before)
    return change.effect is Effect.REFIRED or rose


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
        whys = {change.why for change in alike}
        if len(whys) == 1 and (why := whys.pop()):
            data["why"] = why
        if effect is Effect.SEVERITY:
            data["severities"] = [[change.before, change.severity] for change in named]
        group.log.append(Log(kind, alike[0].alert_id if len(alike) == 1 else None, data))
