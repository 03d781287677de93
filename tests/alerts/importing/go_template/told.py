"""What templates are tried with: the same alerts as Alertmanager's data and as a group of ours."""

from datetime import UTC, datetime
from typing import Any

from alerts.rendering.view_model import AlertView, GroupView
from alerts.severity import Severity
from alerts.sources.alertmanager import parse
from alerts.sources.incoming import ParseOptions
from alerts.sources.problems import Problems

ZERO = "0001-01-01T00:00:00Z"


def _alert(number: int, status: str = "firing", **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {
            "alertname": "InstanceDown",
            "Zone": "b",
            "instance": f"web-{number}:9100",
            "job": "node",
            "severity": "critical",
            **labels,
        },
        "annotations": {
            "description": f"web-{number} <b>is</b> down & gone_for *5* minutes",
            "runbook_url": "https://runbooks.example.org/InstanceDown?a=1&b=2",
            "summary": f"Instance web-{number} down",
        },
        "startsAt": "2026-03-14T15:09:26Z",
        "endsAt": "2026-03-14T16:10:27Z" if status == "resolved" else ZERO,
        "generatorURL": "https://prometheus.example.org/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "fingerprint": f"{number:016x}",
    }


ALERTS = [
    _alert(1, team="core"),
    _alert(2, team="", value="1234567"),
    _alert(3, "resolved"),
]
DATA: dict[str, Any] = {
    "receiver": "telegram",
    "status": "firing",
    "alerts": ALERTS,
    "groupLabels": {"alertname": "InstanceDown", "job": "node"},
    "commonLabels": {
        name: ALERTS[0]["labels"][name] for name in ("alertname", "Zone", "job", "severity")
    },
    "commonAnnotations": {"runbook_url": ALERTS[0]["annotations"]["runbook_url"]},
    "externalURL": "https://alertmanager.example.org",
}
"""As `amtool template render --template.data` takes it."""


def group_of(data: dict[str, Any]) -> GroupView:
    """The same for us."""
    batch = parse(data, ParseOptions(datetime(2026, 3, 14, 17, tzinfo=UTC)), Problems())
    alerts = tuple(
        AlertView(
            str(number),
            one.name,
            one.status,
            Severity.CRITICAL,
            fingerprint=one.fingerprint,
            labels=one.labels,
            annotations=one.annotations,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            summary=one.summary,
            description=one.description,
            links=one.links,
        )
        for number, one in enumerate(batch.alerts)
    )
    return GroupView(
        title="InstanceDown",
        status="firing",
        alerts=alerts,
        opened_at=datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC),
        group_labels=batch.group_labels,
        external_url=batch.external_url,
        integration=batch.receiver,
    )
