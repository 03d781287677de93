"""How answers name alerts, silences and times, each short enough for a phone. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.matchers import Matcher, readable_matchers
from alerts.rendering.headline import colour
from alerts.rendering.times import Times
from alerts.rendering.words import isolate, one_line, shorten_end
from alerts.severity import Severity
from alerts.sources.incoming import AlertStatus
from botapi.markup import MAX_LENGTH, Node, bold, code, italic, link, render, shorten, text
from botapi.markup_runs import accepted_url
from languages.speaking import gettext, pgettext

NAME_MAX = 80
LABEL_MAX = 40
COMMENT_MAX = 100
MATCHERS_MAX = 200


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group in a list. `firing`: how many alerts; `by`: who acknowledged it; `url`: "" for none,
    and left out where Telegram takes no such link; `muted`: why nothing is told of it."""

    title: str
    status: AlertStatus
    severity: str
    firing: int
    since: datetime
    by: str = ""
    assigned: str = ""
    muted: str = ""
    url: str = ""


def group_row(row: GroupRow, times: Times) -> list[Node]:
    """ "🔴 HighCPU · web-1 (3) · since 23 Nov 14:02 UTC · 👀 Ada"."""
    severity = Severity(row.severity) if row.severity else None
    name = name_of(row.title)
    parts: list[Node] = [text(f"{colour(row.status, severity)} ")]
    parts.append(link(row.url, bold(name)) if accepted_url(row.url) else bold(name))
    if row.firing > 1:
        parts.append(text(f" ({row.firing})"))
    since = gettext("since {time}").format(time=times.show(row.since))
    parts.append(text(f" · {since}"))
    if row.by:
        parts.append(text(f" · 👀 {name_of(row.by)}"))
    if row.assigned:
        parts.append(text(f" · 👤 {name_of(row.assigned)}"))
    if row.muted:
        parts.append(italic(f" · {row.muted}"))
    return parts


@dataclass(frozen=True, slots=True)
class SilenceRow:
    """A silence in a list. `holds`: for how many firing alerts."""

    matchers: object
    starts_at: datetime
    ends_at: datetime
    author: str
    comment: str
    holds: int = 0


def silence_row(row: SilenceRow, times: Times, now: datetime) -> list[Node]:
    """ "🔕 alertname="HighCPU" until 24 Nov 09:00 UTC · Ada · holds for 3 · deploy"."""
    parts: list[Node] = [text("🔕 "), code(matchers_text(row.matchers))]
    parts.append(text(f" {_lasts(row, times, now)}"))
    if row.author:
        parts.append(text(f" · {name_of(row.author)}"))
    if row.holds:
        holds = pgettext("a silence, how many alerts", "holds for {count}")
        parts.append(text(f" · {holds.format(count=row.holds)}"))
    if row.comment:
        parts.append(italic(f" · {isolate(shorten_end(one_line(row.comment), COMMENT_MAX))}"))
    return parts


def _lasts(row: SilenceRow, times: Times, now: datetime) -> str:
    if row.starts_at <= now:
        return gettext("until {time}").format(time=times.show(row.ends_at))
    start = times.show(row.starts_at)
    return gettext("from {start} until {end}").format(start=start, end=times.show(row.ends_at))


def matchers_text(matchers: object) -> str:
    """As Alertmanager writes them, on one line; what cannot be read as it is."""
    read = readable_matchers(matchers)
    words = ", ".join(map(str, read)) if read else str(matchers)
    return shorten_end(one_line(words), MATCHERS_MAX)


def matchers_of(matchers: object) -> tuple[Matcher, ...]:
    """Those of a stored silence; none where nobody can read them."""
    return readable_matchers(matchers) or ()


def name_of(name: str) -> str:
    """A title or a person's name on one line; never empty."""
    return isolate(shorten_end(one_line(name) or _unnamed(), NAME_MAX))


def label_of(title: str) -> str:
    """The same for a button."""
    return shorten_end(one_line(title) or _unnamed(), LABEL_MAX)


def _unnamed() -> str:
    return pgettext("somebody or something without a name", "unnamed")


def lines(head: Sequence[Node], rows: Sequence[Sequence[Node]], tail: str = "") -> str:
    """HTML of a heading and rows, cut to what a message holds."""
    nodes = list(head)
    for row in rows:
        nodes += [text("\n"), *row]
    if tail:
        nodes += [text("\n\n"), italic(tail)]
    return html(nodes)


def html(nodes: Sequence[Node]) -> str:
    """HTML that Telegram takes, cut where it is too long."""
    return render(shorten(nodes, MAX_LENGTH, parse_mode="HTML"), "HTML")
