"""Russian."""

from typing import Final

from chatops.when.languages.language import Language, meaning
from chatops.when.languages.speech import Again, Place, Speech

_FOLDED: Final = {ord("ё"): "е"}
_NUMBERS: Final = {
    **dict.fromkeys(("один", "одна", "одну", "одного"), 1),
    **dict.fromkeys(("два", "две", "двух"), 2),
    "три": 3,
    "четыре": 4,
    "пять": 5,
    "шесть": 6,
    "семь": 7,
    "восемь": 8,
    "девять": 9,
    "десять": 10,
    "одиннадцать": 11,
    "двенадцать": 12,
    "пятнадцать": 15,
    "двадцать": 20,
    "тридцать": 30,
    "сорок": 40,
    "пятьдесят": 50,
    "шестьдесят": 60,
    "девяносто": 90,
}
_UNITS: Final = {
    "second": "секунда секунду",
    "seconds": "секунды секунд сек сек.",
    "minute": "минута минуту",
    "minutes": "минуты минут мин мин.",
    "hour": "час",
    "hours": "часа часов ч ч.",
    "day": "день",
    "days": "дня дней сутки суток дн дн.",
    "week": "неделя неделю неделе",
    "weeks": "недели недель нед нед.",
    "month": "месяц месяце",
    "months": "месяца месяцев мес мес.",
    "year": "год году",
    "years": "года лет",
}
_ONE: Final = {
    "second": "секунду",
    "minute": "минуту",
    "hour": "час",
    "day": "сутки",
    "week": "неделю",
    "month": "месяц",
    "year": "год",
}
_WEEKDAYS: Final = {
    "monday": "понедельник понедельника понедельнику",
    "tuesday": "вторник вторника вторнику",
    "wednesday": "среда среду среды среде",
    "thursday": "четверг четверга четвергу",
    "friday": "пятница пятницу пятницы пятнице",
    "saturday": "суббота субботу субботы субботе",
    "sunday": "воскресенье воскресенья воскресенью",
}
_SHORT: Final = {
    "mon": "пн пн.",
    "tue": "вт вт.",
    "wed": "ср ср.",
    "thu": "чт чт.",
    "fri": "пт пт.",
    "sat": "сб сб.",
    "sun": "вс вс.",
}
_PLURALS: Final = {
    "mondays": "понедельникам",
    "tuesdays": "вторникам",
    "wednesdays": "средам",
    "thursdays": "четвергам",
    "fridays": "пятницам",
    "saturdays": "субботам",
    "sundays": "воскресеньям",
}
_MONTHS: Final = {
    "january": "января январь янв янв.",
    "february": "февраля февраль фев фев.",
    "march": "марта март мар мар.",
    "april": "апреля апрель апр апр.",
    "may": "мая май",
    "june": "июня июнь июн июн.",
    "july": "июля июль июл июл.",
    "august": "августа август авг авг.",
    "september": "сентября сентябрь сен сен. сент сент.",
    "october": "октября октябрь окт окт.",
    "november": "ноября ноябрь ноя ноя. нояб нояб.",
    "december": "декабря декабрь дек дек.",
}
_OF: Final = (
    *("первого", "второго", "третьего", "четвертого", "пятого", "шестого", "седьмого"),
    *("восьмого", "девятого", "десятого", "одиннадцатого", "двенадцатого", "тринадцатого"),
    *("четырнадцатого", "пятнадцатого", "шестнадцатого", "семнадцатого", "восемнадцатого"),
    *("девятнадцатого", "двадцатого"),
    *(f"двадцать_{unit}" for unit in ("первого", "второго", "третьего", "четвертого", "пятого")),
    *(f"двадцать_{unit}" for unit in ("шестого", "седьмого", "восьмого", "девятого")),
    *("тридцатого", "тридцать_первого"),
)
"""Days of a month, and hours that are not yet full: half of the third is half past two."""
_HOURS: Final = dict(enumerate(_OF[:12]))
_GROUPS: Final = {
    name: meaning(table)
    for name, table in {
        "unit": _UNITS,
        "one": _ONE,
        "weekday": _WEEKDAYS,
        "short": _SHORT,
        "plural": _PLURALS,
        "month": _MONTHS,
        "date": {f"{number}th": word for number, word in enumerate(_OF, 1)},
        "half_past": {f"{hour or 12}:30": word for hour, word in _HOURS.items()},
        "quarter_past": {f"{hour or 12}:15": word for hour, word in _HOURS.items()},
        "part": {"morning": "утром", "afternoon": "днём", "evening": "вечером"},
        "half": {"am": "утра", "pm": "вечера", "at-night": "ночи"},
        "spoken": {"am": "утром", "pm": "днём вечером", "at-night": "ночью"},
        "hour": {"o'clock": "час часа часов"},
        "position": {
            "first": "первый первая первую первое",
            "second": "второй вторая вторую второе",
            "third": "третий третья третью третье",
            "fourth": "четвёртый четвёртая четвёртую четвёртое",
            "last": "последний последняя последнюю последнее",
        },
        "next": {"next": "следующий следующую следующее следующего следующей следующем"},
        "this": {"this": "этот эту это этого этой эти этом ближайший ближайшую ближайшее"},
        "near": {"next": "ближайшие следующие"},
        "each": {"every": "каждый каждую каждое каждые"},
        "on": {"on": "в во"},
        "from": {"from": "с со"},
        "to": {"at": "в", "until": "до", "from": "с", "by": "к"},
        "end": {"the end of the": "конца конец конце"},
        "whole": {"day": "дня", "week": "недели", "month": "месяца", "year": "года"}
        | {"weekend": "выходных"},
        "working": {"weekday": "будний_день рабочий_день"},
        "work": {"weekdays": "по_будням по_рабочим_дням в_будни в_будние_дни в_рабочие_дни"},
    }.items()
}
_GROUPS["day"] = _GROUPS["weekday"] | _GROUPS["short"]
_GROUPS["last_day"] = _GROUPS["day"]
_RULES: Final = (
    # lengths
    *(("{unit}", "{unit}"), ("на #", "for #"), ("на {one}", "for a {one}"), ("через #", "in #")),
    *(("через {one}", "in a {one}"), ("через день", ""), ("полчаса", "30 minutes")),
    *(("на полчаса", "for 30 minutes"), ("через полчаса", "in 30 minutes")),
    ("полгода", "6 months"),
    *(("на полгода", "for 6 months"), ("через полгода", "in 6 months"), ("полтора", "1.5")),
    *(("на полтора", "for 1.5"), ("через полтора", "in 1.5"), ("полторы", "1.5")),
    *(("на полторы", "for 1.5"), ("через полторы", "in 1.5"), ("четверть часа", "15 minutes")),
    *(("на четверть часа", "for 15 minutes"), ("через четверть часа", "in 15 minutes")),
    *(("# с половиной", "# and a half"), ("на # с половиной", "for # and a half")),
    *(("в течение #", "for #"), ("в течение {one}", "for a {one}")),
    ("на {near} #", "for the next #"),
    *(("{near} #", "next #"), ("{unit} назад", "{unit} ago"), ("{one} назад", "a {one} ago")),
    # times of day
    *(("{to} #", "{to} #"), ("{to} ~", "{to} ~")),
    *(("{to} ^", "{to} ^"), ("{to} # {hour}", "{to} # {hour}")),
    *(("{to} # {half}", "{to} # {half}"), ("{to} # {hour} {half}", "{to} # {half}")),
    *(("{to} # дня", "{to} # pm"), ("{to} # {hour} дня", "{to} # pm"), ("# {half}", "# {half}")),
    *(("# {hour} {half}", "# {half}"), ("~ {half}", "~ {half}")),
    ("{to} # {hour} # {unit}", "{to} #:#"),
    *(("в час дня", "at 1 pm"), ("в час ночи", "at 1 am"), ("до часа дня", "until 1 pm")),
    *(("до часа ночи", "until 1 am"), ("{spoken} в #", "at # {spoken}")),
    ("{spoken} в ~", "at ~ {spoken}"),
    *(("в половине {half_past}", "at {half_past}"), ("половина {half_past}", "{half_past}")),
    *(("до половины {half_past}", "until {half_past}"), ("пол{half_past}", "{half_past}")),
    *(("в пол{half_past}", "at {half_past}"), ("до пол{half_past}", "until {half_past}")),
    *(
        ("в четверть {quarter_past}", "at {quarter_past}"),
        ("четверть {quarter_past}", "{quarter_past}"),
    ),
    *(("без четверти #", "-#:45"), ("без пяти #", "-#:55"), ("без десяти #", "-#:50")),
    *(("без двадцати #", "-#:40"), ("в полдень", "at noon"), ("полдень", "noon")),
    *(("полудня", "noon"), ("полночь", "midnight")),
    *(("полуночи", "midnight"), ("в полночь", "at midnight")),
    *(("до утра", "until in the morning"), ("до вечера", "until in the evening")),
    # days
    *(("сегодня", "today"), ("завтра", "tomorrow"), ("вчера", "yesterday")),
    *(("послезавтра", "the day after tomorrow"), ("позавчера", "the day before yesterday")),
    *(("сегодня {part}", "this {part}"), ("завтра {part}", "tomorrow {part}")),
    ("сегодня ночью", "tonight"),
    *(
        ("послезавтра {part}", "the day after tomorrow {part}"),
        ("{weekday} {part}", "{weekday} {part}"),
    ),
    *(
        ("в {weekday} {part}", "on {weekday} {part}"),
        ("во {weekday} {part}", "on {weekday} {part}"),
    ),
    *(("доброе утро", ""), ("добрый день", ""), ("добрый вечер", ""), ("доброй ночи", "")),
    *(("{day}", "{day}"), ("{on} {day}", "on {day}"), ("{on} {this} {day}", "on this {day}")),
    *(
        ("{on} {next} {day}", "on next {day}"),
        ("{next}", "next"),
        ("{next} {whole}", "next {whole}"),
        ("{this} {day}", "this {day}"),
    ),
    *(("{this} {unit}", "this {unit}"), ("на {next} {unit}", "next {unit}")),
    ("в {next} {unit}", "next {unit}"),
    *(("на {weekday}", "for {weekday}"), ("на сегодня", "for today")),
    ("на завтра", "for tomorrow"),
    *(
        ("на послезавтра", "for the day after tomorrow"),
        ("{day} - {last_day}", "{day} to {last_day}"),
    ),
    *(("{from} {day} по {last_day}", "{day} to {last_day}"), ("и {day}", "and {day}")),
    ("и", "and"),
    *(("и в {day}", "and {day}"), ("и во {day}", "and {day}")),
    *(("на неделе", ""), ("на этой {unit}", "for this {unit}")),
    # dates
    *(("{month}", "{month}"), ("{month} # года", "{month} #"), ("{month} # г", "{month} #")),
    *(("{month} # г .", "{month} #"), ("{date} {month}", "{date} {month}")),
    ("% {month}", "% {month}"),
    ("{from} # {month}", "from # {month}"),
    *(("# числа", "the #th"), ("% числа", "the %")),
    *(("{date} числа", "the {date}"), ("до %", "until the %"), ("до # числа", "until the #th")),
    ("до {date}", "until the {date}"),
    ("до % числа", "until the %"),
    # ends and beginnings
    *(("до", "until"), ("{from}", "from"), ("до {end} {whole}", "until {end} {whole}")),
    *(("{end} {whole}", "{end} {whole}"), ("в {end} {whole}", "{end} {whole}")),
    ("с этого момента", "from now"),
    *(("до выходных", "until the weekend"), ("на выходные", "for the weekend")),
    *(("на выходных", "for the weekend"), ("в выходные", "for the weekend")),
    ("в эти выходные", "this weekend"),
    *(("эти выходные", "this weekend"), ("на эти выходные", "for this weekend")),
    ("на ночь", "for the night"),
    *(("всю ночь", "overnight"), ("весь день", "for the day"), ("на весь день", "for the day")),
    *(("на эту неделю", "for this week"), ("на остаток {whole}", "for the rest of the {whole}")),
    # again and again
    *(("{each}", "every"), ("{each} {working}", "every weekday"), ("{work}", "weekdays")),
    *(("по {plural}", "{plural}"), ("и {plural}", "and {plural}")),
    ("и по {plural}", "and {plural}"),
    *((", {plural}", ", {plural}"), ("по выходным", "every weekend")),
    ("каждые выходные", "every weekend"),
    *(("каждое утро", "every morning"), ("каждый вечер", "every evening")),
    ("каждую ночь", "every night"),
    *(("ежедневно", "daily"), ("ежечасно", "hourly"), ("еженедельно", "weekly")),
    *(("ежемесячно", "monthly"), ("ежегодно", "yearly"), ("каждого месяца", "of every month")),
    *(("{weekday} месяца", "{weekday} of the month"), ("день месяца", "day of the month")),
    *(("каждого года", "every year"), ("число месяца", "of the month")),
    ("{position}", "{position}"),
    *(("{on} {position}", "on the {position}"), ("{on} {position} день", "on the {position} day")),
    *(("каждый {position} день", "every {position} day"), ("потому что", "because")),
    ("из-за", "because"),
)


