"""What the bot says of times in one language: words in the forms that sentences ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Forms = Mapping[str, tuple[str, ...]]
"""A unit's words, by the number that `Speech.plural` says."""


@dataclass(frozen=True, slots=True)
class Place:
    """A moment or a day in a sentence: "until {day} {clock}". `weekdays`: Monday first; `date` and
    `dated` have {weekday}, {day}, {month}, and {year}."""

    text: str
    today: str
    tomorrow: str
    weekdays: tuple[str, ...]
    date: str
    dated: str


@dataclass(frozen=True, slots=True)
class Again:
    """What comes again and again.

    `each`: "every day"; `several`: "every {count}", with the unit's form in `units`. `workdays`:
    "every weekday". `weekdays`: "every {days}" of the words in `days`, `weeks`: "{every} on
    {days}" of those in `on_days`. `month_days` and `last_day` have {days} and {every}; `several_*`
    are the same for every few months. `positions`: "first" to "fourth" and "last" in each gender,
    `genders`: which of them a weekday has; `position`: "on the {position} {weekday} of {every}".
    """

    each: Mapping[str, str]
    several: str
    units: Forms
    workdays: str
    weekdays: str
    days: tuple[str, ...]
    weeks: str
    on_days: tuple[str, ...]
    month_days: str
    several_month_days: str
    last_day: str
    several_last_day: str
    position: str
    several_position: str
    positions: Mapping[int, tuple[str, ...]]
    genders: tuple[int, ...]
    position_days: tuple[str, ...]
    year: str
    timed: str


@dataclass(frozen=True, slots=True)
class Speech:
    """`at`, `until`, `start`: of moments, `whole` of a day. `lasting` and `ahead`: "for {length}",
    "in {length}", each with its units. `units`: in a length that stands alone. `months`: in dates,
    `month_names` and `weekday_names` alone. `spans`, `instants`, `recurrences`: examples."""

    months: tuple[str, ...]
    month_names: tuple[str, ...]
    weekday_names: tuple[str, ...]
    at: Place
    until: Place
    start: Place
    whole: Place
    between: str
    units: Forms
    lasting: str
    lasting_units: Forms
    ahead: str
    ahead_units: Forms
    again: Again
    plural: Callable[[int], int]
    ordinal: Callable[[int], str]
    last_and: str
    last_or: str
    examples_of_spans: str
    examples_of_instants: str
    examples_of_recurrences: str


def one_or_many(count: int) -> int:
    """The form of the number in most languages of Europe."""
    return 0 if count == 1 else 1


def counted(count: int, unit: str, units: Forms, speech: Speech) -> str:
    """ "1 hour", "2 hours"."""
    return f"{count} {units[unit][speech.plural(count)]}"


def listed(names: list[str], last: str) -> str:
    """ "Monday, Tuesday and Thursday"; `last`: " and "."""
    return last.join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
