"""Where and when the tests' people type."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chatops.when.readings import Instant, Refused, Span, Unclear
from chatops.when.recurrences import Recurrence

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
"""Its clocks change by half an hour, and summer is in January."""
KOLKATA = ZoneInfo("Asia/Kolkata")
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, KOLKATA)

Reading = Span | Instant | Recurrence


def local(text: str, zone: ZoneInfo) -> datetime:
    """ "2026-11-26 10:00" as that zone's clock shows it, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def wall(text: str) -> datetime:
    """What a clock shows, anywhere."""
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    """ "2027-03-28 01:30" in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def instants(reading: object) -> list[datetime | None]:
    """Which instants a reading says, whatever the words for it were."""
    if isinstance(reading, Span):
        return [reading.start, reading.end]
    assert isinstance(reading, Instant), reading
    return [reading.at]


def choices(reading: object) -> list[str]:
    assert isinstance(reading, Unclear), reading
    return [choice.text for choice in reading.choices]


def reason(reading: object) -> str:
    assert isinstance(reading, Refused), reading
    return reading.reason
