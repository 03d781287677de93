"""What people ask for in a chat about a group: labels and history, a page at a time."""

from datetime import UTC, datetime, timedelta, tzinfo

from hypothesis import given
from hypothesis import strategies as st

from alerts.rendering.pages import (
    LINES_PER_PAGE,
    PAGE_MAX,
    PAGES_MAX,
    Entry,
    history_page,
    label_page,
)
from alerts.rendering.view_model import GroupView
from botapi import entities
from tests.alerts.rendering.cases import OPENED, alert, down, group
from tests.alerts.rendering.groups import groups, many_examples, zones


def test_all_labels_of_an_alert() -> None:
    page = label_page(group(down(1)), UTC, 1)
    assert page.plain_text.splitlines() == [
        "🔴 FIRING critical · InstanceDown · web-1:9100",
        "",
        "🔴 InstanceDown",
        "firing critical since 2026-11-23 14:02:39 UTC",
        "Instance web-1:9100 is down",
        "web-1:9100 of job node has been down for more than 5 minutes.",
        "instance=web-1:9100",
        "job=node",
        "alertname=InstanceDown",
        "severity=critical",
        "team=core",
        "runbook_url: https://runbooks.example.org/InstanceDown",
        "Source: http://prometheus.example.org:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "Runbook: https://runbooks.example.org/InstanceDown",
    ]
    assert (page.number, page.pages) == (1, 1)


def test_history_is_told_line_by_line() -> None:
    entries = [
        Entry(OPENED + timedelta(minutes=3), "Acknowledged", who="Ada", way="Telegram"),
        Entry(OPENED + timedelta(minutes=2), "Fired", about=["A", "B", "C", "D"], more=2),
        Entry(OPENED, "Comment", who="Bob", way="Console", why="looking\nat it"),
    ]
    page = history_page(group(alert("A", "x")), entries, UTC, 1)
    assert page.plain_text.splitlines()[1:] == [
        "23 Nov 14:05 UTC Acknowledged by Ada (Telegram)",
        "14:04 Fired A, B, C and 3 more",
        "14:02 Comment by Bob (Console): looking at it",
    ]
    assert "Nothing yet." in history_page(group(alert("A", "x")), [], UTC, 1).plain_text


def test_pages_that_there_are_not_are_the_first_or_the_last() -> None:
    entries = [Entry(OPENED, f"line {n}.") for n in range(2 * LINES_PER_PAGE + 1)]
    shown = group(alert("A", "x"))
    assert [history_page(shown, entries, UTC, n).number for n in (-1, 0, 1, 2, 3, 4, 99)] == [
        *(1, 1, 1, 2, 3, 3, 3)
    ]
    assert "line 24." in history_page(shown, entries, UTC, 3).plain_text


def test_a_storm_of_alerts_has_not_more_pages_than_people_turn() -> None:
    many = group(*(alert("A", f"web-{n}", summary="x" * 600) for n in range(1_000)))
    assert label_page(many, UTC, 1).pages == PAGES_MAX


_entries = st.lists(
    st.builds(
        Entry,
        at=st.just(datetime(2026, 11, 23, tzinfo=UTC)),
        what=st.text(max_size=20),
        who=st.text(max_size=300),
        about=st.lists(st.text(max_size=300), max_size=5),
        why=st.text(max_size=2_500),
    ),
    max_size=30,
)


@many_examples
@given(groups, zones, st.integers(-3, 200))
def test_any_group_has_pages_that_telegram_takes(
    shown: GroupView, zone: tzinfo, number: int
) -> None:
    page = label_page(shown, zone, number)
    assert 1 <= page.number <= page.pages <= PAGES_MAX
    sent = entities.as_sent(page.text, "HTML")
    assert 0 < len(sent.text) <= 2 * PAGE_MAX


@many_examples
@given(groups, _entries, st.integers(-3, 9))
def test_any_history_has_pages_that_telegram_takes(
    shown: GroupView, entries: list[Entry], number: int
) -> None:
    page = history_page(shown, entries, UTC, number)
    sent = entities.as_sent(page.text, "HTML")
    assert 0 < len(sent.text) <= 2 * PAGE_MAX
