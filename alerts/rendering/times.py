"""Times and durations for people. No clock: dates are told, never "today" or "ago"."""

from datetime import UTC, datetime, timedelta, tzinfo

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class Times:
    """Writes the times of one message in reading order: each says only what the last one did not.

    The first time is "23 Nov 14:02 UTC"; one of the same day is then "14:05". The year is told when
    it is not the one in which the group was opened (`reference`).
    """

    def __init__(self, zone: tzinfo, reference: datetime) -> None:
        self._zone = zone
        self._year = _local(reference, zone).year
        self._day: tuple[int, int, int] | None = None
        self._zone_name = ""

    def show(self, moment: datetime) -> str:
        """The time to the minute, with date and zone where they are not yet said."""
        local = _local(moment, self._zone)
        written = f"{local.hour:02}:{local.minute:02}"
        day = (local.year, local.month, local.day)
        if day != self._day:
            year = "" if local.year == self._year else f" {local.year:04}"
            written = f"{local.day} {_MONTHS[local.month - 1]}{year} {written}"
            self._day = day
        name = zone_name(local)
        if name != self._zone_name:
            written = f"{written} {name}"
            self._zone_name = name
        return written


def zone_name(local: datetime) -> str:
    """ "UTC", "CET", or "UTC+03" where the zone has only a number."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def full(moment: datetime, zone: tzinfo) -> str:
    """The time to the second, date first, for documents: "2026-11-23 14:02:39 UTC"."""
    local = _local(moment, zone)
    return f"{local.replace(tzinfo=None).isoformat(' ', 'seconds')} {zone_name(local)}"


def duration(length: timedelta) -> str:
    """In its two largest units: "45 s", "14 min", "1 h 12 min", "2 d 3 h"."""
    seconds = max(int(length.total_seconds()), 0)
    for number, (size, unit) in enumerate(_UNITS):
        if seconds >= size:
            written = f"{seconds // size} {unit}"
            if unit in {"d", "h"}:
                smaller, smaller_unit = _UNITS[number + 1]
                rest = seconds % size // smaller
                written += f" {rest} {smaller_unit}" if rest else ""
            return written
    return "less than 1 s"


def _local(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:  # year 1 or 9999, which the zone's offset would leave
        return moment.astimezone(UTC) if moment.tzinfo is not UTC else moment
