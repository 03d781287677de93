"""A report as a file and a summary. Pure."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from alerts.rendering.headline import COLOURS
from alerts.rendering.times import duration
from alerts.rendering.words import one_line
from alerts.severity import Severity
from botapi.markup import Node, bold, render, text
from chatops.reports.periods import Period, shown

HEAD = (
    *("opened", "closed", "severity", "title", "alerts", "acknowledged", "acknowledged by"),
    *("minutes to acknowledge", "minutes to the end"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NAMED = 5


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


def summary(lines: Sequence[Line], period: Period, zone: ZoneInfo, about: str, total: int) -> str:
    """HTML: how many, how grave, how soon, and what came most often."""
    of = f" of {about}" if about else ""
    nodes: list[Node] = [bold(f"Report{of}: {shown(period, zone)} ({zone.key})")]
    more = f" (the first {len(lines):,} of {total:,} are in the file)" if total > len(lines) else ""
    nodes.append(text(f"\n{total:,} groups{more}{_by_severity(lines)}"))
    acknowledged = [took for line in lines if (took := line.to_acknowledge) is not None]
    ended = [took for line in lines if (took := line.to_end) is not None]
    if lines:
        nodes.append(text(f"\nAcknowledged: {len(acknowledged):,}{_times(acknowledged)}"))
        nodes.append(text(f"\nOver: {len(ended):,}{_times(ended)}"))
    often = Counter(one_line(line.title)[:60] for line in lines).most_common(_NAMED)
    if often and often[0][1] > 1:
        nodes.append(text("\nMost often: "))
        nodes.append(text(", ".join(f"{name} ×{count}" for name, count in often if count > 1)))
    return render(nodes, "HTML")


def _by_severity(lines: Sequence[Line]) -> str:
    counts = Counter(line.severity for line in lines)
    parts = [
        f"{COLOURS[severity]} {counts[severity.value]:,}"
        for severity in sorted(Severity, key=lambda one: -one.rank)
        if counts[severity.value]
    ]
    if counts[""]:
        parts.append(f"unknown {counts['']:,}")
    return f": {'  '.join(parts)}" if parts else ""


def _times(took: Sequence[timedelta]) -> str:
    if not took:
        return ""
    middle = timedelta(seconds=median(one.total_seconds() for one in took))
    return f", after {duration(middle)} in the middle, {duration(max(took))} at most"


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""


def _minutes(took: timedelta | None) -> str:
    return f"{took.total_seconds() / 60:.1f}" if took is not None else ""


def _plain(words: str) -> str:
    line = one_line(words)
    return f"'{line}" if line.startswith(_FORMULA) else line
