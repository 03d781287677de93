"""When a channel's fallback takes over, and how often it may speak: pure decisions."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.severity import Severity

NEWS = ("fired", "refired", "severity", "event")
"""TimelineEvent.Kind of what may be news of a grave alert."""
ONE_BY_ONE = 20
"""Calls of one fallback in a PACE; what comes beyond them is told in one."""
PACE = timedelta(minutes=1)
FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(minutes=10)
GIVE_UP = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a group's timeline, of one of the kinds NEWS."""

    at: datetime
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a channel stands to a group.

    `shown`: publishing up to then is in the chat, None: nothing is; where nothing is on its way all
    that was published is. `unshown`: since when the first call that the chat lacks was to leave.
    `due`: since when, or from when, it is to be told, the soonest of what is known. `wait`: for how
    long news wait for others at most.
    """

    shown: datetime | None
    unshown: datetime | None = None
    due: datetime | None = None
    wait: timedelta = timedelta(0)


def at_least(threshold: str) -> frozenset[str]:
    """The severities that are at least so grave, as stored."""
    least = Severity(threshold)
    return frozenset(one.value for one in Severity if one.rank >= least.rank)


def alarms(
    lines: Iterable[Line],
    after: datetime | None,
    burning: Mapping[str, str],
    grave: Collection[str],
) -> tuple[datetime, datetime] | None:
    """The times of the first and the last line after `after` that tells of an alert that still
    burns and is grave enough; None without one.

    `burning`: ID → severity of the alerts that fire, and of events. A line that names only the
    first of its alerts counts where those named do not.
    """
    times = [
        line.at
        for line in lines
        if (after is None or line.at > after) and _is_alarm(line, burning, grave)
    ]
    return (min(times), max(times)) if times else None


def _is_alarm(line: Line, burning: Mapping[str, str], grave: Collection[str]) -> bool:
    named = line.data.get("alerts", [])
    changes = line.data.get("severities") or [None] * len(named)
    for (alert_id, _), change in zip(named, changes, strict=False):
        if burning.get(alert_id) in grave and (change is None or _rose(*change)):
            return True
    more = line.data.get("count", 0) > len(named)
    return more and any(severity in grave for severity in burning.values())


def _rose(before: str, after: str) -> bool:
    ranks = [Severity(one).rank if one else 0 for one in (before, after)]
    return ranks[1] > ranks[0]


def undelivered_since(standing: Standing, first_alarm: datetime) -> datetime:
    """Since when the chat could have shown an alarm that it does not show."""
    if standing.unshown is not None:
        return max(first_alarm, standing.unshown)
    known = first_alarm + standing.wait
    if standing.due is not None:
        known = min(known, standing.due)
    return max(first_alarm, known)


def is_shown(standing: Standing, until: datetime) -> bool:
    """Whether the chat shows all news up to then."""
    return standing.shown is not None and standing.shown >= until


def retry_in(attempts: int) -> timedelta:
    """How long after so many attempts (1 or more) the next one comes."""
    factor: int = 3 ** min(attempts - 1, 10)
    return min(LAST_RETRY, FIRST_RETRY * factor)
