"""Points in time: a day, a time of day, or both, in either order."""

from chatops.when.clocks import half_of, read_clock
from chatops.when.cursor import Cursor
from chatops.when.days import read_day
from chatops.when.lengths import Length, read_length
from chatops.when.phrases import Boundary, Clock, Day, Offset, Point
from chatops.when.tokens import Kind
from chatops.when.words import PARTS


def read_point(cursor: Cursor, *, bare: bool = False) -> Point | None:
    """A point that begins here. `bare`: a number alone is an hour ("until 3"). None, and the cursor
    put back, where there is none."""
    start = cursor.at
    point = _part_of_day(cursor) or _day_then_clock(cursor) or _clock_then_day(cursor, bare=bare)
    if point is None:
        cursor.at = start
        return None
    return Point(point.day, point.clock, read_zone(cursor))


def read_zone(cursor: Cursor) -> str | int | None:
    """ "+01:00", "Europe/Berlin", "(UTC)"."""
    start = cursor.at
    opened = cursor.mark("(")
    zone: str | int | None = cursor.take(Kind.OFFSET)
    if zone is None:
        zone = cursor.take(Kind.ZONE)
    if zone is None or (opened and not cursor.mark(")")):
        cursor.at = start
        return None
    return zone


def read_at(cursor: Cursor, *, half: str = "", sure: bool = False) -> Clock | None:
    """ "at 9", "by 17:30": the word, and then the time of day. `sure`: what was read before says
    that a number is an hour, whatever follows."""
    start = cursor.at
    if cursor.word("at") or cursor.word("by"):
        clock = read_clock(cursor, bare=True, half=half, sure=sure)
        if clock is not None:
            return clock
    cursor.at = start
    return None


def _part_of_day(cursor: Cursor) -> Point | None:
    """ "tonight", "this evening at 8", "in the morning"."""
    start = cursor.at
    if cursor.word("tonight"):
        return _within(cursor, Offset(0), "night")
    if cursor.word("this") and (part := cursor.one_of(PARTS)):
        return _within(cursor, Offset(0), part)
    cursor.at = start
    if cursor.word("in", "the") and (part := cursor.one_of(PARTS)):
        return _within(cursor, None, part)
    cursor.at = start
    return None


def _day_then_clock(cursor: Cursor) -> Point | None:
    cursor.word("on")
    day = _days_ahead(cursor) or read_day(cursor)
    if day is None:
        return None
    if isinstance(day, Boundary) and day.is_end:
        return Point(day)
    if part := cursor.one_of(PARTS):
        return _within(cursor, day, part)
    after = cursor.at
    cursor.mark(",")
    clock = read_at(cursor, sure=True) or read_clock(cursor, bare=True)
    if clock is None:
        cursor.at = after
    return Point(day, clock)


def _clock_then_day(cursor: Cursor, *, bare: bool) -> Point | None:
    clock = read_at(cursor) or read_clock(cursor, bare=bare)
    if clock is None:
        return None
    after = cursor.at
    zone_first = read_zone(cursor)
    cursor.mark(",")
    if cursor.word("tonight"):
        return Point(Offset(0), clock)
    cursor.word("on")
    day = read_day(cursor)
    if day is None or zone_first is not None:
        cursor.at = after
        return Point(None, clock)
    return Point(day, clock)


def _within(cursor: Cursor, day: Day | None, part: str) -> Point:
    """A part of a day, with the hour where one follows."""
    clock = read_at(cursor, half=half_of(part), sure=True) or read_clock(cursor, bare=False)
    return Point(day, clock or Clock((PARTS[part],)))


def _days_ahead(cursor: Cursor) -> Offset | None:
    """ "in 3 days" where a time of day follows; alone it is a length."""
    start = cursor.at
    if cursor.word("in") and (length := read_length(cursor)) and _only_days(length):
        after = cursor.at
        if read_at(cursor):
            cursor.at = after
            return Offset(length.days)
    cursor.at = start
    return None


def _only_days(length: Length) -> bool:
    return 0 < length.days < 100 * 366 and not length.months and not length.seconds
