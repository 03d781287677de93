"""Times and durations for people. No clock: dates are told, never "today" or "ago"."""

from datetime import UTC, datetime, timedelta, tzinfo

from languages.speaking import gettext, gettext_noop, pgettext

_MONTHS = (
    gettext_noop("Jan"),
    gettext_noop("Feb"),
    gettext_noop("Mar"),
    gettext_noop("Apr"),
    gettext_noop("May"),
    gettext_noop("Jun"),
    gettext_noop("Jul"),
    gettext_noop("Aug"),
    gettext_noop("Sep"),
    gettext_noop("Oct"),
    gettext_noop("Nov"),
    gettext_noop("Dec"),
)
_DAY, _HOUR, _MINUTE, _SECOND = 86_400, 3_600, 60, 1
# Seconds of the unit and of the one that is told beside it; with it and alone.
_LENGTHS = (
    (_DAY, _HOUR, gettext_noop("{number} d {rest} h"), gettext_noop("{number} d")),
    (_HOUR, _MINUTE, gettext_noop("{number} h {rest} min"), gettext_noop("{number} h")),
    (_MINUTE, _MINUTE, "", gettext_noop("{number} min")),
    (_SECOND, _SECOND, "", gettext_noop("{number} s")),
)


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
            written = f"{self._date(local)} {written}"
            self._day = day
        name = zone_name(local)
        if name != self._zone_name:
            written = f"{written} {name}"
            self._zone_name = name
        return written

    def _date(self, local: datetime) -> str:
        month = gettext(_MONTHS[local.month - 1])
        if local.year == self._year:
            return pgettext("date", "{day} {month}").format(day=local.day, month=month)
        written = pgettext("date", "{day} {month} {year}")
        return written.format(day=local.day, month=month, year=f"{local.year:04}")


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
    for size, smaller, both, alone in _LENGTHS:
        if seconds >= size:
            rest = seconds % size // smaller if both else 0
            return gettext(both if rest else alone).format(number=seconds // size, rest=rest)
    return gettext("less than 1 s")


def _local(moment: datetime, zone: tzinfo) -> datetime:
    try:
        return moment.astimezone(zone)
    except OverflowError:  # year 1 or 9999, which the zone's offset would leave
        return moment.astimezone(UTC) if moment.tzinfo is not UTC else moment
