"""What Prometheus and amtool post to Alertmanager's `/api/v2/alerts`: a list of postable alerts.

Shape and rules: prometheus/alertmanager, api/v2/openapi.yaml `postableAlert` and api/v2/api.go.
There is no status: an `endsAt` that has passed means resolved, one to come is the moment at which
the alert ends by itself unless it is sent again. Without one alerts/resolve_timeout.py says when.
"""

from alerts import fingerprints
from alerts.sources.alertmanager import (
    DESCRIPTION_ANNOTATIONS,
    SUMMARY_ANNOTATIONS,
    Context,
    name_of,
    read_alerts,
)
from alerts.sources.fields import (
    Object,
    first_text,
    gather_links,
    read_annotations,
    read_labels,
    read_time,
    read_url,
)
from alerts.sources.incoming import (
    IncomingAlert,
    IncomingBatch,
    LinkKind,
    ParseOptions,
    Source,
)
from alerts.sources.json_text import Json
from alerts.sources.problems import Problems


def parse(payload: list[Json], options: ParseOptions, problems: Problems) -> IncomingBatch:
    """A list of postable alerts; what Alertmanager would refuse is quarantined, in its words."""
    alerts, beyond = read_alerts(payload, "", read_postable, Context(options, problems))
    return IncomingBatch(source=Source.PROMETHEUS, alerts=alerts, truncated_alerts=beyond)


def read_postable(payload: Object, pointer: str, context: Context) -> IncomingAlert | None:
    """One postable alert; None when it was quarantined."""
    problems, options = context.problems, context.options
    labels = read_labels(payload.get("labels"), f"{pointer}/labels", problems)
    labels = {name: text for name, text in labels.items() if text}
    if not labels:
        problems.quarantine(f"{pointer}/labels", "at least one label pair required", payload)
        return None
    starts_at = read_time(payload.get("startsAt"), f"{pointer}/startsAt", problems)
    ends_at = read_time(payload.get("endsAt"), f"{pointer}/endsAt", problems)
    if starts_at and ends_at and ends_at < starts_at:
        problems.quarantine(f"{pointer}/endsAt", "start time must be before end time", payload)
        return None
    annotations = read_annotations(payload.get("annotations"), f"{pointer}/annotations", problems)
    source_url = read_url(payload, "generatorURL", "", pointer, problems)
    name = name_of(labels, annotations)
    over = ends_at is not None and ends_at <= options.now
    ignored = options.ignored_labels
    return IncomingAlert(
        status="resolved" if over else "firing",
        fingerprint=fingerprints.of_title(name, {})
        if ignored.issuperset(labels)
        else fingerprints.of_labels(labels, ignored),
        name=name,
        labels=labels,
        annotations=annotations,
        starts_at=starts_at,
        ends_at=ends_at if over else None,
        expires_at=None if over else ends_at,
        summary=first_text(annotations, SUMMARY_ANNOTATIONS),
        description=first_text(annotations, DESCRIPTION_ANNOTATIONS),
        links=gather_links([(LinkKind.SOURCE, source_url)], annotations),
    )
