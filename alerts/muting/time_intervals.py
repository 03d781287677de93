"""Alertmanager's time intervals: when a mute timing holds. Pure.

As timeinterval/timeinterval.go of Alertmanager reads and decides them: every part that is given
must hold, and one range of each part suffices. A range of days may count from the month's end (`-1`
is its last day) and is cut to the month; ranges do not wrap around, and `24:00` only ends a day.
An empty list, a month 13 and a year 0 are refused: there they would never hold.

    [{"times": [{"start_time": "09:00", "end_time": "17:00"}], "weekdays": ["monday:friday"],
      "days_of_month": ["1:5", "-3:-1"], "months": ["january", "6:8"], "years": ["2026:2030"],
      "location": "Europe/Berlin"}]
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from heapq import merge
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MAX_INTERVALS: Final = 100
MAX_RANGES: Final = 100
"""Of one part."""
SHORTEST: Final = 28
"""Days of the shortest month: a range must not end before it begins there either."""
DAYS_AHEAD: Final = 400
EDGES_MAX: Final = 20_000
"""How far a next change is looked for, and how many moments are looked at."""
MINUTE: Final = timedelta(minutes=1)
WEEKDAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_TIME = re.compile(r"(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,4}", re.ASCII)
_PARTS: Final = ("times", "weekdays", "days_of_month", "months", "years", "location")


class IntervalError(ValueError):
    """Intervals cannot be used. `place`: such as `0.times.1.start_time`; the text names it."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self.place = place
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends belong to it, but for minutes of a day, whose `end` does not."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """Empty parts hold always. `times`: minutes since midnight; `weekdays`: 0 is Sunday."""

    times: tuple[Range, ...] = ()
    weekdays: tuple[Range, ...] = ()
    days_of_month: tuple[Range, ...] = ()
    months: tuple[Range, ...] = ()
    years: tuple[Range, ...] = ()
    zone: tzinfo = UTC

    def contains(self, moment: datetime) -> bool:
        """Whether it holds then; `moment` is aware."""
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return (
            _any(self.times, lambda one: one.begin <= minute < one.end)
            and _any(self.days_of_month, lambda one: _has_day(one, local))
            and _any(self.months, lambda one: one.begin <= local.month <= one.end)
            and _any(self.weekdays, lambda one: one.begin <= local.isoweekday() % 7 <= one.end)
            and _any(self.years, lambda one: one.begin <= local.year <= one.end)
        )


def holds(intervals: Iterable[TimeInterval], moment: datetime) -> bool:
    """Whether one of them holds then; none never do."""
    return any(one.contains(moment) for one in intervals)


def next_change(intervals: Sequence[TimeInterval], moment: datetime) -> datetime | None:
    """The minute in which they begin or cease to hold next, in UTC; None for not within about a
    year."""
    start = moment.astimezone(UTC).replace(second=0, microsecond=0)
    is_now = holds(intervals, moment)
    before = start
    for after in _edges(intervals, start):
        if holds(intervals, after) is not is_now:
            return _flip(intervals, before, after, is_now=is_now)
        before = after
    return None


def periods(
    intervals: Sequence[TimeInterval], moment: datetime
) -> Iterator[tuple[datetime, datetime | None]]:
    """From when until when they hold, from then on; one that holds already begins at `moment`. An
    end of None: not within about a year, as is a beginning that is not found."""
    begin = moment if holds(intervals, moment) else next_change(intervals, moment)
    while begin is not None:
        end = next_change(intervals, begin)
        yield begin, end
        begin = next_change(intervals, end) if end is not None else None


def _edges(intervals: Sequence[TimeInterval], start: datetime) -> Iterator[datetime]:
    """Moments after `start`, in order, between which nothing changes but by a change of clocks."""
    edges = {
        (one.zone, edge)
        for one in intervals
        for edge in {0} | {end for times in one.times for end in (times.begin, times.end)}
    }
    days = min(DAYS_AHEAD, EDGES_MAX // max(1, len(edges)))
    return merge(*(_daily(zone, edge, start, days) for zone, edge in edges))


def _daily(zone: tzinfo, minute: int, start: datetime, days: int) -> Iterator[datetime]:
    for day in range(-1, days):
        midnight = datetime.combine(start.date() + timedelta(days=day), time(), zone)
        moment = (midnight + timedelta(minutes=minute)).astimezone(UTC)
        if moment > start:
            yield moment


def _flip(
    intervals: Sequence[TimeInterval], before: datetime, after: datetime, *, is_now: bool
) -> datetime:
    """The first minute that differs; where clocks change it lies between two edges."""
    while (between := (after - before) // 2) >= MINUTE:
        middle = before + between - between % MINUTE
        if holds(intervals, middle) is is_now:
            before = middle
        else:
            after = middle
    return after


def _any(ranges: tuple[Range, ...], is_in: Callable[[Range], bool]) -> bool:
    return not ranges or any(is_in(one) for one in ranges)


def _has_day(days: Range, local: datetime) -> bool:
    length = monthrange(local.year, local.month)[1]
    begin, end = (day if day > 0 else length + day + 1 for day in (days.begin, days.end))
    return begin <= length and max(begin, -length) <= local.day <= min(end, length)


# --- reading -------------------------------------------------------------------------------------


def read_intervals(value: object, zone: tzinfo = UTC) -> tuple[TimeInterval, ...]:
    """Intervals from JSON or YAML; `zone` counts where none names a location. Raises
    IntervalError."""
    if not isinstance(value, list):
        raise IntervalError("", "Give a list of intervals.")
    if len(value) > MAX_INTERVALS:
        raise IntervalError("", f"Give at most {MAX_INTERVALS} intervals.")
    return tuple(_interval(one, str(number), zone) for number, one in enumerate(value))


def _interval(value: Any, place: str, zone: tzinfo) -> TimeInterval:
    if not isinstance(value, Mapping):
        raise IntervalError(place, "Give an object with times, weekdays and so on.")
    for name in value:
        if name not in _PARTS:
            parts = ", ".join(_PARTS)
            raise IntervalError(f"{place}.{name}", f"There is no such part. There are: {parts}.")
    read: dict[str, Any] = {}
    for name, reader in _READERS.items():
        ranges = value.get(name)
        where = f"{place}.{name}"
        if ranges is None:
            continue
        if not (isinstance(ranges, list) and ranges):
            raise IntervalError(where, "Give a list of at least one, or leave it out.")
        if len(ranges) > MAX_RANGES:
            raise IntervalError(where, f"Give at most {MAX_RANGES}.")
        read[name] = tuple(reader(one, f"{where}.{number}") for number, one in enumerate(ranges))
    return TimeInterval(**read, zone=_zone(value.get("location"), f"{place}.location") or zone)


def _zone(name: Any, place: str) -> tzinfo | None:
    if name is None or name == "":
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise IntervalError(place, f"{name!r} is no time zone such as Europe/Berlin.") from None


def _times(value: Any, place: str) -> Range:
    if not isinstance(value, Mapping) or set(value) != {"start_time", "end_time"}:
        raise IntervalError(place, 'Give {"start_time": "09:00", "end_time": "17:00"}.')
    begin, end = (_minute(value[name], f"{place}.{name}") for name in ("start_time", "end_time"))
    if begin >= end:
        raise IntervalError(
            place, "It ends before it begins; for a night give two: until 24:00 and from 00:00."
        )
    return Range(begin, end)


def _minute(text: Any, place: str) -> int:
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise IntervalError(place, f"{text!r} is no time such as 09:30 or 24:00.")
    return int(found[1]) * 60 + int(found[2]) if found[1] else 24 * 60


def _weekdays(value: Any, place: str) -> Range:
    return _ordered(value, place, lambda text: _named(text, WEEKDAYS, 0), "a day such as monday")


def _months(value: Any, place: str) -> Range:
    def month(text: str) -> int | None:
        number = _number(text)
        named = _named(text, MONTHS, 1)
        return named if number is None else number if 1 <= number <= 12 else None

    return _ordered(value, place, month, "a month such as may or 5")


def _years(value: Any, place: str) -> Range:
    def year(text: str) -> int | None:
        number = _number(text)
        return number if number is not None and number > 0 else None

    return _ordered(value, place, year, "a year such as 2026")


def _days_of_month(value: Any, place: str) -> Range:
    def day(text: str) -> int | None:
        number = _number(text)
        return number if number is not None and 1 <= abs(number) <= 31 else None

    found = _read(value, place, day, "a day from 1 to 31, or from -1 to -31")
    if found.begin < 0 < found.end:
        raise IntervalError(
            place,
            "A day from the month's end cannot begin a range that ends with one from its start.",
        )
    begin, end = (one if one > 0 else SHORTEST + 1 + one for one in (found.begin, found.end))
    if begin > end:
        raise IntervalError(place, "It ends before it begins.")
    return found


def _ordered(value: Any, place: str, one: Callable[[str], int | None], what: str) -> Range:
    found = _read(value, place, one, what)
    if found.begin > found.end:
        raise IntervalError(place, "It ends before it begins; ranges do not wrap around, give two.")
    return found


def _read(value: Any, place: str, one: Callable[[str], int | None], what: str) -> Range:
    """`a` or `a:b`; a number of YAML is its text."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    parts = text.split(":") if isinstance(text, str) else []
    ends = [one(part.lower()) for part in parts] if 1 <= len(parts) <= 2 else [None]
    if None in ends:
        raise IntervalError(place, f"{value!r} is not {what}, nor a range of two with a colon.")
    return Range(ends[0], ends[-1])  # type: ignore[arg-type]  # none is None


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _named(text: str, names: tuple[str, ...], first: int) -> int | None:
    return names.index(text) + first if text in names else None


_READERS: Final[Mapping[str, Callable[[Any, str], Range]]] = {
    "times": _times,
    "weekdays": _weekdays,
    "days_of_month": _days_of_month,
    "months": _months,
    "years": _years,
}
