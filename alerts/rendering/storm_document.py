"""Everything that a storm absorbed as a text file: one line an alert, worst first."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple

from alerts.rendering.headline import NO_NAME
from alerts.rendering.times import full
from alerts.rendering.words import one_line, shorten_end
from alerts.severity import Severity, rank
from botapi.limits import DOCUMENT_BYTES_MAX

_STATUS_ORDER = {"firing": 0, "event": 1, "resolved": 2}
_LINE_MAX = 2_000
_SUMMARY_MAX = 300
_BYTES_MAX = DOCUMENT_BYTES_MAX - 1_000_000
_NAME_LABELS = frozenset(("alertname", "rulename", "severity"))


class Row(NamedTuple):
    """An alert of an absorbed group."""

    severity: str
    status: str
    name: str
    labels: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    summary: str
    acknowledged: bool


def render_storm_document(
    rows: Iterable[Row], opened_at: datetime, closed_at: datetime | None, zone: tzinfo
) -> tuple[str, bytes]:
    """A file name and its content in UTF-8: by severity, in it firing before resolved, then by name
    and labels."""
    told = [(row._replace(name=one_line(row.name) or NO_NAME), _labels(row.labels)) for row in rows]
    told.sort(key=lambda one: _place_of(*one))
    began = full(opened_at, zone)
    ended = f" to {full(closed_at, zone)}" if closed_at else ""
    written = [f"{len(told):,} alerts told together, {began}{ended}"]
    size, heading, left_out = 0, None, 0
    for row, labels in told:
        if size > _BYTES_MAX:
            left_out += 1
            continue
        if (row.severity, row.status) != heading:
            heading = (row.severity, row.status)
            written += ["", f"{row.status.upper()} {row.severity or 'of unknown severity'}"]
        line = _line(row, labels, zone)
        size += len(line.encode("utf-8", "replace")) + 1
        written.append(line)
    if left_out:
        written += ["", f"{left_out:,} more: Telegram takes no larger file. The console has all."]
    content = "\n".join([*written, ""]).encode("utf-8", "replace")
    return f"alerts-{opened_at:%Y-%m-%d-%H%M}.txt", content


def _place_of(row: Row, labels: str) -> tuple[int, int, str, str]:
    severity = Severity(row.severity) if row.severity else None
    return -rank(severity), _STATUS_ORDER[row.status], row.name, labels


def _labels(labels: Mapping[str, str]) -> str:
    return " ".join(
        f"{one_line(name)}={one_line(str(labels[name]))}"
        for name in sorted(labels)
        if name not in _NAME_LABELS
    )


def _line(row: Row, labels: str, zone: tzinfo) -> str:
    parts = [row.name]
    if labels:
        parts.append(labels)
    if row.starts_at is not None:
        word = "at" if row.status == "event" else "since"
        until = f" until {full(row.ends_at, zone)}" if row.ends_at else ""
        parts.append(f"{word} {full(row.starts_at, zone)}{until}")
    if row.acknowledged:
        parts.append("acknowledged")
    if summary := one_line(row.summary):
        parts.append(shorten_end(summary, _SUMMARY_MAX))
    return "  ".join(parts)[:_LINE_MAX]
