"""Days as people say them: "tomorrow", "next friday", "1 Dec", "2026-12-01", "the 5th"."""

from typing import Final, Literal

from chatops.when.cursor import Cursor
from chatops.when.phrases import Boundary, Date, Day, Offset, Weekday
from chatops.when.tokens import Kind
from chatops.when.words import MONTHS, ORDINALS, TOMORROW, WEEKDAYS

_YEARS: Final = (1900, 2999)
_UNITS: Final[dict[str, Literal["day", "week", "month", "year"]]] = {
    "day": "day",
    "week": "week",
    "month": "month",
    "year": "year",
}


def read_day(cursor: Cursor) -> Day | None:
    """A day that begins here. None, and the cursor put back, where there is none."""
    start = cursor.at
    for reader in (_relative, _boundary, _weekday, read_date):
        day = reader(cursor)
        if day is not None:
            return day
        cursor.at = start
    return None


def read_date(cursor: Cursor) -> Date | None:
    """A date in the calendar: the year is optional, and with "the 5th" the month is too."""
    if date := cursor.take(Kind.DATE):
        return Date((date,))
    if slashed := cursor.take(Kind.SLASHED):
        return _slashed(*slashed)
    start = cursor.at
    named = _day_first(cursor)
    if named is None:
        cursor.at = start
        named = _month_first(cursor)
    if named is not None:
        comma = cursor.at
        cursor.mark(",")
        year = cursor.whole(*_YEARS)
        if year is None:
            cursor.at = comma
        return Date(((year, *named),))
    cursor.at = start
    if cursor.word("the") and (day := read_month_day(cursor)):
        return Date(((None, None, day),))
    return None


def read_month_day(cursor: Cursor) -> int | None:
    """ "1st", "31st", "first"."""
    start = cursor.at
    day = cursor.take(Kind.ORDINAL)
    if day is None and (word := cursor.one_of(("first", "second", "third", "fourth"))):
        day = ORDINALS[word]
    if day is not None and 1 <= day <= 31:
        return int(day)
    cursor.at = start
    return None


def _relative(cursor: Cursor) -> Day | None:
    if cursor.word("today") or cursor.word("this", "day"):
        return Offset(0)
    if cursor.one_of(TOMORROW):
        return Offset(1)
    if cursor.word("yesterday"):
        return Offset(-1)
    cursor.word("the")
    if cursor.word("day", "after", "tomorrow"):
        return Offset(2)
    return Offset(-2) if cursor.word("day", "before", "yesterday") else None


def _boundary(cursor: Cursor) -> Day | None:
    """ "the end of the month", "next week"."""
    if cursor.word("next"):
        unit = cursor.one_of(("week", "month", "year"))
        after = cursor.at
        cursor.word("on")
        if unit == "week" and (name := cursor.one_of(WEEKDAYS)):
            return Weekday(WEEKDAYS[name], "next week")
        cursor.at = after
        return Boundary(_UNITS[unit]) if unit else None
    cursor.word("the")
    if cursor.word("end", "of"):
        if cursor.word("today"):
            return Boundary("day", is_end=True)
        if not cursor.word("the"):
            cursor.word("this")
        if cursor.word("weekend"):
            return Boundary("week", is_end=True)
        unit = cursor.one_of(_UNITS)
        return Boundary(_UNITS[unit], is_end=True) if unit else None
    if cursor.word("eod"):
        return Boundary("day", is_end=True)
    return None


def _weekday(cursor: Cursor) -> Day | None:
    which: Literal["", "this", "next", "next week"] = ""
    if cursor.word("next"):
        which = "next"
    elif cursor.word("this") or cursor.word("coming"):
        which = "this"
    name = cursor.one_of(WEEKDAYS)
    if name is None:
        return None
    if which:
        return Weekday(WEEKDAYS[name], which)
    if cursor.word("next", "week"):
        return Weekday(WEEKDAYS[name], "next week")
    after = cursor.at
    cursor.mark(",.")
    date = read_date(cursor)
    if date is not None:
        return Date(date.ways, WEEKDAYS[name])
    cursor.at = after
    return Weekday(WEEKDAYS[name])


def _slashed(first: int, second: int, year: int | None) -> Date:
    """Day and month in both orders where both could be; 31/31 stays, to be refused as a date."""
    ways = [(year, month, day) for month, day in ((second, first), (first, second)) if month <= 12]
    return Date(tuple(dict.fromkeys(ways)) or ((year, second, first),))


def _day_first(cursor: Cursor) -> tuple[int, int] | None:
    """ "1 Dec", "the 1st of December"."""
    cursor.word("the")
    day = read_month_day(cursor)
    if day is None:
        day = cursor.whole(1, 31)
    if day is None:
        return None
    cursor.word("of")
    month = cursor.one_of(MONTHS)
    return (MONTHS[month], day) if month else None


def _month_first(cursor: Cursor) -> tuple[int, int] | None:
    """ "Dec 1", "December the 1st"."""
    month = cursor.one_of(MONTHS)
    if month is None:
        return None
    cursor.mark(".")
    cursor.word("the")
    day = read_month_day(cursor)
    if day is None:
        day = cursor.whole(1, 31)
    return (MONTHS[month], day) if day else None
