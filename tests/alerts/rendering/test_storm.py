"""A storm's message, its replies and its document. The golden files were read by a person; see
test_golden.py for how they are written anew."""

import os
import time
from dataclasses import replace
from datetime import timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rendering.storm import (
    LISTED_MAX,
    Count,
    StormView,
    news_notice,
    over_notice,
    render_storm,
    resolved_notice,
)
from alerts.rendering.storm_document import Row, render_storm_document
from alerts.rendering.view_model import ChannelView, GroupView
from alerts.severity import Severity
from alerts.sources.incoming import AlertStatus
from alerts.storms.state import NOTHING_UNHEARD, Fresh
from botapi.limits import CAPTION_MAX, MESSAGE_TEXT_MAX
from botapi.markup import ParseMode, visible
from tests.alerts.rendering.cases import OPENED, alert, later, resolved
from tests.alerts.rendering.groups import (
    groups,
    many_examples,
    needs_tdlib,
    parse_modes,
    shown_by_telegram,
    zones,
)

GOLDEN = Path(__file__).parent / "golden_storms"
BERLIN = ZoneInfo("Europe/Berlin")
CRITICAL, HIGH, WARNING, INFO = Severity
WORST = (
    *(alert("DiskFull", f"db-{n}", CRITICAL, starts_at=later(n)) for n in range(3)),
    *(alert("HighCPU", f"web-{n}", WARNING, starts_at=later(5)) for n in range(7)),
)
ON = StormView(
    reason="storm",
    opened_at=later(3),
    closed_at=None,
    counts=(
        Count(CRITICAL, "firing", 213),
        Count(CRITICAL, "resolved", 12),
        Count(WARNING, "firing", 9_737),
        Count(INFO, "event", 4),
        Count(None, "resolved", 34),
    ),
    acknowledged=12,
    names=(("HighCPU", 9_000), ("DiskFull", 300), ("/var is full", 200), ("磁盘", 40), ("A", 1)),
    names_in_all=43,
    worst=WORST,
    truncated=5,
)
OVER = replace(
    ON,
    closed_at=later(13),
    counts=(Count(CRITICAL, "firing", 2), Count(WARNING, "resolved", 9_998)),
    acknowledged=0,
    worst=WORST[:2],
    parted=1,
)
GONE = alert("HighCPU", "web-1", WARNING)
EVENTS = replace(
    ON,
    counts=(Count(HIGH, "event", 398), Count(WARNING, "resolved", 1)),
    acknowledged=0,
    names=tuple((f"Backup of db-{n}", 1) for n in range(5)),
    names_in_all=399,
    worst=tuple(alert("Backup", f"db-{n}", HIGH, status="event") for n in range(10)),
    truncated=0,
)
CASES = {
    "on": ON,
    "over": OVER,
    "all_resolved": replace(
        OVER, counts=(Count(WARNING, "resolved", 10_000),), worst=(), parted=0, truncated=0
    ),
    "events": EVENTS,
    "events_over": replace(EVENTS, closed_at=later(13), parted=1),
    "missed": StormView(
        reason="outage",
        opened_at=later(30),
        closed_at=None,
        counts=(Count(CRITICAL, "resolved", 1), Count(WARNING, "resolved", 1)),
        acknowledged=0,
        names=(("HighCPU", 1), ("DiskFull", 1)),
        names_in_all=2,
        worst=(
            replace(WORST[0], status="resolved", ends_at=later(12)),
            replace(GONE, **resolved(GONE, 4)),  # type: ignore[arg-type]  # a test's shorthand
        ),
        elsewhere=3,
    ),
}


