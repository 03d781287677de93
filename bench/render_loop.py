"""Renders typical groups on one core: `python -m bench.render_loop SECONDS`; prints groups/s."""

import sys
import time
from datetime import UTC, datetime, timedelta

from alerts.rendering.message import render_group
from alerts.rendering.view_model import AlertView, ChannelView, GroupView
from alerts.severity import Severity

STARTED = datetime(2026, 11, 23, 0, 2, 39, tzinfo=UTC)
CHANNEL = ChannelView("HTML", UTC)


def group(number: int, alerts: int) -> GroupView:
    """Alerts of one rule on as many machines, each a minute later."""
    return GroupView(
        title=f"FilesystemAlmostFull (job=node, cluster=eu-{number})",
        status="firing",
        alerts=tuple(_alert(number, place) for place in range(alerts)),
        opened_at=STARTED,
        group_labels={"alertname": "FilesystemAlmostFull", "cluster": f"eu-{number}"},
        integration="Prometheus",
        organization="Home",
        external_url="http://alertmanager.example.org:9093",
        console_url=f"https://tocsin.example.org/alerts/alertgroup/{number}/",
    )


def _alert(number: int, place: int) -> AlertView:
    instance = f"node-{number}-{place}.example.org:9100"
    return AlertView(
        alert_id=f"{number}-{place}",
        name="FilesystemAlmostFull",
        status="firing",
        severity=Severity.WARNING,
        fingerprint=f"{number * 100 + place:016x}",
        labels={
            "alertname": "FilesystemAlmostFull",
            "cluster": f"eu-{number}",
            "instance": instance,
            "job": "node",
            "severity": "warning",
            "team": "infrastructure",
        },
        annotations={"summary": f"/var on {instance} has less than 5 % left"},
        starts_at=STARTED + timedelta(minutes=place),
        summary=f"/var on {instance} has less than 5 % left",
        description="Filesystem /var has less than 5 % space left for ten minutes.",
    )


def rate(alerts: int, seconds: float) -> float:
    """Groups a second; each is another one."""
    groups = [group(number, alerts) for number in range(500)]
    done = 0
    started = time.process_time()
    while time.process_time() < started + seconds:
        for one in groups:
            render_group(one, CHANNEL)
        done += len(groups)
    return done / (time.process_time() - started)


if __name__ == "__main__":
    each = float(sys.argv[1])
    print(rate(1, each), rate(3, each), rate(10, each))
