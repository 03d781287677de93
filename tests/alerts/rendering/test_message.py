"""What a message says, and what it doesn't say twice."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from alerts.rendering.message import LISTED_MAX, ORDINARY, render_caption, render_group
from alerts.rendering.view_model import AlertView, ChannelView, GroupView, content_hash
from alerts.severity import Severity
from alerts.sources.incoming import Link, LinkKind
from tests.alerts.rendering.cases import CASES, alert, down, group, later, resolved

CRITICAL, HIGH, WARNING, INFO = Severity
PLAIN = ChannelView("", UTC)
HTML = ChannelView("HTML", UTC)


def lines(view: GroupView, channel: ChannelView = PLAIN) -> list[str]:
    return render_group(view, channel).plain_text.split("\n")


def text(view: GroupView) -> str:
    return render_group(view, PLAIN).plain_text


@pytest.mark.parametrize(
    ("overrides", "absent"),
    [
        ({"summary": "InstanceDown"}, "InstanceDown\n"),
        ({"summary": "Instance Down!"}, "Instance Down!"),
        ({"summary": "InstanceDown on web-1"}, "on web-1"),
        ({"summary": "web-1 is slow", "description": "web-1 is slow"}, None),
        ({"summary": "web-1 is slow", "description": "web-1 is slow since noon"}, None),
        ({"summary": "web-1 is slow since noon", "description": "web-1 is slow"}, None),
        ({"annotations": {"info": "it is slow", "summary": "x"}, "summary": "it is slow"}, None),
    ],
)
def test_nothing_is_said_twice(overrides: dict[str, object], absent: str | None) -> None:
    shown = text(group(alert("InstanceDown", "web-1", WARNING, **overrides)))
    assert shown.count("InstanceDown") == 1
    assert shown.count("slow") <= 1
    assert absent is None or absent not in shown.split("\n", 1)[1]
    assert shown.count("warning") == 1


def test_common_labels_stand_once_and_the_name_never_in_rows() -> None:
    shown = text(group(down(1), down(2), down(3)))
    for said in ("InstanceDown", "job=node", "team=core", "critical"):
        assert shown.count(said) == 1, said
    assert "\n• web-2:9100\n" in shown


def test_a_summary_that_the_description_repeats_stands_in_where_that_has_no_room() -> None:
    texts: dict[str, object] = {
        "summary": "much too slow",
        "description": "It is much too slow since the deploy.",
    }
    few = lines(group(*(alert("Latency", f"web-{n}", None, **texts) for n in range(3))))
    ten = lines(group(*(alert("Latency", f"web-{n}", None, **texts) for n in range(10))))
    assert few[1] == "It is much too slow since the deploy."
    assert "much too slow" not in few[2:]
    assert ten[1] == "much too slow · Since 23 Nov 14:02 UTC"


def test_a_summary_of_one_pattern_stands_once() -> None:
    shown = lines(group(down(1), down(2)))
    assert "Instance ‹instance› is down" in shown
    assert sum("is down" in line for line in shown) == 1


def test_each_alert_says_its_own_summary() -> None:
    alerts = [
        alert("Full", "db-1", summary="93 % used"),
        alert("Full", "db-2", summary="99 % used"),
    ]
    assert lines(group(*alerts))[2:] == ["• db-1 · 93 % used", "• db-2 · 99 % used"]


@pytest.mark.parametrize(
    ("summary", "value", "expected"),
    [
        ("db-1 is 97 % full", "97", "• db-1 is 97 % full"),
        ("db-1: nearly full", "9", "• db-1: nearly full · 9"),
        ("db-10 is 97 % full", "9", "• db-1 · db-10 is 97 % full · 9"),
        ("at 97 % on db-1", "A=97", "• db-1 · at 97 % on db-1 · A=97"),
        ("", "97", "• db-1 · 97"),
    ],
)
def test_a_row_says_place_and_value_once(summary: str, value: str, expected: str) -> None:
    other = alert("Full", "db-2", summary="something else")
    view = group(alert("Full", "db-1", summary=summary, value_text=value), other)
    assert lines(view)[2] == expected


def test_rows_tell_apart_what_has_no_place() -> None:
    alerts = [
        alert("Queue", "", labels={"alertname": "Queue", "queue_id": f"{n}"}, alert_id=f"{n}")
        for n in (5, 6)
    ]
    assert lines(group(*alerts))[2:] == ["• queue_id=5", "• queue_id=6"]
    same = [alert("Queue", "", labels={}, alert_id=f"{n}") for n in (5, 6)]
    assert lines(group(*same, integration=""))[2:] == ["• Queue", "• Queue"]


def test_other_annotations_are_told_links_are_not() -> None:
    annotations = {
        "impact": "checkout is slow",
        "dashboard": "https://grafana.example.org/d/1",
        "__private": "no",
        "summary": "x",
    }
    shown = lines(group(alert("Slow", "web-1", annotations=annotations)))
    assert shown[-1] == "impact: checkout is slow"
    assert "grafana" not in "\n".join(shown)


def test_labels_of_the_sender_itself_come_last_and_private_ones_never() -> None:
    labels = {
        "alertname": "A",
        "instance": "x",
        "prometheus": "main",
        "__uid__": "1",
        "team": "core",
        "path": 'C:\\a "b"',
        "severity": "page",
    }
    shown = lines(group(alert("A", "x", CRITICAL, labels=labels)))
    assert shown[-1] == 'path="C:\\\\a \\"b\\"" severity=page team=core prometheus=main'


def test_many_labels_are_counted() -> None:
    labels = {f"label{n:02}": "value" * 4 for n in range(40)}
    shown = lines(group(alert("A", "", labels=labels)))[-1]
    assert shown.endswith(" +32 labels")
    assert len(shown) < 270


def test_sorted_worst_first_then_newest_then_resolved() -> None:
    alerts = [
        alert("A", "old", WARNING, starts_at=later(-5)),
        alert("A", "gone", CRITICAL, status="resolved", ends_at=later(1)),
        alert("A", "unknown", None, starts_at=later(9)),
        alert("A", "new", WARNING, starts_at=later(5)),
        alert("A", "worst", CRITICAL, starts_at=later(-9)),
    ]
    shown = [line.split(" · since")[0] for line in lines(group(*alerts))[2:]]
    assert shown == [
        "🔴 critical · worst",
        "🟡 warning · new",
        "🟡 old",
        "❗ unknown",
        "✅ gone · resolved after 1 min",
    ]


def test_how_it_ended_stands_once_where_all_ended_so_else_in_its_row() -> None:
    def ended(place: str, by: str) -> AlertView:
        times = {"starts_at": later(-5), "ends_at": later(5)}
        return alert("A", place, None, status="resolved", **times, ended_by=by)

    lost = "no longer known to its Alertmanager"
    burns = alert("A", "burns", starts_at=later(-5))
    assert text(group(ended("x", "unknown"))).endswith(f" · {lost}")
    assert text(group(ended("x", "unknown"), ended("y", "unknown"))).count(lost) == 1
    mixed = lines(group(ended("x", "unknown"), ended("y", "")))
    assert [line for line in mixed if lost in line] == [f"• x · {lost}"]
    rows = lines(group(ended("x", "unknown"), burns))
    assert rows[-1] == f"✅ x · resolved after 10 min · {lost}"


def test_equals_are_sorted_by_place_and_seconds_do_not_count() -> None:
    alerts = [
        alert("A", place, alert_id=f"{n}", starts_at=later(n / 100))
        for n, place in enumerate(("web-2", "web-3", "web-1"))
    ]
    assert lines(group(*alerts))[2:] == ["• web-1", "• web-2", "• web-3"]


def test_labels_that_only_some_have_are_told_where_nothing_else_tells_apart() -> None:
    one = alert("A", "", labels={"team": "core", "shard": "1"}, alert_id="1")
    two = alert("A", "", labels={"shard": "2"}, alert_id="2")
    assert lines(group(one, two))[2:] == ["• shard=1", "• shard=2"]
    three = alert("A", "", labels={"shard": "1"}, alert_id="3")
    assert lines(group(one, three))[3:] == ["• team=core", "• A"]


def test_a_place_that_only_some_have_is_told_of_those() -> None:
    one, two = alert("A", "web-1"), alert("B", "", labels={})
    assert lines(group(one, two))[2:] == ["• A · web-1", "• B"]


def test_a_long_summary_alone_is_treated_as_a_description() -> None:
    rendered = render_group(group(alert("A", "x", summary="very slow " * 40)), HTML)
    assert "<blockquote expandable>very slow" in rendered.text
    assert not rendered.overflow


def test_mixed_says_how_many_resolved() -> None:
    alerts = (down(1), *(down(n, **resolved(down(n), n)) for n in (2, 3)))
    assert lines(group(*alerts))[1] == "2 of 3 resolved"


def test_resolved_says_how_long_it_lasted() -> None:
    assert lines(CASES["resolved"])[1] == "Lasted 14 min, from 23 Nov 14:02 UTC to 14:17"


def test_resolved_within_a_minute_tells_the_time_once() -> None:
    brief = alert("A", "x", status="resolved", ends_at=later(0.1))
    assert lines(group(brief))[1] == "Lasted 6 s, at 23 Nov 14:02 UTC"


def test_resolved_without_an_end_takes_the_groups() -> None:
    ended = alert("A", "x", status="resolved")
    assert lines(group(ended))[1] == "Began 23 Nov 14:02 UTC"
    assert lines(group(ended, closed_at=later(5)))[1].startswith("Lasted 5 min,")


def test_times_are_the_channels_and_say_so_once() -> None:
    alerts = [alert("A", "x"), alert("A", "y", starts_at=later(60 * 9 + 30))]
    shown = lines(group(*alerts), ChannelView("", ZoneInfo("Europe/Berlin")))
    assert shown[1:] == ["• y · since 24 Nov 00:32 CET", "• x · since 23 Nov 15:02"]


def test_an_event_is_its_message() -> None:
    event = AlertView("e", "Deployed", "event", description="line one\n\nline two")
    assert lines(group(event, status="event", integration="")) == [
        "🔔 Deployed",
        "line one",
        "",
        "line two",
    ]


def test_an_events_long_message_is_cut_and_left_to_the_document() -> None:
    event = AlertView("e", "Report", "event", description="\n".join(f"row {n}" for n in range(99)))
    rendered = render_group(group(event, status="event", integration=""), PLAIN)
    assert rendered.overflow
    assert rendered.plain_text.endswith("row 10 …")


def test_a_long_description_is_folded_not_lost() -> None:
    description = "\n".join(f"step {n}" for n in range(99))
    rendered = render_group(group(alert("A", "x", description=description)), HTML)
    assert "<blockquote expandable>step 0\n" in rendered.text
    assert "\nstep 9 step 10 step 11" in rendered.text
    assert "step 98</blockquote>" in rendered.text
    assert not rendered.overflow


def test_a_huge_description_is_cut_and_left_to_the_document() -> None:
    rendered = render_group(group(alert("A", "x", description="word " * 6000)), HTML)
    assert rendered.overflow
    assert "word…</blockquote>" in rendered.text


LONG = "word " * 70
LONG_NAME = "Replication" * 25


@pytest.mark.parametrize(
    "alerts",
    [
        [alert("A", "x", summary=LONG), alert("A", "y", summary="other")],
        [alert("A", "x", description=LONG), alert("A", "y", description="other")],
        [alert("A", f"x{n}", description="All alike.") for n in range(ORDINARY)],
        [alert("A", "x", value_text="7 " * 40), alert("A", "y")],
        [alert(LONG_NAME, "x")],
        [alert(LONG_NAME, "x"), alert("A", "y")],
        [alert("A", "x" * 70), alert("A", "y")],
        [alert("A", "x" * 300)],
        [alert("A", "x", value_text="7 " * 90)],
        [alert("A", "x", annotations={"impact": LONG})],
        [alert("A", "x", annotations={f"note{n}": f"text {n}" for n in range(4)})],
        [alert("A", "x", labels={"instance": "x", "path": "/a" * 40})],
        [alert("A", "x", labels={f"label{n:02}": "value" * 4 for n in range(40)})],
        [alert("A", "", labels={"path": f"{n}" * 70}, alert_id=f"{n}") for n in range(2)],
        [alert("A", "x", links=(Link(LinkKind.OTHER, "http://wiki/x", LONG),))],
    ],
)
def test_what_a_message_cuts_goes_along_as_a_document(alerts: list[AlertView]) -> None:
    assert render_group(group(*alerts), HTML).overflow


def test_so_does_what_is_cut_of_an_acknowledgement_or_a_silence() -> None:
    one = alert("A", "x")
    assert render_group(group(one, silenced_note=LONG), HTML).overflow
    acknowledged = group(one, acknowledged_by=LONG, acknowledged_at=later(1))
    assert render_group(acknowledged, HTML).overflow
    assert render_group(group(title=LONG), HTML).overflow


@pytest.mark.parametrize(
    "alerts",
    [
        [alert("Replication" * 9, "x" * 90)],
        [alert("Replication" * 5, "x" * 60), alert("A", "y")],
        [alert("Replication" * 9, "x" * 60), alert("Replication" * 9, "y")],
        [alert("A", "x", summary="word " * 20), alert("A", "y", summary="other")],
    ],
)
def test_what_the_first_line_shortens_and_the_rest_tells_needs_no_document(
    alerts: list[AlertView],
) -> None:
    rendered = render_group(group(*alerts), PLAIN)
    assert not rendered.overflow
    assert "…" not in rendered.plain_text.split("\n", 1)[1]


@pytest.mark.parametrize("count", [ORDINARY + 1, LISTED_MAX])
def test_up_to_twenty_are_listed(count: int) -> None:
    rendered = render_group(group(*(alert("A", f"host-{n}") for n in range(count))), HTML)
    assert len(rendered.alert_ids) == count
    assert not rendered.overflow


def test_of_more_than_twenty_the_worst_ten_are() -> None:
    alerts = [alert("A", f"host-{n:02}", CRITICAL if n > 15 else INFO) for n in range(21)]
    rendered = render_group(group(*alerts), HTML)
    assert rendered.alert_ids[:6] == (*(f"A host-{n}" for n in range(16, 21)), "A host-00")
    assert len(rendered.alert_ids) == ORDINARY
    assert rendered.overflow
    assert rendered.text.endswith("\nand 11 more, see the document")


def test_a_caption_says_the_same_in_less() -> None:
    alerts = [
        alert("HighLatency", f"web-{n}", HIGH, summary=f"p99 is {n}.{n} s, " + "see " * 30)
        for n in range(10)
    ]
    message = render_group(group(*alerts), HTML)
    caption = render_caption(group(*alerts), HTML)
    assert len(message.plain_text) > 1024 >= len(caption.plain_text)
    assert message.plain_text.split("\n")[0] == caption.plain_text.split("\n")[0]
    hidden = 10 - len(caption.alert_ids)
    assert caption.overflow == (hidden > 0)


def test_links_that_cannot_be_buttons_are_text() -> None:
    links = (
        Link(LinkKind.SOURCE, "http://grafana:3000/x"),
        Link(LinkKind.RUNBOOK, "https://a.b/c"),
    )
    rendered = render_group(group(alert("A", "x", links=links)), HTML)
    assert rendered.text.endswith("\nSource: <code>http://grafana:3000/x</code>")
    assert "a.b" not in rendered.text


def test_a_link_too_long_to_show_is_left_to_the_document() -> None:
    links = (Link(LinkKind.SOURCE, "http://prometheus:9090/graph?" + "x" * 400),)
    rendered = render_group(group(alert("A", "x", links=links)), HTML)
    assert "prometheus" not in rendered.text
    assert rendered.overflow


def test_new_alerts_are_marked() -> None:
    alerts = [alert("A", "x"), alert("A", "y", is_new=True)]
    assert lines(group(*alerts))[2:] == ["• 🆕 y", "• x"]


def test_hash_tells_formats_and_contents_apart() -> None:
    rendered = [
        render_group(CASES[case], ChannelView(mode, UTC))
        for case in ("one", "resolved")
        for mode in ("HTML", "MarkdownV2", "")
    ]
    assert len({content_hash(each) for each in rendered}) == 6
