"""What is POSTed. Each alert carries a marker, by which it is found again in Telegram. Pure."""

import json
import re
from collections.abc import Sequence
from typing import Any, Literal, get_args

Shape = Literal["webhook", "separate", "storm", "alertmanager"]
"""`webhook`: Alertmanager's webhook, one group a POST. `separate`: our own JSON, a group for each
alert. `storm`: the same with few names and some of it critical; the marker says where it is.
`alertmanager`: for Alertmanager's own API."""
SHAPES: tuple[Shape, ...] = get_args(Shape)

START = "2026-11-23T00:02:39.487696Z"
SHARDS = 100
"""Values of the label by which routes can spread alerts over chats."""
MARKER = re.compile(rb"zq\d{7}q")
STORM_NAMES = ("HostDown", "FilesystemAlmostFull", "HighLatency", "TargetMissing", "QueueGrows")
CRITICAL_ONE_IN = 20
"""Of a storm."""


def marker(number: int) -> str:
    """Short enough to stand in a message's first line."""
    return f"zq{number:07d}q"


def is_critical(name: str) -> bool:
    """Whether the alert of a storm that has this marker is critical: the last of each twenty."""
    return int(name[2:-1]) % CRITICAL_ONE_IN == CRITICAL_ONE_IN - 1


def body(shape: Shape, numbers: Sequence[int]) -> bytes:
    """One POST with an alert for each number."""
    if shape == "separate":
        return _json([_plain(number) for number in numbers])
    if shape == "storm":
        return _json([_of_storm(number) for number in numbers])
    alerts = [_alert(number) for number in numbers]
    if shape == "alertmanager":
        return _json(alerts)
    name = marker(numbers[0])
    envelope = {
        "receiver": "tocsin",
        "status": "firing",
        "alerts": [
            {**alert, "status": "firing", "fingerprint": f"{number:016x}"}
            for alert, number in zip(alerts, numbers, strict=True)
        ],
        "groupLabels": {"alertname": name},
        "commonLabels": {"alertname": name, "job": "node"} if len(alerts) > 1 else {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.org:9093",
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name}"}}',
        "truncatedAlerts": 0,
    }
    return _json(envelope)


def _alert(number: int) -> dict[str, Any]:
    """A typical alert of Prometheus: about 600 bytes."""
    name = marker(number)
    return {
        "labels": {
            "alertname": name,
            "cluster": "eu-central-1",
            "instance": f"node-{number % 1000}.example.org:9100",
            "job": "node",
            "severity": "warning",
            "team": "infrastructure",
        },
        "annotations": {
            "summary": f"{name} on node-{number % 1000}: filesystem almost full",
            "description": "Filesystem /var has less than 5 % space left for ten minutes.",
            "runbook_url": "https://runbooks.example.org/filesystem",
        },
        "startsAt": START,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example.org:9090/graph?g0.expr=node_filesystem_avail",
    }


def _plain(number: int) -> dict[str, Any]:
    return {
        "title": marker(number),
        "message": "Filesystem /var has less than 5 % space left for ten minutes.",
        "status": "firing",
        "severity": "warning",
        "labels": {
            "cluster": "eu-central-1",
            "host": f"node-{number % 1000}",
            "job": "node",
            "shard": f"{number % SHARDS:02d}",
        },
        "url": "https://runbooks.example.org/filesystem",
    }


def _of_storm(number: int) -> dict[str, Any]:
    name = marker(number)
    plain = _plain(number)
    labels = {**plain["labels"], "host": name}
    severity = "critical" if is_critical(name) else "warning"
    title = STORM_NAMES[number % len(STORM_NAMES)]
    return {**plain, "title": title, "severity": severity, "labels": labels}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
