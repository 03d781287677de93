"""What comes again and again, as it is stored, and when it comes next.

A rule of days or more is kept by the wall clock of its zone: where the clock skips its time, it
comes at the moment to which the clock is moved (02:30 at 03:30), and where the clock shows its time
twice, it comes the first time; once in both cases. "Every 2 hours" is elapsed time, counted in UTC,
where no hour is missing or double.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil import rrule

from chatops.when.languages.known import spoken_speech
from chatops.when.languages.speech import Speech, counted, listed
from chatops.when.words import HOUR
from chatops.when.zones import instant_of, wall_of, zone_named
from languages.numbers import grouped
from languages.speaking import gettext

VERSION: Final = 1
LONGEST_INTERVAL: Final = {
    "minute": 525_600,
    "hour": 87_600,
    "day": 3_650,
    "week": 520,
    "month": 120,
    "year": 10,
}
"""Ten years, and a year of minutes."""
_FREQUENCIES: Final = {
    "minute": "MINUTELY",
    "hour": "HOURLY",
    "day": "DAILY",
    "week": "WEEKLY",
    "month": "MONTHLY",
    "year": "YEARLY",
}
_OF_THE_LIBRARY: Final = {
    "day": rrule.DAILY,
    "week": rrule.WEEKLY,
    "month": rrule.MONTHLY,
    "year": rrule.YEARLY,
}
_UNITS: Final = {frequency: unit for unit, frequency in _FREQUENCIES.items()}
_ELAPSED: Final = {"minute": 60, "hour": HOUR}
_DAYS: Final = {"day": 1, "week": 7}
_CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FORM = re.compile(
    r"FREQ=([A-Z]{5,8})(?:;INTERVAL=([1-9][0-9]{0,5}))?(?:;BYMONTH=([1-9]|1[0-2]))?"
    r"(?:;BYMONTHDAY=(-1|(?:[1-9]|[12][0-9]|3[01])(?:,(?:[1-9]|[12][0-9]|3[01])){0,30}))?"
    r"(?:;BYDAY=(-1|[1-4])?((?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU)){0,6}))?"
)
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SEARCHED: Final = timedelta(days=100 * 366)
"""How far ahead a next time is looked for: 29 February every nine years may be 72 away."""
_SHIFTED: Final = timedelta(days=2)
"""More than any change of clocks, Samoa's lost day of 2011 among them."""