def compare(name: str, content: str) -> None:
    """Compare with the golden file, or write it where that was asked for."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(content)
    assert content == path.read_text(), name


@pytest.mark.parametrize("case", CASES)
def test_message(case: str) -> None:
    rendered = render_storm(CASES[case], ChannelView("HTML", BERLIN))
    markdown = render_storm(CASES[case], ChannelView("MarkdownV2", BERLIN))
    parts = [rendered.plain_text, "", f"overflow: {'yes' if rendered.overflow else 'no'}"]
    parts += ["", "---- HTML", rendered.text, "", "---- MarkdownV2", markdown.text]
    compare(f"{case}.txt", "\n".join(parts) + "\n")


def test_replies() -> None:
    fresh = [Fresh("critical", "HighCPU")] * 200 + [Fresh("critical", f"B{n}") for n in range(9)]
    news = NOTHING_UNHEARD.and_also([*fresh, Fresh("", "odd /var name")], 0)
    said = [news_notice(news), over_notice(OVER), over_notice(CASES["all_resolved"])]
    said.append(over_notice(CASES["events_over"]))
    said.append(resolved_notice(CASES["all_resolved"], ChannelView("HTML", BERLIN)))
    compare("replies.txt", "\n".join(visible(nodes) for nodes in said) + "\n")


def row(number: int, severity: str, status: AlertStatus, name: str = "HighCPU") -> Row:
    """A row of the document."""
    ends_at = later(9) if status == "resolved" else None
    labels = {"alertname": name, "instance": f"web-{number:05}", "severity": severity}
    return Row(severity, status, name, labels, OPENED, ends_at, "busy\nfor long", number == 2)


def test_document() -> None:
    rows = [
        row(3, "warning", "firing"),
        row(1, "critical", "resolved"),
        row(2, "critical", "firing", "DiskFull"),
        row(1, "critical", "firing"),
        row(4, "", "event", "Backup"),
        row(2, "warning", "firing"),
    ]
    name, content = render_storm_document(rows, later(3), later(13), BERLIN)
    assert name == "alerts-2026-11-23-1405.txt"
    compare("document.txt", content.decode())


def test_ten_thousand_alerts_are_written_in_a_moment() -> None:
    rows = [row(number, "warning", "firing") for number in range(10_000)]
    began = time.process_time()
    _, content = render_storm_document(rows, later(3), None, BERLIN)
    assert time.process_time() - began < 3
    assert content.count(b"\n") > 10_000


@needs_tdlib
@many_examples
@given(groups, parse_modes, zones, st.sampled_from([MESSAGE_TEXT_MAX, CAPTION_MAX]))
def test_any_content_fits_and_parses(
    group: GroupView, parse_mode: ParseMode, zone: tzinfo, limit: int
) -> None:
    worst = group.alerts[:LISTED_MAX]
    storm = replace(
        ON, worst=worst, names=[(one.name, 7) for one in worst[:5]], opened_at=group.opened_at
    )
    rendered = render_storm(storm, ChannelView(parse_mode, zone), limit)
    shown = shown_by_telegram(rendered.text, parse_mode)
    assert 1 <= len(shown) <= limit
    assert len(rendered.plain_text) <= limit
    assert shown.startswith("🔴 STORM critical · 10,000 alerts, 9,950 firing")


@pytest.mark.parametrize(
    "mean", ["", "a\nb", "\r\n", "\u2028x", "<b>", "\ud800", "磁盘", "y" * 9_000]
)
def test_document_has_one_line_for_every_alert_whatever_it_says(mean: str) -> None:
    rows = [
        Row("warning", status, mean, {"host": mean, mean: "x"}, OPENED, None, mean, False)
        for status in ("firing", "event", "resolved")
    ]
    _, content = render_storm_document(rows, OPENED, None, BERLIN)
    lines = [line for line in content.decode().split("\n")[1:] if line]
    assert len(lines) == 2 * len(rows), "a heading each, and a line each"


def test_every_golden_file_belongs_to_a_case() -> None:
    expected = {f"{case}.txt" for case in CASES} | {"replies.txt", "document.txt"}
    assert {path.name for path in GOLDEN.iterdir()} == expected


def test_it_lasts_as_long_as_it_is_said_to() -> None:
    storm = replace(OVER, closed_at=OVER.opened_at + timedelta(minutes=72))
    assert "Lasted 1 h 12 min" in render_storm(storm, ChannelView("", BERLIN)).text
