"""Alertmanager's time intervals, read: as ours, where theirs mean something else, too. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from alerts.importing import amkeys
from alerts.importing.values import Values
from alerts.importing.yaml_text import Path
from alerts.muting.time_intervals import IntervalError, read_intervals

_PARTS: Final = ("times", "weekdays", "days_of_month", "months", "years")
_NEVER: Final = {"years": ["1970"], "location": "UTC"}


@dataclass(frozen=True, slots=True)
class Timing:
    """`intervals`: JSON for alerts/muting/time_intervals.py, with a location but where the
    organization's time zone counts."""

    path: Path
    intervals: list[Any]


def read_timings(values: Values, top: Mapping[str, Any]) -> dict[str, Timing]:
    """By name. Raises YamlError."""
    found: dict[str, Timing] = {}
    for key in ("time_intervals", "mute_time_intervals"):
        for n, value in enumerate(values.items(top.get(key), (key,))):
            path: Path = (key, n)
            given = values.mapping(value, path)
            values.pass_over(given, path, amkeys.TIME_INTERVAL, {})
            name = values.text(given.get("name"), (*path, "name"))
            if not name:
                raise values.error(path, "It has no name.")
            if name in found:
                raise values.error(path, f"There are two time intervals {name!r}.")
            found[name] = Timing(path, _intervals(values, given, (*path, "time_intervals")))
    return found


def _intervals(values: Values, given: Mapping[str, Any], path: Path) -> list[Any]:
    found: list[Any] = []
    for n, one in enumerate(values.items(given.get("time_intervals"), path)):
        interval = values.mapping(one, (*path, n))
        if empty := next((part for part in _PARTS if interval.get(part) == []), None):
            values.note((*path, n, empty), "Left out: an interval with an empty list never holds.")
            continue
        located = _located(values, interval, (*path, n, "location"))
        _check(values, [located], (*path, n))
        found.append(located)
    _check(values, found, path)
    if not found:
        values.note(path, "It never holds: a year that is over stands for that here.")
    return found or [dict(_NEVER)]


def _check(values: Values, intervals: Sequence[Any], path: Path) -> None:
    try:
        read_intervals(list(intervals), UTC)
    except IntervalError as error:
        _, *parts = error.place.split(".")
        inside = [int(part) if part.isdecimal() else part for part in parts]
        raise values.error((*path, *inside), error.reason) from None


def _located(values: Values, interval: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Where nothing is said, Alertmanager's clock is UTC, ours the organization's."""
    location = interval.get("location") or "UTC"
    rest = {key: one for key, one in interval.items() if key != "location"}
    if location != "Local":
        return {"location": location, **rest}
    values.note(
        path,
        "Local is the zone of Alertmanager's machine, which this file does not tell: the "
        "organization's time zone counts here.",
    )
    return rest
