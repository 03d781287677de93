"""Alertmanager's webhook, version "4", leniently also "3" and bodies without a version.

Shape: prometheus/alertmanager, template/template.go `Data` and notify/webhook/webhook.go `Message`.
Grafana's webhook grew out of it, so `read_batch` serves both.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from alerts import fingerprints
from alerts.sources.fields import (
    Object,
    first_text,
    gather_links,
    one_line,
    read_annotations,
    read_count,
    read_group_key,
    read_labels,
    read_status,
    read_text,
    read_time,
    read_url,
)
from alerts.sources.incoming import (
    MAX_LABEL_VALUE,
    AlertStatus,
    IncomingAlert,
    IncomingBatch,
    LinkKind,
    ParseOptions,
    Source,
)
from alerts.sources.json_text import Json, clean
from alerts.sources.links import base_url
from alerts.sources.problems import Problems

SUMMARY_ANNOTATIONS = ("summary", "title")
DESCRIPTION_ANNOTATIONS = ("description", "message", "details")
_NAMING_LABELS = ("alertname", "rulename", "name")

# Go's regexp.QuoteMeta put a backslash before each of these; Alertmanager sends receivers so.
_QUOTED_META = re.compile(r"\\([\\.+*?()|\[\]{}^$])")


@dataclass(frozen=True, slots=True)
class Context:
    """What every alert of one payload is read with. `base` resolves relative URLs."""

    options: ParseOptions
    problems: Problems
    base: str = ""
    status: AlertStatus | None = None


ReadAlert: TypeAlias = Callable[[Object, str, Context], IncomingAlert | None]


def parse(payload: Object, options: ParseOptions, problems: Problems) -> IncomingBatch:
    """An Alertmanager webhook body."""
    return read_batch(payload, Source.ALERTMANAGER, read_alert, options, problems)


def read_batch(
    payload: Object,
    source: Source,
    read_one: ReadAlert,
    options: ParseOptions,
    problems: Problems,
) -> IncomingBatch:
    """The envelope that Alertmanager and Grafana share, and its alerts through `read_one`."""
    external_url = read_url(payload, "externalURL", "", "", problems)
    context = Context(
        options,
        problems,
        base_url(external_url),
        read_status(payload.get("status"), "/status", problems),
    )
    alerts, beyond = read_alerts(payload.get("alerts"), "/alerts", read_one, context)
    return IncomingBatch(
        source=source,
        alerts=alerts,
        group_key=read_group_key(payload.get("groupKey")),
        group_labels=read_labels(payload.get("groupLabels"), "/groupLabels", problems),
        receiver=_QUOTED_META.sub(
            r"\1", read_text(payload, "receiver", "", problems, MAX_LABEL_VALUE)
        ),
        external_url=external_url,
        truncated_alerts=read_count(payload.get("truncatedAlerts")) + beyond,
    )


def read_alerts(
    value: Json, pointer: str, read_one: ReadAlert, context: Context
) -> tuple[tuple[IncomingAlert, ...], int]:
    """The good alerts of a list, and how many lay beyond `max_alerts`; bad ones are quarantined."""
    if value is None:
        return (), 0
    items = value if isinstance(value, list) else [value]
    limit = context.options.max_alerts
    alerts = []
    for index, item in enumerate(items[:limit]):
        where = f"{pointer}/{index}"
        if not isinstance(item, dict):
            context.problems.quarantine(where, "an alert must be an object", item)
            continue
        alert = read_one(item, where, context)
        if alert is not None:
            alerts.append(alert)
    beyond = max(0, len(items) - limit)
    if beyond:
        reason = f"{len(items)} alerts; the {beyond} beyond the first {limit} were not read"
        context.problems.note(pointer, reason)
    return tuple(alerts), beyond


def read_alert(payload: Object, pointer: str, context: Context) -> IncomingAlert | None:
    """One alert of an Alertmanager or Grafana webhook; None when it was quarantined."""
    problems = context.problems
    labels = read_labels(payload.get("labels"), f"{pointer}/labels", problems)
    annotations = read_annotations(payload.get("annotations"), f"{pointer}/annotations", problems)
    name = name_of(labels, annotations)
    if not name:
        problems.quarantine(pointer, "neither labels nor annotations say what this is", payload)
        return None
    starts_at = read_time(payload.get("startsAt"), f"{pointer}/startsAt", problems)
    ends_at = read_time(payload.get("endsAt"), f"{pointer}/endsAt", problems)
    status = read_status(payload.get("status"), f"{pointer}/status", problems) or context.status
    if status is None:
        over = ends_at is not None and ends_at <= context.options.now
        status = "resolved" if over else "firing"
    source_url = read_url(payload, "generatorURL", context.base, pointer, problems)
    return IncomingAlert(
        status=status,
        fingerprint=fingerprint_of(payload, labels, name, context.options.ignored_labels),
        name=name,
        labels=labels,
        annotations=annotations,
        starts_at=starts_at,
        ends_at=ends_at if status == "resolved" else None,
        summary=first_text(annotations, SUMMARY_ANNOTATIONS),
        description=first_text(annotations, DESCRIPTION_ANNOTATIONS),
        links=gather_links([(LinkKind.SOURCE, source_url)], annotations),
    )


def name_of(labels: dict[str, str], annotations: dict[str, str]) -> str:
    """What a person calls this alert; "" when there is nothing at all to call it by."""
    text = (
        first_text(labels, _NAMING_LABELS)
        or first_text(annotations, (*SUMMARY_ANNOTATIONS, *DESCRIPTION_ANNOTATIONS))
        or ", ".join(f"{name}={value}" for name, value in sorted(labels.items())[:10])
        or next((text for text in annotations.values() if text.strip()), "")
    )
    return one_line(text)


def fingerprint_of(
    payload: Object, labels: dict[str, str], name: str, ignored: frozenset[str]
) -> str:
    """The sender's fingerprint unless ignored labels went into it; else of the labels; without
    any (old look-alikes) of the name."""
    given = payload.get("fingerprint")
    if given and isinstance(given, str) and ignored.isdisjoint(labels):
        return fingerprints.as_given(clean(given))
    if ignored.issuperset(labels):
        return fingerprints.of_title(name, {})
    return fingerprints.of_labels(labels, ignored)
