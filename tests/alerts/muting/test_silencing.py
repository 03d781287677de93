"""The rules of silences: as Alertmanager's silence/silence.go has them."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.matchers import format_matchers, parse_matchers
from alerts.muting.silencing import (
    LONGEST,
    SilenceRefused,
    SilenceState,
    check_times,
    matchers_for,
    may_change_in_place,
    read_silence_matchers,
    state_at,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "state"),
    [
        (NOW + TICK, NOW + HOUR, SilenceState.PENDING),
        (NOW, NOW + HOUR, SilenceState.ACTIVE),
        (NOW - HOUR, NOW + TICK, SilenceState.ACTIVE),
        (NOW - HOUR, NOW, SilenceState.EXPIRED),
        (NOW - HOUR, NOW - TICK, SilenceState.EXPIRED),
        (NOW, NOW, SilenceState.EXPIRED),
    ],
)
def test_where_it_stands(starts_at: datetime, ends_at: datetime, state: SilenceState) -> None:
    assert state_at(starts_at, ends_at, NOW) is state


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "Give at least one"),
        ([], "Give at least one"),
        (None, "Give at least one"),
        ('a=""', "must not match the empty text"),
        ('a=~".*",b=~"c?"', "must not match the empty text"),
        ("a", "is expected after 'a'"),
        ('a=~"("', "bad regular expression"),
        ([{"name": "a", "value": 5}], "must be texts"),
    ],
)
def test_matchers_that_no_silence_has(value: object, words: str) -> None:
    with pytest.raises(SilenceRefused, match=words) as refused:
        read_silence_matchers(value)
    assert refused.value.field == "matchers"


@pytest.mark.parametrize("value", ["a=b", 'a!=""', 'a=~".+"', 'a!~""', 'a!="b"', 'a="",b!~"c"'])
def test_matchers_that_one_may_have(value: str) -> None:
    assert read_silence_matchers(value) == parse_matchers(value)


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "words"),
    [
        (NOW + HOUR, NOW + HOUR, "later than the start"),
        (NOW + HOUR, NOW + HOUR - TICK, "later than the start"),
        (NOW - 2 * HOUR, NOW - HOUR, "past already"),
        (NOW - HOUR, NOW, "past already"),
        (NOW - HOUR, NOW + LONGEST + TICK, "within ten years"),
        (NOW + HOUR, NOW + HOUR + LONGEST + TICK, "within ten years"),
    ],
)
def test_times_that_no_silence_has(starts_at: datetime, ends_at: datetime, words: str) -> None:
    with pytest.raises(SilenceRefused, match=words) as refused:
        check_times(starts_at, ends_at, NOW)
    assert refused.value.field == "ends_at"


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [(NOW - HOUR, NOW + TICK), (NOW, NOW + LONGEST), (NOW + HOUR, NOW + HOUR + TICK)],
)
def test_times_that_one_may_have(starts_at: datetime, ends_at: datetime) -> None:
    check_times(starts_at, ends_at, NOW)


BEGUN = ("a=b", NOW - HOUR, NOW + HOUR)
PENDING = ("a=b", NOW + HOUR, NOW + 2 * HOUR)
ENDED = ("a=b", NOW - 2 * HOUR, NOW - HOUR)
When = tuple[str, datetime, datetime]


@pytest.mark.parametrize(
    ("before", "after", "in_place"),
    [
        (BEGUN, BEGUN, True),
        (BEGUN, ("a=b", NOW - HOUR, NOW + TICK), True),
        (BEGUN, ("a=b", NOW - HOUR + timedelta(milliseconds=999), NOW + HOUR), True),
        (BEGUN, ("a=b", NOW - HOUR + timedelta(seconds=1), NOW + HOUR), False),
        (BEGUN, ("a=b", NOW, NOW + HOUR), False),
        (BEGUN, ("a=c", NOW - HOUR, NOW + HOUR), False),
        (BEGUN, ("a=b,c=d", NOW - HOUR, NOW + HOUR), False),
        (PENDING, PENDING, True),
        (PENDING, ("a=b", NOW, NOW + HOUR), True),
        (PENDING, ("a=b", NOW - TICK, NOW + HOUR), False),
        (PENDING, ("a=~b", NOW + HOUR, NOW + 2 * HOUR), False),
        (ENDED, ENDED, False),
        (ENDED, ("a=b", NOW - 2 * HOUR, NOW + HOUR), False),
    ],
)
def test_what_stays_the_same_silence(before: When, after: When, in_place: bool) -> None:
    """canUpdate of silence/silence.go."""
    read = [(parse_matchers(text), start, end) for text, start, end in (before, after)]
    assert may_change_in_place(read[0], read[1], NOW) is in_place


@pytest.mark.parametrize(
    ("alerts", "common"),
    [
        ([{"a": "1"}], '{a="1"}'),
        ([{"b": "2", "a": "1"}, {"a": "1", "b": "3"}], '{a="1"}'),
        ([{"a": "1", "b": ""}], '{a="1"}'),
        ([{"a": 'say "hi"\n'}], '{a="say \\"hi\\"\\n"}'),
    ],
)
def test_what_alerts_have_in_common(alerts: list[dict[str, str]], common: str) -> None:
    assert format_matchers(matchers_for(alerts)) == common


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ([], "no label that all"),
        ([{}], "no label that all"),
        ([{"a": "1"}, {"a": "2"}], "no label that all"),
        ([{str(number): "x" for number in range(101)}], "101 labels in common"),
    ],
)
def test_nothing_to_go_by(alerts: list[dict[str, str]], words: str) -> None:
    with pytest.raises(SilenceRefused, match=words):
        matchers_for(alerts)
