"""The English words that tell times, in lower case."""

from typing import Final

NUMBERS: Final = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "ninety": 90,
}
ARTICLES: Final = frozenset({"a", "an"})

UNITS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "second"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hour"),
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "week"),
    **dict.fromkeys(("mo", "month", "months"), "month"),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "year"),
}
SIZES: Final = ("year", "month", "week", "day", "hour", "minute", "second")
"""From the largest down, as people say them."""

WEEKDAY_NAMES: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
SATURDAY: Final = 5
FULL_WEEKDAYS: Final = {name.lower(): number for number, name in enumerate(WEEKDAY_NAMES)}
SHORT_WEEKDAYS: Final = {
    **{name[:3]: number for name, number in FULL_WEEKDAYS.items()},
    "tues": 1,
    "thur": 3,
    "thurs": 3,
}
WEEKDAYS: Final = FULL_WEEKDAYS | SHORT_WEEKDAYS
PLURAL_WEEKDAYS: Final = {f"{name}s": number for name, number in FULL_WEEKDAYS.items()}

MONTH_NAMES: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
MONTHS: Final = {
    **{name.lower(): number for number, name in enumerate(MONTH_NAMES, 1)},
    **{name.lower()[:3]: number for number, name in enumerate(MONTH_NAMES, 1)},
    "sept": 9,
}

HOUR: Final = 3_600
DAY: Final = 24 * HOUR
PARTS: Final = {
    "morning": 9 * HOUR,
    "noon": 12 * HOUR,
    "midday": 12 * HOUR,
    "afternoon": 15 * HOUR,
    "evening": 18 * HOUR,
    "night": 20 * HOUR,
}
"""When a part of the day is, in seconds after its midnight."""
MORNING: Final = PARTS["morning"]
AFTERNOONS: Final = frozenset({"afternoon", "evening", "night"})
TOMORROW: Final = frozenset({"tomorrow", "tmrw", "tmr"})
UNTIL: Final = frozenset({"until", "till", "til"})

ORDINALS: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}


_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}


def ordinal(number: int) -> str:
    """ "1st", "2nd", "11th"."""
    ending = "th" if number in (11, 12, 13) else _ENDINGS.get(number % 10, "th")
    return f"{number}{ending}"
