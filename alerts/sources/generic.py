"""Our own JSON, form fields and plain text: for scripts and everything without a parser of its own.

    {"title", "message", "status": "firing" | "resolved", "severity", "labels": {},
     "annotations": {}, "fingerprint", "url", "image_url", "attachments": []}

One object or a list of them; only one of `title` and `message` is required. Without `status` it is
an event. Where a documented name is absent these are taken instead: `name`, `subject` (title);
`text`, `body`, `msg`, `description` (message); `state` (status); `link` (url); `image` (image_url);
`startsAt`/`starts_at` and `endsAt`/`ends_at` are times. Anything else is ignored.

Identity: `fingerprint` as given, else title and `labels` (never `severity`, which may change while
the alert fires). A resolve must therefore repeat the title, or both carry a `fingerprint`.
"""

from datetime import datetime

from alerts import fingerprints
from alerts.sources.alertmanager import (
    DESCRIPTION_ANNOTATIONS,
    SUMMARY_ANNOTATIONS,
    Context,
    read_alerts,
)
from alerts.sources.fields import (
    Object,
    first_text,
    gather_links,
    one_line,
    read_annotations,
    read_labels,
    read_status,
    read_text,
    read_time,
    read_url,
)
from alerts.sources.incoming import (
    MAX_LABEL_VALUE,
    MAX_LINKS,
    MAX_NAME,
    AlertStatus,
    IncomingAlert,
    IncomingBatch,
    Link,
    LinkKind,
    ParseOptions,
    Source,
)
from alerts.sources.json_text import Json
from alerts.sources.problems import Problems

TITLE_FIELDS = ("title", "name", "subject")
MESSAGE_FIELDS = ("message", "text", "body", "msg", "description")
STATUS_FIELDS = ("status", "state")
URL_FIELDS = ("url", "link")
IMAGE_FIELDS = ("image_url", "image")
CONTENT_FIELDS = frozenset((*TITLE_FIELDS, *MESSAGE_FIELDS))
"""At least one of these must say something."""


def parse(payload: Json, options: ParseOptions, problems: Problems) -> IncomingBatch:
    """One object, or a list of objects of which the bad ones are quarantined."""
    context = Context(options, problems)
    if isinstance(payload, dict):
        alert = read_alert(payload, "", context)
        return IncomingBatch(source=Source.GENERIC, alerts=(alert,) if alert else ())
    alerts, beyond = read_alerts(payload, "", read_alert, context)
    return IncomingBatch(source=Source.GENERIC, alerts=alerts, truncated_alerts=beyond)


def parse_text(text: str, problems: Problems) -> IncomingBatch:
    """Plain text: an event whose first line is its name."""
    message = read_text({"text": text}, "text", "", problems)
    name, description = name_and_description("", message)
    fingerprint = fingerprints.of_title(name, {})
    event = IncomingAlert("event", fingerprint, name, description=description)
    return IncomingBatch(source=Source.TEXT, alerts=(event,))


def read_alert(payload: Object, pointer: str, context: Context) -> IncomingAlert | None:
    """One generic alert; None when it was quarantined."""
    problems = context.problems
    labels = read_labels(payload.get("labels"), f"{pointer}/labels", problems)
    annotations = read_annotations(payload.get("annotations"), f"{pointer}/annotations", problems)
    title = _first_of(payload, TITLE_FIELDS, pointer, problems)
    message = _first_of(payload, MESSAGE_FIELDS, pointer, problems)
    name, description = name_and_description(
        title or first_text(labels, ["alertname"]),
        message or first_text(annotations, DESCRIPTION_ANNOTATIONS),
    )
    if not name:
        problems.quarantine(pointer, "title or message is required; both are missing", payload)
        return None
    status = _status(payload, pointer, problems)
    ends_at = _time(payload, ("endsAt", "ends_at"), pointer, problems)
    given = read_text(payload, "fingerprint", pointer, problems)
    return IncomingAlert(
        status=status,
        fingerprint=fingerprints.as_given(given)
        if given
        else fingerprints.of_title(name, labels, context.options.ignored_labels),
        name=name,
        labels=_with_severity(labels, payload, pointer, problems),
        annotations=annotations,
        starts_at=_time(payload, ("startsAt", "starts_at"), pointer, problems),
        ends_at=ends_at if status == "resolved" else None,
        summary=first_text(annotations, SUMMARY_ANNOTATIONS),
        description=description,
        links=_links(payload, annotations, pointer, problems),
        image_url=_first_url(payload, IMAGE_FIELDS, pointer, problems),
    )


def name_and_description(title: str, message: str) -> tuple[str, str]:
    """The title names the alert and the message describes it; without a title the message's first
    line names it. The description never repeats what the name already says."""
    if title:
        name = one_line(title)
        return name, "" if message == title else message
    first_line, _, rest = message.partition("\n")
    name = one_line(first_line)
    return name, message if len(first_line) > MAX_NAME else rest.strip()


def _first_of(payload: Object, names: tuple[str, ...], pointer: str, problems: Problems) -> str:
    for name in names:
        if text := read_text(payload, name, pointer, problems):
            return text
    return ""


def _first_url(payload: Object, names: tuple[str, ...], pointer: str, problems: Problems) -> str:
    for name in names:
        if url := read_url(payload, name, "", pointer, problems):
            return url
    return ""


def _status(payload: Object, pointer: str, problems: Problems) -> AlertStatus:
    for name in STATUS_FIELDS:
        if status := read_status(payload.get(name), f"{pointer}/{name}", problems):
            return status
    return "event"


def _time(
    payload: Object, names: tuple[str, ...], pointer: str, problems: Problems
) -> datetime | None:
    for name in names:
        if moment := read_time(payload.get(name), f"{pointer}/{name}", problems):
            return moment
    return None


def _with_severity(
    labels: dict[str, str], payload: Object, pointer: str, problems: Problems
) -> dict[str, str]:
    severity = read_text(payload, "severity", pointer, problems, MAX_LABEL_VALUE)
    return {"severity": severity, **labels} if severity else labels


def _links(
    payload: Object, annotations: dict[str, str], pointer: str, problems: Problems
) -> tuple[Link, ...]:
    url = _first_url(payload, URL_FIELDS, pointer, problems)
    links = gather_links([(LinkKind.SOURCE, url)], annotations)
    return (*links, *_attachments(payload, pointer, problems))[:MAX_LINKS]


def _attachments(payload: Object, pointer: str, problems: Problems) -> list[Link]:
    """Attachments are URLs, or objects with `url` and `name`; they are shown as links."""
    value = payload.get("attachments")
    items = value if isinstance(value, list) else [] if value is None else [value]
    links = []
    for index, item in enumerate(items[:MAX_LINKS]):
        where = f"{pointer}/attachments/{index}"
        attachment: Object = item if isinstance(item, dict) else {"url": item}
        url = read_url(attachment, "url", "", where, problems)
        if url:
            label = one_line(read_text(attachment, "name", where, problems))
            links.append(Link(LinkKind.OTHER, url, label))
        elif not attachment.get("url"):
            problems.note(where, "should be a URL or an object with url; ignored", item)
    return links