class RecurrenceError(ValueError):
    """A stored recurrence that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An RRULE's parts, as in `chatops.when.phrases.Every`. Raises RecurrenceError for what never
    comes, such as 31 February."""

    unit: str
    interval: int = 1
    month: int = 0
    month_days: tuple[int, ...] = ()
    position: int = 0
    weekdays: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.interval <= LONGEST_INTERVAL[self.unit]:
            speech = spoken_speech()
            most = LONGEST_INTERVAL[self.unit]
            longest = f"{grouped(most)} {speech.units[self.unit][speech.plural(most)]}"
            shortest = counted(1, self.unit, speech.units, speech)
            told = gettext("The longest pause is {longest}, the shortest {shortest}.")
            raise RecurrenceError(told.format(longest=longest, shortest=shortest))
        if self.month and self.month_days[0] > _LONGEST_MONTHS[self.month - 1]:
            speech = spoken_speech()
            month, day = speech.month_names[self.month - 1], speech.ordinal(self.month_days[0])
            told = gettext("{month} never has a {day}.")
            raise RecurrenceError(told.format(month=month, day=day))

    def __str__(self) -> str:
        parts = [f"FREQ={_FREQUENCIES[self.unit]}"]
        parts += [f"INTERVAL={self.interval}"] if self.interval > 1 else []
        parts += [f"BYMONTH={self.month}"] if self.month else []
        parts += [f"BYMONTHDAY={','.join(map(str, self.month_days))}"] if self.month_days else []
        days = ",".join(_CODES[day] for day in self.weekdays)
        parts += [f"BYDAY={self.position or ''}{days}"] if days else []
        return ";".join(parts)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """`rule`: an RRULE of RFC 5545, of those that `Rule` writes. `begins`: its DTSTART, the wall
    time (naive, whole seconds) of the first one in `zone`, an IANA name; of a rule of elapsed time
    the moment from which it counts, in UTC. Raises RecurrenceError."""

    rule: str
    begins: datetime
    zone: str

    def __post_init__(self) -> None:
        rule = rule_of(self.rule)
        if zone_named(self.zone) is None:
            raise RecurrenceError(f"There is no time zone {self.zone[:40]!r}.")
        if self.begins.tzinfo is not None or self.begins.microsecond:
            raise RecurrenceError("begins is a wall time in whole seconds, without an offset.")
        if rule.unit in _ELAPSED and self.zone != "UTC":
            raise RecurrenceError("Hours and minutes are counted in UTC.")

    @property
    def is_elapsed(self) -> bool:
        """Whether it counts hours or minutes, whatever clocks show."""
        return rule_of(self.rule).unit in _ELAPSED

    @property
    def left_out(self) -> str:
        """When it does not come though one might think so; "" where that is never."""
        rule = rule_of(self.rule)
        if rule.unit == "year" and (rule.month, rule.month_days) == (2, (29,)):
            return gettext("only in leap years")
        if rule.unit == "month" and max(rule.month_days, default=0) > 28:
            day = spoken_speech().ordinal(rule.month_days[-1])
            return gettext("not in months without a {day}").format(day=day)
        return ""

    def next_after(self, instant: datetime) -> datetime | None:
        """The first time later than an instant (aware), in UTC; None where there is none within a
        century."""
        wall = self.next_wall(instant)
        return None if wall is None else instant_of(wall, ZoneInfo(self.zone))

    def next_wall(self, instant: datetime) -> datetime | None:
        """The same, as the wall time that the rule says, which the clock may skip."""
        rule = rule_of(self.rule)
        if rule.unit in _ELAPSED:
            return _next_elapsed(self.begins, _ELAPSED[rule.unit] * rule.interval, instant)
        zone = ZoneInfo(self.zone)
        here = wall_of(instant, zone)
        after = here - _SHIFTED
        times = _calendar(rule, _nearer(rule, self.begins, after), here + _SEARCHED)
        wall: datetime
        for wall in times.xafter(after, inc=True):
            if instant_of(wall, zone) > instant:
                return wall
        return None

    def to_json(self) -> dict[str, Any]:
        """`{"version", "rule", "begins", "zone"}`, with `begins` as "2026-11-27T09:15:00"."""
        begins = self.begins.isoformat()
        return {"version": VERSION, "rule": self.rule, "begins": begins, "zone": self.zone}

    @classmethod
    def from_json(cls, stored: object) -> "Recurrence":
        """Raises RecurrenceError."""
        if not isinstance(stored, Mapping) or stored.get("version") != VERSION:
            raise RecurrenceError(f"A recurrence is an object of version {VERSION}.")
        rule, begins, zone = (stored.get(name) for name in ("rule", "begins", "zone"))
        if not (isinstance(rule, str) and isinstance(begins, str) and isinstance(zone, str)):
            raise RecurrenceError("rule, begins and zone are texts.")
        try:
            wall = datetime.fromisoformat(begins)
        except ValueError:
            raise RecurrenceError(f"begins is {begins[:40]!r}, which is no time.") from None
        return cls(rule, wall, zone)

    def __str__(self) -> str:
        return describe(self)


