"""When a trouble is told, and in which words."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from deliveries.advice import ADVICE, Problem, in_words
from deliveries.trouble_rules import (
    DAILY,
    HOURLY,
    SHOWN_MAX,
    Kind,
    first_telling,
    letter,
    next_telling,
    span,
    story,
    title,
)
from languages.speaking import LANGUAGES, gettext, speaking

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Told:
    kind: str = Kind.CHANNEL_DISABLED
    name: str = "Pager"
    said: str = ""
    advice: str = ""
    number: int = 0
    opened_at: datetime = NOW - timedelta(minutes=12)
    recovered_at: datetime | None = None


@pytest.mark.parametrize(
    ("kind", "minutes"),
    [(Kind.CHANNEL_DISABLED, 0), (Kind.LATE, 0), (Kind.BOT_UNREACHABLE, 5), (Kind.PUBLISHING, 1)],
)
def test_some_have_to_last_before_they_are_told(kind: Kind, minutes: int) -> None:
    assert first_telling(kind, NOW) == NOW + timedelta(minutes=minutes)


def test_it_is_told_at_most_hourly_and_ever_less() -> None:
    waits = [next_telling(Kind.LATE, times, NOW) - NOW for times in range(1, 2000)]
    assert waits[:4] == [HOURLY, 2 * HOURLY, 4 * HOURLY, 8 * HOURLY]
    assert set(waits[5:]) == {DAILY}
    assert next_telling(Kind.DEAD_LETTERS, 50, NOW) - NOW == HOURLY


def test_every_kind_has_words() -> None:
    for kind in Kind:
        for recovered_at in (None, NOW):
            told = Told(kind, number=300, recovered_at=recovered_at)
            assert title(told)
            assert "{" not in story(told, "https://example.org/page")


def test_a_mail_says_what_since_when_telegrams_words_and_what_to_do() -> None:
    text = story(Told(said="Forbidden", advice="Let them press Restart."), "https://e.org/page")
    assert text.splitlines() == [
        "Channel Pager was disabled.",
        "Since 2026-01-01 11:48 UTC.",
        "Telegram said: Forbidden",
        "Let them press Restart.",
        "Alerts for it wait, and none is lost.",
        "https://e.org/page",
    ]


def test_the_end_says_how_long_and_how_late() -> None:
    told = Told(Kind.LATE, number=840, recovered_at=NOW)
    assert story(told, "https://e.org/page").splitlines() == [
        "Messages leave on time again.",
        "From 2026-01-01 11:48 UTC to 2026-01-01 12:00 UTC: 12 min.",
        "The latest was late by 14 min; nothing was lost.",
        "https://e.org/page",
    ]


def test_many_are_one_mail() -> None:
    many = [Told(name=f"Pager\n{number}") for number in range(SHOWN_MAX + 5)]
    subject, text = letter("Night\nwatch", many, ["https://e.org/"] * len(many))
    assert subject == "[Night watch] Channel Pager 0 was disabled, and 24 more"
    assert text.count("was disabled") == SHOWN_MAX
    assert text.endswith("And 5 more.")


def test_one_message_is_no_messages() -> None:
    told = Told(Kind.DEAD_LETTERS, number=1)
    assert title(told) == "Telegram refused 1 message for good"
    assert title(Told(Kind.DEAD_LETTERS, number=11)) == "Telegram refused 11 messages for good"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (725, "12 min"), (11_100, "3 h 5 min"), (180_000, "2 d 2 h")],
)
def test_lengths(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("problem", Problem)
def test_stored_advice_is_told_in_the_language_that_is_spoken(
    problem: Problem, language: str
) -> None:
    advice = ADVICE[problem]
    with speaking(language):
        told = in_words(str(advice))
        assert told.startswith(gettext(advice.wrong))
    assert "{" not in told
    assert in_words(str(advice)) == str(advice)
    assert in_words("The mail server is full.") == "The mail server is full."
