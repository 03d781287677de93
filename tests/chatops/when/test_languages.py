"""Times in the languages that are spoken: tables of what people type in each."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chatops.reminders.setting import for_whom
from chatops.when import words
from chatops.when.languages.known import KNOWN
from chatops.when.languages.language import root_of
from chatops.when.reading import read_instant, read_occasion, read_recurrence, read_span
from chatops.when.readings import Refused, Unclear
from chatops.when.recurrences import Recurrence
from chatops.when.splitting import Split, split_reminder, split_silence
from languages.speaking import LANGUAGES, speaking
from tests.chatops.when import tables, tables_de, tables_es, tables_ru
from tests.chatops.when.places import BERLIN, ZONES, instants, local

TABLES: dict[str, Any] = {"de": tables_de, "es": tables_es, "ru": tables_ru}
NOW = tables.NOW


def rows(name: str) -> list[Any]:
    """Each row of that table with its language."""
    found = []
    for language, table in TABLES.items():
        for row in getattr(table, name):
            values = row if isinstance(row, tuple) else (row,)
            found.append(pytest.param(language, *values, id=f"{language}-{values[0]}"))
    return found


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("language", "text", "end"), rows("SPANS"))
def test_spans_end_when_they_say(language: str, text: str, end: str, zone: ZoneInfo) -> None:
    with speaking(language):
        read = read_span(text, now=local(NOW, zone), zone=zone)
    assert instants(read) == [None, local(end, zone)]


@pytest.mark.parametrize(("language", "text", "start", "end"), rows("PERIODS"))
def test_periods_begin_and_end_when_they_say(
    language: str, text: str, start: str, end: str
) -> None:
    with speaking(language):
        read = read_span(text, now=local(NOW, BERLIN), zone=BERLIN)
    assert instants(read) == [local(start, BERLIN), local(end, BERLIN)]


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("language", "text", "at"), rows("INSTANTS"))
def test_instants_are_when_they_say(language: str, text: str, at: str, zone: ZoneInfo) -> None:
    with speaking(language):
        read = read_instant(text, now=local(NOW, zone), zone=zone)
    assert instants(read) == [local(at, zone)]


@pytest.mark.parametrize(("language", "text", "rule", "first", "told"), rows("RECURRENCES"))
def test_recurrences_begin_when_they_say(
    language: str, text: str, rule: str, first: str, told: str
) -> None:
    now = local(NOW, BERLIN)
    with speaking(language):
        read = read_recurrence(text, now=now, zone=BERLIN)
        assert isinstance(read, Recurrence), read
        assert (read.rule, read.next_after(now)) == (rule, local(first, BERLIN))
        assert str(read) == told or not told


@pytest.mark.parametrize(("language", "text", "expected"), rows("ASKED"))
def test_what_can_be_several_is_asked(language: str, text: str, expected: list[str]) -> None:
    now = local(NOW, BERLIN)
    with speaking(language):
        read = read_span(text, now=now, zone=BERLIN)
    assert isinstance(read, Unclear), read
    assert [choice.shown for choice in read.choices] == expected
    for choice in read.choices:
        for spoken in LANGUAGES:
            with speaking(spoken):
                assert read_span(choice.text, now=now, zone=BERLIN) == choice.reading
        with speaking(language):
            again = read_span(choice.shown, now=now, zone=BERLIN)
        assert instants(again) == instants(choice.reading)


@pytest.mark.parametrize(("language", "text"), rows("REFUSED"))
def test_what_is_no_span_is_refused(language: str, text: str) -> None:
    with speaking(language):
        read = read_span(text, now=local(NOW, BERLIN), zone=BERLIN)
    assert isinstance(read, Refused), read


@pytest.mark.parametrize(("language", "text", "subject", "when", "comment"), rows("SILENCES"))
def test_silences_are_split(
    language: str, text: str, subject: str, when: str, comment: str
) -> None:
    with speaking(language):
        assert split_silence(text) == Split(subject, when, comment)


@pytest.mark.parametrize(("language", "text", "subject", "when"), rows("REMINDERS"))
def test_reminders_are_split(language: str, text: str, subject: str, when: str) -> None:
    with speaking(language):
        assert split_reminder(text) == Split(subject, when)


@pytest.mark.parametrize(("language", "text", "times"), rows("SEVERAL"))
def test_several_times_are_asked(language: str, text: str, times: list[str]) -> None:
    with speaking(language):
        split = split_reminder(text)
    assert isinstance(split, Unclear)
    assert [choice.reading.when for choice in split.choices] == times


@pytest.mark.parametrize(("language", "text", "whom", "what"), rows("WHOM"))
def test_whom_a_reminder_is_for(language: str, text: str, whom: str, what: str) -> None:
    with speaking(language):
        wanted = for_whom(text)
    assert (wanted.whom, wanted.what) == (whom, what)


@pytest.mark.parametrize("language", TABLES)
def test_each_table_is_long_enough(language: str) -> None:
    table = TABLES[language]
    times = (table.SPANS, table.PERIODS, table.INSTANTS, table.RECURRENCES, table.ASKED)
    assert sum(map(len, times)) >= 80
    assert len(table.REFUSED) >= 40


@pytest.mark.parametrize("language", TABLES)
def test_each_language_has_the_same_words(language: str) -> None:
    outputs = " ".join(_outputs(root_of(KNOWN[language]))).split()
    wanted = {
        *(unit for unit in words.UNITS if f"{unit}s" in words.UNITS and len(unit) > 3),
        *words.FULL_WEEKDAYS,
        *(name.lower() for name in words.MONTH_NAMES),
        *words.ORDINALS,
        *("morning", "noon", "afternoon", "midnight", "tonight", "weekend", "at-night"),
        *("today", "tomorrow", "yesterday", "until", "from", "for", "next", "this", "ago"),
        *("every", "daily", "weekly", "monthly", "yearly", "weekday", "weekdays", "end"),
    }
    assert wanted - {*outputs} == set()


def _outputs(node: Any) -> Iterator[str]:
    yield node.output or ""
    for after in node.after.values():
        yield from _outputs(after)


@pytest.mark.parametrize("language", TABLES)
@pytest.mark.parametrize(
    ("now", "kept"),
    [
        (datetime(2027, 3, 27, 22, 30, tzinfo=UTC), 23),
        (datetime(2027, 10, 30, 21, 30, tzinfo=UTC), 25),
    ],
)
def test_a_day_is_as_long_as_the_clock_makes_it(language: str, now: datetime, kept: int) -> None:
    day = KNOWN[language].speech.units["day"][0]
    hour = KNOWN[language].speech.units["hour"][-1]
    with speaking(language):
        one_day = read_span(f"1 {day}", now=now, zone=BERLIN)
        hours = read_span(f"24 {hour}", now=now, zone=BERLIN)
        twenty = read_occasion(f"24 {hour}", now=now, zone=BERLIN)
    assert instants(one_day) == [None, now + timedelta(hours=kept)]
    assert instants(hours) == [None, now + timedelta(hours=24)]
    assert instants(twenty) == [now + timedelta(hours=24)]