@lru_cache(maxsize=1_024)
def rule_of(text: str) -> Rule:
    """The parts of an RRULE as we write it. Raises RecurrenceError."""
    found = _FORM.fullmatch(text)
    if found is None or found[1] not in _UNITS:
        raise RecurrenceError(f"{text[:60]!r} is no rule that is kept here.")
    month_days = tuple(int(day) for day in found[4].split(",")) if found[4] else ()
    weekdays = tuple(_CODES.index(day) for day in found[6].split(",")) if found[6] else ()
    unit, month, position = _UNITS[found[1]], int(found[3] or 0), int(found[5] or 0)
    fits = {
        "week": bool(weekdays) and not (month or month_days or position),
        "month": not month and (bool(month_days) != bool(weekdays and position)),
        "year": bool(month) and len(month_days) == 1 and month_days[0] > 0 and not weekdays,
    }.get(unit, not (month or month_days or weekdays))
    ordered = all(list(days) == sorted(set(days)) for days in (month_days, weekdays))
    if not fits or not ordered or (position and len(weekdays) != 1):
        raise RecurrenceError(f"{text[:60]!r} is no rule that is kept here.")
    return Rule(unit, int(found[2] or 1), month, month_days, position, weekdays)


def describe(recurrence: Recurrence) -> str:
    """ "every weekday at 09:15", "on the last day of every month at 09:00", "every 2 hours", in the
    language that is spoken: read again, it is this."""
    rule, speech = rule_of(recurrence.rule), spoken_speech()
    if rule.unit in _ELAPSED:
        return _every(rule, speech)
    begins = recurrence.begins
    clock = f"{begins:%H:%M:%S}" if begins.second else f"{begins:%H:%M}"
    return speech.again.timed.format(days=_days_told(rule, speech), clock=clock)


def _days_told(rule: Rule, speech: Speech) -> str:
    every = _every(rule, speech)
    if rule.unit == "week":
        return _week_told(rule, every, speech)
    if rule.unit == "month":
        return _month_told(rule, every, speech)
    if rule.unit == "year":
        day, month = rule.month_days[0], speech.months[rule.month - 1]
        return speech.again.year.format(every=every, day=day, month=month)
    return every


def _week_told(rule: Rule, every: str, speech: Speech) -> str:
    again = speech.again
    if rule.interval > 1:
        days = listed([again.on_days[day] for day in rule.weekdays], speech.last_and)
        return again.weeks.format(every=every, days=days)
    if rule.weekdays == (0, 1, 2, 3, 4):
        return again.workdays
    days = listed([again.days[day] for day in rule.weekdays], speech.last_and)
    return again.weekdays.format(days=days)


def _month_told(rule: Rule, every: str, speech: Speech) -> str:
    again, several = speech.again, rule.interval > 1
    if rule.position:
        day = rule.weekdays[0]
        position = again.positions[rule.position][again.genders[day]]
        text = again.several_position if several else again.position
        weekday = again.position_days[day]
        return text.format(every=every, position=position, weekday=weekday)
    if rule.month_days == (-1,):
        return (again.several_last_day if several else again.last_day).format(every=every)
    text = again.several_month_days if several else again.month_days
    days = listed([speech.ordinal(day) for day in rule.month_days], speech.last_and)
    return text.format(every=every, days=days)


def _every(rule: Rule, speech: Speech) -> str:
    if rule.interval == 1:
        return speech.again.each[rule.unit]
    count = counted(rule.interval, rule.unit, speech.again.units, speech)
    return speech.again.several.format(count=count)


def _next_elapsed(begins: datetime, seconds: int, instant: datetime) -> datetime:
    step = timedelta(seconds=seconds)
    passed = instant.astimezone(UTC).replace(tzinfo=None) - begins
    return begins + max(passed // step + 1, 0) * step


def _nearer(rule: Rule, begins: datetime, wall: datetime) -> datetime:
    """A later time of the same rule, so that years of days are not walked through."""
    days = _DAYS.get(rule.unit, 0) * rule.interval
    if not days or wall <= begins:
        return begins
    return begins + (wall - begins) // timedelta(days=days) * timedelta(days=days)


def _calendar(rule: Rule, begins: datetime, until: datetime) -> rrule.rrule:
    weekdays = [rrule.weekday(day, rule.position or None) for day in rule.weekdays]
    return rrule.rrule(
        _OF_THE_LIBRARY[rule.unit],
        dtstart=begins,
        interval=rule.interval,
        wkst=rrule.MO,
        until=until,
        byweekday=weekdays or None,
        bymonthday=rule.month_days or None,
        bymonth=rule.month or None,
    )
