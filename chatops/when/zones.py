"""Between wall clocks and instants, where clocks change.

A wall time that the clock skips is the moment at which it would have come, told by the clock as it
then is: 02:30 of a night without it is 03:30. One that comes twice is the first of the two. Source:
RFC 5545, 3.3.5, and PEP 495, whose `fold=0` does the same. Wall times are naive datetimes; instants
are in UTC.
"""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Zone = ZoneInfo | timezone


def wall_of(instant: datetime, zone: Zone) -> datetime:
    """What the clock shows at that instant; naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def instant_of(wall: datetime, zone: Zone) -> datetime:
    """The first instant at which the clock shows it, or would have."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def instants_of(wall: datetime, zone: Zone) -> tuple[datetime, ...]:
    """Every instant of that wall time: one, or the two in order."""
    first = instant_of(wall, zone)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return (first, second) if second > first else (first,)


def is_skipped(wall: datetime, zone: Zone) -> bool:
    """Whether the clock never shows it."""
    return wall_of(instant_of(wall, zone), zone) != wall


def is_doubled(instant: datetime, zone: Zone) -> bool:
    """Whether the clock shows the same at another instant too."""
    return len(instants_of(wall_of(instant, zone), zone)) > 1


def moved(wall: datetime, seconds: int) -> datetime:
    """So many seconds on by the wall clock."""
    return wall + timedelta(seconds=seconds)


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of an IANA name; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
