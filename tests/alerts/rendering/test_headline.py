"""The first line: what the phone shows."""

from dataclasses import replace
from datetime import UTC

import pytest

from alerts.rendering.headline import FIRST_LINE_MAX, where_label
from alerts.rendering.message import render_group
from alerts.rendering.view_model import AlertView, ChannelView, GroupView
from alerts.severity import Severity
from tests.alerts.rendering.cases import alert, down, group, later, resolved

CRITICAL, HIGH, WARNING, INFO = Severity
PLAIN = ChannelView("", UTC)


def first_line(view: GroupView) -> str:
    return render_group(view, PLAIN).plain_text.split("\n")[0]


@pytest.mark.parametrize(
    ("alerts", "expected"),
    [
        ([alert("HighCPU", "web-1", CRITICAL)], "🔴 FIRING critical · HighCPU · web-1"),
        ([alert("HighCPU", "web-1", HIGH)], "🟠 FIRING high · HighCPU · web-1"),
        ([alert("HighCPU", "web-1", WARNING)], "🟡 FIRING warning · HighCPU · web-1"),
        ([alert("HighCPU", "web-1", INFO)], "🔵 FIRING info · HighCPU · web-1"),
        ([alert("HighCPU", "web-1")], "❗ FIRING · HighCPU · web-1"),
        ([alert("HighCPU", "web-1", labels={})], "❗ FIRING · HighCPU"),
        ([alert("", "web-1")], "❗ FIRING · unnamed alert · web-1"),
        ([alert(" two\n lines\t", "web-1")], "❗ FIRING · two lines · web-1"),
        (
            [alert("HighCPU", f"web-{n}", WARNING) for n in (1, 2, 3)],
            "🟡 FIRING warning · HighCPU · web-1 +2",
        ),
        (
            [alert("HighCPU", "web-1", WARNING, alert_id=f"{n}") for n in (1, 2, 3)],
            "🟡 FIRING warning · HighCPU · web-1 (3)",
        ),
        (
            [alert("HighCPU", f"web-{n % 2}", WARNING, alert_id=f"{n}") for n in (1, 2, 3)],
            "🟡 FIRING warning · HighCPU · web-0 +1 (3)",
        ),
        (
            [alert("A", "web-1", WARNING), alert("B", "web-2", CRITICAL)],
            "🔴 FIRING critical · B +1 · web-2 +1",
        ),
        (
            [alert("A", "x", labels={}), alert("A", "y", labels={}, alert_id="2")],
            "❗ FIRING · A (2)",
        ),
        ([down(1, **resolved(down(1), 5))], "✅ RESOLVED critical · InstanceDown · web-1:9100"),
        (
            [down(1, **resolved(down(1), 5)), alert("HighCPU", "web-9", INFO)],
            "🔵 FIRING info · HighCPU · web-9",
        ),
        ([AlertView("e", "Backup finished", "event")], "🔔 Backup finished"),
        ([AlertView("e", "Disk swapped", "event", HIGH)], "🟠 high · Disk swapped"),
        (
            [AlertView("e", "A", "event"), AlertView("f", "B", "event")],
            "🔔 A +1 (2)",
        ),
    ],
)
def test_first_line(alerts: list[AlertView], expected: str) -> None:
    assert first_line(group(*alerts)) == expected


def test_newest_of_the_worst_leads() -> None:
    alerts = [alert("A", "1", WARNING), alert("A", "2", WARNING, starts_at=later(3))]
    assert first_line(group(*alerts)) == "🟡 FIRING warning · A · 2 +1"


def test_without_alerts_the_title_speaks() -> None:
    assert (
        first_line(group(title="Nothing left", status="resolved")) == "✅ RESOLVED · Nothing left"
    )


