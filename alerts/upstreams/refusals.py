"""Silences that one side does not take: why, and when they are tried again. Pure.

Each waits longer than the last time, up to LONGEST, and not at all once either side says something
else. What is stored is JSON: it is shown, and the next run reads it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from alerts.matchers import format_matchers
from alerts.upstreams.agreement import Step

FIRST: Final = timedelta(seconds=10)
LONGEST: Final = timedelta(minutes=5)
STORED_MAX: Final = 200
"""Of one upstream; more are counted, and tried each time."""
MATCHERS_SHOWN: Final = 300

Side = Literal["here", "there"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """`silence`: the ID of ours, "" where there is none; `side`: which one does not take it.
    `said`: what both said then; `again`: when it is tried next, in Unix seconds."""

    side: Side = "here"
    reason: str = ""
    silence: str = ""
    matchers: str = ""
    step: str = ""
    said: str = ""
    tries: int = 0
    again: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


_FIELDS: Final = frozenset(one.name for one in fields(Refusal))


def read_refusals(stored: Iterable[Mapping[str, Any]] | None) -> list[Refusal]:
    """What `to_json` wrote, whichever release did."""
    return [
        Refusal(**{name: value for name, value in one.items() if name in _FIELDS})
        for one in stored or ()
    ]


class Refusals:
    """Those of the last run, and what becomes of them in this one."""

    def __init__(self, stored: Iterable[Mapping[str, Any]] | None, now: datetime) -> None:
        self._now = now.timestamp()
        known = read_refusals(stored)
        self._known = {one.step: one for one in known if one.step}
        self.found: list[Refusal] = []

    def waits(self, step: Step) -> bool:
        """Whether its time has not come: it was refused, and nobody has changed it since."""
        known = self._known.pop(_name_of(step), None)
        if known is None or known.said != _said_by(step):
            return False
        if known.again > self._now:
            self.found.append(known)
            return True
        self._known[known.step] = known
        return False

    def refused(self, step: Step, side: Side, reason: str) -> None:
        """It was tried, in vain."""
        known = self._known.pop(_name_of(step), None)
        tries = known.tries + 1 if known else 1
        wait = min(FIRST * 2 ** min(tries - 1, 10), LONGEST)
        said = step.ours or step.theirs
        self.found.append(
            Refusal(
                side,
                reason,
                silence=step.ours.id if step.ours else "",
                matchers=format_matchers(said.matchers)[:MATCHERS_SHOWN] if said else "",
                step=_name_of(step),
                said=_said_by(step),
                tries=tries,
                again=self._now + wait.total_seconds(),
            )
        )

    def unreadable(self, reason: str) -> None:
        """There is one there that we cannot have."""
        self.found.append(Refusal("here", reason))

    def stored(self, *, is_done: bool) -> list[dict[str, Any]]:
        """For the next run. While there was no time for all, what was not looked at stays."""
        left = [] if is_done else [*self._known.values()]
        return [one.to_json() for one in (*self.found, *left)[:STORED_MAX]]

    def told(self) -> str:
        """In one line; "" where there are none."""
        if not self.found:
            return ""
        count, first = len(self.found), self.found[0]
        named = f": {first.matchers[:120]}" if first.matchers else ""
        reason = f"{first.side}: {first.reason.rstrip('.')}"
        if count == 1:
            return f"1 silence cannot be kept equal{named}; {reason}"[:300]
        return f"{count:,} silences cannot be kept equal; the first{named}; {reason}"[:300]


def _name_of(step: Step) -> str:
    ids = (one.id if one else "" for one in (step.ours, step.theirs))
    return "/".join((step.verb, *ids))


def _said_by(step: Step) -> str:
    return " ".join(one.mark() if one else "" for one in (step.ours, step.theirs))
