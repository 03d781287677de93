"""Grafana's legacy dashboard alerts (before 9), webhook: one rule, one alert, no version key.

Shape: grafana/grafana, docs/sources/alerting/old-alerting/notifications.md; 4.0 wrote `rule_url`
and `image_url`. The rule is the alert: its series (`evalMatches`) are absent once it is ok, so they
become values and never labels, or firing and ok would be routed differently.
"""

import re
from typing import Final

from alerts import fingerprints
from alerts.sources.fields import (
    Object,
    one_line,
    read_labels,
    read_status,
    read_text,
    read_url,
)
from alerts.sources.incoming import (
    IncomingAlert,
    IncomingBatch,
    Link,
    LinkKind,
    Source,
)
from alerts.sources.json_text import Json, text_of
from alerts.sources.links import host_of
from alerts.sources.problems import Problems
from alerts.sources.values import read_values

_NO_DATA: Final = "no_data"
_STATE_PREFIX = re.compile(r"\[[^\]]{0,20}\]\s*")


def parse(payload: Object, problems: Problems) -> IncomingBatch:
    """A legacy Grafana webhook body: a batch of at most one alert."""
    title = one_line(read_text(payload, "title", "", problems))
    message = read_text(payload, "message", "", problems)
    alert = _read_alert(payload, title, message, problems)
    return IncomingBatch(
        source=Source.GRAFANA_LEGACY,
        alerts=(alert,) if alert else (),
        title=title,
        message=message,
    )


def _read_alert(
    payload: Object, title: str, message: str, problems: Problems
) -> IncomingAlert | None:
    rule = one_line(read_text(payload, "ruleName", "", problems))
    name = rule or _STATE_PREFIX.sub("", title) or one_line(message)
    if not name:
        problems.quarantine("", "has neither ruleName nor title", payload)
        return None
    rule_url = _either_url(payload, "ruleUrl", "rule_url", problems)
    labels = {"alertname": name, **read_labels(payload.get("tags"), "/tags", problems)}
    values, value_text = read_values(_matches(payload.get("evalMatches"), problems))
    if not value_text and text_of(payload.get("state")).casefold() == _NO_DATA:
        value_text = "no data"
    return IncomingAlert(
        status=read_status(payload.get("state"), "/state", problems) or "firing",
        fingerprint=_fingerprint(payload, rule_url, name),
        name=name,
        labels=labels,
        description=message,
        values=values,
        value_text=value_text,
        links=(Link(LinkKind.SOURCE, rule_url),) if rule_url else (),
        image_url=_either_url(payload, "imageUrl", "image_url", problems),
    )


def _either_url(payload: Object, name: str, old_name: str, problems: Problems) -> str:
    return read_url(payload, name, "", "", problems) or read_url(
        payload, old_name, "", "", problems
    )


def _matches(value: Json, problems: Problems) -> list[tuple[str, Json]]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.note("/evalMatches", "should be a list; ignored", value)
        return []
    matches: list[tuple[str, Json]] = []
    for index, match in enumerate(value):
        if isinstance(match, dict):
            matches.append((text_of(match.get("metric")), match.get("value")))
        else:
            problems.note(f"/evalMatches/{index}", "should be an object; ignored", match)
    return matches


def _fingerprint(payload: Object, rule_url: str, name: str) -> str:
    """Of (Grafana's host, orgId, ruleId); the Test button sends ruleId 0: then URL and name."""
    rule_id = text_of(payload.get("ruleId"))
    if rule_id not in ("", "0"):
        return fingerprints.of_texts([host_of(rule_url), text_of(payload.get("orgId")), rule_id])
    return fingerprints.of_texts([rule_url, name])
