"""What comes again and again: "every weekday at 9:15", "on the 1st of every month".

A head says that it recurs, what follows says on which days and at what time, in any order.
"""

from dataclasses import replace
from typing import Any, Final

from chatops.when.clocks import half_of, read_clock
from chatops.when.cursor import Cursor
from chatops.when.days import read_date, read_month_day
from chatops.when.phrases import Clock, Every
from chatops.when.points import read_at, read_zone
from chatops.when.tokens import Kind
from chatops.when.words import (
    MONTHS,
    NUMBERS,
    ORDINALS,
    PARTS,
    PLURAL_WEEKDAYS,
    UNITS,
    WEEKDAYS,
)

WORKDAYS: Final = (0, 1, 2, 3, 4)
WEEKEND: Final = (5, 6)
_GROUPS: Final = {
    **dict.fromkeys(("weekday", "weekdays", "workday", "workdays"), WORKDAYS),
    **dict.fromkeys(("weekend", "weekends"), WEEKEND),
}
_PLURAL_GROUPS: Final = ("weekdays", "workdays", "weekends")
_ADVERBS: Final[dict[str, Any]] = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "annually": "year",
}
_TIMES_OF_DAY: Final = {
    **{part: Clock((seconds,)) for part, seconds in PARTS.items()},
    "midnight": Clock((0,)),
}
_EACH: Final = frozenset({"every", "each"})


def read_every(cursor: Cursor) -> Every | None:
    """A recurrence that begins here. None, and the cursor put back, where there is none."""
    start = cursor.at
    clock = read_at(cursor) or read_clock(cursor, bare=False)
    every = _head(cursor)
    if every is None:
        cursor.at = start
        return None
    if clock is not None:
        every = replace(every, clock=clock)
    while (more := _more(cursor, every)) is not None:
        every = more
    return replace(every, zone=read_zone(cursor))


def _head(cursor: Cursor) -> Every | None:
    start = cursor.at
    for reader in (_adverb, _every, _on_plural, _on_of_every):
        every = reader(cursor)
        if every is not None:
            return every
        cursor.at = start
    return None


def _adverb(cursor: Cursor) -> Every | None:
    """ "daily", "mondays", "weekdays", "mon-fri"."""
    start = cursor.at
    if cursor.one_of(WEEKDAYS) is not None and _range_end(cursor) is not None:
        cursor.at = start
        return _weekly(cursor, 1)
    cursor.at = start
    if word := cursor.one_of(_ADVERBS):
        return Every(_ADVERBS[word])
    if cursor.here and (cursor.here.is_word(*_PLURAL_GROUPS, *PLURAL_WEEKDAYS)):
        return _weekly(cursor, 1)
    return None


def _every(cursor: Cursor) -> Every | None:
    if not cursor.one_of(_EACH):
        return None
    start = cursor.at
    for reader in (_day_of_month, _yearly, _counted):
        every = reader(cursor)
        if every is not None:
            return every
        cursor.at = start
    if part := cursor.one_of(_TIMES_OF_DAY):
        return Every(
            "day", clock=read_at(cursor, half=half_of(part), sure=True) or _TIMES_OF_DAY[part]
        )
    return _weekly(cursor, 1)


def _counted(cursor: Cursor) -> Every | None:
    """ "2 hours", "other day", "day", "other monday"."""
    interval = _interval(cursor)
    unit = cursor.one_of(UNITS)
    if unit is not None:
        name: Any = UNITS[unit]
        return None if name == "second" else Every(name, interval)
    if interval == 1:
        return None
    return _weekly(cursor, interval)


def _interval(cursor: Cursor) -> int:
    if cursor.word("single"):
        return 1
    if cursor.word("other") or cursor.word("second"):
        return 2
    number = cursor.whole(0, 10**9)
    if number is None and (word := cursor.one_of(NUMBERS)):
        number = NUMBERS[word]
    if number is None and (token := cursor.here) and token.kind is Kind.ORDINAL:
        after = cursor.tokens[cursor.at + 1 : cursor.at + 2]
        if after and after[0].is_word(*UNITS):
            number = cursor.take(Kind.ORDINAL)
    return 1 if number is None else number


def _weekly(cursor: Cursor, interval: int) -> Every | None:
    days = _weekday_list(cursor)
    return Every("week", interval, weekdays=days) if days else None


def _weekday_list(cursor: Cursor) -> tuple[int, ...]:
    """ "monday, tuesday and thursday", "monday to friday", "weekdays"; () where there is none."""
    if group := cursor.one_of(_GROUPS):
        return _GROUPS[group]
    found: list[int] = []
    before = cursor.at
    while (day := _weekday(cursor)) is not None and day not in found:
        found.append(day)
        if len(found) == 1 and (last := _range_end(cursor)) is not None:
            return tuple(sorted({(day + step) % 7 for step in range((last - day) % 7 + 1)}))
        before = cursor.at
        comma = cursor.mark(",")
        if not (cursor.word("and") or comma):
            break
        cursor.word("on")
    cursor.at = before
    return tuple(sorted(found))


