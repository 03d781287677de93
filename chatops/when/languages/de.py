"""German."""

from typing import Final

from chatops.when.languages.language import Language, meaning
from chatops.when.languages.speech import Again, Place, Speech, one_or_many

_FOLDED: Final = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"}
"""People type "naechsten" too."""
_NUMBERS: Final = {
    **dict.fromkeys(("ein", "eine", "einen", "einem", "einer", "eins"), 1),
    "zwei": 2,
    "drei": 3,
    "vier": 4,
    "fuenf": 5,
    "sechs": 6,
    "sieben": 7,
    "acht": 8,
    "neun": 9,
    "zehn": 10,
    "elf": 11,
    "zwoelf": 12,
    "fuenfzehn": 15,
    "zwanzig": 20,
    "dreissig": 30,
    "vierzig": 40,
    "fuenfzig": 50,
    "sechzig": 60,
    "neunzig": 90,
}
_UNITS: Final = {
    "second": "sekunde",
    "seconds": "sekunden sek sek.",
    "minute": "minute",
    "minutes": "minuten min min.",
    "hour": "stunde",
    "hours": "stunden std std.",
    "day": "tag",
    "days": "tage tagen",
    "week": "woche",
    "weeks": "wochen",
    "month": "monat",
    "months": "monate monaten",
    "year": "jahr",
    "years": "jahre jahren",
}
_WEEKDAYS: Final = {
    "monday": "montag",
    "tuesday": "dienstag",
    "wednesday": "mittwoch",
    "thursday": "donnerstag",
    "friday": "freitag",
    "saturday": "samstag sonnabend",
    "sunday": "sonntag",
}
_SHORT: Final = {
    "monday": "mo mo.",
    "tuesday": "di di.",
    "wednesday": "mi mi.",
    "thursday": "do do.",
    "friday": "fr fr.",
    "saturday": "sa sa.",
}
_SUNDAY: Final = {"sunday": "so so."}
"""A word of any sentence: a day only after one that asks for a day."""
_MONTHS: Final = {
    "january": "januar jänner jan jan.",
    "february": "februar feber feb feb.",
    "march": "märz mär mär. mrz mrz.",
    "april": "april apr apr.",
    "may": "mai",
    "june": "juni jun jun.",
    "july": "juli jul jul.",
    "august": "august aug aug.",
    "september": "september sep sep. sept sept.",
    "october": "oktober okt okt.",
    "november": "november nov nov.",
    "december": "dezember dez dez.",
}
_GROUPS: Final = {
    name: meaning(table)
    for name, table in {
        "unit": _UNITS,
        "weekday": _WEEKDAYS,
        "short": _SHORT,
        "sunday": _SUNDAY,
        "month": _MONTHS,
        "part": {"morning": "vormittag", "noon": "mittag", "afternoon": "nachmittag"}
        | {"evening": "abend"},
        "half": {"am": "morgens vormittags", "pm": "mittags nachmittags abends"}
        | {"at-night": "nachts in_der_nacht"},
        "position": {
            "first": "ersten erster erste erstes",
            "second": "zweiten zweiter zweite zweites",
            "third": "dritten dritter dritte drittes",
            "fourth": "vierten vierter vierte viertes",
            "last": "letzten letzter letzte letztes",
        },
        "a": {"a": "ein eine einen einem einer"},
        "next": {"next": "nächsten nächster nächste nächstes"},
        "this": {"this": "diesen diese dieser dieses kommenden kommender kommende kommendes"},
        "each": {"every": "jeden jede jedes jeder"},
        "of": {"of": "des der dieses dieser"},
        "whole": {"day": "tages", "week": "woche", "month": "monats", "year": "jahres"}
        | {"weekend": "wochenendes"},
        "over": {"for the": "fürs für_das übers über_das am"},
        "to": {"on": "am", "until": "bis"},
        "because": {"because": "weil wegen aufgrund"},
    }.items()
}
_GROUPS["day"] = _GROUPS["weekday"] | _GROUPS["short"] | _GROUPS["sunday"]
_GROUPS["sure"] = _GROUPS["weekday"] | _GROUPS["short"]
_RULES: Final = (
    # lengths
    *(("{unit}", "{unit}"), ("{unit} lang", "{unit}"), ("{a}", "a"), ("für", "for")),
    *(("noch #", "for #"), ("anderthalb", "1.5"), ("eineinhalb", "1.5"), ("zweieinhalb", "2.5")),
    *(("halbe", "half"), ("halben", "half"), ("halbes", "half"), ("halber", "half")),
    *(("viertelstunde", "quarter of an hour"), ("dreiviertelstunde", "45 minutes")),
    *(("{a} dreiviertelstunde", "45 minutes"), ("vor # {unit}", "# {unit} ago")),
    # times of day
    *(("um", "at"), ("# uhr", "# o'clock"), ("# uhr ##", "#:#"), ("~ uhr", "~"), ("^ uhr", "^")),
    *(("halb #", "-#:30"), ("viertel nach #", "#:15"), ("viertel vor #", "-#:45")),
    *(("dreiviertel #", "-#:45"), ("{half}", "{half}"), ("# uhr früh", "# am")),
    *(("{half} um #", "at # {half}"), ("{half} um # uhr", "at # {half}"), ("{half} um ~", "")),
    *(("mitternacht", "midnight"), ("am {part}", "in the {part}"), ("am morgen", "in the morning")),
    *(("am mittag", "at noon"), ("12 uhr mittags", "noon"), ("zu mittag", "at noon")),
    # days
    *(("heute", "today"), ("morgen", "tomorrow"), ("gestern", "yesterday"), ("{part}", "{part}")),
    *(("übermorgen", "the day after tomorrow"), ("vorgestern", "the day before yesterday")),
    *(
        ("heute {part}", "this {part}"),
        ("heute morgen", "this morning"),
        ("heute nacht", "tonight"),
    ),
    *(("heute früh", "this morning"), ("morgen früh", "tomorrow morning"), ("heute nacht um", "")),
    *(
        ("übermorgen früh", "the day after tomorrow morning"),
        ("{weekday} früh", "{weekday} morning"),
    ),
    *(("{weekday} morgen", "{weekday} morning"), ("{weekday}morgen", "{weekday} morning")),
    *(("{weekday}{part}", "{weekday} {part}"), ("guten morgen", ""), ("guten tag", "")),
    *(("guten abend", ""), ("gute nacht", ""), ("am", "on"), ("an", "")),
    *(("{weekday}", "{weekday}"), ("am {day}", "on {day}"), ("bis {day}", "until {day}")),
    *(("ab {day}", "from {day}"), ("von {day}", "from {day}"), ("den {day}", "on {day}")),
    *(("für {day}", "for {day}"), ("für den {day}", "for {day}"), ("bis zum {day}", "until {day}")),
    *(("{next}", "next"), ("{next} {day}", "next {day}"), ("die {next}", "next")),
    *(
        ("{this} {day}", "this {day}"),
        ("{this} {unit}", "this {unit}"),
        ("kommende woche", "next week"),
    ),
    *(("kommenden monat", "next month"), ("für die {next}", "for the next")),
    *(("{short} | #", "{short}"), ("{short} | ~", "{short}"), ("{short} | um", "{short}")),
    *(
        ("{short} , | #", "{short} ,"),
        ("{sunday} | ~", "{sunday}"),
        ("{sunday} , | # .", "{sunday} ,"),
    ),
    *(("{sure} - {day}", "{sure} to {day}"), ("{sure} bis {day}", "{sure} to {day}")),
    *(("{short} , | {sure}", "{short} ,"), ("{short} | und {sure}", "{short}")),
    *((", {sure}", ", {sure}"), ("und {sure}", "and {sure}"), ("und", "and")),
    # dates
    *(("{weekday} den # .", "{weekday} #th"), ("{weekday} , den # .", "{weekday} , #th")),
    *(("{to} | {weekday} den # .", "{to}"), ("{to} | {weekday} , den # .", "{to}")),
    *(("{month}", "{month}"), ("# . {month}", "#th {month}"), ("der # .", "the #th")),
    *(("am # .", "on the #th"), ("den # .", "on the #th"), ("bis # .", "until the #th")),
    *(
        ("bis zum # .", "until the #th"),
        ("vom # .", "from the #th"),
        ("ab dem # .", "from the #th"),
    ),
    *(("für den # .", "for the #th"), ("und # .", "and #th"), (", # .", ", #th")),
    # ends and beginnings
    *(("bis", "until"), ("bis zum", "until"), ("bis zur", "until"), ("bis um", "until")),
    *(("von", "from"), ("vom", "from"), ("ab", "from"), ("ab jetzt", "from now")),
    *(("ab sofort", "from now"), ("von jetzt an", "from now"), ("tagesende", "the end of the day")),
    *(("ende {of} {whole}", "the end of the {whole}"), ("monatsende", "the end of the month")),
    *(
        ("jahresende", "the end of the year"),
        ("den rest {of} {whole}", "for the rest of the {whole}"),
    ),
    *(("für den rest {of} {whole}", "for the rest of the {whole}"), ("über nacht", "overnight")),
    *(("für die nacht", "for the night"), ("die nacht über", "overnight")),
    *(("wochenende", "the weekend"), ("{over} wochenende", "{over} weekend")),
    *(("{this} wochenende", "{this} weekend"), ("für den tag", "for the day")),
    *(("den ganzen tag", "for the day"), ("für den ganzen tag", "for the day")),
    # again and again
    *(("{each}", "every"), ("{each} {day}", "every {day}"), ("{each} # .", "every #th")),
    *(("{each} morgen", "every morning"), ("{each} abend", "every evening"), ("alle #", "every #")),
    *(("{each} wochenende", "every weekend"), ("täglich", "daily"), ("stündlich", "hourly")),
    *(("wöchentlich", "weekly"), ("monatlich", "monthly"), ("jährlich", "yearly")),
    *(("werktag", "weekday"), ("arbeitstag", "weekday"), ("werktags", "weekdays")),
    *(("wochentags", "weekdays"), ("an werktagen", "weekdays"), ("{weekday}s", "{weekday}s")),
    *(("jedes monats", "of every month"), ("jeden monats", "of every month")),
    *(("im monat", "of every month"), ("in jedem monat", "of every month")),
    *(("jeden jahres", "every year"), ("jedes jahres", "every year")),
    *(("des monats", "of every month"), ("{position}", "{position}"), ("{because}", "because")),
    *(("am {position}", "on the {position}"), ("{each} nacht", "every night")),
)

