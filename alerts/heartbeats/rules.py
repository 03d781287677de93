"""When a heartbeat is due, late and down: pure; the caller brings the moments.

As healthchecks.io does it, whose users know it: the first ping starts the clock; a ping later than
due plus grace is missed; a run that says that it started has the grace to finish; what is down says
so once, until it pings again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

PingKind: TypeAlias = Literal["success", "start", "fail"]
Reason: TypeAlias = Literal["", "missed", "unfinished", "failed", "schedule"]
SECONDS_MIN, SECONDS_MAX = 10, 366 * 86_400
"""Of a period and of a grace. Sweeps come every 5 seconds."""
CRON_MAX = 100
_CRON_FIELDS = 5


class State(StrEnum):
    """How a heartbeat stands. Late: due, with some of its grace left."""

    NEW = "new"
    UP = "up"
    STARTED = "started"
    LATE = "late"
    DOWN = "down"
    PAUSED = "paused"


class ScheduleError(ValueError):
    """It is no schedule; the text says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When pings are expected: every `period`, or, where that is None, when `cron` says in `zone`
    (an IANA name)."""

    period: timedelta | None
    cron: str
    zone: str
    grace: timedelta

    def due_after(self, moment: datetime) -> datetime:
        """When the ping after this moment is expected, in UTC. Raises ScheduleError."""
        if self.period is not None:
            return moment + self.period
        for at in occurrences(self.cron, moment, self.zone):
            return at
        raise ScheduleError(f"{self.cron!r} never comes.")


@dataclass(frozen=True, slots=True)
class Facts:
    """A heartbeat's moments; see models.Heartbeat."""

    enabled: bool = True
    last_ping_at: datetime | None = None
    started_at: datetime | None = None
    last_duration: timedelta | None = None
    due_at: datetime | None = None
    alarm_at: datetime | None = None
    down_at: datetime | None = None
    reason: Reason = ""
    excused_at: datetime | None = None


def occurrences(cron: str, moment: datetime, zone: str) -> Iterator[datetime]:
    """What a crontab's five fields name, each later than the one before it and than `moment`, in
    UTC. Raises ScheduleError.

    When the clock goes forward, what the gap held comes right after it; when it goes back, what
    names an hour comes once: as Debian's cron does (cronsim). Asked inside the hour that comes
    twice, cronsim names the first one again, which is over.
    """
    last = moment.astimezone(UTC)
    for found in _cron(cron, moment.astimezone(_zone(zone))):
        at = found.astimezone(UTC)
        if at > last:
            last = at
            yield at


def check_cron(cron: str, now: datetime) -> None:
    """Raises ScheduleError for what crontab would not take, and for what never comes."""
    if next(occurrences(cron, now, "UTC"), None) is None:
        raise ScheduleError(f"{cron!r} never comes.")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # Distributions take names away: Debian 13 moved US/Eastern to tzdata-legacy.
        raise ScheduleError(
            f"The time zone {name!r} is not known here. Use a name such as Europe/Berlin, or UTC."
        ) from None


def _cron(cron: str, moment: datetime) -> CronSim:
    if len(cron) > CRON_MAX or len(cron.split()) != _CRON_FIELDS:
        raise ScheduleError(
            f"{cron[:CRON_MAX]!r} is no crontab time. Give five fields: minute, hour, day of the "
            "month, month, day of the week, such as 0 3 * * *"
        )
    try:
        return CronSim(cron, moment)
    except CronSimError as error:
        raise ScheduleError(f"{cron!r} is no crontab time: {str(error).lower()}.") from None


def state_of(facts: Facts, now: datetime) -> State:
    """How it stands now."""
    if not facts.enabled:
        return State.PAUSED
    if facts.down_at is not None:
        return State.DOWN
    if facts.started_at is not None:
        return State.STARTED
    if facts.due_at is None:
        return State.NEW
    return State.LATE if facts.due_at <= now else State.UP


def after_ping(facts: Facts, kind: PingKind, at: datetime, schedule: Schedule) -> Facts:
    """What a ping changes. With a schedule that can't be read nothing can be expected: it is down
    for that, so that somebody hears of it."""
    if kind == "start":
        return _started(facts, at, schedule)
    lasted = at - facts.started_at if facts.started_at is not None else None
    facts = replace(facts, last_ping_at=at, started_at=None, last_duration=lasted, excused_at=None)
    if not facts.enabled:
        return facts
    if kind == "fail":
        return _down(facts, facts.down_at or at, "failed")
    try:
        due_at = schedule.due_after(at)
    except ScheduleError:
        return _down(facts, facts.down_at or at, "schedule")
    return replace(facts, due_at=due_at, alarm_at=due_at + schedule.grace, down_at=None, reason="")


def _started(facts: Facts, at: datetime, schedule: Schedule) -> Facts:
    """It has the grace to finish. What is down stays so until it has finished."""
    facts = replace(facts, started_at=at)
    if not facts.enabled or facts.down_at is not None:
        return facts
    return replace(facts, alarm_at=_first(facts.due_at, at) + schedule.grace)


def _first(due_at: datetime | None, started_at: datetime) -> datetime:
    return started_at if due_at is None else min(due_at, started_at)


def anew(facts: Facts, now: datetime, schedule: Schedule) -> Facts:
    """One fresh period from now on for one that was pinged before; else it waits for its first
    ping. After a resume and after a change of its schedule. Raises ScheduleError."""
    facts = replace(facts, enabled=True, started_at=None, down_at=None, reason="", excused_at=None)
    if facts.last_ping_at is None:
        return replace(facts, due_at=None, alarm_at=None)
    due_at = schedule.due_after(now)
    return replace(facts, due_at=due_at, alarm_at=due_at + schedule.grace)


def paused(facts: Facts) -> Facts:
    """Nothing is expected of it any more."""
    return replace(
        facts,
        enabled=False,
        started_at=None,
        due_at=None,
        alarm_at=None,
        down_at=None,
        reason="",
        excused_at=None,
    )


def overdue(
    facts: Facts, schedule: Schedule, now: datetime, up_since: datetime, hearing_from: datetime
) -> Facts:
    """What its silence means once `alarm_at` has passed: it is down; or, where we were away while a
    ping could come, it gets one fresh period, if its schedule can be read.

    `up_since`: when our last absence ended; `hearing_from`: when senders have found that out. A
    second absence spares it no more: else daily ones would keep it quiet for ever.
    """
    if facts.alarm_at is None or facts.alarm_at > now or facts.down_at or not facts.enabled:
        return facts
    awaited_from = facts.alarm_at - 2 * schedule.grace
    if up_since > awaited_from and facts.excused_at is None:
        try:
            due_at = schedule.due_after(up_since)
        except ScheduleError:
            return _down(replace(facts, started_at=None), now, "schedule")
        return replace(
            facts,
            started_at=None,
            due_at=due_at,
            alarm_at=max(due_at + schedule.grace, hearing_from),
            excused_at=now,
        )
    reason: Reason = "missed" if facts.started_at is None else "unfinished"
    return _down(replace(facts, started_at=None), now, reason)


def _down(facts: Facts, at: datetime, reason: Reason) -> Facts:
    return replace(facts, due_at=None, alarm_at=None, down_at=at, reason=reason)
