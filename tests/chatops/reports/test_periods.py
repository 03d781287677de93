"""Times to report of."""

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops.conversations.report import PERIODS
from chatops.reports.periods import EXAMPLES, NoPeriod, Period, read_period, shown
from languages.speaking import LANGUAGES, gettext, speaking

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)  # Friday the 27th in Berlin


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("today", "2026-11-27"),
        ("Yesterday", "2026-11-26"),
        ("last 7 days", "2026-11-21 to 2026-11-27"),
        ("the past 2 weeks", "2026-11-14 to 2026-11-27"),
        ("last 1 month", "2026-10-27 to 2026-11-27"),
        ("last 6 hours", "2026-11-26 18:30 to 2026-11-27 00:30"),
        ("this week", "2026-11-23 to 2026-11-29"),
        ("last week", "2026-11-16 to 2026-11-22"),
        ("this month", "2026-11-01 to 2026-11-30"),
        ("last month", "2026-10-01 to 2026-10-31"),
        ("last year", "2025-01-01 to 2025-12-31"),
        ("2026-11-01", "2026-11-01"),
        ("2026-11-01 to 2026-11-15", "2026-11-01 to 2026-11-15"),
        ("from 1 nov until 15 Nov", "2026-11-01 to 2026-11-15"),
        ("nov 1 to today", "2026-11-01 to 2026-11-27"),
        ("since 2026-11-20", "2026-11-20 to 2026-11-27"),
        ("october", "2026-10-01 to 2026-10-31"),
        ("december", "2025-12-01 to 2025-12-31"),
        ("february 2026", "2026-02-01 to 2026-02-28"),
        ("october to november", "2026-10-01 to 2026-11-30"),
    ],
)
def test_what_is_read(words: str, expected: str) -> None:
    assert shown(read_period(words, BERLIN, NOW), BERLIN) == expected


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "cannot read"),
        ("when the cows come home", "cannot read"),
        ("31 feb", "cannot read"),
        ("last 0 days", "cannot read"),
        ("2026-13-01", "cannot read"),
        ("2027-01-01", "has not begun"),
        ("2026-11-15 to 2026-11-01", "before the beginning"),
        ("2024-01-01 to 2026-01-01", "at most a year"),
        ("1 nov 5", "cannot read"),
    ],
)
def test_what_is_refused(words: str, why: str) -> None:
    with pytest.raises(NoPeriod, match=why):
        read_period(words, BERLIN, NOW)


def test_a_day_of_25_hours_is_whole() -> None:
    period = read_period("2026-10-25", BERLIN, NOW)
    assert (period.end.astimezone(UTC) - period.start.astimezone(UTC)).total_seconds() == 25 * 3600


@given(st.text(max_size=60) | st.from_regex(r"(last|since|from) [\w ]{0,20}(to)? [\w-]{0,12}"))
def test_whatever_is_written_is_read_or_refused(words: str) -> None:
    with suppress(NoPeriod):
        assert isinstance(read_period(words, BERLIN, NOW), Period)


ELSEWHERE = {
    "de": [
        ("gestern", "yesterday"),
        ("die letzten 7 Tage", "last 7 days"),
        ("letzte Woche", "last week"),
        ("diesen Monat", "this month"),
        ("letzten 6 Stunden", "last 6 hours"),
        ("vom 1. November bis 15. Nov", "1 nov to 15 nov"),
        ("seit 20. November", "since 20 nov"),
        ("Oktober 2026", "october 2026"),
        ("voriges Jahr", "last year"),
        ("last 7 days", "last 7 days"),
    ],
    "es": [
        ("ayer", "yesterday"),
        ("los últimos 7 días", "last 7 days"),
        ("la semana pasada", "last week"),
        ("este mes", "this month"),
        ("ultimas 6 horas", "last 6 hours"),
        ("del 1 de noviembre al 15 de nov", "1 nov to 15 nov"),
        ("desde el 20 de noviembre", "since 20 nov"),
        ("octubre de 2026", "october 2026"),
        ("el año pasado", "last year"),
        ("last 7 days", "last 7 days"),
    ],
    "ru": [
        ("вчера", "yesterday"),
        ("за последние 7 дней", "last 7 days"),
        ("прошлая неделя", "last week"),
        ("этот месяц", "this month"),
        ("последние 6 часов", "last 6 hours"),
        ("с 1 ноября по 15 ноя", "1 nov to 15 nov"),
        ("с 20 ноября", "since 20 nov"),
        ("октябрь 2026 года", "october 2026"),
        ("прошлый год", "last year"),
        ("last 7 days", "last 7 days"),
    ],
}


@pytest.mark.parametrize(
    ("language", "words", "english"),
    [(language, *row) for language, rows in ELSEWHERE.items() for row in rows],
)
def test_other_languages_are_read(language: str, words: str, english: str) -> None:
    wanted = read_period(english, BERLIN, NOW)
    with speaking(language):
        assert read_period(words, BERLIN, NOW) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_offered_and_shown_as_an_example_is_read_as_the_same(language: str) -> None:
    offered = [one for row in PERIODS for one in row]
    with speaking(language):
        for one in [*offered, "last 14 days"]:
            assert read_period(gettext(one), BERLIN, NOW) == read_period(one, BERLIN, NOW), one
        examples = zip(gettext(EXAMPLES).split(", "), EXAMPLES.split(", "), strict=True)
        for said, english in examples:
            assert read_period(said, BERLIN, NOW) == read_period(english, BERLIN, NOW), said


@pytest.mark.parametrize("language", ["de", "es", "ru"])
@pytest.mark.parametrize("words", ["HighCPU", "der a за", "la", "api to db", "mes", "1", "до"])
def test_what_is_no_time_in_any_language_is_refused(language: str, words: str) -> None:
    with speaking(language), pytest.raises(NoPeriod):
        read_period(words, BERLIN, NOW)
