"""What a chat reads of a report, above its file. Pure."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from zoneinfo import ZoneInfo

from alerts.rendering.headline import COLOURS
from alerts.rendering.times import duration
from alerts.rendering.words import one_line
from alerts.severity import Severity
from botapi.markup import Node, bold, render, text
from chatops.reports.document import Line
from chatops.reports.periods import Period, shown
from languages.numbers import grouped
from languages.speaking import gettext, ngettext, pgettext

_NAMED = 5


def summary(lines: Sequence[Line], period: Period, zone: ZoneInfo, about: str, total: int) -> str:
    """HTML: how many, how grave, how soon, and what came most often."""
    head = (
        gettext("Report of {about}: {period} ({zone})")
        if about
        else gettext("Report: {period} ({zone})")
    ).format(about=about, period=shown(period, zone), zone=zone.key)
    nodes: list[Node] = [bold(head), text(f"\n{_how_many(lines, total)}{_by_severity(lines)}")]
    acknowledged = [took for line in lines if (took := line.to_acknowledge) is not None]
    ended = [took for line in lines if (took := line.to_end) is not None]
    if lines:
        nodes += [text(f"\n{_acknowledged(acknowledged)}"), text(f"\n{_over(ended)}")]
    often = Counter(one_line(line.title)[:60] for line in lines).most_common(_NAMED)
    if often and often[0][1] > 1:
        titles = ", ".join(f"{name} ×{count}" for name, count in often if count > 1)
        nodes.append(text("\n" + gettext("Most often: {titles}").format(titles=titles)))
    return render(nodes, "HTML")


def _how_many(lines: Sequence[Line], total: int) -> str:
    words = ngettext("{count} group", "{count} groups", total)
    if total > len(lines):
        words = ngettext(
            "{count} group (the first {shown} of {count} are in the file)",
            "{count} groups (the first {shown} of {count} are in the file)",
            total,
        )
    return words.format(count=grouped(total), shown=grouped(len(lines)))


def _by_severity(lines: Sequence[Line]) -> str:
    counts = Counter(line.severity for line in lines)
    parts = [
        f"{COLOURS[severity]} {grouped(counts[severity.value])}"
        for severity in sorted(Severity, key=lambda one: -one.rank)
        if counts[severity.value]
    ]
    if counts[""]:
        words = pgettext("severity", "unknown {count}")
        parts.append(words.format(count=grouped(counts[""])))
    return f": {'  '.join(parts)}" if parts else ""


def _acknowledged(took: Sequence[timedelta]) -> str:
    if not took:
        return gettext("Acknowledged: {count}").format(count=0)
    words = gettext("Acknowledged: {count}, after {middle} in the middle, {most} at most")
    return _with_times(words, took)


def _over(took: Sequence[timedelta]) -> str:
    if not took:
        return gettext("Over: {count}").format(count=0)
    words = gettext("Over: {count}, after {middle} in the middle, {most} at most")
    return _with_times(words, took)


def _with_times(words: str, took: Sequence[timedelta]) -> str:
    middle = timedelta(seconds=median(one.total_seconds() for one in took))
    return words.format(count=grouped(len(took)), middle=duration(middle), most=duration(max(took)))
