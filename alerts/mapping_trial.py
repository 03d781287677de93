"""What a mapping would make of a payload, without storing anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from alerts.models import Integration, Payload
from alerts.route_table import route_table
from alerts.severity import Severity
from alerts.sources.incoming import IncomingAlert, IncomingBatch, ParseOptions, Problem
from alerts.sources.mapped import parse_mapped
from alerts.sources.mapping import FIELDS

SHOWN = 50
"""Alerts that a trial tells of."""


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """`field`: which of the mapping's fields is to blame, "" for none of them."""

    field: str
    pointer: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert, and how bad it would be here."""

    alert: IncomingAlert
    severity: Severity | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be stored; `alerts` are the first of `count`."""

    alerts: tuple[ShownAlert, ...]
    problems: tuple[ShownProblem, ...]
    count: int


def try_mapping(integration: Integration, stored: Any, body: bytes, content_type: str) -> Trial:
    """`stored` as `mapping.stored_form` gives it, or None. Raises Unparseable."""
    options = ParseOptions(
        now=timezone.now(),
        ignored_labels=frozenset(integration.ignored_labels),
        max_alerts=settings.INGEST_MAX_ALERTS,
    )
    batch = parse_mapped(body, content_type, stored=stored, name=integration.name, options=options)
    severities = route_table(integration.organization).severities
    shown = tuple(
        ShownAlert(alert, severities.severity_of(alert.labels)) for alert in batch.alerts[:SHOWN]
    )
    return Trial(shown, tuple(_problems(batch)), len(batch.alerts))


def body_of(payload: Payload) -> bytes:
    """As it came, if it was not too long to be kept."""
    return payload.body.encode()


def _problems(batch: IncomingBatch) -> Iterator[ShownProblem]:
    for problem in batch.problems:
        yield ShownProblem(_field(problem), problem.pointer, problem.reason)


def _field(problem: Problem) -> str:
    """Pointers are `/<field>…`, or `/<number>/<field>…` where a payload holds several alerts."""
    parts = problem.pointer.split("/")[1:]
    if parts and parts[0].isdigit():
        parts = parts[1:]
    return parts[0] if parts and parts[0] in (*FIELDS, "items") else ""
