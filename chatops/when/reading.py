"""Times as people type them at a bot, read as one of the shapes in `chatops.when.readings`.

Everything is in the language that is spoken, or in English, and in the person's own zone, on a
clock of 24 hours unless am or pm is said.
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
from chatops.when.languages.known import read_languages, spoken_speech
from chatops.when.languages.rewriting import rewritten
from chatops.when.languages.speech import listed
from chatops.when.occasions import instants, recurrences
from chatops.when.phrases import Every, Phrase
from chatops.when.readings import Choice, Instant, Refusal, Refused, Span, Unclear
from chatops.when.recurrences import Recurrence
from chatops.when.resolving import Here, too_far
from chatops.when.saying import phrase as phrase_of
from chatops.when.spans import spans
from chatops.when.tokens import tokens_of
from languages.speaking import ENGLISH, gettext, speaking

MAX_TEXT: Final = 200
"""Characters; nobody says a time in more."""
_SHOWN: Final = 40

R = TypeVar("R", Span, Instant, Recurrence, Instant | Recurrence)


def read_span(
    text: str, *, now: datetime, zone: ZoneInfo, longest: timedelta | None = None
) -> Span | Unclear[Span] | Refused:
    """How long from now, or until when: "2h", "until tomorrow 9am", "for the weekend". `now`:
    aware. `longest`: what is longer is refused."""
    here = Here(now.astimezone(UTC), zone)
    return _read(
        text,
        here,
        read_span_phrase,
        lambda said: spans(said, here, longest),
        spoken_speech().examples_of_spans,
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
        spoken_speech().examples_of_instants,
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
        spoken_speech().examples_of_recurrences,
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

    return _read(text, here, read_occasion_phrase, understood, spoken_speech().examples_of_instants)


def _read(
    text: str,
    here: Here,
    grammar: Callable[[Cursor], Phrase | None],
    understood: Callable[[Phrase], Iterable[R]],
    examples: str,
) -> R | Unclear[R] | Refused:
    shown = text.strip()
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    told = gettext("“{text}” is no time that I can read; write {examples}.")
    not_read = Refused(told.format(text=shown, examples=examples))
    said = _phrase(text, grammar) if len(text) <= MAX_TEXT else None
    if said is None:
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
        return Refused(str(too_far()))


def _phrase(text: str, grammar: Callable[[Cursor], Phrase | None]) -> Phrase | None:
    """What all of the text is, in the first language that knows it as a time."""
    tokens = tokens_of(text)
    for language in read_languages():
        cursor = Cursor(rewritten(tokens, language))
        said = grammar(cursor)
        cursor.mark(".!")
        if said is not None and cursor.done:
            return said
    return None


def _unclear(shown: str, found: list[R], here: Here) -> Unclear[R]:
    assert isinstance(here.zone, ZoneInfo), "the person's own zone"
    choices = tuple(_choice(one, here.zone, here.now) for one in found)
    ways = listed([choice.shown for choice in choices], spoken_speech().last_or)
    question = gettext("“{text}” can mean {ways}. Which one?").format(text=shown, ways=ways)
    return Unclear(question, choices)


def _choice(reading: R, zone: ZoneInfo, now: datetime) -> Choice[R]:
    with speaking(ENGLISH):
        text = phrase_of(reading, zone, now)
    return Choice(text, reading, phrase_of(reading, zone, now))
