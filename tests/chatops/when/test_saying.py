"""What the bot repeats."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from chatops.when.reading import read_occasion, read_span
from chatops.when.readings import Refused, Unclear
from chatops.when.saying import phrase, said
from tests.chatops.when.places import BERLIN, KOLKATA, local

THURSDAY = "2026-11-26 12:30"


@pytest.mark.parametrize(
    ("now", "text", "sentence"),
    [
        (THURSDAY, "2h", "for 2 hours, until today 14:30 (Europe/Berlin)"),
        (THURSDAY, "90m", "for 1 hour 30 minutes, until today 14:00 (Europe/Berlin)"),
        (THURSDAY, "90s", "for 1 minute 30 seconds, until today 12:31:30 (Europe/Berlin)"),
        (f"{THURSDAY}:17", "2h", "for 2 hours, until today 14:30 (Europe/Berlin)"),
        (THURSDAY, "1 day", "for 1 day, until tomorrow 12:30 (Europe/Berlin)"),
        (THURSDAY, "14d", "for 2 weeks, until Thursday 10 December 12:30 (Europe/Berlin)"),
        (THURSDAY, "until 9:00", "until tomorrow 09:00 (Europe/Berlin)"),
        (THURSDAY, "until monday", "until Monday 30 November 00:00 (Europe/Berlin)"),
        (THURSDAY, "until 1 nov", "until Monday 1 November 2027 00:00 (Europe/Berlin)"),
        (THURSDAY, "until 9:00 UTC", "until tomorrow 10:00 (Europe/Berlin)"),
        (THURSDAY, "tonight", "from today 20:00 until tomorrow 06:00 (Europe/Berlin)"),
        (THURSDAY, "on monday", "for Monday 30 November (Europe/Berlin)"),
        (
            "2027-03-27 12:00",
            "until 2:30",
            "until tomorrow 03:30 (Europe/Berlin); the clock skips 02:30 that night",
        ),
        ("2027-10-30 12:00", "until 2:30", "until tomorrow 02:30+02:00 (Europe/Berlin)"),
        ("2027-10-31 01:30", "2h", "for 2 hours, until today 02:30+01:00 (Europe/Berlin)"),
    ],
)
def test_spans_are_repeated(now: str, text: str, sentence: str) -> None:
    at = local(now, BERLIN)
    read = read_span(text, now=at, zone=BERLIN)
    assert not isinstance(read, Unclear | Refused)
    assert said(read, BERLIN, at) == sentence


@pytest.mark.parametrize(
    ("text", "zone", "sentence"),
    [
        ("in 20 min", BERLIN, "in 20 minutes, today 12:50 (Europe/Berlin)"),
        ("tomorrow 9am", BERLIN, "tomorrow 09:00 (Europe/Berlin)"),
        ("at 9", KOLKATA, "tomorrow 09:00 (Asia/Kolkata)"),
        (
            "every weekday at 9:15",
            BERLIN,
            "every weekday at 09:15 (Europe/Berlin), next tomorrow 09:15",
        ),
        ("every 2 hours", KOLKATA, "every 2 hours, next today 14:30"),
        (
            "every day at 9 Europe/Berlin",
            KOLKATA,
            "every day at 09:00 (Europe/Berlin), next today 09:00",
        ),
        (
            "on the 31st of every month",
            BERLIN,
            (
                "on the 31st of every month at 09:00 (Europe/Berlin), next Thursday 31 December"
                " 09:00; not in months without a 31st"
            ),
        ),
        (
            "yearly on 29 feb",
            BERLIN,
            (
                "every year on 29 February at 09:00 (Europe/Berlin), next Tuesday 29 February 2028"
                " 09:00; only in leap years"
            ),
        ),
    ],
)
def test_occasions_are_repeated(text: str, zone: ZoneInfo, sentence: str) -> None:
    at = local(THURSDAY, zone)
    read = read_occasion(text, now=at, zone=zone)
    assert not isinstance(read, Unclear | Refused)
    assert said(read, zone, at) == sentence


def test_the_phrase_is_short_enough_for_a_button() -> None:
    at = datetime(2026, 9, 30, 12, 30, 17, tzinfo=BERLIN)
    read = read_span(
        "from wednesday 22 sep 2027 23:59:59 until 29 sep 2027 23:59:59", now=at, zone=BERLIN
    )
    assert not isinstance(read, Unclear | Refused)
    told = "from Wednesday 22 September 2027 23:59:59 until Wednesday 29 September 2027 23:59:59"
    assert phrase(read, BERLIN, at) == told
