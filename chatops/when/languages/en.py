"""English. The grammar reads it as it is."""

from typing import Final

from chatops.when.languages.language import Language
from chatops.when.languages.speech import Again, Place, Speech, one_or_many
from chatops.when.words import MONTH_NAMES, SIZES, WEEKDAY_NAMES, ordinal

_UNITS: Final = {unit: (unit, f"{unit}s") for unit in SIZES}
_DATE: Final = (
    *("today", "tomorrow", WEEKDAY_NAMES),
    *("{weekday} {day} {month}", "{weekday} {day} {month} {year}"),
)

ENGLISH: Final = Language(
    Speech(
        months=MONTH_NAMES,
        month_names=MONTH_NAMES,
        weekday_names=WEEKDAY_NAMES,
        at=Place("{day} {clock}", *_DATE),
        until=Place("until {day} {clock}", *_DATE),
        start=Place("from {day} {clock}", *_DATE),
        whole=Place("for {day}", *_DATE),
        between="{start} {end}",
        units=_UNITS,
        lasting="for {length}",
        lasting_units=_UNITS,
        ahead="in {length}",
        ahead_units=_UNITS,
        again=Again(
            each={unit: f"every {unit}" for unit in SIZES},
            several="every {count}",
            units=_UNITS,
            workdays="every weekday",
            weekdays="every {days}",
            days=WEEKDAY_NAMES,
            weeks="{every} on {days}",
            on_days=WEEKDAY_NAMES,
            month_days="on the {days} of {every}",
            several_month_days="on the {days} of {every}",
            last_day="on the last day of {every}",
            several_last_day="on the last day of {every}",
            position="on the {position} {weekday} of {every}",
            several_position="on the {position} {weekday} of {every}",
            positions={
                1: ("first",),
                2: ("second",),
                3: ("third",),
                4: ("fourth",),
                -1: ("last",),
            },
            genders=(0,) * 7,
            position_days=WEEKDAY_NAMES,
            year="{every} on {day} {month}",
            timed="{days} at {clock}",
        ),
        plural=one_or_many,
        ordinal=ordinal,
        last_and=" and ",
        last_or=" or ",
        examples_of_spans="2h, until 17:30 or until tomorrow 9:00",
        examples_of_instants="in 2h, tomorrow 9:00 or friday 14:00",
        examples_of_recurrences="every weekday at 9:15 or on the 1st of every month at 9:00",
    )
)
