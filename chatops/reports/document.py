"""A report as a file, for programs: its columns are named in English. Pure."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.rendering.words import one_line

HEAD = (
    *("opened", "closed", "severity", "title", "alerts", "acknowledged", "acknowledged by"),
    *("minutes to acknowledge", "minutes to the end"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Line:
    """One group. `acknowledged_at`: the first time that somebody was on it."""

    title: str
    severity: str
    alerts: int
    opened_at: datetime
    closed_at: datetime | None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""

    @property
    def to_acknowledge(self) -> timedelta | None:
        """How soon somebody was on it."""
        return self.acknowledged_at - self.opened_at if self.acknowledged_at else None

    @property
    def to_end(self) -> timedelta | None:
        """How long it lasted."""
        return self.closed_at - self.opened_at if self.closed_at else None


def as_csv(lines: Sequence[Line], zone: ZoneInfo) -> bytes:
    """UTF-8 with a mark, so that spreadsheets read it; times in `zone`. What could be taken for a
    formula is a text (OWASP "CSV Injection")."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for line in lines:
        writer.writerow(
            [
                _time(line.opened_at, zone),
                _time(line.closed_at, zone),
                line.severity,
                _plain(line.title),
                line.alerts,
                _time(line.acknowledged_at, zone),
                _plain(line.acknowledged_by),
                _minutes(line.to_acknowledge),
                _minutes(line.to_end),
            ]
        )
    return out.getvalue().encode("utf-8-sig", "replace")


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""


def _minutes(took: timedelta | None) -> str:
    return f"{took.total_seconds() / 60:.1f}" if took is not None else ""


def _plain(words: str) -> str:
    line = one_line(words)
    return f"'{line}" if line.startswith(_FORMULA) else line
