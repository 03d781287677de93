"""When groups that nobody acknowledges are told to others: pure.

The clock runs from the moment that a group opens, opens again, loses its acknowledgement, or first
gets as bad as the policy asks for. A further rise does not set it back: nobody was there before it
either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.lifecycle import is_worse
from alerts.severity import Severity

LATE = timedelta(minutes=1)
"""A step that is taken later than this, because nothing ran here, is taken once, and those after it
keep their distance to it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What ingest has to know of a route's policy. `threshold`: "" for any severity."""

    first: timedelta
    threshold: str = ""

    def applies(self, severity: str) -> bool:
        """Whether a group of this severity escalates. An unknown one counts as a warning."""
        return not is_worse(self.threshold, severity or Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Rung:
    """A step that is taken: `step` counts the policy's from 0, `after` is in minutes since the
    beginning."""

    step: int
    after: int


@dataclass(frozen=True, slots=True)
class Escalation:
    """How far a group is. `at`: when its next rung is taken, None for never; `taken`: how many are;
    `after`: the minutes of the last one; `held`: it was muted when one was due."""

    at: datetime | None = None
    taken: int = 0
    after: int = 0
    held: bool = False


NONE = Escalation()


def rungs(afters: Sequence[int], every: int, times: int) -> list[Rung]:
    """What a policy does in turn: its steps, then the last one again. Ends always."""
    found = [Rung(step, after) for step, after in enumerate(afters)]
    if found and every:
        last = found[-1]
        found += [Rung(last.step, last.after + every * number) for number in range(1, times + 1)]
    return found


def begun(rule: Rule | None, severity: str, now: datetime) -> Escalation:
    """Of a group whose clock begins to run."""
    if rule is None or not rule.applies(severity):
        return NONE
    return Escalation(now + rule.first)


def carried(
    known: Escalation,
    rule: Rule | None,
    *,
    begins: bool,
    burns: bool,
    before: str,
    severity: str,
    now: datetime,
) -> Escalation:
    """After a change of the group. `begins`: it opened, or lost its acknowledgement; `burns`: it is
    open and nobody acknowledged it; `before`: its severity until then."""
    if not burns:
        return NONE
    if rule is None:
        return known  # what a cached table does not know of yet; the watch ends what is gone
    if begins or (rule.applies(severity) and not rule.applies(before)):
        return begun(rule, severity, now)
    return known if rule.applies(severity) else NONE


def taken(known: Escalation, ladder: Sequence[Rung], now: datetime) -> Escalation:
    """Once the rung that is due is taken."""
    here = ladder[known.taken]
    following = ladder[known.taken + 1 : known.taken + 2]
    if not following or known.at is None:
        return Escalation(None, known.taken + 1, here.after)
    base = known.at if now - known.at < LATE else now
    wait = timedelta(minutes=following[0].after - here.after)
    return Escalation(base + wait, known.taken + 1, here.after)


def wait_of(known: Escalation, ladder: Sequence[Rung]) -> timedelta:
    """Between the rung that is due and the one before it."""
    before = ladder[known.taken - 1].after if known.taken else 0
    return timedelta(minutes=ladder[known.taken].after - before)


def is_climbing(stored: Mapping[str, Any] | None) -> bool:
    """From AlertGroup.escalation: whether a rung was taken since its clock began."""
    return bool(stored and stored.get("taken"))


def to_json(known: Escalation) -> dict[str, Any] | None:
    """For AlertGroup.escalation; `at` has a column of its own."""
    if not (known.taken or known.held):
        return None
    return {"taken": known.taken, "after": known.after, "held": known.held}


def from_json(at: datetime | None, stored: Mapping[str, Any] | None) -> Escalation:
    """From AlertGroup.escalate_at and .escalation."""
    found = stored or {}
    return Escalation(
        at, found.get("taken", 0), found.get("after", 0), held=found.get("held", False)
    )