_LENGTHS: Final = {
    "year": ("Jahr", "Jahre"),
    "month": ("Monat", "Monate"),
    "week": ("Woche", "Wochen"),
    "day": ("Tag", "Tage"),
    "hour": ("Stunde", "Stunden"),
    "minute": ("Minute", "Minuten"),
    "second": ("Sekunde", "Sekunden"),
}
_AHEAD: Final = _LENGTHS | {
    "year": ("Jahr", "Jahren"),
    "month": ("Monat", "Monaten"),
    "day": ("Tag", "Tagen"),
}
_DAYS: Final = (*("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),)
_MONTH_NAMES: Final = (
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
    *("August", "September", "Oktober", "November", "Dezember"),
)
_DAY: Final = ("heute", "morgen", _DAYS)
_DATE: Final = (*_DAY, "{weekday}, {day}. {month}", "{weekday}, {day}. {month} {year}")

GERMAN: Final = Language(
    speech=Speech(
        months=_MONTH_NAMES,
        month_names=_MONTH_NAMES,
        weekday_names=_DAYS,
        at=Place("{day} um {clock}", *_DAY, f"am {_DATE[3]}", f"am {_DATE[4]}"),
        until=Place("bis {day} {clock}", *_DATE),
        start=Place("von {day} {clock}", *_DATE),
        whole=Place("für {day}", *_DATE),
        between="{start} {end}",
        units=_LENGTHS,
        lasting="für {length}",
        lasting_units=_LENGTHS,
        ahead="in {length}",
        ahead_units=_AHEAD,
        again=Again(
            each={
                "year": "jedes Jahr",
                "month": "jeden Monat",
                "week": "jede Woche",
                "day": "jeden Tag",
                "hour": "jede Stunde",
                "minute": "jede Minute",
            },
            several="alle {count}",
            units=_LENGTHS,
            workdays="jeden Werktag",
            weekdays="jeden {days}",
            days=_DAYS,
            weeks="{every} am {days}",
            on_days=_DAYS,
            month_days="am {days} jedes Monats",
            several_month_days="{every} am {days}",
            last_day="am letzten Tag jedes Monats",
            several_last_day="{every} am letzten Tag",
            position="am {position} {weekday} jedes Monats",
            several_position="{every} am {position} {weekday}",
            positions={
                1: ("ersten",),
                2: ("zweiten",),
                3: ("dritten",),
                4: ("vierten",),
                -1: ("letzten",),
            },
            genders=(0,) * 7,
            position_days=_DAYS,
            year="{every} am {day}. {month}",
            timed="{days} um {clock}",
        ),
        plural=one_or_many,
        ordinal="{}.".format,
        last_and=" und ",
        last_or=" oder ",
        examples_of_spans="2h, bis 17:30 oder bis morgen 9:00",
        examples_of_instants="in 2h, morgen 9:00 oder Freitag 14:00",
        examples_of_recurrences="jeden Werktag um 9:15 oder am 1. jedes Monats um 9:00",
    ),
    rules=_RULES,
    groups=_GROUPS,
    folded=_FOLDED,
    numbers=_NUMBERS,
    naming=frozenset(
        {
            *("von", "vom", "der", "des", "dem", "die", "das", "ueber", "mein", "meine", "meinen"),
            *("an", "auf", "nach", "seit", "pro", "je", "unser", "unsere", "unseren"),
            *("euer", "ihr", "ihre", "dein", "deine"),
        }
    ),
    me=frozenset({"me", "mich", "mir"}),
    us=frozenset({"us", "everybody", "everyone", "here", "uns", "alle", "hier"}),
    to=("to", "that", "daran", "an", "dass", "zu"),
    reasons=(("weil",), ("wegen",), ("aufgrund",), ("grund",)),
)