LATE = "Certificate of shop expires soon and nobody has renewed it yet"


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        ("N" * 20, "p" * 17, "🔴 FIRING critical · NNNNNNNNNNNNNNNNNNNN · ppppppppppppppppp"),
        ("N" * 22, "p" * 18, "🔴 FIRING critical · NNNNNNNNN…NNNNNNNNN · pppppppppppppppppp"),
        ("N" * 80, "web-1", "🔴 FIRING critical · NNNNNNNNNNNNNNNN…NNNNNNNNNNNNNNN · web-1"),
        ("Short", "p" * 80, "🔴 FIRING critical · Short · pppppppppppppppp…ppppppppppppppp"),
        ("N" * 80, "p" * 80, "🔴 FIRING critical · NNNNNNNNNNN…NNNNNNNNNNN · ppppppp…pppppp"),
        (LATE, "shop.example.org", "🔴 FIRING critical · Certificate of shop… · shop.example.org"),
        (LATE, "p" * 80, "🔴 FIRING critical · Certificate of shop… · pppppppp…pppppppp"),
        (LATE, "", "🔴 FIRING critical · Certificate of shop expires soon and…"),
        ("Short", "The office " * 8, "🔴 FIRING critical · Short · The office The office The…"),
    ],
)
def test_what_does_not_fit_is_shortened(name: str, place: str, expected: str) -> None:
    """Prose at its end, behind a word; what has no space in its middle; a short place never."""
    line = first_line(group(alert(name, place, CRITICAL)))
    assert line == expected
    assert len(line) <= FIRST_LINE_MAX


def test_counts_leave_the_name_enough_to_be_recognised() -> None:
    alerts = [alert(f"{LATE} {n}", f"shop-{n:011}.org", CRITICAL) for n in range(20)]
    line = first_line(group(*alerts, *(replace(a, alert_id=f"{a.name}!") for a in alerts)))
    assert line == "🔴 FIRING critical · Certificate… +19 · shop-0…0.org +19 (40)"


def test_what_was_shortened_stands_below_in_full() -> None:
    name, place = "N" * 50 + "end", "p" * 50 + ".example"
    below = render_group(group(alert(name, place, CRITICAL)), PLAIN).plain_text.split("\n")[1]
    assert below == f"{name} · {place}"


def test_a_place_that_stands_whole_above_is_not_said_again() -> None:
    shown = render_group(group(alert(LATE, "shop.example.org", WARNING)), PLAIN).plain_text
    assert shown.split("\n")[1] == LATE
    assert shown.count("shop.example.org") == 1


def test_a_shortened_title_stands_below_too() -> None:
    shown = render_group(group(title=LATE, status="resolved"), PLAIN).plain_text.split("\n")
    assert shown[:2] == ["✅ RESOLVED · Certificate of shop expires soon and nobody…", LATE]


def test_counts_are_never_shortened() -> None:
    alerts = [
        alert(f"Name{n % 7}" * 20, f"host-{n % 50}" * 20, alert_id=f"{n}") for n in range(200)
    ]
    line = first_line(group(*alerts))
    assert len(line) <= FIRST_LINE_MAX
    assert " +6 · " in line
    assert line.endswith(" +49 (200)")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([{"instance": "a", "pod": "b", "namespace": "c"}], "instance"),
        ([{"pod": "b", "namespace": "c", "job": "d"}], "pod"),
        ([{"service": "s", "job": "d", "cluster": "e"}], "service"),
        ([{"cluster": "e", "team": "t"}], "cluster"),
        ([{"team": "t"}], ""),
        ([{"instance": ""}, {"instance": ""}], ""),
        ([{"instance": "a", "job": "x"}, {"job": "y"}], "job"),
        ([{"host": "a"}, {"pod": "y"}], "host"),
        ([{"instance": "a", "pod": "p", "job": "kube-state-metrics"}], "pod"),
        ([{"instance": "a", "job": "kube-state-metrics"}], "instance"),
        ([{"instance": "pushgateway", "exported_instance": "batch-1"}], "exported_instance"),
        ([], ""),
    ],
)
def test_where(labels: list[dict[str, str]], expected: str) -> None:
    assert where_label([alert("A", "", labels=each) for each in labels]) == expected
