"""A storm as one Telegram message: many groups told together, in figures and by the worst.

    🔴 STORM critical · 10,000 alerts, 9,950 firing       the first line, at most 60 characters
    Told together since 23 Nov 14:02 UTC; the document lists all
    🔴 critical: 213 firing, 12 resolved                  one line a severity
    👀 12 acknowledged
    Mostly HighCPU ×4,210, DiskFull ×300 +38 names
    🔴 DiskFull · db-1 · since 14:02                      the ten worst
    and 9,940 more firing

What does not fit is left out step by step, never cut in the middle of markup; a document tells all
of it. Pure, and without a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from alerts.rendering.commands import without_commands
from alerts.rendering.details import left_out, length_of_episode, since_words
from alerts.rendering.headline import (
    FIRST_LINE_MAX,
    RESOLVED_MARK,
    SEPARATOR,
    colour,
    name_of,
    severity_word,
    where_label,
)
from alerts.rendering.lines import Line, nodes_of, words_of
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import AlertView, ChannelView, RenderedMessage
from alerts.rendering.words import isolate, one_line, shorten_end, shorten_name
from alerts.severity import Severity, rank
from alerts.sources.incoming import AlertStatus
from alerts.storms.state import Unheard
from botapi.limits import MESSAGE_TEXT_MAX
from botapi.markup import Code, Node, Text, bold, fits, render, text
from languages.numbers import grouped
from languages.speaking import gettext, ngettext, pgettext

LISTED_MAX = 10
_ROWS = (LISTED_MAX, 5, 2, 0)
_NAME_MAX, _PLACE_MAX = 64, 64
_NAMES_TOLD = 5
_NOTICE_NAMES = 3
_STATUSES: tuple[AlertStatus, ...] = ("firing", "event", "resolved")
_SEVERITIES: tuple[Severity | None, ...] = (*Severity, None)


@dataclass(frozen=True, slots=True)
class Count:
    """How many alerts of the storm have this severity and status."""

    severity: Severity | None
    status: AlertStatus
    number: int


@dataclass(frozen=True, slots=True)
class StormView:
    """All that the digest says.

    `names`: the most frequent ones with how many alerts each has; `names_in_all`: how many there
    are. `worst`: at most LISTED_MAX, as they are to be listed. `parted`: groups that got messages
    of their own again. `elsewhere`: alerts that still fire and have messages of their own.
    """

    reason: Literal["storm", "outage"]
    opened_at: datetime
    closed_at: datetime | None
    counts: Sequence[Count]
    acknowledged: int
    names: Sequence[tuple[str, int]]
    names_in_all: int
    worst: Sequence[AlertView]
    truncated: int = 0
    parted: int = 0
    elsewhere: int = 0

    def number(self, status: AlertStatus | None = None, severities: Sequence[object] = ()) -> int:
        """How many alerts, of this status and of these severities where they are given."""
        return sum(
            count.number
            for count in self.counts
            if status in (None, count.status) and (not severities or count.severity in severities)
        )


def render_storm(
    storm: StormView, channel: ChannelView, limit: int = MESSAGE_TEXT_MAX
) -> RenderedMessage:
    """The storm as a message of at most `limit` code points, in the channel's format and zone.

    `overflow`: not every alert is listed, or not in full.
    """
    for rows in _ROWS:
        nodes, overflow = _compose(storm, channel, rows)
        if fits(nodes, channel.parse_mode, limit) or not rows:
            break
    return RenderedMessage(
        text=render(nodes, channel.parse_mode),
        parse_mode=channel.parse_mode,
        plain_text=render([Text(words_of(nodes))], ""),
        overflow=overflow,
        alert_ids=tuple([alert.alert_id for alert in storm.worst[:rows]]),
    )


def _compose(storm: StormView, channel: ChannelView, rows: int) -> tuple[tuple[Node, ...], bool]:
    times = Times(channel.zone, storm.opened_at)
    listed = storm.worst[:rows]
    cut = storm.number() > len(listed) or bool(storm.truncated)
    lines: list[Line] = [
        [bold(shorten_end(_first_line(storm), FIRST_LINE_MAX))],
        [_when(storm, times, has_document=cut)],
    ]
    if storm.number() > 1:
        lines += [[line] for line in _counts(storm)]
    lines += [[line] for line in _remarks(storm)]
    if cut and storm.names:
        lines.append([_names(storm.names, storm.names_in_all)])
    shortened = False
    for alert in listed:
        row, whole = _row(alert, times)
        shortened |= not whole
        lines.append(row)
    lines += [[line] for line in _rest(storm, listed)]
    return without_commands(nodes_of(lines)), cut or shortened


def _first_line(storm: StormView) -> str:
    total, firing = storm.number(), storm.number("firing")
    if storm.reason == "outage":
        mark = _mark(storm) if firing else RESOLVED_MARK
        told = ngettext(
            "{count} alert fired and resolved", "{count} alerts fired and resolved", total
        )
        state = gettext("MISSED")
        return f"{mark} {state}{SEPARATOR}{told.format(count=_written(total))}"
    if storm.closed_at is not None:
        state = gettext("STORM OVER")
        return f"{_mark(storm)} {state}{SEPARATOR}{_outcome(storm)}"
    worst = max(
        (c.severity for c in storm.counts if c.status != "resolved"), key=rank, default=None
    )
    word = severity_word(worst)
    state = gettext("STORM {severity}").format(severity=word) if word else gettext("STORM")
    events = _events(storm)
    none = gettext("none firing")
    told = _number_of("firing", firing) if firing else events[0] if events else none
    return f"{_mark(storm)} {state}{SEPARATOR}{_alerts(total)}, {told}"


def _outcome(storm: StormView) -> str:
    firing, alerts = storm.number("firing"), storm.number() - storm.number("event")
    told = []
    if firing:
        still = ngettext("{count} of {all} still firing", "{count} of {all} still firing", firing)
        told.append(still.format(count=_written(firing), all=_written(alerts)))
    elif alerts:
        told.append(_number_of("resolved", 1) if alerts == 1 else _all_resolved(alerts))
    return ", ".join([*told, *_events(storm)])


def _all_resolved(number: int) -> str:
    told = ngettext("all {count} resolved", "all {count} resolved", number)
    return told.format(count=_written(number))


def _events(storm: StormView) -> list[str]:
    """What never resolves, if any."""
    events = storm.number("event")
    return [_number_of("event", events)] if events else []


def _mark(storm: StormView) -> str:
    statuses: tuple[AlertStatus, ...] = ("firing", "event")
    for status in statuses:
        of_it = [count.severity for count in storm.counts if count.status == status]
        if of_it:
            return colour(status, max(of_it, key=rank))
    return RESOLVED_MARK


def _when(storm: StormView, times: Times, *, has_document: bool) -> str:
    if storm.reason == "outage":
        line = gettext("They were over before messages could be delivered")
    elif storm.closed_at is None:
        line = gettext("Told together since {time}").format(time=times.show(storm.opened_at))
    else:
        lasted = duration(storm.closed_at - storm.opened_at)
        began, ended = times.show(storm.opened_at), times.show(storm.closed_at)
        line = gettext("Lasted {length}, from {start} to {end}")
        line = line.format(length=lasted, start=began, end=ended)
    return gettext("{when}; the document lists all").format(when=line) if has_document else line


def _counts(storm: StormView) -> list[str]:
    lines = []
    for severity in _SEVERITIES:
        told = [
            _number_of(status, number)
            for status in _STATUSES
            if (number := storm.number(status, (severity,)))
        ]
        if told:
            word = severity_word(severity) or gettext("unknown severity")
            lines.append(f"{colour('firing', severity)} {word}: {', '.join(told)}")
    return lines


def _remarks(storm: StormView) -> list[str]:
    lines = []
    if number := storm.acknowledged:
        told = ngettext(
            "👀 {count} of those firing acknowledged",
            "👀 {count} of those firing acknowledged",
            number,
        )
        lines.append(told.format(count=_written(number)))
    if number := storm.elsewhere:
        told = ngettext("{count} more alert still fires", "{count} more alerts still fire", number)
        lines.append(told.format(count=_written(number)))
    if number := storm.parted:
        told = ngettext(
            "{count} more group has a message of its own",
            "{count} more groups have messages of their own",
            number,
        )
        lines.append(told.format(count=_written(number)))
    if storm.truncated:
        lines.append(left_out(storm.truncated))
    return lines


def _names(names: Sequence[tuple[str, int]], in_all: int) -> str:
    if len(names) > 1 and names[0][1] == 1:
        different = ngettext("{count} different name", "{count} different names", in_all)
        return different.format(count=_written(in_all))
    told = [f"{_name(name)} ×{_written(number)}" for name, number in names[:_NAMES_TOLD]]
    more = in_all - len(told)
    if more > 0:
        others = ngettext("+{count} name", "+{count} names", more)
        told.append(others.format(count=_written(more)))
    return gettext("Mostly {names}").format(names=", ".join(told))


def _name(name: str) -> str:
    return isolate(shorten_name(one_line(name) or pgettext("alert", "unnamed"), 40))


def _row(alert: AlertView, times: Times) -> tuple[Line, bool]:
    """Mark, name, place and time; and whether name and place are whole."""
    name, place = name_of(alert), one_line(alert.labels.get(where_label([alert]), ""))
    line: Line = [
        f"{colour(alert.status, alert.severity)} {isolate(shorten_name(name, _NAME_MAX))}"
    ]
    if place:
        line += [SEPARATOR, Code(shorten_name(place, _PLACE_MAX))]
    if alert.starts_at is not None:
        start = times.show(alert.starts_at)
        lasted = length_of_episode(alert) if alert.status == "resolved" else None
        if lasted is not None:
            told = gettext("lasted {length}, from {start}")
            told = told.format(length=duration(lasted), start=start)
        else:
            told = since_words(start) if alert.status == "firing" else start
        line.append(f"{SEPARATOR}{told}")
    return line, len(name) <= _NAME_MAX and len(place) <= _PLACE_MAX


def _rest(storm: StormView, listed: Sequence[AlertView]) -> list[str]:
    more = storm.number("firing") - sum(alert.status == "firing" for alert in listed)
    if more and listed:
        told = ngettext("and {count} more firing", "and {count} more firing", more)
        return [told.format(count=_written(more))]
    return []


def _alerts(number: int) -> str:
    return ngettext("{count} alert", "{count} alerts", number).format(count=_written(number))


def _number_of(status: AlertStatus, number: int) -> str:
    if status == "firing":
        told = ngettext("{count} firing", "{count} firing", number)
    elif status == "event":
        told = ngettext("{count} event", "{count} events", number)
    else:
        told = ngettext("{count} resolved", "{count} resolved", number)
    return told.format(count=_written(number))


def _written(number: int) -> str:
    return grouped(number)


# --- short replies to it -------------------------------------------------------------------------


def news_notice(news: Unheard) -> tuple[Node, ...]:
    """ "🔴 213 new critical: HighCPU ×200, DiskFull ×13", one line a severity, worst first."""
    lines = []
    for severity in _SEVERITIES:
        count, names = news.news.get(severity or "", (0, {}))
        if not count:
            continue
        most = sorted(names.items(), key=lambda item: (-item[1], item[0]))[:_NOTICE_NAMES]
        told = ", ".join(
            f"{_name(name)} ×{_written(number)}" if number > 1 else _name(name)
            for name, number in most
        )
        more = f" +{len(names) - len(most)}" if len(names) > len(most) else ""
        word = severity_word(severity)
        if word:
            new = ngettext("{count} new {severity}", "{count} new {severity}", count)
        else:
            new = ngettext("{count} new", "{count} new", count)
        new = new.format(count=_written(count), severity=word)
        lines.append(f"{colour('firing', severity)} {new}: {told}{more}")
    return without_commands([text("\n".join(lines))])


def over_notice(storm: StormView) -> tuple[Node, ...]:
    """ "Storm over: 9,950 of 10,000 resolved, 50 firing"."""
    firing, resolved = storm.number("firing"), storm.number("resolved")
    told = []
    if resolved or firing:
        over = ngettext("{count} of {all} resolved", "{count} of {all} resolved", resolved)
        told.append(over.format(count=_written(resolved), all=_written(resolved + firing)))
    told += [_number_of("firing", firing)] if firing else []
    said = gettext("Storm over: {outcome}").format(outcome=", ".join([*told, *_events(storm)]))
    return (text(f"{_mark(storm)} {said}"),)


def resolved_notice(storm: StormView, channel: ChannelView) -> tuple[Node, ...]:
    """ "All 10,000 alerts of the storm of 23 Nov 14:02 UTC are resolved"."""
    began = Times(channel.zone, storm.opened_at).show(storm.opened_at)
    number = storm.number()
    told = ngettext(
        "All {count} alert of the storm of {time} are resolved",
        "All {count} alerts of the storm of {time} are resolved",
        number,
    )
    return (text(f"{RESOLVED_MARK} {told.format(count=_written(number), time=began)}"),)
