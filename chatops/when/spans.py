"""What a phrase about a stretch of time can mean, here and now."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import Final

from chatops.when.lengths import Length
from chatops.when.phrases import (
    Ahead,
    At,
    Between,
    Boundary,
    Lasting,
    Offset,
    Period,
    Phrase,
    Point,
    Unitless,
    Until,
)
from chatops.when.readings import Refusal, Span
from chatops.when.resolving import Candidate, Here, candidates, day_bounds, past, too_far
from chatops.when.words import DAY, HOUR, PARTS
from chatops.when.zones import instant_of, moved
from languages.speaking import gettext

NIGHT_ENDS: Final = 6 * HOUR
_FRIDAY: Final = 4


def spans(said: Phrase, here: Here, longest: timedelta | None) -> list[Span]:
    """In order of their ends; none longer than `longest`. Raises Refusal."""
    found = sorted(_spans(said, here), key=lambda span: (span.end, span.start or here.now))
    if longest is None:
        return found
    short = [span for span in found if span.end - (span.start or here.now) <= longest]
    if found and not short:
        told = gettext("That is too long; the longest is {length}.")
        raise Refusal(told.format(length=_whole(longest)))
    return short


def after_now(length: Length, here: Here) -> datetime:
    """The instant so much later. Raises Refusal for what is not later, or too far."""
    if length.is_negative:
        raise past()
    if not length.is_positive:
        raise Refusal(gettext("That is no time at all; write 30m, 2h or 1d."))
    if length.is_too_long:
        raise too_far()
    return length.after(here.now, here.zone)


def _spans(said: Phrase, here: Here) -> Iterable[Span]:
    if isinstance(said, Lasting) and said.length.is_negative:
        raise Refusal(gettext("Nothing lasts less than no time; write 30m, 2h or 1d."))
    if isinstance(said, Lasting | Ahead):
        return [Span(after_now(said.length, here), length=said.length)]
    if isinstance(said, Unitless):
        return _unitless(said, here)
    if isinstance(said, Until):
        return _until(said.point, here)
    if isinstance(said, At):
        return _at(said, here)
    if isinstance(said, Between):
        return _between(said, here)
    return _period(said, here) if isinstance(said, Period) else []


def _unitless(said: Unitless, here: Here) -> list[Span]:
    lengths = [
        Length(seconds=int(said.count * 60)),
        Length(seconds=int(said.count * HOUR)),
        Length(days=int(said.count), seconds=int(said.count % 1 * DAY)),
    ]
    return [
        Span(after_now(length, here), length=length)
        for length in lengths
        if not length.is_too_long and (length.is_positive or length is lengths[0])
    ]


def _until(point: Point, here: Here) -> list[Span]:
    return [_ending(end) for end in candidates(point, here, default=0)]


def _ending(end: Candidate, start: datetime | None = None) -> Span:
    return Span(end.instant, start, skipped=end.skipped)


def _at(said: At, here: Here) -> list[Span]:
    """A point with a time of day is an end; a day alone is that day, or its beginning is an end."""
    day = said.point.day
    if day is None or said.point.clock is not None or isinstance(day, Boundary):
        return _until(said.point, here)
    bounds = [
        Span(end.instant, start.instant if start.instant > here.now else None)
        for start, end in day_bounds(day, here)
    ]
    if said.word == "on" or day == Offset(0):
        return bounds
    return [*_until(said.point, here), *bounds]


def _between(said: Between, here: Here) -> list[Span]:
    starts = candidates(said.start, here, default=0)
    found = [
        span
        for start in starts
        for span in _ends(said.end, start.instant, here)
        if span.end > start.instant
    ]
    if not found:
        raise Refusal(gettext("That ends before it begins."))
    return found


def _ends(end: Point | Length, start: datetime, here: Here) -> Iterator[Span]:
    if isinstance(end, Length):
        yield Span(after_now(end, Here(start, here.zone)), start)
        return
    since = Here(start, here.zone) if end.day is None else here
    for candidate in candidates(end, since, default=0):
        yield _ending(candidate, start)


def _period(said: Period, here: Here) -> list[Span]:
    """From now where it has begun, else from its beginning."""
    if said.name == "day":
        return [Span(_on(here, 1, 0))]
    if said.name == "night":
        if here.wall.hour * HOUR < NIGHT_ENDS:
            return [Span(_on(here, 0, NIGHT_ENDS))]
        return [_begun(_on(here, 0, PARTS["night"]), _on(here, 1, NIGHT_ENDS), here)]
    weekday = here.today.weekday()
    monday = _on(here, 7 - weekday, 0)
    span = _begun(_on(here, _FRIDAY + 1 - weekday, 0), monday, here)
    # On a Friday many mean the evening too
    return [Span(monday), span] if weekday == _FRIDAY else [span]


def _begun(start: datetime, end: datetime, here: Here) -> Span:
    return Span(end, start if start > here.now else None)


def _on(here: Here, days: int, seconds: int) -> datetime:
    return instant_of(moved(datetime.combine(here.today, time()), days * DAY + seconds), here.zone)


def _whole(length: timedelta) -> str:
    return str(Length(days=length.days, seconds=length.seconds))
