"""What a phrase about one moment, or about many, can mean here and now."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from chatops.when.phrases import Ahead, At, Boundary, Clock, Every, Lasting, Phrase
from chatops.when.readings import Instant, Refusal
from chatops.when.recurrences import Recurrence, RecurrenceError, Rule
from chatops.when.resolving import Here, candidates, named_zone
from chatops.when.spans import after_now
from chatops.when.words import DAY, HOUR, MORNING
from chatops.when.zones import moved, wall_of
from languages.speaking import gettext, ngettext

_SECONDS: Final = {"minute": 60, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_ELAPSED: Final = frozenset({"minute", "hour"})


def instants(said: Phrase, here: Here, longest: timedelta | None) -> list[Instant]:
    """In order; none further away than `longest`. Raises Refusal."""
    found = _instants(said, here)
    if longest is None:
        return found
    near = [one for one in found if one.at - here.now <= longest]
    if found and not near:
        raise Refusal(
            ngettext(
                "That is too far away; the furthest is {count} day.",
                "That is too far away; the furthest is {count} days.",
                longest.days,
            ).format(count=longest.days)
        )
    return near


def recurrences(said: Phrase, here: Here, shortest: timedelta) -> list[Recurrence]:
    """In order of their first times; one for each time of day that it can be. Raises Refusal."""
    if not isinstance(said, Every):
        return []
    if said.zone is not None:
        here = Here(here.now, named_zone(said.zone))
    every = timedelta(seconds=_SECONDS.get(said.unit, 28 * DAY) * said.interval)
    if every < shortest and said.interval:
        minutes = -(-shortest // timedelta(minutes=1))
        raise Refusal(
            ngettext(
                "That is too often; at most every {count} minute.",
                "That is too often; at most every {count} minutes.",
                minutes,
            ).format(count=minutes)
        )
    clock = said.clock or Clock((MORNING,))
    try:
        if said.unit in _ELAPSED:
            return [_elapsed(said, here)]
        times = dict.fromkeys(seconds % DAY for seconds in clock.seconds)
        found = [_by_the_calendar(said, seconds, here) for seconds in times]
    except RecurrenceError as error:
        raise Refusal(str(error)) from None
    return sorted(found, key=lambda one: one.begins)


def _instants(said: Phrase, here: Here) -> list[Instant]:
    if isinstance(said, Lasting | Ahead):
        return [Instant(after_now(said.length, here), said.length)]
    if not isinstance(said, At):
        return []
    day = said.point.day
    default = 0 if isinstance(day, Boundary) and day.is_end else MORNING
    found = candidates(said.point, here, default=default)
    return [Instant(one.instant, skipped=one.skipped) for one in found]


def _elapsed(said: Every, here: Here) -> Recurrence:
    if said.clock is not None or said.weekdays or said.month_days:
        raise Refusal(
            gettext("What comes every few minutes or hours has no time of day; leave that out.")
        )
    begins = here.now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return Recurrence(str(Rule(said.unit, said.interval)), begins, "UTC")


def _by_the_calendar(said: Every, seconds: int, here: Here) -> Recurrence:
    """Begins with the first one that is ahead, so that "every 3 weeks on tuesday" begins on the
    coming Tuesday."""
    rule = _completed(said, here)
    midnight = datetime.combine(here.today, time())
    candidate = Recurrence(str(replace(rule, interval=1)), moved(midnight, seconds), str(here.zone))
    first = candidate.next_wall(here.now)
    assert first is not None, "a rule that was accepted comes within a century"
    return Recurrence(str(rule), first, str(here.zone))


def _completed(said: Every, here: Here) -> Rule:
    """With the day of today, where none was said."""
    today = wall_of(here.now, here.zone)
    month, month_days, weekdays = said.month, said.month_days, said.weekdays
    if not (month_days or weekdays):
        if said.unit == "week":
            weekdays = (today.weekday(),)
        elif said.unit in ("month", "year"):
            month_days = (today.day,)
            month = today.month if said.unit == "year" else 0
    return Rule(said.unit, said.interval, month, month_days, said.position, weekdays)
