"""Grafana's unified alerting (8.0 and later), webhook version "1".

Shape: grafana/alerting, receivers/webhook/v1/webhook.go and templates/template_data.go. `values`
came with 9.4 and may be null; before it there was only `valueString`.
"""

from dataclasses import replace

from alerts.sources.alertmanager import Context, read_alert, read_batch
from alerts.sources.fields import (
    Object,
    first_text,
    gather_links,
    one_line,
    read_text,
    read_url,
)
from alerts.sources.incoming import IncomingAlert, IncomingBatch, LinkKind, ParseOptions, Source
from alerts.sources.problems import Problems, pointer_to
from alerts.sources.values import read_value_string, read_values

ALERT_KEYS = frozenset(
    ("silenceURL", "dashboardURL", "panelURL", "values", "valueString", "imageURL", "ruleUID")
)
"""Keys of an alert that Alertmanager never sends."""

_KEYS = (
    (LinkKind.PANEL, "panelURL"),
    (LinkKind.DASHBOARD, "dashboardURL"),
    (LinkKind.SILENCE, "silenceURL"),
)
_FORWARDED_VALUE_STRING = "__value_string__"
"""Annotation that carries valueString when Grafana forwards to an Alertmanager."""


def parse(payload: Object, options: ParseOptions, problems: Problems) -> IncomingBatch:
    """A Grafana unified alerting webhook body."""
    batch = read_batch(payload, Source.GRAFANA, read_grafana_alert, options, problems)
    return replace(
        batch,
        title=one_line(read_text(payload, "title", "", problems)),
        message=read_text(payload, "message", "", problems),
    )


def read_grafana_alert(payload: Object, pointer: str, context: Context) -> IncomingAlert | None:
    """An alert of Alertmanager's shape with values, pictures and more links."""
    alert = read_alert(payload, pointer, context)
    if alert is None:
        return None
    problems = context.problems
    values, value_text = _measured(payload, pointer, dict(alert.annotations), problems)
    links = [
        *((link.kind, link.url) for link in alert.links if link.kind is LinkKind.SOURCE),
        *((kind, read_url(payload, key, context.base, pointer, problems)) for kind, key in _KEYS),
    ]
    return replace(
        alert,
        values=values,
        value_text=value_text,
        links=gather_links(links, dict(alert.annotations)),
        image_url=read_url(payload, "imageURL", context.base, pointer, problems),
    )


def _measured(
    payload: Object, pointer: str, annotations: dict[str, str], problems: Problems
) -> tuple[dict[str, float], str]:
    values = payload.get("values")
    if isinstance(values, dict) and values:
        return read_values(sorted(values.items()))
    if values:
        problems.note(pointer_to(pointer, "values"), "should be numbers by name; ignored", values)
    given = payload.get("valueString")
    text = given if isinstance(given, str) else ""
    return read_value_string(text or first_text(annotations, [_FORWARDED_VALUE_STRING]))
