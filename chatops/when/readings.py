"""What a phrase was understood as: pure data. All instants are aware, in UTC."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Generic, TypeVar

from chatops.when.lengths import Length

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` (None: from now) to `end`, which is later.

    `length`: as it was told, where a length was told. `skipped`: the wall time that was told, where
    the clock skips it that night and `end` is what it then shows.
    """

    end: datetime
    start: datetime | None = None
    length: Length | None = None
    skipped: time | None = None


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment ahead. `length` and `skipped` as those of Span."""

    at: datetime
    length: Length | None = None
    skipped: time | None = None


@dataclass(frozen=True, slots=True)
class Choice(Generic[R_co]):
    """One way to understand it. `text` says it unmistakably: read again at the same moment, in
    whichever language is spoken then, it is this `reading`. `shown` is the same in the language
    that is spoken now; short enough for a button."""

    text: str
    reading: R_co
    shown: str


@dataclass(frozen=True, slots=True)
class Unclear(Generic[R_co]):
    """Two or more readings are as good; `question` asks which, `choices` are in order of time."""

    question: str
    choices: tuple[Choice[R_co], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """No time, or one that cannot be meant. `reason` is a sentence for the person, with what to
    write instead where that helps."""

    reason: str


class Refusal(Exception):
    """Inside the package: the sentence of a Refused."""
