"""What posts alerts in tests: payloads as their senders make them, and the client that posts."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.test import Client

from accounts.audit import COMMAND_LINE
from accounts.models import Organization
from alerts.integration_keys import forget_cached_keys
from alerts.integrations import create_integration
from alerts.models import Integration, Route
from alerts.route_table import forget_cached_routes
from alerts.routes import default_route, set_channels
from channels_app.models import NotificationChannel
from tests.factories import make_bot, make_channel, make_organization

START = "2026-11-23T00:02:39.487696Z"
LATER = "2026-11-23T01:00:00Z"
END = "2026-11-23T00:30:00Z"
ZERO = "0001-01-01T00:00:00Z"
_numbers: Iterator[int] = count(1)


@dataclass(frozen=True)
class Site:
    """An organization with an integration, a channel on its default route, and its sender."""

    organization: Organization
    integration: Integration
    key: str
    route: Route
    channels: tuple[NotificationChannel, ...]

    def post(self, payload: Any, **extra: Any) -> Any:
        """POST to the integration; what is not bytes is sent as JSON. Gives the test client's
        response."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        extra.setdefault("content_type", "application/json")
        return Client().post(f"/hooks/v1/{self.key}/", body, **extra)


def make_site(channels: int = 1, **values: Any) -> Site:
    """A new organization that is ready to receive; `values` are those of its integration."""
    forget_cached_keys()
    forget_cached_routes()
    organization = make_organization()
    name = values.pop("name", f"Sender {next(_numbers)}")
    integration, key = create_integration(COMMAND_LINE, organization, name, **values)
    route = default_route(organization)
    made: tuple[NotificationChannel, ...] = ()
    if channels:
        bot = make_bot(organization)
        made = tuple(make_channel(bot) for _ in range(channels))
        set_channels(COMMAND_LINE, route, made)
    return Site(organization, integration, key, route, made)


def alert(name: str = "InstanceDown", status: str = "firing", **values: Any) -> dict[str, Any]:
    """One alert of an Alertmanager webhook; its fingerprint follows from name and instance."""
    labels = {"alertname": name, "instance": "web-1", "severity": "warning"}
    labels |= values.pop("labels", {})
    number = sum(ord(c) * 31**i for i, c in enumerate(name + labels["instance"])) % 2**64
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": f"{name} on {labels['instance']}"},
        "startsAt": START,
        "endsAt": END if status == "resolved" else ZERO,
        "generatorURL": "http://prometheus.example.org:9090/graph?g0.expr=up",
        "fingerprint": f"{number:016x}",
        **values,
    }


def webhook(*alerts: dict[str, Any], **values: Any) -> dict[str, Any]:
    """An Alertmanager webhook, version 4."""
    status = "firing" if any(a["status"] == "firing" for a in alerts) else "resolved"
    return {
        "receiver": "tocsin",
        "status": status,
        "alerts": list(alerts),
        "groupLabels": {"alertname": "InstanceDown"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.org:9093",
        "version": "4",
        "groupKey": '{}:{alertname="InstanceDown"}',
        "truncatedAlerts": 0,
        **values,
    }
