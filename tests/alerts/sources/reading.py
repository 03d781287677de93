"""How these tests have a payload read, and what every result must satisfy."""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.fingerprints import as_given
from alerts.sources.detect import Kind, detect_and_parse
from alerts.sources.incoming import (
    MAX_ANNOTATIONS,
    MAX_EXCERPT,
    MAX_GROUP_KEY,
    MAX_LABEL_NAME,
    MAX_LABEL_VALUE,
    MAX_LABELS,
    MAX_LINKS,
    MAX_NAME,
    MAX_POINTER,
    MAX_PROBLEMS,
    MAX_TEXT,
    MAX_URL,
    MAX_VALUES,
    IncomingAlert,
    IncomingBatch,
    ParseOptions,
)

PAYLOADS = Path(__file__).parent / "payloads"
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def read(
    body: bytes | str | dict[str, Any] | list[Any],
    content_type: str = "application/json",
    *,
    kind: Kind = "auto",
    now: datetime = NOW,
    ignored: tuple[str, ...] = (),
    max_alerts: int = 20_000,
) -> IncomingBatch:
    """Parse a body, given as bytes, text, or the object to send as JSON."""
    if isinstance(body, dict | list):
        body = json.dumps(body)
    data = body.encode() if isinstance(body, str) else body
    options = ParseOptions(now=now, ignored_labels=frozenset(ignored), max_alerts=max_alerts)
    return detect_and_parse(data, content_type, kind=kind, options=options)


def read_file(name: str, **more: Any) -> IncomingBatch:
    return read((PAYLOADS / f"{name}.json").read_bytes(), **more)


def only(batch: IncomingBatch) -> IncomingAlert:
    (alert,) = batch.alerts
    return alert


def reasons(batch: IncomingBatch) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.reason) for problem in batch.problems]


def assert_contract(batch: IncomingBatch) -> None:
    """Everything that `incoming` promises about a batch."""
    for text, limit in _texts(batch):
        assert type(text) is str
        assert "\x00" not in text
        text.encode()
        assert len(text) <= limit
    assert 0 <= batch.truncated_alerts <= 1_000_020_000
    assert len(batch.problems) <= MAX_PROBLEMS + 1
    for alert in batch.alerts:
        _assert_alert(alert)


def _assert_alert(alert: IncomingAlert) -> None:
    assert alert.status in ("firing", "resolved", "event")
    assert alert.fingerprint
    assert as_given(alert.fingerprint) == alert.fingerprint
    assert alert.name
    assert alert.name == " ".join(alert.name.split())
    assert len(alert.labels) <= MAX_LABELS
    assert len(alert.annotations) <= MAX_ANNOTATIONS
    assert len(alert.values) <= MAX_VALUES
    assert all(type(v) is float and math.isfinite(v) for v in alert.values.values())
    assert len(alert.links) <= MAX_LINKS
    assert all(link.url for link in alert.links)
    for moment in (alert.starts_at, alert.ends_at, alert.expires_at):
        assert moment is None or moment.utcoffset() == timedelta(0)
    if alert.status != "resolved":
        assert alert.ends_at is None
    if alert.status != "firing":
        assert alert.expires_at is None


def _texts(batch: IncomingBatch) -> Iterator[tuple[str, int]]:
    yield batch.group_key or "", MAX_GROUP_KEY
    yield batch.receiver, MAX_LABEL_VALUE
    yield batch.external_url, MAX_URL
    yield batch.title, MAX_TEXT
    yield batch.message, MAX_TEXT
    yield from _pairs(batch.group_labels, MAX_LABEL_VALUE)
    for problem in batch.problems:
        yield from ((problem.pointer, MAX_POINTER), (problem.reason, 300))
        yield problem.excerpt, MAX_EXCERPT
    for alert in batch.alerts:
        yield alert.name, MAX_NAME
        yield from _pairs(alert.labels, MAX_LABEL_VALUE)
        yield from _pairs(alert.annotations, MAX_TEXT)
        yield from ((t, MAX_TEXT) for t in (alert.summary, alert.description, alert.value_text))
        yield from ((name, MAX_LABEL_NAME) for name in alert.values)
        yield alert.image_url, MAX_URL
        for link in alert.links:
            yield from ((link.url, MAX_URL), (link.label, MAX_NAME))


def _pairs(pairs: Any, limit: int) -> Iterator[tuple[str, int]]:
    for name, text in pairs.items():
        assert name
        yield from ((name, MAX_LABEL_NAME), (text, limit))
