"""What a person says of a silence: what is meant, from when until when, and why. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from alerts.muting.silencing import LONGEST
from chatops.when.languages.known import spoken_speech
from chatops.when.reading import read_span
from chatops.when.readings import Refused, Span, Unclear
from chatops.when.saying import told, told_from, told_until
from chatops.when.splitting import split_silence
from languages.speaking import gettext_noop

EXAMPLES: Final = gettext_noop("2h, until 17:30, until tomorrow 9:00")


class TimeRefused(ValueError):
    """No time, or none that can be meant; the text says why."""


class TimeUnclear(Exception):
    """It may mean several: the text asks which. `ways`: what is shown of each, and a text that is
    read as it in any language."""

    def __init__(self, question: str, ways: tuple[tuple[str, str], ...]) -> None:
        super().__init__(question)
        self.ways = ways


@dataclass(frozen=True, slots=True)
class Words:
    """`when`: for `read_time`. Each is "" where it was not said."""

    subject: str
    when: str
    comment: str


@dataclass(frozen=True, slots=True)
class Time:
    """From `start` (None: from now) to `end`; aware, in UTC."""

    end: datetime
    start: datetime | None = None

    def to_json(self) -> dict[str, str]:
        """For a conversation."""
        start = self.start.isoformat() if self.start else ""
        return {"start": start, "end": self.end.isoformat()}

    def said(self, zone: ZoneInfo, now: datetime) -> str:
        """ "until today 16:30 (Europe/Berlin)"."""
        until = f"{told_until(self.end, zone, now, exact=False)} ({zone.key})"
        if self.start is None or self.start <= now:
            return until
        start = told_from(self.start, zone, now, exact=False)
        return spoken_speech().between.format(start=start, end=until)


def time_from_json(stored: dict[str, Any]) -> Time:
    """What `to_json` wrote."""
    start = datetime.fromisoformat(stored["start"]) if stored["start"] else None
    return Time(datetime.fromisoformat(stored["end"]), start)


def moment(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """ "today 16:30 (Europe/Berlin)"."""
    return f"{told(instant, zone, now, exact=False)} ({zone.key})"


def take_apart(text: str) -> Words:
    """ "HighCPU for 2 hours because of the deploy", "2h HighCPU". Raises TimeUnclear where several
    parts may be the time."""
    split = split_silence(text)
    if isinstance(split, Unclear):
        raise TimeUnclear(split.question, ())
    return Words(split.subject, split.when, split.comment)


def read_time(text: str, zone: ZoneInfo, now: datetime) -> Time:
    """Raises TimeRefused and TimeUnclear."""
    read = read_span(text, now=now, zone=zone, longest=LONGEST)
    if isinstance(read, Refused):
        raise TimeRefused(read.reason)
    if isinstance(read, Unclear):
        raise TimeUnclear(
            read.question, tuple((choice.shown, choice.text) for choice in read.choices)
        )
    return _of(read)


def _of(span: Span) -> Time:
    start = span.start.astimezone(UTC) if span.start else None
    return Time(span.end.astimezone(UTC), start)
