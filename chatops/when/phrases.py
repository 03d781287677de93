"""What a phrase says, before it is known when it is said: pure data."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from chatops.when.lengths import Length


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, in seconds after midnight; two where am or pm was not said.

    24:00 is 86,400: the midnight that ends the day. "midnight" is both, the one that begins the day
    and the one that ends it.
    """

    seconds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Offset:
    """So many days from today."""

    days: int


@dataclass(frozen=True, slots=True)
class Weekday:
    """Monday is 0."""

    weekday: int
    which: Literal["", "this", "next", "next week"] = ""


@dataclass(frozen=True, slots=True)
class Date:
    """(year or None, month or None, day), each way that it can be read; not checked against the
    calendar. Where the weekday was said too, it has to be that one."""

    ways: tuple[tuple[int | None, int | None, int], ...]
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class Boundary:
    """The day with which the next one of this unit begins; `is_end`: the end of this one was
    said, which is the same midnight."""

    unit: Literal["day", "week", "month", "year"]
    is_end: bool = False


Day = Offset | Weekday | Date | Boundary


@dataclass(frozen=True, slots=True)
class Point:
    """A day, a time of day, or both; `zone` (an IANA name or minutes east of UTC) where it was
    said."""

    day: Day | None = None
    clock: Clock | None = None
    zone: str | int | None = None


@dataclass(frozen=True, slots=True)
class Lasting:
    """ "for 2 hours", or only "2 hours"."""

    length: Length
    is_bare: bool = False


@dataclass(frozen=True, slots=True)
class Ahead:
    """ "in 2 hours"; of negative length "2 hours ago"."""

    length: Length


@dataclass(frozen=True, slots=True)
class Unitless:
    """ "for 2": of what, was not said."""

    count: Fraction


@dataclass(frozen=True, slots=True)
class Until:
    point: Point


@dataclass(frozen=True, slots=True)
class At:
    """ "on friday at 14:00"; `word` is "on", "at", or "" where none was said."""

    point: Point
    word: str = ""


@dataclass(frozen=True, slots=True)
class Between:
    """ "from 9:00 until 17:00", "tomorrow at 9:00 for 2 hours"."""

    start: Point
    end: Point | Length


@dataclass(frozen=True, slots=True)
class Period:
    """ "for the weekend", "tonight", "today"."""

    name: Literal["weekend", "night", "day"]


@dataclass(frozen=True, slots=True)
class Every:
    """Something that comes again and again.

    `weekdays`: Monday is 0. `month_days`: 1 to 31, -1 for the last. `position`: which of its kind
    in the month, as in "the first monday". `month`: of a yearly one. What was not said is empty.
    """

    unit: Literal["minute", "hour", "day", "week", "month", "year"]
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    position: int = 0
    month: int = 0
    clock: Clock | None = None
    zone: str | int | None = None


Phrase = Lasting | Ahead | Unitless | Until | At | Between | Period | Every
