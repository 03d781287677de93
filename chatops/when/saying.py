"""What the bot says back: a phrase that is read as the same again, and the sentence around it.

All of it is in the language that is spoken. Clocks have 24 hours. Days are "today" and "tomorrow",
then the weekday with its date, with the year where it is another one. A wall time that comes twice
that night is told with its offset from UTC.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from chatops.when.languages.known import spoken_speech
from chatops.when.languages.speech import Place
from chatops.when.readings import Instant, Span
from chatops.when.recurrences import Recurrence
from chatops.when.zones import Zone, instant_of, is_doubled, wall_of
from languages.speaking import gettext


def phrase(reading: Span | Instant | Recurrence, zone: Zone, now: datetime) -> str:
    """The shortest text that is read as this at the same moment: "for 2 hours", "until tomorrow
    09:00", "from today 20:00 until tomorrow 06:00", "in 20 minutes", "every weekday at 09:15"."""
    if isinstance(reading, Recurrence):
        return str(reading)
    speech = spoken_speech()
    if isinstance(reading, Instant):
        if not reading.length:
            return told(reading.at, zone, now)
        return speech.ahead.format(length=reading.length.told(speech.ahead_units))
    if reading.start is not None and (day := _whole_day(reading.start, reading.end, zone, now)):
        return day
    if reading.length:
        end = speech.lasting.format(length=reading.length.told(speech.lasting_units))
    else:
        end = told_until(reading.end, zone, now)
    if reading.start is None:
        return end
    return speech.between.format(start=told_from(reading.start, zone, now), end=end)


def said(reading: Span | Instant | Recurrence, zone: Zone, now: datetime) -> str:
    """What was understood, for the person who typed it: "for 2 hours, until today 14:30
    (Europe/Berlin)"; of a recurrence with its next time, "every weekday at 09:15 (Europe/Berlin),
    next tomorrow 09:15"."""
    text = phrase(reading, zone, now)
    if isinstance(reading, Recurrence):
        return _said_again(text, reading, zone, now)
    if reading.length is not None:
        exact = bool(reading.length.seconds % 60)
        if isinstance(reading, Instant):
            text = f"{text}, {told(reading.at, zone, now, exact=exact)}"
        else:
            text = f"{text}, {told_until(reading.end, zone, now, exact=exact)}"
    sentence = f"{text} ({zone})"
    if reading.skipped is not None:
        clock = f"{reading.skipped:%H:%M}"
        skips = gettext("{time}; the clock skips {clock} that night")
        sentence = skips.format(time=sentence, clock=clock)
    return sentence


def told(instant: datetime, zone: Zone, now: datetime, *, exact: bool = True) -> str:
    """ "today 14:30", "tomorrow 09:00", "Monday 30 November 09:00"; with seconds where there are
    any and they are asked for (`exact`)."""
    return _told(spoken_speech().at, instant, zone, now, exact=exact)


def told_until(instant: datetime, zone: Zone, now: datetime, *, exact: bool = True) -> str:
    """ "until today 14:30"; as `told`."""
    return _told(spoken_speech().until, instant, zone, now, exact=exact)


def told_from(instant: datetime, zone: Zone, now: datetime, *, exact: bool = True) -> str:
    """ "from today 14:30"; as `told`."""
    return _told(spoken_speech().start, instant, zone, now, exact=exact)


def _told(place: Place, instant: datetime, zone: Zone, now: datetime, *, exact: bool) -> str:
    wall = wall_of(instant, zone)
    clock = f"{wall:%H:%M:%S}" if exact and wall.second else f"{wall:%H:%M}"
    clock += _offset(instant, zone) if is_doubled(instant, zone) else ""
    return place.text.format(day=_day(place, wall, wall_of(now, zone)), clock=clock)


def _day(place: Place, wall: datetime, here: datetime) -> str:
    speech = spoken_speech()
    days = (wall.date() - here.date()).days
    if days in (0, 1):
        return (place.today, place.tomorrow)[days]
    return (place.date if wall.year == here.year else place.dated).format(
        weekday=place.weekdays[wall.weekday()],
        day=wall.day,
        month=speech.months[wall.month - 1],
        year=wall.year,
    )


def _whole_day(start: datetime, end: datetime, zone: Zone, now: datetime) -> str:
    """The day that this is, from its midnight to the next one; "" where it is none."""
    first = datetime.combine(wall_of(start, zone).date(), time())
    if (instant_of(first, zone), instant_of(first + timedelta(days=1), zone)) != (start, end):
        return ""
    place = spoken_speech().whole
    return place.text.format(day=_day(place, first, wall_of(now, zone)))


def _said_again(text: str, recurrence: Recurrence, zone: Zone, now: datetime) -> str:
    own = zone if recurrence.is_elapsed else ZoneInfo(recurrence.zone)
    sentence = text if recurrence.is_elapsed else f"{text} ({recurrence.zone})"
    ahead = recurrence.next_after(now)
    if ahead:
        following = gettext("{recurrence}, next {time}")
        sentence = following.format(recurrence=sentence, time=told(ahead, own, now))
    return f"{sentence}; {recurrence.left_out}" if recurrence.left_out else sentence


def _offset(instant: datetime, zone: Zone) -> str:
    """ "+01:00"."""
    return f"{instant.astimezone(zone):%z}"[:3] + ":" + f"{instant.astimezone(zone):%z}"[3:5]
