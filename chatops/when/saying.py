"""What the bot says back: a phrase that is read as the same again, and the sentence around it.

Clocks have 24 hours. Days are "today" and "tomorrow", then the weekday with its date, with the year
where it is another one. A wall time that comes twice that night is told with its offset from UTC.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from chatops.when.readings import Instant, Span
from chatops.when.recurrences import Recurrence
from chatops.when.words import MONTH_NAMES, WEEKDAY_NAMES
from chatops.when.zones import Zone, instant_of, is_doubled, wall_of


def phrase(reading: Span | Instant | Recurrence, zone: Zone, now: datetime) -> str:
    """The shortest text that is read as this at the same moment: "for 2 hours", "until tomorrow
    09:00", "from today 20:00 until tomorrow 06:00", "in 20 minutes", "every weekday at 09:15"."""
    if isinstance(reading, Recurrence):
        return str(reading)
    if isinstance(reading, Instant):
        return f"in {reading.length}" if reading.length else told(reading.at, zone, now)
    if reading.start is not None:
        if day := _whole_day(reading.start, reading.end, zone, now):
            return f"for {day}"
        return f"from {told(reading.start, zone, now)} {_end(reading, zone, now)}"
    return _end(reading, zone, now)


def said(reading: Span | Instant | Recurrence, zone: Zone, now: datetime) -> str:
    """What was understood, for the person who typed it: "for 2 hours, until today 14:30
    (Europe/Berlin)"; of a recurrence with its next time, "every weekday at 09:15 (Europe/Berlin),
    next tomorrow 09:15"."""
    text = phrase(reading, zone, now)
    if isinstance(reading, Recurrence):
        return _said_again(text, reading, zone, now)
    if reading.length is not None:
        instant = reading.at if isinstance(reading, Instant) else reading.end
        until = "" if isinstance(reading, Instant) else "until "
        exact = bool(reading.length.seconds % 60)
        text = f"{text}, {until}{told(instant, zone, now, exact=exact)}"
    sentence = f"{text} ({zone})"
    if reading.skipped is not None:
        sentence += f"; the clock skips {reading.skipped:%H:%M} that night"
    return sentence


def told(instant: datetime, zone: Zone, now: datetime, *, exact: bool = True) -> str:
    """ "today 14:30", "tomorrow 09:00", "Monday 30 November 09:00"; with seconds where there are
    any and they are asked for (`exact`)."""
    wall = wall_of(instant, zone)
    clock = f"{wall:%H:%M:%S}" if exact and wall.second else f"{wall:%H:%M}"
    day = _day(wall, wall_of(now, zone))
    return f"{day} {clock}{_offset(instant, zone) if is_doubled(instant, zone) else ''}"


def _day(wall: datetime, here: datetime) -> str:
    days = (wall.date() - here.date()).days
    if days in (0, 1):
        return ("today", "tomorrow")[days]
    year = f" {wall.year}" if wall.year != here.year else ""
    return f"{WEEKDAY_NAMES[wall.weekday()]} {wall.day} {MONTH_NAMES[wall.month - 1]}{year}"


def _whole_day(start: datetime, end: datetime, zone: Zone, now: datetime) -> str:
    """The day that this is, from its midnight to the next one; "" where it is none."""
    first = datetime.combine(wall_of(start, zone).date(), time())
    if (instant_of(first, zone), instant_of(first + timedelta(days=1), zone)) != (start, end):
        return ""
    return _day(first, wall_of(now, zone))


def _end(span: Span, zone: Zone, now: datetime) -> str:
    return f"for {span.length}" if span.length else f"until {told(span.end, zone, now)}"


def _said_again(text: str, recurrence: Recurrence, zone: Zone, now: datetime) -> str:
    own = ZoneInfo(recurrence.zone)
    where = "" if recurrence.is_elapsed else f" ({recurrence.zone})"
    ahead = recurrence.next_after(now)
    next_time = (
        f", next {told(ahead, zone if recurrence.is_elapsed else own, now)}" if ahead else ""
    )
    left_out = f"; {recurrence.left_out}" if recurrence.left_out else ""
    return f"{text}{where}{next_time}{left_out}"


def _offset(instant: datetime, zone: Zone) -> str:
    """ "+01:00"."""
    return f"{instant.astimezone(zone):%z}"[:3] + ":" + f"{instant.astimezone(zone):%z}"[3:5]
