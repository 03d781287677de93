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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from alerts.rendering.commands import without_commands
from alerts.rendering.details import length_of_episode
from alerts.rendering.headline import RESOLVED_MARK, SEPARATOR, colour, name_of, where_label
from alerts.rendering.lines import Line, nodes_of, words_of
from alerts.rendering.times import Times, duration
from alerts.rendering.view_model import AlertView, ChannelView, RenderedMessage
from alerts.rendering.words import isolate, one_line, shorten_name
from alerts.severity import Severity, rank
from alerts.sources.incoming import AlertStatus
from alerts.storms.state import Unheard
from botapi.limits import MESSAGE_TEXT_MAX
from botapi.markup import Code, Node, Text, bold, fits, render, text

LISTED_MAX = 10
_ROWS = (LISTED_MAX, 5, 2, 0)
_NAME_MAX, _PLACE_MAX = 64, 64
_NAMES_TOLD = 5
_NOTICE_NAMES = 3
_WORDS: Mapping[AlertStatus, str] = {"firing": "firing", "event": "events", "resolved": "resolved"}
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
    lines: list[Line] = [[bold(_first_line(storm))], [_when(storm, times, has_document=cut)]]
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
        told = f"{_counted(total, 'alert')} fired and resolved"
        return f"{mark} MISSED{SEPARATOR}{told}"
    if storm.closed_at is not None:
        return f"{_mark(storm)} STORM OVER{SEPARATOR}{_outcome(storm)}"
    worst = max(
        (c.severity for c in storm.counts if c.status != "resolved"), key=rank, default=None
    )
    state = f"STORM {worst or ''}".strip()
    events = _events(storm)
    told = f"{firing:,} firing" if firing else events[0] if events else "none firing"
    return f"{_mark(storm)} {state}{SEPARATOR}{_counted(total, 'alert')}, {told}"


def _outcome(storm: StormView) -> str:
    firing, alerts = storm.number("firing"), storm.number() - storm.number("event")
    told = []
    if firing:
        told.append(f"{firing:,} of {alerts:,} still firing")
    elif alerts:
        told.append(f"all {alerts:,} resolved" if alerts > 1 else "1 resolved")
    return ", ".join([*told, *_events(storm)])


def _events(storm: StormView) -> list[str]:
    """What never resolves, if any."""
    events = storm.number("event")
    return [_counted(events, "event")] if events else []


def _mark(storm: StormView) -> str:
    statuses: tuple[AlertStatus, ...] = ("firing", "event")
    for status in statuses:
        of_it = [count.severity for count in storm.counts if count.status == status]
        if of_it:
            return colour(status, max(of_it, key=rank))
    return RESOLVED_MARK


def _when(storm: StormView, times: Times, *, has_document: bool) -> str:
    if storm.reason == "outage":
        line = "They were over before messages could be delivered"
    elif storm.closed_at is None:
        line = f"Told together since {times.show(storm.opened_at)}"
    else:
        lasted = duration(storm.closed_at - storm.opened_at)
        began, ended = times.show(storm.opened_at), times.show(storm.closed_at)
        line = f"Lasted {lasted}, from {began} to {ended}"
    return f"{line}; the document lists all" if has_document else line


def _counts(storm: StormView) -> list[str]:
    lines = []
    for severity in _SEVERITIES:
        told = [
            f"{number:,} {word}"
            for status, word in _WORDS.items()
            if (number := storm.number(status, (severity,)))
        ]
        if told:
            mark = colour("firing", severity)
            lines.append(f"{mark} {severity or 'unknown severity'}: {', '.join(told)}")
    return lines


def _remarks(storm: StormView) -> list[str]:
    lines = []
    if storm.acknowledged:
        lines.append(f"👀 {storm.acknowledged:,} of those firing acknowledged")
    if storm.elsewhere:
        verb = "fires" if storm.elsewhere == 1 else "fire"
        lines.append(f"{_counted(storm.elsewhere, 'more alert')} still {verb}")
    if storm.parted:
        have = "has a message of its own" if storm.parted == 1 else "have messages of their own"
        lines.append(f"{_counted(storm.parted, 'more group')} {have}")
    if storm.truncated:
        lines.append(f"{storm.truncated:,} more that the sender left out")
    return lines


def _names(names: Sequence[tuple[str, int]], in_all: int) -> str:
    if len(names) > 1 and names[0][1] == 1:
        return _counted(in_all, "different name")
    told = [
        f"{isolate(shorten_name(one_line(name) or 'unnamed', 40))} ×{number:,}"
        for name, number in names[:_NAMES_TOLD]
    ]
    more = in_all - len(told)
    return f"Mostly {', '.join(told)}" + (f", +{_counted(more, 'name')}" if more > 0 else "")


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
            line.append(f"{SEPARATOR}lasted {duration(lasted)}, from {start}")
        else:
            line.append(f"{SEPARATOR}{'since ' if alert.status == 'firing' else ''}{start}")
    return line, len(name) <= _NAME_MAX and len(place) <= _PLACE_MAX


def _rest(storm: StormView, listed: Sequence[AlertView]) -> list[str]:
    more = storm.number("firing") - sum(alert.status == "firing" for alert in listed)
    if more and listed:
        return [f"and {more:,} more firing"]
    return []


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


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
            f"{isolate(shorten_name(one_line(name) or 'unnamed', 40))}"
            + (f" ×{number:,}" if number > 1 else "")
            for name, number in most
        )
        more = f" +{len(names) - len(most)}" if len(names) > len(most) else ""
        word = f"new {severity}" if severity else "new"
        lines.append(f"{colour('firing', severity)} {count:,} {word}: {told}{more}")
    return without_commands([text("\n".join(lines))])


def over_notice(storm: StormView) -> tuple[Node, ...]:
    """ "Storm over: 9,950 of 10,000 resolved, 50 firing"."""
    firing, resolved = storm.number("firing"), storm.number("resolved")
    told = [f"{resolved:,} of {resolved + firing:,} resolved"] if resolved or firing else []
    told += [f"{firing:,} firing"] if firing else []
    return (text(f"{_mark(storm)} Storm over: {', '.join([*told, *_events(storm)])}"),)


def resolved_notice(storm: StormView, channel: ChannelView) -> tuple[Node, ...]:
    """ "All 10,000 alerts of the storm of 23 Nov 14:02 UTC are resolved"."""
    began = Times(channel.zone, storm.opened_at).show(storm.opened_at)
    told = _counted(storm.number(), "alert")
    return (text(f"{RESOLVED_MARK} All {told} of the storm of {began} are resolved"),)
