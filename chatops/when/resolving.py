"""Which instants a point in time can be, once it is known when and where it was said.

A time of day without a day is the next one; of "at 3" the one that is still ahead today, and both
where both or none are. A weekday is the coming one, a date without a year the next one. Only what
is ahead is found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from chatops.when.languages.known import spoken_speech
from chatops.when.lengths import LONGEST_YEARS
from chatops.when.phrases import Boundary, Clock, Date, Day, Offset, Point, Weekday
from chatops.when.readings import Refusal
from chatops.when.words import DAY
from chatops.when.zones import Zone, instants_of, is_skipped, moved, wall_of, zone_named
from languages.speaking import gettext

_LEAP_YEARS_APART: Final = 8
_ONE_DATE: Final = timedelta(days=2)
"""Further apart than the readings of one date: its am and pm, or its two midnights."""


def past() -> Refusal:
    """Of what is not ahead."""
    return Refusal(gettext("That has passed already."))


def too_far() -> Refusal:
    """Of what is beyond all computing."""
    years = LONGEST_YEARS
    return Refusal(gettext("That is more than {years} years away.").format(years=years))


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """`skipped`: the wall time that was meant, where the clock skips it."""

    instant: datetime
    skipped: time | None = None


@dataclass(frozen=True, slots=True)
class Here:
    """When and where something is said. `now`: an aware datetime. `dates`: the zone that says
    which day is today, where it is another one than that of the clock times."""

    now: datetime
    zone: Zone
    dates: Zone | None = None

    @property
    def wall(self) -> datetime:
        return wall_of(self.now, self.dates or self.zone)

    @property
    def today(self) -> date:
        return self.wall.date()


def candidates(point: Point, here: Here, *, default: int) -> list[Candidate]:
    """Every instant ahead that it can be, in order. `default`: seconds after midnight where no time
    of day is said. Raises Refusal where there is none."""
    if isinstance(point.zone, str):
        here = Here(here.now, named_zone(point.zone))
    elif point.zone is not None:  # "today 02:30+01:00" is said by somebody whose today is their own
        here = Here(here.now, _at_offset(point.zone), here.zone)
    if point.day is None:
        assert point.clock is not None, "a point has a day or a time of day"
        return _clock_alone(point.clock, here)
    found = _on_days(point.day, point.clock, here, default=default)
    if not found:
        raise past()
    return _preferred(point.day, found)


def day_bounds(day: Day, here: Here) -> list[tuple[Candidate, Candidate]]:
    """Where each day that it can be begins and ends, of those that have not ended."""
    bounds = [
        (_at(found, 0, here)[0], _at(found, DAY, here)[0])
        for found in dates_of(day, here.today)
        if _at(found, DAY, here)[0].instant > here.now
    ]
    if not bounds:
        raise past()
    return bounds


def dates_of(day: Day, today: date) -> list[date]:
    """The dates that it can be, in order; those of the past where nothing else is meant."""
    if isinstance(day, Offset):
        return [_stepped(today, day.days)]
    if isinstance(day, Weekday):
        return _weekday(day, today)
    if isinstance(day, Boundary):
        return [_boundary(day, today)]
    return _calendar(day, today)


def _clock_alone(clock: Clock, here: Here) -> list[Candidate]:
    """The next of each; of am and pm only the one that is ahead today, where that is one."""
    found: dict[datetime, tuple[bool, Candidate]] = {}
    for seconds in dict.fromkeys(seconds % DAY for seconds in clock.seconds):
        days = (here.today + timedelta(days=step) for step in range(3))
        at = ((day, candidate) for day in days for candidate in _at(day, seconds, here))
        day, candidate = next(pair for pair in at if pair[1].instant > here.now)
        found[candidate.instant] = (day == here.today, candidate)
    ahead_today = [candidate for is_today, candidate in found.values() if is_today]
    if len(ahead_today) == 1:
        return ahead_today
    return sorted(candidate for _, candidate in found.values())


def _on_days(day: Day, clock: Clock | None, here: Here, *, default: int) -> list[Candidate]:
    times: Iterable[int] = clock.seconds if clock else (default,)
    found: dict[datetime, Candidate] = {}
    for on in dates_of(day, here.today):
        if clock is None and not default and on == here.today and isinstance(day, Weekday | Date):
            times_here: Iterable[int] = (DAY,)  # "until monday" on a Monday: today began already
        else:
            times_here = times
        for seconds in times_here:
            ahead = [one for one in _at(on, seconds, here) if one.instant > here.now]
            if ahead:
                found.setdefault(ahead[0].instant, ahead[0])
    return sorted(found.values())


def _preferred(day: Day, found: list[Candidate]) -> list[Candidate]:
    """Of a date without a year the one that is ahead, not also the one of next year."""
    if isinstance(day, Date) and len(day.ways) == 1:
        return [one for one in found if one.instant - found[0].instant < _ONE_DATE]
    return found


def _at(day: date, seconds: int, here: Here) -> list[Candidate]:
    wall = moved(datetime.combine(day, time()), seconds)
    skipped = wall.time() if is_skipped(wall, here.zone) else None
    return [Candidate(instant, skipped) for instant in instants_of(wall, here.zone)]


def named_zone(said: str | int) -> ZoneInfo:
    """The zone that was said by its name. Raises Refusal, also for an offset: it has no rules."""
    zone = zone_named("UTC" if said == 0 else str(said))
    if zone is None:
        told = gettext("There is no time zone {zone}; write one such as Europe/Berlin.")
        raise Refusal(told.format(zone=said))
    return zone


def _at_offset(minutes: int) -> Zone:
    if abs(minutes) >= DAY // 60:
        raise Refusal(gettext("No clock is a day or more apart from UTC."))
    return timezone(timedelta(minutes=minutes))


def _stepped(day: date, days: int) -> date:
    if abs(days) > LONGEST_YEARS * 365:
        raise too_far()
    return day + timedelta(days=days)


def _weekday(day: Weekday, today: date) -> list[date]:
    ahead = (day.weekday - today.weekday()) % 7
    coming, after = _stepped(today, ahead), _stepped(today, ahead + 7)
    if day.which == "this":
        return [coming]
    if day.which == "next week":
        return [_stepped(today, 7 - today.weekday() + day.weekday)]
    if day.which == "next":
        if not ahead:
            return [after]
        is_this_week = today.weekday() + ahead < 7
        return [coming, after] if is_this_week else [coming]
    return [coming] if ahead else [coming, after]


def _boundary(day: Boundary, today: date) -> date:
    if day.unit == "day":
        return _stepped(today, 1)
    if day.unit == "week":
        return _stepped(today, 7 - today.weekday())
    if day.unit == "month":
        return date(today.year + today.month // 12, today.month % 12 + 1, 1)
    return date(today.year + 1, 1, 1)


def _calendar(day: Date, today: date) -> list[date]:
    found = [one for way in day.ways for one in _dates_of_way(*way, today)]
    if not found:
        raise Refusal(_no_such_date(*day.ways[0]))
    fitting = [one for one in found if day.weekday in (None, one.weekday())]
    if not fitting:
        weekday = spoken_speech().weekday_names[found[0].weekday()]
        told = gettext("{date} is a {weekday}.")
        raise Refusal(told.format(date=dated(found[0]), weekday=weekday))
    if max(fitting).year - today.year > LONGEST_YEARS:
        raise too_far()
    return sorted(set(fitting))


def dated(day: date) -> str:
    """ "24 December 2026", in the language that is spoken."""
    speech = spoken_speech()
    text = speech.at.dated.partition("{weekday}")[2].lstrip(" ,")
    return text.format(day=day.day, month=speech.months[day.month - 1], year=day.year)


def _dates_of_way(year: int | None, month: int | None, day: int, today: date) -> list[date]:
    """The date; without a year or a month the next one, and one more where that is today."""
    if year is not None:
        one = _date(year, month or 0, day)
        return [one] if one else []
    if month is not None:
        years = range(today.year, today.year + _LEAP_YEARS_APART + 1)
        found = [one for year in years if (one := _date(year, month, day))]
    else:
        months = [divmod(today.month - 1 + step, 12) for step in range(4)]
        found = [one for more, index in months if (one := _date(today.year + more, index + 1, day))]
    ahead = [one for one in found if one >= today]
    return ahead[: 2 if ahead[:1] == [today] else 1]


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _no_such_date(year: int | None, month: int | None, day: int) -> str:
    if month is None or not 1 <= month <= 12:
        return gettext("There is no such date; write one such as 2026-12-24 or 24 Dec.")
    speech = spoken_speech()
    name, number = speech.month_names[month - 1], speech.ordinal(day)
    if not year:
        return gettext("{month} has no {day}.").format(month=name, day=number)
    told = gettext("{month} has no {day} in {year}.")
    return told.format(month=name, day=number, year=year)
