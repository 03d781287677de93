"""Which firing alerts silences hold for, or would."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.models import Organization
from alerts.matchers import Matcher, matches_all
from alerts.models import Alert, Status

LOOKED_AT = 20_000
"""Firing alerts that are looked at, the newest first: more would take seconds."""
SHOWN = 10


@dataclass(frozen=True, slots=True)
class HeldAlert:
    """One of them, in short."""

    id: UUID
    name: str
    severity: str
    labels: Mapping[str, str]


@dataclass(slots=True)
class Held:
    """How many alerts matchers hold for, and the newest few. `is_whole`: False where more alerts
    fire than were looked at."""

    count: int = 0
    alerts: list[HeldAlert] = field(default_factory=list)
    is_whole: bool = True


def held_alerts(
    organization: Organization | UUID,
    silences: Sequence[Sequence[Matcher]],
    integrations: Sequence[UUID | None] = (),
    looked_at: int = LOOKED_AT,
) -> list[Held]:
    """For the matchers of each silence, and of whose alerts alone it is, what they hold for now.
    One query for all of them; none where there are no silences."""
    found = [Held() for _ in silences]
    if not found:
        return found
    firing = Alert.objects.for_organization(organization).filter(status=Status.FIRING)
    rows = firing.order_by("-id").values_list("pk", "name", "severity", "labels", "integration_id")
    asked = list(zip(silences, integrations or [None] * len(silences), strict=True))
    number = 0
    # To its end: a cursor that is left open breaks the transaction in PostgreSQL.
    for number, row in enumerate(rows[: looked_at + 1].iterator(chunk_size=2_000), 1):
        if number <= looked_at:
            _note(row, found, asked)
    for held in found:
        held.is_whole = number <= looked_at
    return found


def _note(
    row: tuple[Any, ...],
    found: list[Held],
    asked: Sequence[tuple[Sequence[Matcher], UUID | None]],
) -> None:
    *shown, integration_id = row
    for held, (matchers, only) in zip(found, asked, strict=True):
        if only in (None, integration_id) and matches_all(matchers, row[3]):
            held.count += 1
            if held.count <= SHOWN:
                held.alerts.append(HeldAlert(*shown))
