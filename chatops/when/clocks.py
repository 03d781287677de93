"""Times of day as people say them: "9am", "17:30", "at 3", "noon", "8 in the evening"."""

from typing import Final

from chatops.when.cursor import Cursor
from chatops.when.phrases import Clock
from chatops.when.tokens import EITHER, Kind
from chatops.when.words import AFTERNOONS, ARTICLES, DAY, HOUR, NUMBERS, PARTS

MIDNIGHT: Final = Clock((0, DAY))
_HALVES: Final = {"am": "am", "a.m.": "am", "a.m": "am", "pm": "pm", "p.m.": "pm", "p.m": "pm"}
_NIGHT: Final = "at-night"
"""A word that other languages are rewritten to: of 9 it is the evening's, of 3 the morning's."""
_ASKED_UP_TO: Final = 6
"""A bare hour up to this one may be am or pm; later ones are meant as written. Whoever types
"at 9" to a bot that answers in 24 hours means 09:00; at 3 nobody is up."""


def read_clock(cursor: Cursor, *, bare: bool, half: str = "", sure: bool = False) -> Clock | None:
    """A time of day that begins here. `bare`: a number alone may be an hour, `sure`: whatever
    follows. `half`: "am" or "pm" where a part of the day was said before."""
    start = cursor.at
    if cursor.word("noon") or cursor.word("midday"):
        return Clock((PARTS["noon"],))
    if cursor.word("midnight"):
        return MIDNIGHT
    written = cursor.take(Kind.CLOCK)
    if written is not None:
        hour, minute, second, said = written
        clock = _written(hour, minute, second, said, _half_said(cursor) or half)
    else:
        clock = _bare(cursor, bare=bare, half=half, sure=sure)
    if clock is None:
        cursor.at = start
    return clock


def half_of(part: str) -> str:
    """ "am" or "pm": in which half of the day that part is."""
    return "pm" if part in AFTERNOONS else "am"


def _written(hour: int, minute: int, second: int, half: str, said: str) -> Clock | None:
    """None for what no clock shows."""
    if hour == 24 and not minute and not second and not half:
        return Clock((DAY,))
    if half == EITHER and not said and 1 <= hour <= _ASKED_UP_TO and minute <= 59:
        seconds = hour * HOUR + minute * 60
        return Clock((seconds, seconds + DAY // 2))
    half = half.replace(EITHER, "") or (said if 1 <= hour <= 12 else "")
    if half == _NIGHT:
        half = "pm" if _ASKED_UP_TO <= hour < 12 else "am"
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    return Clock((hour * HOUR + minute * 60 + second,))


def _bare(cursor: Cursor, *, bare: bool, half: str, sure: bool) -> Clock | None:
    hour = cursor.whole(0, 24)
    if hour is None and (word := cursor.one_of(_HOUR_WORDS)):
        hour = NUMBERS[word]
    if hour is None:
        return None
    clockwise = cursor.word("o'clock")
    said = _half_said(cursor)
    if not (said or clockwise or (bare and (sure or cursor.may_end_hour()))):
        return None
    half = said or half
    if half or not 1 <= hour <= _ASKED_UP_TO:
        return _written(hour, 0, 0, "", half)
    return Clock((hour * HOUR, (hour + 12) * HOUR))


_HOUR_WORDS: Final = frozenset(
    word for word, number in NUMBERS.items() if number <= 12 and word not in ARTICLES
)


def _half_said(cursor: Cursor) -> str:
    """ "pm", "in the afternoon", "at night", "tonight" after an hour."""
    if said := cursor.one_of(_HALVES):
        return _HALVES[said]
    start = cursor.at
    if cursor.word("in", "the") and (part := cursor.one_of(("morning", "afternoon", "evening"))):
        return half_of(part)
    cursor.at = start
    if cursor.word(_NIGHT):
        return _NIGHT
    if cursor.word("at", "night"):
        return "pm"
    token = cursor.here
    return "pm" if token is not None and token.is_word("tonight") else ""
