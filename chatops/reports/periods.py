"""The times that a report is about, as people say them: "yesterday", "last 7 days", "1 Nov to
15 Nov". Pure. Days begin at midnight in the reader's zone. English is read in every language.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from chatops.reports.period_words import in_english
from languages.speaking import gettext, gettext_noop, pgettext

EXAMPLES: Final = gettext_noop("yesterday, last 7 days, this month, 2026-11-01 to 2026-11-15")
LONGEST: Final = timedelta(days=400)
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_LAST = re.compile(r"(?:the )?(?:last|past) (\d{1,3}) ?(h|hours?|d|days?|w|weeks?|months?)")
_NAMED = re.compile(r"(this|last) (week|month|year)")
_FROM_TO = re.compile(r"(?:from |since )?(.+?) (?:to|until|till) (.+)|since (.+)")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY = re.compile(r"(?:(\d{1,2})\.? )?([a-z]{3,9})(?: (\d{1,2}))?(?: (\d{4}))?")


class NoPeriod(ValueError):
    """The words are no time that a report can be about; the text says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to before `end`; aware."""

    start: datetime
    end: datetime


def read_period(words: str, zone: ZoneInfo, now: datetime) -> Period:
    """Raises NoPeriod."""
    text = " ".join(words.lower().replace(",", " ").split())
    today = now.astimezone(zone).date()
    period = _read(text, today, zone, now) or _read(in_english(text), today, zone, now)
    if period is None:
        message = gettext("I cannot read that as a time to report of. Write {examples}.")
        raise NoPeriod(message.format(examples=gettext(EXAMPLES)))
    if period.start >= now:
        raise NoPeriod(gettext("That has not begun yet."))
    if period.end <= period.start:
        raise NoPeriod(gettext("The end is before the beginning."))
    if period.end - period.start > LONGEST:
        raise NoPeriod(gettext("Write at most a year."))
    return period


def shown(period: Period, zone: ZoneInfo) -> str:
    """ "2026-11-01 to 2026-11-15"; with the time where a day is not whole."""
    first, last = period.start.astimezone(zone), period.end.astimezone(zone)
    if first.time() == last.time() == time():
        inclusive = (last - timedelta(days=1)).date()
        if inclusive == first.date():
            return f"{first:%Y-%m-%d}"
        return _from_to(f"{first:%Y-%m-%d}", f"{inclusive:%Y-%m-%d}")
    return _from_to(f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}")


def _from_to(first: str, last: str) -> str:
    return pgettext("times", "{first} to {last}").format(first=first, last=last)


def _read(text: str, today: date, zone: ZoneInfo, now: datetime) -> Period | None:
    if text in ("today", "yesterday"):
        day = today if text == "today" else today - timedelta(days=1)
        return _days(day, day, zone)
    if found := _LAST.fullmatch(text):
        return _last(int(found[1]), found[2], today, zone, now)
    if found := _NAMED.fullmatch(text):
        return _named(found[1], found[2], today, zone)
    if found := _FROM_TO.fullmatch(text):
        first, _ = _span_of(found[1] or found[3], today) or (None, None)
        _, last = _span_of(found[2] or "today", today) or (None, None)
        return _days(first, last, zone) if first and last else None
    span = _span_of(text, today)
    return _days(*span, zone) if span else None


def _last(number: int, unit: str, today: date, zone: ZoneInfo, now: datetime) -> Period | None:
    if not number:
        return None
    if unit.startswith("h"):
        return Period(now - timedelta(hours=number), now)
    if unit.startswith("m"):
        return _days(today - relativedelta(months=number), today, zone)
    days = number * (7 if unit.startswith("w") else 1)
    return _days(today - timedelta(days=days - 1), today, zone)


def _named(which: str, unit: str, today: date, zone: ZoneInfo) -> Period:
    if unit == "week":
        first, length = today - timedelta(days=today.weekday()), relativedelta(weeks=1)
    elif unit == "month":
        first, length = today.replace(day=1), relativedelta(months=1)
    else:
        first, length = today.replace(month=1, day=1), relativedelta(years=1)
    if which == "last":
        first -= length
    return _days(first, first + length - timedelta(days=1), zone)


def _span_of(text: str, today: date) -> tuple[date, date] | None:
    """First and last day of "today", "2026-11-01", "1 nov", "nov 2026"."""
    try:
        if text in ("today", "now", "yesterday"):
            day = today - timedelta(days=1) if text == "yesterday" else today
            return day, day
        if found := _ISO.fullmatch(text):
            day = date(int(found[1]), int(found[2]), int(found[3]))
            return day, day
        return _written(text, today)
    except ValueError:  # there is no such day
        return None


def _written(text: str, today: date) -> tuple[date, date] | None:
    found = _DAY.fullmatch(text)
    if found is None or found[2][:3] not in _MONTHS or (found[1] and found[3]):
        return None
    month = _MONTHS.index(found[2][:3]) + 1
    day = found[1] or found[3]
    year = int(found[4]) if found[4] else today.year
    first = date(year, month, int(day or 1))
    if not found[4] and first > today:
        first = first.replace(year=year - 1)
    if day:
        return first, first
    return first, first + relativedelta(months=1, days=-1)


def _days(first: date, last: date, zone: ZoneInfo) -> Period:
    """From the midnight before `first` to the one after `last`."""
    start = datetime.combine(first, time(), zone)
    return Period(start, datetime.combine(last + timedelta(days=1), time(), zone))
