"""What began or ended since a chat was last told: marked, and listed first."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.news import with_news
from alerts.rendering.message import render_group
from alerts.rendering.view_model import AlertView, ChannelView, GroupView
from alerts.severity import Severity
from alerts.sound import Heard, facts_of

NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
PLAIN = ChannelView("", UTC)


def alert(number: int, **values: object) -> AlertView:
    made = AlertView(
        alert_id=str(number),
        name="InstanceDown",
        status="firing",
        severity=Severity.CRITICAL,
        labels={"instance": f"web-{number}"},
        starts_at=NOW,
    )
    return replace(made, **values)  # type: ignore[arg-type]  # fields of it


def group(*alerts: AlertView) -> GroupView:
    return GroupView(title="x", status="firing", alerts=alerts, opened_at=NOW)


def marked(before: GroupView, after: GroupView) -> list[str]:
    return [one.alert_id for one in with_news(after, Heard(facts_of(before))).alerts if one.is_new]


OVER = {"status": "resolved", "ends_at": NOW}
THREE = group(alert(1), alert(2), alert(3))


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        (THREE, THREE, []),
        (group(alert(1)), THREE, ["2", "3"]),
        (THREE, group(alert(1), alert(2, **OVER), alert(3)), ["2"]),
        (group(alert(1), alert(2, **OVER)), group(alert(1), alert(2, episode=2)), ["2"]),
        (THREE, group(alert(1), alert(2, episode=2), alert(3)), ["2"]),
        (group(alert(1)), group(alert(1), alert(2, **OVER)), []),
        (THREE, group(*(alert(n, **OVER) for n in (1, 2, 3))), []),
        (
            group(alert(1, **OVER), alert(2)),
            group(alert(1, **OVER), alert(2, **OVER)),
            [],
        ),
        (group(alert(9)), group(alert(1), alert(2)), []),
    ],
)
def test_what_is_news(before: GroupView, after: GroupView, news: list[str]) -> None:
    assert marked(before, after) == news


def test_to_a_chat_that_knows_nothing_nothing_is_news() -> None:
    assert with_news(THREE, Heard()) is THREE


def lines(told: GroupView, now: GroupView) -> list[str]:
    return render_group(with_news(now, Heard(facts_of(told))), PLAIN).plain_text.splitlines()


def test_news_come_first_new_ones_before_resolved_ones() -> None:
    after = group(alert(1), alert(2, **OVER), alert(3), alert(4))
    rows = [line for line in lines(THREE, after) if "web-" in line][1:]
    assert [row.split("web-")[1][0] for row in rows] == ["4", "2", "1", "3"]
    assert "🆕" in rows[0]
    assert not any("🆕" in row for row in rows[1:])


def test_the_first_line_still_speaks_of_the_worst() -> None:
    mild = alert(4, name="DiskFull", severity=Severity.WARNING)
    assert "critical" in lines(THREE, group(*THREE.alerts, mild))[0]


def test_of_many_the_news_are_not_left_out() -> None:
    many = group(*(alert(n) for n in range(10, 60)))
    late = alert(99, severity=Severity.INFO)
    assert any("🆕" in line and "web-99" in line for line in lines(many, group(*many.alerts, late)))
