"""Everything about a group as a text file, for what a message has no room for."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

from alerts.rendering.digest import digest
from alerts.rendering.headline import headline, name_of, severity_word, state_in_capitals
from alerts.rendering.keyboard import kind_word
from alerts.rendering.times import duration, full
from alerts.rendering.view_model import AlertView, GroupView
from alerts.rendering.words import lines_of, one_line
from languages.speaking import gettext, ngettext, pgettext

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
        lines += [_RULE, _left_out(group.truncated), ""]
    text = "\n".join(lines)
    return _filename(group, found.alerts), text.encode("utf-8", "replace")


def _left_out(number: int) -> str:
    told = ngettext(
        "{count} more alert was left out by the sender.",
        "{count} more alerts were left out by the sender.",
        number,
    )
    return told.format(count=number)


def _header(group: GroupView, first: str, zone: tzinfo) -> Iterator[str]:
    yield first
    yield from _field(gettext("Alerts"), _counts(group))
    if not group.alerts:
        yield from _field(gettext("Title"), group.title)
    yield from _field(gettext("Organization"), group.organization)
    yield from _field(gettext("Integration"), group.integration)
    yield from _time(gettext("Opened"), group.opened_at, zone)
    yield from _time(gettext("Closed"), group.closed_at, zone)
    if group.acknowledged_at is not None:
        at = full(group.acknowledged_at, zone)
        if by := one_line(group.acknowledged_by):
            at = gettext("{time} by {name}").format(time=at, name=by)
        yield from _field(gettext("Acknowledged"), at)
    yield from _field(gettext("Assigned to"), group.assigned_to)
    yield from _field(gettext("Silenced"), group.silenced_note)
    yield from _field(gettext("Sender"), group.external_url)
    yield from _field(gettext("Console"), group.console_url)
    yield from _pairs(gettext("Grouped by"), group.group_labels)


def _counts(group: GroupView) -> str:
    """ "2 firing, 1 resolved"."""
    counts = Counter([alert.status for alert in group.alerts])
    told = []
    if firing := counts["firing"]:
        told.append(ngettext("{count} firing", "{count} firing", firing).format(count=firing))
    if events := counts["event"]:
        told.append(ngettext("{count} event", "{count} events", events).format(count=events))
    if over := counts["resolved"]:
        told.append(ngettext("{count} resolved", "{count} resolved", over).format(count=over))
    return ", ".join(told) or pgettext("alerts", "none")


def _alert(alert: AlertView, number: int, count: int, zone: tzinfo) -> Iterator[str]:
    place = gettext("{number} of {count}").format(number=number, count=count)
    yield f"{place}: {_state(alert)} · {name_of(alert)}"
    since = gettext("Since") if alert.status != "event" else pgettext("time", "At")
    yield from _time(since, alert.starts_at, zone)
    if alert.ends_at is not None:
        told = [full(alert.ends_at, zone)]
        if alert.starts_at:
            after = gettext("after {length}")
            told.append(after.format(length=duration(alert.ends_at - alert.starts_at)))
        told += [alert.ended] if alert.ended else []
        yield from _field(pgettext("time", "Until"), ", ".join(told))
    yield from _field(pgettext("measured", "Value"), alert.value_text)
    yield from _text(gettext("Summary"), alert.summary)
    yield from _text(gettext("Description"), alert.description)
    yield from _pairs(gettext("Labels"), alert.labels)
    said = {alert.summary, alert.description}
    others = {name: value for name, value in alert.annotations.items() if value not in said}
    yield from _pairs(gettext("Annotations"), others)
    if alert.links:
        heading = gettext("Links")
        yield f"{heading}:"
        yield from (f"  {link.label or kind_word(link.kind)}: {link.url}" for link in alert.links)
    yield from _field(gettext("Image"), alert.image_url)
    yield from _field(gettext("Fingerprint"), alert.fingerprint)


def _state(alert: AlertView) -> str:
    """ "FIRING critical silenced"."""
    muted = alert.muted if alert.status != "resolved" else ""
    words = {"silenced": gettext("silenced"), "inhibited": gettext("inhibited")}
    state = state_in_capitals(alert.status)
    return " ".join(filter(None, (state, severity_word(alert.severity), words.get(muted, muted))))


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
