"""Whatever is typed, and whenever."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatops.when import words
from chatops.when.languages.known import KNOWN
from chatops.when.lengths import Length
from chatops.when.reading import read_instant, read_occasion, read_recurrence, read_span
from chatops.when.readings import Instant, Refused, Span, Unclear
from chatops.when.recurrences import LONGEST_INTERVAL, Recurrence, Rule
from chatops.when.saying import phrase, said
from chatops.when.splitting import Split, split_reminder, split_silence
from chatops.when.tokens import tokens_of
from chatops.when.zones import instant_of
from languages.speaking import ENGLISH, speaking
from tests.chatops.when.places import ZONES, Reading, instants, wall
from tests.chatops.when.tables import ASKED, INSTANTS, PERIODS, RECURRENCES, SPANS
from tests.chatops.when.test_languages import TABLES

MAX_TOKENS = 51 * 9
"""Fifty words and what is between them, of up to nine tokens each."""
SECONDS = 0.1
"""Of processor time; mostly it is a tenth of that."""
TYPED = [row[0] for table in (SPANS, PERIODS, INSTANTS, RECURRENCES, ASKED) for row in table]
TYPED_ELSEWHERE = [
    (language, row[0])
    for language, table in TABLES.items()
    for rows in (table.SPANS, table.PERIODS, table.INSTANTS, table.ASKED)
    for row in rows
]
PIECES = [
    *words.NUMBERS,
    *words.UNITS,
    *words.WEEKDAYS,
    *words.MONTHS,
    *words.PARTS,
    *words.ORDINALS,
    *("for", "until", "in", "at", "on", "the", "of", "every", "each", "next", "this", "from", "to"),
    *("and", "half", "today", "tomorrow", "yesterday", "tonight", "noon", "midnight", "weekend"),
    *("end", "last", "other", "weekday", "daily", "mondays", "because", "me", "ago", "am", "pm"),
    *("9:00", "17:30", "3pm", "1st", "31st", "01/02", "2026-12-01", "24.12.", "-2", "0", "3", "29"),
    *(
        "999999999",
        "1h30m",
        "9am",
        ",",
        "-",
        "(",
        ")",
        "(UTC)",
        "Europe/Berlin",
        "+01:00",
        '"',
        "{",
    ),
]
texts = st.text(max_size=300) | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)
zones = st.sampled_from([*ZONES, ZoneInfo("Africa/Cairo"), ZoneInfo("Pacific/Apia")])
# Where clocks change, and anywhere else
moments = st.datetimes(wall("2026-10-01"), wall("2028-03-01"), timezones=st.just(UTC)) | st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2027, 3, 28, 1, tzinfo=UTC),
            datetime(2027, 10, 31, 1, tzinfo=UTC),
            datetime(2027, 3, 14, 7, tzinfo=UTC),
            datetime(2027, 11, 7, 6, tzinfo=UTC),
            datetime(2027, 4, 3, 15, tzinfo=UTC),
            datetime(2027, 10, 2, 15, 30, tzinfo=UTC),
        ]
    ),
    st.integers(-2_000, 2_000),
)


def readings(text: str, now: datetime, zone: ZoneInfo) -> list[Any]:
    """What each reader makes of it."""
    return [
        read_span(text, now=now, zone=zone),
        read_instant(text, now=now, zone=zone),
        read_recurrence(text, now=now, zone=zone),
        read_occasion(text, now=now, zone=zone),
    ]


@given(texts, moments, zones)
@example("ſunday", datetime(2026, 11, 26, tzinfo=UTC), ZONES[0])
@example("K/K", datetime(2026, 11, 26, tzinfo=UTC), ZONES[0])
@example("until 10:00 Europe", datetime(2026, 11, 26, tzinfo=UTC), ZONES[0])
def test_every_text_is_answered(text: str, now: datetime, zone: ZoneInfo) -> None:
    for read in readings(text, now, zone):
        if isinstance(read, Unclear):
            assert 2 <= len(read.choices) <= 6
            assert len({choice.text for choice in read.choices}) == len(read.choices)
        elif isinstance(read, Refused):
            assert 0 < len(read.reason) <= 200
        else:
            assert said(read, zone, now)
            assert_is_ahead(read, now)


def assert_is_ahead(read: Reading, now: datetime) -> None:
    if isinstance(read, Span):
        assert now < read.end
        assert read.start is None or now <= read.start < read.end
    elif isinstance(read, Instant):
        assert now < read.at
    else:
        following = read.next_after(now)
        assert following is not None
        assert now < following


@given(st.sampled_from(TYPED_ELSEWHERE), moments, zones)
def test_what_is_told_elsewhere_is_read_as_the_same(
    typed: tuple[str, str], now: datetime, zone: ZoneInfo
) -> None:
    language, text = typed
    with speaking(language):
        found = readings(text, now, zone)
    for read in found:
        if isinstance(read, Unclear):
            for choice in read.choices:
                assert_told_is_read(choice.reading, now, zone, language)
        elif not isinstance(read, Refused | Recurrence):
            assert_told_is_read(read, now, zone, language)


@given(texts)
def test_every_text_is_split_into_parts_of_it(text: str) -> None:
    for split in (split_silence(text), split_reminder(text)):
        found = (
            [choice.reading for choice in split.choices] if isinstance(split, Unclear) else [split]
        )
        for one in found:
            assert isinstance(one, Split)
            assert one.when in text
            assert len(one.subject) + len(one.when) + len(one.comment) <= len(text)


@given(st.sampled_from(TYPED), moments, zones)
def test_what_is_told_is_read_as_the_same(text: str, now: datetime, zone: ZoneInfo) -> None:
    for read in readings(text, now, zone):
        if isinstance(read, Unclear):
            for choice in read.choices:
                assert_read_again(choice.text, choice.reading, now, zone)
        elif not isinstance(read, Refused):
            assert_read_again(phrase(read, zone, now), read, now, zone)


def assert_read_again(told: str, read: Reading, now: datetime, zone: ZoneInfo) -> None:
    if isinstance(read, Span):
        again: Any = read_span(told, now=now, zone=zone)
        assert instants(again) == instants(read), told
    elif isinstance(read, Instant):
        again = read_occasion(told, now=now, zone=zone)
        assert instants(again) == instants(read), told
    else:
        again = read_occasion(
            told, now=now, zone=ZoneInfo(read.zone) if not read.is_elapsed else zone
        )
        assert again == read, told


languages = st.sampled_from(list(KNOWN))


def assert_told_is_read(read: Reading, now: datetime, zone: ZoneInfo, language: str) -> None:
    """What is told in a language is read in it; what English says is read in each."""
    with speaking(ENGLISH):
        english = phrase(read, zone, now)
    with speaking(language):
        assert_read_again(phrase(read, zone, now), read, now, zone)
        assert_read_again(english, read, now, zone)


@given(moments, zones, st.integers(1, 90 * 365 * 86_400), st.integers(1, 400 * 86_400), languages)
def test_any_instant_is_told_so_that_it_is_read(
    now: datetime, zone: ZoneInfo, ahead: int, more: int, language: str
) -> None:
    whole = now.replace(microsecond=0)
    start = whole + timedelta(seconds=ahead)
    end = start + timedelta(seconds=more)
    for read in (Span(start), Instant(start), Span(end, start)):
        assert_told_is_read(read, now, zone, language)


@given(moments, zones, st.integers(1, 3 * 86_400), languages)
def test_any_instant_near_a_change_is_told_so_that_it_is_read(
    now: datetime, zone: ZoneInfo, ahead: int, language: str
) -> None:
    at = now.replace(microsecond=0) + timedelta(seconds=ahead)
    for read in (Span(at), Instant(at)):
        assert_told_is_read(read, now, zone, language)


@given(moments, zones, st.integers(0, 500), languages)
def test_any_whole_day_is_told_so_that_it_is_read(
    now: datetime, zone: ZoneInfo, ahead: int, language: str
) -> None:
    first = datetime.combine(now.astimezone(zone).date() + timedelta(days=ahead), clock_time())
    start, end = instant_of(first, zone), instant_of(first + timedelta(days=1), zone)
    if start > now:
        assert_told_is_read(Span(end, start), now, zone, language)


@given(st.integers(0, 1_000), st.integers(0, 5_000), st.integers(0, 10**8), languages)
def test_any_length_is_told_so_that_it_is_read(
    months: int, days: int, seconds: int, language: str
) -> None:
    length = Length(months, days, seconds)
    now = datetime(2026, 11, 26, 9, tzinfo=UTC)
    with speaking(language):
        read = read_span(str(length), now=now, zone=ZONES[0])
    if length.is_positive and not length.is_too_long:
        assert isinstance(read, Span)
        assert read.length == length
        assert_told_is_read(read, now, ZONES[0], language)
        assert_told_is_read(Instant(read.end, length), now, ZONES[0], language)
    else:
        assert isinstance(read, Refused)


days_of_weeks = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
days_of_months = st.sets(st.integers(1, 31), min_size=1).map(lambda days: tuple(sorted(days)))
rules = st.one_of(
    st.builds(Rule, st.just("day"), st.integers(1, 3_650)),
    st.builds(Rule, st.just("week"), st.integers(1, 520), weekdays=days_of_weeks),
    st.builds(
        Rule,
        st.just("month"),
        st.integers(1, 120),
        month_days=days_of_months | st.just((-1,)),
    ),
    st.builds(
        Rule,
        st.just("month"),
        st.integers(1, 120),
        position=st.sampled_from([1, 2, 3, 4, -1]),
        weekdays=st.integers(0, 6).map(lambda day: (day,)),
    ),
    st.builds(
        Rule,
        st.just("year"),
        st.integers(1, 10),
        month=st.integers(1, 12),
        month_days=st.integers(1, 29).map(lambda day: (day,)),
    ),
    st.builds(Rule, st.just("hour"), st.integers(1, LONGEST_INTERVAL["hour"])),
    st.builds(Rule, st.just("minute"), st.integers(1, LONGEST_INTERVAL["minute"])),
)


@given(rules, moments, zones, st.integers(0, 86_399), languages)
def test_any_rule_is_told_so_that_it_is_read(
    rule: Rule, now: datetime, zone: ZoneInfo, second: int, language: str
) -> None:
    kept = "UTC" if rule.unit in ("hour", "minute") else str(zone)
    recurrence = Recurrence(str(rule), wall("2026-01-01") + timedelta(seconds=second), kept)
    english = str(recurrence)
    with speaking(language):
        told = str(recurrence)
        read = read_recurrence(told, now=now, zone=zone)
        assert isinstance(read, Recurrence), told
        assert (read.rule, str(read)) == (str(rule), told)
        assert read_recurrence(english, now=now, zone=zone) == read
    following = read.next_after(now)
    assert following is not None
    assert following > now
    assert Recurrence.from_json(read.to_json()) == read


READERS: list[Callable[[str], object]] = [
    split_silence,
    split_reminder,
    *(
        lambda text, read=read: read(text, now=datetime(2026, 11, 26, 9, tzinfo=UTC), zone=ZONES[0])
        for read in (read_span, read_instant, read_recurrence, read_occasion)
    ),
]
LONG = [
    *("9", "x", "1h", "((", "'", '"', '"a\\', "{", '{"', "\\", "...", "İ", "٣", "🔔", "\n", "-"),
    *("1h ", "1 ", "a ", "a half ", "at 3 ", "in ", "for ", "until ", "every ", "the ", "on the "),
    *("monday ", "monday, ", "mon,tue ", "every monday and ", "every 1st, ", "from 1 to ", "1/2 "),
    *("tomorrow at 9 ", "Europe/Berlin ", "a/b ", "and ", "1h and ", "((1h)) ", "because ", "# "),
]


LONG_ELSEWHERE = {
    "de": [
        *("bis ", "bis zum 1. ", "am 1. ", "um halb 3 ", "jeden Montag und ", "9 Uhr ", "1,5 "),
        *("für den Rest der ", "und Mo, ", "morgen früh ", "mo-fr "),
    ],
    "es": [
        *("hasta ", "hasta el 1 de ", "el 1 y ", "a las 9 y ", "cada lunes y ", "las 9 menos "),
        *("el resto del ", "mañana por la ", "de 9 a ", "el lunes 3 "),
    ],
    "ru": [
        *("до ", "до 1 ", "в 9 ", "1-го и ", "с 9 до ", "по понедельникам и ", "без четверти "),
        *("на остаток ", "завтра вечером в ", "каждый последний ", "1-го, "),
    ],
}
CASES = [(ENGLISH, piece) for piece in LONG] + [
    (language, piece)
    for language, pieces in LONG_ELSEWHERE.items()
    for piece in (*pieces, "1h ", "9", '"', "every monday and ")
]


@pytest.mark.parametrize(("language", "piece"), CASES)
def test_a_long_text_costs_little(language: str, piece: str) -> None:
    for length in (200, 4_096, 10_000):
        text = (piece * length)[:length]
        assert len(tokens_of(text)) <= MAX_TOKENS
        with speaking(language):
            for reader in READERS:
                assert min(cost(reader, text) for _ in range(4)) < SECONDS, (reader, length)


def cost(reader: Callable[[str], object], text: str) -> float:
    begun = time.thread_time()
    reader(text)
    return time.thread_time() - begun
