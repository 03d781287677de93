"""What a heartbeat that is down says, and what it says once it is back: pure texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.heartbeats.rules import Facts, Schedule, ScheduleError
from alerts.rendering.times import duration
from alerts.sources.incoming import IncomingAlert, IncomingBatch, Link, LinkKind, Source

BODY_SHOWN = 1_000
"""Characters of a failed ping's body, from its end: what a job says last is what went wrong."""


@dataclass(frozen=True, slots=True)
class Described:
    """What its alerts say of a heartbeat. `fingerprint`: its identity in its integration."""

    fingerprint: str
    name: str
    severity: str
    labels: Mapping[str, str]
    description: str
    url: str


@dataclass(frozen=True, slots=True)
class Said:
    """What came with the ping that told of it, if one did."""

    exit_code: int | None = None
    body: str = ""


def batch(
    one: Described, schedule: Schedule, before: Facts, after: Facts, at: datetime, said: Said
) -> IncomingBatch:
    """As if a sender had POSTed that it fires, or that it is resolved."""
    is_down = after.down_at is not None
    labels = {
        **one.labels,
        "alertname": one.name,
        "heartbeat": one.name,
        "severity": one.severity,
    }
    shown = [one.description]
    if is_down and said.body:
        shown.append(said.body[-BODY_SHOWN:])
    alert = IncomingAlert(
        status="firing" if is_down else "resolved",
        fingerprint=one.fingerprint,
        name=one.name,
        labels=labels,
        summary=_why(schedule, before, after, at, said) if is_down else _back(after),
        description="\n\n".join(part for part in shown if part),
        links=(Link(LinkKind.SOURCE, one.url, "Heartbeat"),),
    )
    return IncomingBatch(Source.HEARTBEAT, (alert,))


def _why(schedule: Schedule, before: Facts, after: Facts, at: datetime, said: Said) -> str:
    if after.reason == "failed":
        code = f" (exit code {said.exit_code})" if said.exit_code is not None else ""
        return f"It reported a failure{code}."
    if after.reason == "schedule":
        return _unreadable(schedule, at)
    if after.reason == "unfinished" and before.started_at is not None:
        return f"It started {duration(at - before.started_at)} ago and has not finished."
    if after.last_ping_at is None:
        return f"No ping came; expected {expected(schedule)}."
    silence = duration(at - after.last_ping_at)
    return f"No ping for {silence}; expected {expected(schedule)}."


def _unreadable(schedule: Schedule, at: datetime) -> str:
    try:
        schedule.due_after(at)
    except ScheduleError as error:
        return f"Nothing can be expected of it: {error}"
    return "Nothing could be expected of it; its schedule can be read again."


def _back(after: Facts) -> str:
    if not after.enabled:
        return "It was paused."
    if after.last_duration is not None:
        return f"It pinged again; the run took {duration(after.last_duration)}."
    return "It pinged again."


def expected(schedule: Schedule) -> str:
    """`every 1 h, with 5 min of grace`, or by cron."""
    grace = f"with {duration(schedule.grace)} of grace"
    if schedule.period is not None:
        return f"every {duration(schedule.period)}, {grace}"
    return f"at {schedule.cron} ({schedule.zone}), {grace}"
