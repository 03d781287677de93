"""Everything about a group as a text file, for what a message has no room for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

from alerts.rendering.digest import digest
from alerts.rendering.headline import headline, name_of
from alerts.rendering.times import duration, full
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import lines_of, one_line

_NOT_IN_FILENAMES = re.compile(r"[^\w.-]+")
_FILENAME_MAX = 60
_RULE = "-" * 60


def render_document(group: GroupView, zone: tzinfo) -> tuple[str, bytes]:
    """A file name ending in `.txt` and its content in UTF-8: every alert with all that is known.

    Sorted like the message: firing, then events, then resolved; worst first, then newest.
    """
    found = digest(group)
    first = headline(group, found.status, found.leading, found.where)
    lines = [*_header(group, first.text, zone), ""]
    for number, alert in enumerate(found.alerts, 1):
        lines += [_RULE, *_alert(alert, number, len(found.alerts), zone), ""]
    if group.truncated:
        lines += [_RULE, f"{group.truncated} more alerts were left out by the sender.", ""]
    text = "\n".join(lines)
    return _filename(group, found.alerts), text.encode("utf-8", "replace")


def _header(group: GroupView, first: str, zone: tzinfo) -> Iterator[str]:
    counts = {
        status: sum([alert.status == status for alert in group.alerts])
        for status in ("firing", "event", "resolved")
    }
    told = [f"{count} {status}" for status, count in counts.items() if count]
    yield first
    yield f"Alerts:       {', '.join(told) or 'none'}"
    if not group.alerts:
        yield from _field("Title", group.title)
    yield from _field("Organization", group.organization)
    yield from _field("Integration", group.integration)
    yield from _time("Opened", group.opened_at, zone)
    yield from _time("Closed", group.closed_at, zone)
    if group.acknowledged_at is not None:
        by = f" by {one_line(group.acknowledged_by)}" if group.acknowledged_by else ""
        yield f"Acknowledged: {full(group.acknowledged_at, zone)}{by}"
    yield from _field("Assigned to", group.assigned_to)
    yield from _field("Silenced", group.silenced_note)
    yield from _field("Sender", group.external_url)
    yield from _field("Console", group.console_url)
    yield from _pairs("Grouped by", group.group_labels)


def _alert(alert: AlertView, number: int, count: int, zone: tzinfo) -> Iterator[str]:
    is_muted = alert.muted if alert.status != "resolved" else ""
    state = " ".join(part for part in (alert.status.upper(), alert.severity, is_muted) if part)
    yield f"{number} of {count}: {state} · {name_of(alert)}"
    yield from _time("Since" if alert.status != "event" else "At", alert.starts_at, zone)
    if alert.ends_at is not None:
        lasted = f", after {duration(alert.ends_at - alert.starts_at)}" if alert.starts_at else ""
        how = f", {alert.ended}" if alert.ended else ""
        yield f"Until:        {full(alert.ends_at, zone)}{lasted}{how}"
    yield from _field("Value", alert.value_text)
    yield from _text("Summary", alert.summary)
    yield from _text("Description", alert.description)
    yield from _pairs("Labels", alert.labels)
    said = {alert.summary, alert.description}
    others = {name: value for name, value in alert.annotations.items() if value not in said}
    yield from _pairs("Annotations", others)
    if alert.links:
        yield "Links:"
        yield from (f"  {link.label or link.kind}: {link.url}" for link in alert.links)
    yield from _field("Image", alert.image_url)
    yield from _field("Fingerprint", alert.fingerprint)


def _field(name: str, value: str) -> Iterable[str]:
    shown = one_line(value)
    return (f"{name + ':':13} {shown}",) if shown else ()


def _time(name: str, moment: datetime | None, zone: tzinfo) -> Iterable[str]:
    return (f"{name + ':':13} {full(moment, zone)}",) if moment else ()


def _text(name: str, value: str) -> Iterable[str]:
    """A text on its name's line when it is one line, else below."""
    lines = lines_of(value)
    if len(lines) <= 1:
        return _field(name, value)
    return (f"{name}:", *(f"  {line}" if line else "" for line in lines))


def _pairs(name: str, values: Mapping[str, str]) -> Iterator[str]:
    if not values:
        return
    yield f"{name}:"
    for key in sorted(values):
        lines = lines_of(values[key]) or [""]
        yield f"  {one_line(key)} = {lines[0]}"
        yield from (f"      {line}" for line in lines[1:])


def _filename(group: GroupView, alerts: Iterable[AlertView]) -> str:
    """Of the first alert's name and the day, in characters that any system takes."""
    name = next((name_of(alert) for alert in alerts), one_line(group.title))
    safe = _NOT_IN_FILENAMES.sub("-", name).strip("-.")[:_FILENAME_MAX]
    return f"{safe or 'alerts'}-{group.opened_at:%Y-%m-%d}.txt"
