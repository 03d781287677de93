"""Times as people type them at a bot, read as one of the shapes in `chatops.when.readings`.

Everything is English and in the person's own zone, on a clock of 24 hours unless am or pm is said.
No reader raises, whatever the text, and none takes longer than its length asks for.

How what could be two things is understood:

- A bare hour from 1 to 6 ("at 3") may be am or pm; where only one of them is ahead today it is that
  one, else it is asked. Later hours are meant as written: "at 9" is 09:00.
- A time that has passed today is tomorrow's ("until 9:00" at 10:00).
- A weekday on that same weekday is asked, and "next friday" where this week still has one.
- "01/02" is asked where both could be months. "1.2.2026" is a day first.
- "until monday" ends as Monday begins; a bare "monday" may be that or the whole day, and is asked.
- Without a time of day an end is midnight, a reminder is at 09:00.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from chatops.when.cursor import Cursor
from chatops.when.grammar import read_occasion_phrase, read_span_phrase
from chatops.when.occasions import instants, recurrences
from chatops.when.phrases import Every, Phrase
from chatops.when.readings import Choice, Instant, Refusal, Refused, Span, Unclear
from chatops.when.recurrences import Recurrence
from chatops.when.resolving import TOO_FAR, Here
from chatops.when.saying import phrase as phrase_of
from chatops.when.spans import spans
from chatops.when.tokens import tokens_of

MAX_TEXT: Final = 200
"""Characters; nobody says a time in more."""
_SHOWN: Final = 40
_EXAMPLES_OF_SPANS: Final = "2h, until 17:30 or until tomorrow 9:00"
_EXAMPLES_OF_INSTANTS: Final = "in 2h, tomorrow 9:00 or friday 14:00"
_EXAMPLES_OF_RECURRENCES: Final = "every weekday at 9:15 or on the 1st of every month at 9:00"

R = TypeVar("R", Span, Instant, Recurrence, Instant | Recurrence)


def read_span(
    text: str, *, now: datetime, zone: ZoneInfo, longest: timedelta | None = None
) -> Span | Unclear[Span] | Refused:
    """How long from now, or until when: "2h", "until tomorrow 9am", "for the weekend". `now`:
    aware. `longest`: what is longer is refused."""
    here = Here(now.astimezone(UTC), zone)
    return _read(
        text, here, read_span_phrase, lambda said: spans(said, here, longest), _EXAMPLES_OF_SPANS
    )


def read_instant(
    text: str, *, now: datetime, zone: ZoneInfo, longest: timedelta | None = None
) -> Instant | Unclear[Instant] | Refused:
    """When, once: "tomorrow 9am", "in 2 hours", "on friday at 14:00". As read_span."""
    here = Here(now.astimezone(UTC), zone)
    return _read(
        text,
        here,
        read_occasion_phrase,
        lambda said: instants(said, here, longest),
        _EXAMPLES_OF_INSTANTS,
    )


def read_recurrence(
    text: str, *, now: datetime, zone: ZoneInfo, shortest: timedelta = timedelta(minutes=1)
) -> Recurrence | Unclear[Recurrence] | Refused:
    """When, again and again: "every weekday at 9:15", "every 2 hours", "on the last day of every
    month". `shortest`: what comes more often is refused. As read_span."""
    here = Here(now.astimezone(UTC), zone)
    return _read(
        text,
        here,
        read_occasion_phrase,
        lambda said: recurrences(said, here, shortest),
        _EXAMPLES_OF_RECURRENCES,
    )


def read_occasion(
    text: str,
    *,
    now: datetime,
    zone: ZoneInfo,
    longest: timedelta | None = None,
    shortest: timedelta = timedelta(minutes=1),
) -> Instant | Recurrence | Unclear[Instant | Recurrence] | Refused:
    """When, once or again and again: what a reminder is given. As the two above."""
    here = Here(now.astimezone(UTC), zone)

    def understood(said: Phrase) -> Iterable[Instant | Recurrence]:
        if isinstance(said, Every):
            return recurrences(said, here, shortest)
        return instants(said, here, longest)

    return _read(text, here, read_occasion_phrase, understood, _EXAMPLES_OF_INSTANTS)


def _read(
    text: str,
    here: Here,
    grammar: Callable[[Cursor], Phrase | None],
    understood: Callable[[Phrase], Iterable[R]],
    examples: str,
) -> R | Unclear[R] | Refused:
    shown = text.strip()
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    not_read = Refused(f"“{shown}” is no time that I can read; write {examples}.")
    if len(text) > MAX_TEXT:
        return not_read
    cursor = Cursor(tokens_of(text))
    said = grammar(cursor)
    cursor.mark(".!")
    if said is None or not cursor.done:
        return not_read
    try:
        found = list(dict.fromkeys(understood(said)))
        if not found:
            return not_read
        if len(found) == 1:
            return found[0]
        return _unclear(shown, found, here)
    except Refusal as refusal:
        return Refused(str(refusal))
    except OverflowError:  # beyond the year 9999
        return Refused(TOO_FAR)


def _unclear(shown: str, found: list[R], here: Here) -> Unclear[R]:
    assert isinstance(here.zone, ZoneInfo), "the person's own zone"
    choices = tuple(Choice(phrase_of(one, here.zone, here.now), one) for one in found)
    texts = [choice.text for choice in choices]
    question = f"“{shown}” can mean {', '.join(texts[:-1])} or {texts[-1]}. Which one?"
    return Unclear(question, choices)
