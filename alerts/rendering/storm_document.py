"""Everything that a storm absorbed as a text file: one line an alert, worst first."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple

from alerts.rendering.headline import NO_NAME, severity_word, state_in_capitals
from alerts.rendering.times import full
from alerts.rendering.words import one_line, shorten_end
from alerts.severity import Severity, rank
from alerts.sources.incoming import AlertStatus
from botapi.limits import DOCUMENT_BYTES_MAX
from languages.numbers import grouped
from languages.speaking import gettext, ngettext

_STATUS_ORDER = {"firing": 0, "event": 1, "resolved": 2}
_LINE_MAX = 2_000
_SUMMARY_MAX = 300
_BYTES_MAX = DOCUMENT_BYTES_MAX - 1_000_000
_NAME_LABELS = frozenset(("alertname", "rulename", "severity"))


class Row(NamedTuple):
    """An alert of an absorbed group."""

    severity: str
    status: AlertStatus
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
    told = [
        (row._replace(name=one_line(row.name) or gettext(NO_NAME)), _labels(row.labels))
        for row in rows
    ]
    told.sort(key=lambda one: _place_of(*one))
    written = [_heading(len(told), opened_at, closed_at, zone)]
    size, heading, left_out = 0, None, 0
    for row, labels in told:
        if size > _BYTES_MAX:
            left_out += 1
            continue
        if (row.severity, row.status) != heading:
            heading = (row.severity, row.status)
            written += ["", _standing(row)]
        line = _line(row, labels, zone)
        size += len(line.encode("utf-8", "replace")) + 1
        written.append(line)
    if left_out:
        more = ngettext(
            "{count} more: Telegram takes no larger file. The console has all.",
            "{count} more: Telegram takes no larger file. The console has all.",
            left_out,
        )
        written += ["", more.format(count=grouped(left_out))]
    content = "\n".join([*written, ""]).encode("utf-8", "replace")
    return f"alerts-{opened_at:%Y-%m-%d-%H%M}.txt", content


def _heading(number: int, opened_at: datetime, closed_at: datetime | None, zone: tzinfo) -> str:
    told = ngettext(
        "{count} alert told together, {time}", "{count} alerts told together, {time}", number
    )
    time = full(opened_at, zone)
    if closed_at:
        time = gettext("{start} to {end}").format(start=time, end=full(closed_at, zone))
    return told.format(count=grouped(number), time=time)


def _standing(row: Row) -> str:
    state = state_in_capitals(row.status)
    if not row.severity:
        return gettext("{state} of unknown severity").format(state=state)
    return f"{state} {severity_word(Severity(row.severity))}"


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
        is_event = row.status == "event"
        word = gettext("at {time}") if is_event else gettext("since {time}")
        if row.ends_at:
            word = (
                gettext("at {time} until {end}")
                if is_event
                else gettext("since {time} until {end}")
            )
        end = full(row.ends_at, zone) if row.ends_at else ""
        parts.append(word.format(time=full(row.starts_at, zone), end=end))
    if row.acknowledged:
        parts.append(gettext("acknowledged"))
    if summary := one_line(row.summary):
        parts.append(shorten_end(summary, _SUMMARY_MAX))
    return "  ".join(parts)[:_LINE_MAX]
