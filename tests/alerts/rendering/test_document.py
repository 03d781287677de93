"""The document tells everything that is known."""

from datetime import UTC

import pytest

from alerts.rendering.document import render_document
from alerts.sources.incoming import Link, LinkKind
from tests.alerts.rendering.cases import CASES, alert, group, later


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_left_out(case: str) -> None:
    view = CASES[case]
    _, content = render_document(view, UTC)
    written = content.decode()
    for each in view.alerts:
        for label, value in each.labels.items():
            assert f"  {label} = {value}" in written
        for link in each.links:
            assert link.url in written
        for said in (each.name, each.summary, each.value_text, each.image_url, each.fingerprint):
            assert said in written
        for line in each.description.split("\n"):
            assert line in written
    assert written.count("\n" + "-" * 60 + "\n") == len(view.alerts) + bool(view.truncated)


def test_sorted_like_the_message() -> None:
    written = render_document(CASES["two_hundred"], UTC)[1].decode()
    ranks = [written.index(f"FIRING {word}", 80) for word in ("critical", "warning", "info")]
    assert ranks == sorted(ranks)
    assert "200 of 200: " in written


def test_state_and_links_with_labels() -> None:
    view = group(
        alert("A", "x", links=(Link(LinkKind.OTHER, "http://ci:8080/1", "Job 1"),)),
        acknowledged_by="anna",
        acknowledged_at=later(1),
        silenced_note="Silenced until noon",
        closed_at=later(9),
        group_labels={"alertname": "A"},
        external_url="http://am:9093",
    )
    written = render_document(view, UTC)[1].decode()
    for line in (
        "Acknowledged: 2026-11-23 14:03:39 UTC by anna",
        "Silenced:     Silenced until noon",
        "Closed:       2026-11-23 14:11:39 UTC",
        "Sender:       http://am:9093",
        "  Job 1: http://ci:8080/1",
    ):
        assert f"\n{line}\n" in written


def test_how_it_ended_where_nobody_told() -> None:
    over = alert("A", "x", status="resolved", ends_at=later(9), ended_by="unknown")
    written = render_document(group(over), UTC)[1].decode()
    (until,) = (line for line in written.split("\n") if line.startswith("Until:"))
    assert until.endswith(", no longer known to its Alertmanager")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("InstanceDown", "InstanceDown-2026-11-23.txt"),
        ("../../etc/passwd", "etc-passwd-2026-11-23.txt"),
        ("Не хватает места", "Не-хватает-места-2026-11-23.txt"),
        ("\u202egnp.exe", "gnp.exe-2026-11-23.txt"),
        ("<>", "alerts-2026-11-23.txt"),
        ("x" * 300, "x" * 60 + "-2026-11-23.txt"),
    ],
)
def test_file_name(name: str, expected: str) -> None:
    assert render_document(group(alert(name, "x")), UTC)[0] == expected
