"""What flips so often that nobody should be rung for each time: pure decisions on times.

A flip is an alert that fires again, or worse than before, in a group that is known; for the group
as a whole it is that it opens again. Flapping begins with so many flips in a window, and ends when
nothing has flipped or resolved for a while. Each alert counts for itself, so that one of a hundred
may flap while the others ring; the group counts too, because what flips may have another name each
time (a pod that crashes).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

VERSION = 1
WHOLE = ""
"""The group itself among the names of what flips; the others are IDs of alerts."""
SUBJECTS_MAX = 200
"""So many alerts of a group are watched; the ones that flipped last."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Flapping is `flips` of them within `window`; calm is no flip and no resolve for `calm`."""

    flips: int = 4
    window: timedelta = timedelta(minutes=30)
    calm: timedelta = timedelta(minutes=15)


class Flips(NamedTuple):
    """Of one alert or one group. `at`: its last flips, oldest first, as many as it takes to judge.

    `moved_at`: the last flip, or resolve while it flapped. `since`: the first flip of the flapping
    that it is or was in, `times` how many there were from then on; None and 0 before any.
    """

    at: tuple[datetime, ...]
    moved_at: datetime
    since: datetime | None = None
    times: int = 0


Flaps: TypeAlias = Mapping[str, Flips]
"""Of a group: alert ID, or WHOLE → its flips."""


class Flapping(NamedTuple):
    """What is flapping, for people: so many times from `since` to `last`; calm from `until` on,
    unless something moves before."""

    since: datetime
    last: datetime
    times: int
    until: datetime


def flapping(flips: Flips | None, now: datetime, limits: Limits) -> Flapping | None:
    """How it flaps, if it does."""
    if flips is None or flips.since is None or now >= flips.moved_at + limits.calm:
        return None
    return Flapping(flips.since, flips.at[-1], flips.times, flips.moved_at + limits.calm)


def noted(
    flaps: Flaps, flipped: Iterable[str], resolved: Iterable[str], now: datetime, limits: Limits
) -> Flaps:
    """The flips after these; what is too old to count is left out, once something is noted."""
    result = dict(flaps)
    for name in resolved:
        if flapping(before := result.get(name), now, limits) and before:
            result[name] = before._replace(moved_at=max(before.moved_at, now))
    fresh = {name: _flip(result.get(name), now, limits) for name in flipped}
    if not fresh:
        return result
    result |= fresh
    kept = {name: one for name, one in result.items() if _counts(one, now, limits)}
    if len(kept) <= SUBJECTS_MAX:
        return kept
    latest = sorted(kept, key=lambda name: (name == WHOLE, kept[name].moved_at), reverse=True)
    return {name: kept[name] for name in latest[:SUBJECTS_MAX]}


def _flip(before: Flips | None, now: datetime, limits: Limits) -> Flips:
    if before is None:
        at: tuple[datetime, ...] = (now,)
    else:
        now = max(now, before.at[-1])  # a clock set back must not make the list unordered
        at = (*(moment for moment in before.at if now - moment < limits.window), now)
    if before is not None and flapping(before, now, limits):
        return Flips(at[-limits.flips :], now, before.since, before.times + 1)
    if len(at) >= limits.flips:
        return Flips(at[-limits.flips :], now, at[0], len(at))
    return Flips(at, now)


def _counts(flips: Flips, now: datetime, limits: Limits) -> bool:
    return now - flips.moved_at < max(limits.window, limits.calm)


def to_json(flaps: Flaps) -> dict[str, Any]:
    """For AlertGroup.flaps: `{"v": 1, "of": {name: [[flips], moved_at, since or null, times]}}`,
    times in seconds since 1970; empty for none."""
    if not flaps:
        return {}
    return {
        "v": VERSION,
        "of": {
            name: [
                [moment.timestamp() for moment in one.at],
                one.moved_at.timestamp(),
                one.since and one.since.timestamp(),
                one.times,
            ]
            for name, one in flaps.items()
        },
    }


def from_json(stored: Mapping[str, Any]) -> dict[str, Flips]:
    """From AlertGroup.flaps, also as a newer version wrote it."""
    return {
        name: Flips(
            tuple(_time(moment) for moment in at),
            _time(moved_at),
            None if since is None else _time(since),
            times,
        )
        for name, (at, moved_at, since, times, *_) in stored.get("of", {}).items()
    }


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
