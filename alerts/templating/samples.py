"""Groups to try a template with: what is usual, and what is rare enough to be forgotten."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from alerts.flapping import Flapping
from alerts.rendering.view_model import AlertView, GroupView
from alerts.severity import Severity
from alerts.sources.incoming import AlertStatus, Link, LinkKind

_OPENED = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
_ODD = "<b> & </a> *_`[x](y)~|>#+-=.! \\ \"q\" 'q' {{ x }} {% x %} 🔥 مرحبا\n\tend"
_SOURCE = "https://prometheus.example.org/graph?g0.expr=up+%3D%3D+0&g0.tab=1"


def _alert(number: int, status: AlertStatus = "firing", **changes: object) -> AlertView:
    place = f"web-{number}:9100"
    severity = (Severity.CRITICAL, Severity.HIGH, Severity.WARNING, Severity.INFO)[number % 4 - 1]
    fields: dict[str, object] = {
        "alert_id": f"sample-{number}",
        "name": "InstanceDown",
        "status": status,
        "severity": severity,
        "fingerprint": f"{number:016x}",
        "labels": {
            "alertname": "InstanceDown",
            "instance": place,
            "job": "node",
            "severity": severity.value,
            "team": "core",
        },
        "annotations": {
            "summary": f"Instance {place} is down",
            "description": f"{place} of job node has been down for more than 5 minutes.",
        },
        "starts_at": _OPENED + timedelta(minutes=number),
        "ends_at": _OPENED + timedelta(minutes=number + 20) if status == "resolved" else None,
        "value_text": f"{number}.5",
        "summary": f"Instance {place} is down",
        "description": f"{place} of job node has been down for more than 5 minutes.",
        "links": (
            Link(LinkKind.SOURCE, _SOURCE),
            Link(LinkKind.RUNBOOK, "https://runbooks.example.org/InstanceDown"),
        ),
    }
    return AlertView(**(fields | changes))  # type: ignore[arg-type]  # the fields of AlertView


def _group(*alerts: AlertView, **changes: object) -> GroupView:
    fields: dict[str, object] = {
        "title": "InstanceDown",
        "status": alerts[0].status,
        "alerts": alerts,
        "opened_at": _OPENED,
        "group_labels": {"alertname": "InstanceDown"},
        "integration": "Prometheus",
        "organization": "Example",
        "external_url": "https://alertmanager.example.org",
        "console_url": "https://tocsin.example.org/alerts/alertgroup/1/",
    }
    return GroupView(**(fields | changes))  # type: ignore[arg-type]  # the fields of GroupView


def _odd() -> GroupView:
    """Every character that means something to a parser, in every field."""
    alert = _alert(
        1,
        name=_ODD,
        labels={"instance": _ODD, _ODD: _ODD, "items": "items"},
        annotations={_ODD: _ODD},
        summary=_ODD,
        description=_ODD,
        value_text=_ODD,
        links=(Link(LinkKind.SOURCE, f"https://example.org/{_ODD}", _ODD),),
    )
    return _group(
        alert,
        title=_ODD,
        group_labels={_ODD: _ODD},
        integration=_ODD,
        organization=_ODD,
        external_url=f"https://example.org/{_ODD}",
        acknowledged_by=_ODD,
        acknowledged_at=_OPENED,
        silenced_note=_ODD,
    )


def _bare() -> GroupView:
    """Nothing that a sender may leave out."""
    alert = AlertView("sample-1", "", "firing")
    return GroupView(title="", status="firing", alerts=(alert,), opened_at=_OPENED)


SAMPLES: Mapping[str, GroupView] = MappingProxyType(
    {
        "one": _group(_alert(1)),
        "several": _group(*[_alert(number) for number in range(1, 4)]),
        "many": _group(*[_alert(number) for number in range(1, 61)], truncated=40),
        "resolved": _group(
            _alert(1, "resolved"),
            _alert(2, "resolved"),
            closed_at=_OPENED + timedelta(minutes=22),
        ),
        "mixed": _group(
            _alert(1),
            _alert(2, "resolved"),
            _alert(3, name="DiskFull"),
            acknowledged_by="anna@example.org",
            acknowledged_at=_OPENED + timedelta(minutes=4),
            flapping=Flapping(_OPENED, _OPENED, 5, until=_OPENED + timedelta(minutes=15)),
        ),
        "silenced": _group(_alert(1), silenced_note="Silenced until 14 Mar 18:00 UTC by anna"),
        "event": _group(
            AlertView(
                "sample-1",
                "Deployed shop 4.2",
                "event",
                labels={"service": "shop"},
                starts_at=_OPENED,
                summary="Deployed shop 4.2",
                description="By anna, 14 commits.",
            ),
            title="Deployed shop 4.2",
            group_labels={},
        ),
        "long": _group(_alert(1, description="A long story. " * 500)),
        "odd": _odd(),
        "bare": _bare(),
    }
)
"""By name. The first ones are what people look at; a template is accepted when it can tell all."""
