"""Phrases about time: what of them can begin here, and how far it goes.

Read left to right by what each word allows to follow. A number of words is tried at each place and
nothing is tried twice, so a text costs what its length is.
"""

from dataclasses import replace
from typing import Final, Literal

from chatops.when.clocks import read_clock
from chatops.when.cursor import Cursor
from chatops.when.lengths import Length, read_length, read_quantity
from chatops.when.phrases import (
    Ahead,
    At,
    Between,
    Boundary,
    Lasting,
    Period,
    Phrase,
    Point,
    Unitless,
    Until,
    Weekday,
)
from chatops.when.points import read_at, read_point, read_zone
from chatops.when.recurring import read_every
from chatops.when.words import SATURDAY, UNTIL

REST: Final[tuple[Literal["day", "week", "month", "year"], ...]] = ("day", "week", "month", "year")


def read_span_phrase(cursor: Cursor) -> Phrase | None:
    """How long, or until when. None, and the cursor put back, where there is none."""
    start = cursor.at
    for reader in (_for, _until, _from, _ahead, _period):
        phrase = reader(cursor)
        if phrase is not None:
            return phrase
        cursor.at = start
    return _at(cursor, ranges=True)


def read_occasion_phrase(cursor: Cursor) -> Phrase | None:
    """When, once or again and again. None, and the cursor put back, where there is none."""
    start = cursor.at
    for reader in (read_every, _ahead):
        phrase = reader(cursor)
        if phrase is not None:
            return phrase
        cursor.at = start
    return _at(cursor, ranges=False)


def _for(cursor: Cursor) -> Phrase | None:
    if not cursor.word("for"):
        return None
    after = cursor.at
    if period := _period(cursor):
        return period
    cursor.at = after
    point = read_point(cursor)
    if point is not None and point.clock is None:
        return At(point, "on")
    cursor.at = after
    if rest := _rest(cursor):
        return rest
    cursor.word("the")
    cursor.word("next")
    return _lasting(cursor)


def _rest(cursor: Cursor) -> Until | None:
    """ "the rest of the day", "this week", "the month"."""
    start = cursor.at
    if cursor.word("the", "rest", "of", "the") or cursor.word("the") or cursor.word("this"):
        for unit in REST:
            if cursor.word(unit):
                return Until(Point(Boundary(unit, is_end=True)))
    cursor.at = start
    return None


def _lasting(cursor: Cursor) -> Phrase | None:
    length = read_length(cursor)
    if length is None:
        count = read_quantity(cursor)
        return None if count is None or not cursor.may_end_hour() else Unitless(count)
    after = cursor.at
    if cursor.word("from") or cursor.word("starting"):
        if cursor.word("now"):
            return Lasting(length)
        point = read_point(cursor)
        if point is not None:
            return Between(point, length)
    cursor.at = after
    return Lasting(length)


def _until(cursor: Cursor) -> Phrase | None:
    if not cursor.one_of(UNTIL):
        return None
    if cursor.word("the", "weekend"):
        return Until(Point(Weekday(SATURDAY)))
    point = read_point(cursor, bare=True)
    return None if point is None else Until(point)


def _from(cursor: Cursor) -> Phrase | None:
    if not cursor.word("from"):
        return None
    if cursor.word("now"):
        return _until(cursor) or _for_length(cursor)
    start = read_point(cursor, bare=True)
    return None if start is None else _ranged(cursor, start)


def _ranged(cursor: Cursor, start: Point) -> Between | None:
    """The end of what begins with `start`."""
    if cursor.one_of(UNTIL) or cursor.word("to") or cursor.mark("-"):
        end = read_point(cursor, bare=True)
        return None if end is None else Between(start, end)
    lasting = _for_length(cursor)
    return Between(start, lasting.length) if lasting else None


def _for_length(cursor: Cursor) -> Lasting | None:
    length = read_length(cursor) if cursor.word("for") else None
    return None if length is None else Lasting(length)


def _ahead(cursor: Cursor) -> Phrase | None:
    """ "in 2 hours", "2 hours from now", "2 hours", "2 hours ago"."""
    start = cursor.at
    point = _days_ahead_at(cursor)
    if point is not None:
        return point
    cursor.at = start
    if cursor.word("in"):
        length = read_length(cursor)
        return None if length is None else Ahead(length)
    cursor.word("next")
    length = read_length(cursor)
    if length is None:
        return None
    if cursor.word("ago"):
        return Ahead(Length(-length.months, -length.days, -length.seconds))
    return Ahead(length) if cursor.word("from", "now") else Lasting(length, is_bare=True)


def _days_ahead_at(cursor: Cursor) -> At | None:
    """ "in 2 days at 9:00" is a day with a time, not a length."""
    if not (cursor.here and cursor.here.is_word("in")):
        return None
    point = read_point(cursor)
    return None if point is None else At(point)


def _period(cursor: Cursor) -> Period | None:
    start = cursor.at
    if cursor.word("overnight"):
        return Period("night")
    if cursor.word("tonight") or cursor.word("the", "night"):
        name = Period("night")
    elif cursor.word("today"):
        name = Period("day")
    elif cursor.word("the", "weekend") or cursor.word("this", "weekend") or cursor.word("weekend"):
        name = Period("weekend")
    else:
        return None
    after = cursor.at
    cursor.mark(",")
    if read_at(cursor) or read_point(cursor) or cursor.word("from"):  # "tonight at 22:00"
        cursor.at = start
        return None
    cursor.at = after
    return name


def _at(cursor: Cursor, *, ranges: bool) -> Phrase | None:
    start = cursor.at
    token = cursor.here
    word = str(token.value) if token is not None and token.is_word("on", "at") else ""
    point = read_point(cursor)
    if point is None:
        cursor.at = start
        return None
    found, after = At(point, word), cursor.at
    if ranges:
        if point.clock is None and cursor.word("from"):  # "tomorrow from 9 to 17"
            clock = read_clock(cursor, bare=True)
            point = replace(point, clock=clock, zone=read_zone(cursor))
        between = _ranged(cursor, point)
        if between is not None and point.clock is not None:
            return between
        cursor.at = after
    return found
