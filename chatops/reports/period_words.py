"""The words of other languages for times to report of, as the English ones that are read. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from languages.speaking import spoken

_PASSED: Final = "passed"
"""Stands behind its noun: "la semana pasada" is "week passed", and then "last week"."""
_NONE: Final = ""
"""Of a word that adds nothing, such as an article."""


def _meanings(table: Mapping[str, str]) -> dict[str, str]:
    return {word: english for english, words in table.items() for word in words.split()}


WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "de": _meanings(
        {
            "today": "heute",
            "yesterday": "gestern",
            "last": "letzte letzten letzter letztes letztem vergangene vergangenen vergangener "
            "vorige vorigen voriger voriges",
            "this": "diese diesen dieser dieses diesem",
            "hours": "stunde stunden std",
            "days": "tag tage tagen",
            "week": "woche",
            "weeks": "wochen",
            "month": "monat",
            "months": "monate monaten",
            "year": "jahr",
            "from": "von vom",
            "since": "seit",
            "to": "bis",
            "jan": "januar jänner",
            "feb": "februar feber",
            "mar": "märz mrz",
            "may": "mai",
            "jun": "juni",
            "jul": "juli",
            "oct": "oktober okt",
            "dec": "dezember dez",
            _NONE: "der die das den dem des zum im in",
        }
    ),
    "es": _meanings(
        {
            "today": "hoy",
            "yesterday": "ayer",
            "last": "último última últimos últimas ultimo ultima ultimos ultimas",
            _PASSED: "pasado pasada pasados pasadas",
            "this": "este esta",
            "hours": "hora horas",
            "days": "día días dia dias",
            "week": "semana",
            "weeks": "semanas",
            "month": "mes",
            "months": "meses",
            "year": "año",
            "from": "del desde",
            "to": "al hasta a",
            "jan": "enero ene",
            "feb": "febrero",
            "mar": "marzo",
            "apr": "abril abr",
            "may": "mayo",
            "jun": "junio",
            "jul": "julio",
            "aug": "agosto ago",
            "sep": "septiembre setiembre",
            "oct": "octubre",
            "nov": "noviembre",
            "dec": "diciembre dic",
            _NONE: "de el la los las en",
        }
    ),
    "ru": _meanings(
        {
            "today": "сегодня",
            "yesterday": "вчера",
            "last": "последний последняя последнюю последнее последние последних прошлый прошлая "
            "прошлую прошлое прошлые прошлых прошлой прошлом",
            "this": "этот эта эту это этой этом",
            "hours": "час часа часов ч",
            "days": "день дня дней сутки суток",
            "week": "неделя неделю неделе",
            "weeks": "недели недель",
            "month": "месяц месяце",
            "months": "месяца месяцев",
            "year": "год году",
            "from": "с со от",
            "to": "по до",
            "jan": "январь января янв",
            "feb": "февраль февраля фев",
            "mar": "март марта мар",
            "apr": "апрель апреля апр",
            "may": "май мая",
            "jun": "июнь июня июн",
            "jul": "июль июля июл",
            "aug": "август августа авг",
            "sep": "сентябрь сентября сен",
            "oct": "октябрь октября окт",
            "nov": "ноябрь ноября ноя",
            "dec": "декабрь декабря дек",
            _NONE: "за в года",
        }
    ),
}
"""By language, each word in small letters with what it is in English."""


def in_english(text: str) -> str:
    """The text, in small letters, with the words of the language that is spoken in English."""
    words = WORDS.get(spoken())
    if words is None:
        return text
    english = [words.get(word, word) for word in text.split()]
    said = " ".join(word for word in english if word)
    said = re.sub(rf"\b(week|month|year) {_PASSED}\b", r"last \1", said)
    said = re.sub(r"^last (hours|days)$", r"last 1 \1", said)
    return said if " to " in said else re.sub(r"^from ", "since ", said)