def _weekday(cursor: Cursor) -> int | None:
    name = cursor.one_of(WEEKDAYS) or cursor.one_of(PLURAL_WEEKDAYS)
    return None if name is None else {**WEEKDAYS, **PLURAL_WEEKDAYS}[name]


def _range_end(cursor: Cursor) -> int | None:
    start = cursor.at
    if cursor.word("to") or cursor.word("through") or cursor.mark("-"):
        last = _weekday(cursor)
        if last is not None:
            return last
    cursor.at = start
    return None


def _on_plural(cursor: Cursor) -> Every | None:
    """ "on mondays", "on weekdays"."""
    return _adverb(cursor) if cursor.word("on") else None


def _on_of_every(cursor: Cursor) -> Every | None:
    """ "on the 1st of every month", "on the first monday of every 2 months", "on 24 Dec every
    year"."""
    cursor.word("on")
    start = cursor.at
    date = read_date(cursor)
    if date is not None and cursor.one_of(_EACH) and cursor.word("year"):
        return _yearly_on(date.ways)
    cursor.at = start
    cursor.word("the")
    every = _days_in_month(cursor)
    if every is None:
        return None
    cursor.word("of")
    if not cursor.one_of(_EACH):
        return None
    if (month := cursor.one_of(MONTHS)) and len(every.month_days) == 1:
        return replace(every, unit="year", month=MONTHS[month])
    interval = _interval(cursor)
    return replace(every, interval=interval) if _is_month(cursor) else None


def _is_month(cursor: Cursor) -> bool:
    return cursor.word("month") or cursor.word("months")


def _day_of_month(cursor: Cursor) -> Every | None:
    """After "every": "1st of the month", "last friday of the month"."""
    every = _days_in_month(cursor)
    if every is None or not cursor.word("of"):
        return None
    if not cursor.word("the"):
        cursor.one_of(_EACH)
    return every if _is_month(cursor) else None


def _days_in_month(cursor: Cursor) -> Every | None:
    """ "1st and 15th", "last day", "last friday"."""
    start = cursor.at
    position = cursor.one_of(ORDINALS)
    number = ORDINALS[position] if position else cursor.take(Kind.ORDINAL)
    if number is not None and -1 <= number <= 4:
        weekday = cursor.one_of(WEEKDAYS)
        if weekday:
            return Every("month", weekdays=(WEEKDAYS[weekday],), position=number)
        if number == -1:
            return Every("month", month_days=(-1,)) if cursor.word("day") else None
    cursor.at = start
    days = _month_days(cursor)
    cursor.word("day")
    return Every("month", month_days=days) if days else None


def _month_days(cursor: Cursor) -> tuple[int, ...]:
    found: list[int] = []
    before = cursor.at
    while (day := read_month_day(cursor)) is not None and day not in found:
        found.append(day)
        before = cursor.at
        comma = cursor.mark(",")
        if not (cursor.word("and") or comma):
            break
        cursor.word("the")
    cursor.at = before
    return tuple(sorted(found))


def _yearly(cursor: Cursor) -> Every | None:
    """After "every": "24 Dec", "24th of december"."""
    date = read_date(cursor)
    return None if date is None else _yearly_on(date.ways)


def _yearly_on(ways: tuple[tuple[int | None, int | None, int], ...]) -> Every | None:
    if len(ways) != 1 or ways[0][0] is not None or ways[0][1] is None:
        return None
    return Every("year", month_days=(ways[0][2],), month=ways[0][1])


def _more(cursor: Cursor, every: Every) -> Every | None:
    """What was not said yet: the time of day, the days; None where nothing of it stands here."""
    start = cursor.at
    cursor.mark(",")
    if every.clock is None and (
        clock := read_at(cursor, sure=True) or read_clock(cursor, bare=False)
    ):
        return replace(every, clock=clock)
    if every.clock is None and cursor.word("in", "the") and (part := cursor.one_of(PARTS)):
        return replace(every, clock=_TIMES_OF_DAY[part])
    if not every.weekdays and not every.month_days:
        cursor.word("on")
        on = _days_of(cursor, every)
        if on is not None:
            return on
    cursor.at = start
    return None


def _days_of(cursor: Cursor, every: Every) -> Every | None:
    """The days of a week, a month or a year."""
    if every.unit == "week":
        days = _weekday_list(cursor)
        return replace(every, weekdays=days) if days else None
    if every.unit == "month":
        cursor.word("the")
        within = _days_in_month(cursor)
        return within and replace(within, interval=every.interval, clock=every.clock)
    if every.unit == "year":
        yearly = _yearly(cursor)
        return yearly and replace(yearly, interval=every.interval, clock=every.clock)
    return None
