"""How long, as people say it: "2h", "1h30m", "an hour and a half", "90 minutes".

Days, weeks, months and years move the calendar and keep the wall clock's time over a change of
clocks; hours, minutes and seconds are elapsed time. A month later than 31 January is the last day
of February. A part of a day is hours: 1.5 days are one day and 12 hours.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from dateutil.relativedelta import relativedelta

from chatops.when.cursor import Cursor
from chatops.when.languages.known import spoken_speech
from chatops.when.languages.speech import Forms, counted
from chatops.when.tokens import Kind
from chatops.when.words import ARTICLES, DAY, HOUR, NUMBERS, SIZES, UNITS
from chatops.when.zones import Zone, instant_of, wall_of

LONGEST_YEARS: Final = 100
_SECONDS: Final = {"second": 1, "minute": 60, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_MONTHS: Final = {"month": 1, "year": 12}
_MINUTE_DIGITS: Final = 2
_HALF: Final = Fraction(1, 2)
_QUARTER: Final = Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class Length:
    """Calendar months, calendar days, and elapsed seconds; all of one sign."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    @property
    def is_positive(self) -> bool:
        return self.months > 0 or self.days > 0 or self.seconds > 0

    @property
    def is_negative(self) -> bool:
        return self.months < 0 or self.days < 0 or self.seconds < 0

    @property
    def is_too_long(self) -> bool:
        """More than LONGEST_YEARS, beyond which nothing is computed."""
        days = self.months * 30 + self.days + self.seconds // DAY
        return days > LONGEST_YEARS * 365

    def after(self, instant: datetime, zone: Zone) -> datetime:
        """The instant that much later than one; not for what is too long."""
        if self.months or self.days:
            step = relativedelta(months=self.months, days=self.days)
            instant = instant_of(wall_of(instant, zone) + step, zone)
        return instant + timedelta(seconds=self.seconds)

    def __str__(self) -> str:
        return self.told(spoken_speech().units)

    def told(self, units: Forms) -> str:
        """ "1 hour 30 minutes", which is read as this; in these words of the spoken language."""
        speech = spoken_speech()
        years, months = divmod(self.months, 12)
        weeks, days = divmod(self.days, 7) if self.days % 7 == 0 else (0, self.days)
        hours, rest = divmod(self.seconds, HOUR)
        counts = (years, months, weeks, days, hours, rest // 60, rest % 60)
        parts = [
            counted(count, unit, units, speech)
            for count, unit in zip(counts, SIZES, strict=True)
            if count
        ]
        return " ".join(parts)


def read_length(cursor: Cursor) -> Length | None:
    """A length that begins here; units from the largest down, each once. None, and the cursor put
    back, where there is none."""
    start = cursor.at
    total: dict[str, Fraction] = {}
    while True:
        before = cursor.at
        if total:
            cursor.mark(",")
            cursor.word("and")
        part = _part(cursor, glued_after=_last(total))
        if part is None or not _is_smaller(part[1], _last(total)):
            cursor.at = before
            break
        total[part[1]] = part[0]
    length = _summed(total)
    if length is None:
        cursor.at = start
    return length


def read_quantity(cursor: Cursor) -> Fraction | None:
    """A number in digits or words, with its half: "2", "1.5", "two", "one and a half"."""
    value: Fraction | None = cursor.take(Kind.NUMBER)
    if value is None:
        value = cursor.take(Kind.NEGATIVE)
    if value is None and (word := cursor.one_of(NUMBERS)):
        value = Fraction(NUMBERS[word])
    if value is not None and cursor.word("and", "a", "half"):
        value += _HALF
    return value


def _part(cursor: Cursor, glued_after: str) -> tuple[Fraction, str] | None:
    """One number with its unit."""
    start = cursor.at
    if glued_after == "hour" and (minutes := _glued_minutes(cursor)) is not None:
        return minutes, "minute"
    value = _share(cursor)
    if value is None:
        value = read_quantity(cursor)
    unit = cursor.one_of(UNITS) if value is not None else None
    if value is None or unit is None:
        cursor.at = start
        return None
    if cursor.word("and", "a", "half"):
        value += _HALF
    elif cursor.word("and", "a", "quarter"):
        value += _QUARTER
    return value, UNITS[unit]


def _share(cursor: Cursor) -> Fraction | None:
    """ "half an", "a quarter of an", "a couple of": what stands before the unit."""
    start = cursor.at
    cursor.one_of(ARTICLES)
    if cursor.word("half"):
        cursor.one_of(ARTICLES)
        return _HALF
    if cursor.word("quarter"):
        cursor.word("of")
        if cursor.one_of(ARTICLES):
            return _QUARTER
    elif cursor.word("couple"):
        cursor.word("of")
        return Fraction(2)
    cursor.at = start
    return None


def _glued_minutes(cursor: Cursor) -> Fraction | None:
    """The 30 of "1h30"."""
    token = cursor.here
    if token is None or token.kind is not Kind.NUMBER or token.first:
        return None
    if token.end - token.start != _MINUTE_DIGITS:
        return None
    after = cursor.tokens[cursor.at + 1] if cursor.at + 1 < len(cursor.tokens) else None
    if after is not None and not after.first and after.kind is Kind.WORD:
        return None
    cursor.at += 1
    return Fraction(token.value)


def _last(total: dict[str, Fraction]) -> str:
    return next(reversed(total), "")


def _is_smaller(unit: str, than: str) -> bool:
    return not than or SIZES.index(unit) > SIZES.index(than)


def _summed(total: dict[str, Fraction]) -> Length | None:
    """None for what has no whole number of months or of seconds, and for nothing at all."""
    if not total:
        return None
    nothing = Fraction()
    months = sum((total.get(unit, nothing) * size for unit, size in _MONTHS.items()), nothing)
    calendar = total.get("week", Fraction()) * 7 + total.get("day", Fraction())
    days = calendar.numerator // calendar.denominator if calendar >= 0 else -(-calendar // 1)
    seconds = (calendar - days) * DAY
    seconds += sum((total.get(unit, Fraction()) * _SECONDS[unit] for unit in SIZES[4:]), Fraction())
    if months.denominator != 1 or seconds.denominator != 1:
        return None
    return Length(int(months), int(days), int(seconds))