def _plural(count: int) -> int:
    """The form of the noun: 1 час, 2 часа, 5 часов, 11 часов, 21 час."""
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else 2


_LENGTHS: Final = {
    "year": ("год", "года", "лет"),
    "month": ("месяц", "месяца", "месяцев"),
    "week": ("неделя", "недели", "недель"),
    "day": ("день", "дня", "дней"),
    "hour": ("час", "часа", "часов"),
    "minute": ("минута", "минуты", "минут"),
    "second": ("секунда", "секунды", "секунд"),
}
_WHOM: Final = _LENGTHS | {
    "week": ("неделю", "недели", "недель"),
    "minute": ("минуту", "минуты", "минут"),
    "second": ("секунду", "секунды", "секунд"),
}
"""In the accusative."""
_DAYS: Final = (
    *("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
)
_DAYS_WHOM: Final = (
    *("понедельник", "вторник", "среду", "четверг", "пятницу", "субботу", "воскресенье"),
)
_DAYS_OF: Final = (
    *("понедельника", "вторника", "среды", "четверга", "пятницы", "субботы", "воскресенья"),
)
_DAYS_AGAIN: Final = tuple(_PLURALS.values())
_MONTH_NAMES: Final = tuple(words.split()[1] for words in _MONTHS.values())
_MONTHS_OF: Final = tuple(words.split()[0] for words in _MONTHS.values())
_DATE: Final = ("{weekday} {day} {month}", "{weekday} {day} {month} {year} года")


def _after(preposition: str, days: tuple[str, ...], before_tuesday: str) -> tuple[str, ...]:
    """The days with it; before "вторник" it has a vowel."""
    return tuple(
        f"{before_tuesday if number == 1 else preposition} {day}" for number, day in enumerate(days)
    )


RUSSIAN: Final = Language(
    speech=Speech(
        months=_MONTHS_OF,
        month_names=_MONTH_NAMES,
        weekday_names=_DAYS,
        at=Place("{day} в {clock}", "сегодня", "завтра", _after("в", _DAYS_WHOM, "во"), *_DATE),
        until=Place("до {day} {clock}", "сегодня", "завтра", _DAYS_OF, *_DATE),
        start=Place("{day} с {clock}", "сегодня", "завтра", _after("в", _DAYS_WHOM, "во"), *_DATE),
        whole=Place("на {day}", "сегодня", "завтра", _DAYS_WHOM, *_DATE),
        between="{start} {end}",
        units=_LENGTHS,
        lasting="на {length}",
        lasting_units=_WHOM,
        ahead="через {length}",
        ahead_units=_WHOM,
        again=Again(
            each={
                "year": "каждый год",
                "month": "каждый месяц",
                "week": "каждую неделю",
                "day": "каждый день",
                "hour": "каждый час",
                "minute": "каждую минуту",
            },
            several="каждые {count}",
            units=_WHOM,
            workdays="каждый будний день",
            weekdays="по {days}",
            days=_DAYS_AGAIN,
            weeks="{every} по {days}",
            on_days=_DAYS_AGAIN,
            month_days="{days} числа каждого месяца",
            several_month_days="{every} {days} числа",
            last_day="в последний день каждого месяца",
            several_last_day="{every} в последний день",
            position="{position} {weekday} каждого месяца",
            several_position="{every} {position} {weekday}",
            positions={
                1: ("в первый", "в первую", "в первое"),
                2: ("во второй", "во вторую", "во второе"),
                3: ("в третий", "в третью", "в третье"),
                4: ("в четвёртый", "в четвёртую", "в четвёртое"),
                -1: ("в последний", "в последнюю", "в последнее"),
            },
            genders=(0, 0, 1, 0, 1, 1, 2),
            position_days=_DAYS_WHOM,
            year="{every} {day} {month}",
            timed="{days} в {clock}",
        ),
        plural=_plural,
        ordinal="{}-го".format,
        last_and=" и ",
        last_or=" или ",
        examples_of_spans="2ч, до 17:30 или до завтра 9:00",
        examples_of_instants="через 2 часа, завтра в 9:00 или в пятницу в 14:00",
        examples_of_recurrences=("каждый будний день в 9:15 или 1-го числа каждого месяца в 9:00"),
    ),
    rules=_RULES,
    groups=_GROUPS,
    folded=_FOLDED,
    numbers=_NUMBERS,
    naming=frozenset({"за", "от", "о", "об", "про", "мой", "наш", "ваш"}),
    me=frozenset({"me", "мне", "меня"}),
    us=frozenset({"us", "everybody", "everyone", "here", "нам", "нас", "всем", "здесь", "тут"}),
    to=("to", "that", "что", "чтобы"),
    reasons=(("потому", "что"), ("из", "-", "за"), ("так", "как"), ("поскольку",)),
)
