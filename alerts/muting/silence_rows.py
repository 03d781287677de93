"""Silences as lists ask for them: by where they stand, by a matcher, with what they hold for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, F, Func, JSONField, Q, Value

from alerts.matchers import Matcher, readable_matchers
from alerts.models import Integration, Silence
from alerts.muting.silenced_alerts import held_alerts
from alerts.muting.silences import state_of
from alerts.muting.silencing import SilenceState
from deliveries import clock


class HasMatcher(Func):
    """Whether the stored matchers hold exactly this one."""

    output_field = BooleanField()

    def __init__(self, matcher: Matcher) -> None:
        super().__init__(F("matchers"), Value([matcher.to_json()], JSONField()))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """`matchers @> '[{…}]'`."""
        return self.as_sql(
            compiler, connection, template="(%(expressions)s)", arg_joiner=" @> ", **context
        )

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Both are written by `Matcher.to_json`, so that equal ones are equal texts."""
        return self.as_sql(
            compiler,
            connection,
            template="EXISTS (SELECT value FROM json_each(%(expressions)s, '$[0]'))",
            arg_joiner=") WHERE value = json_extract(",
            **context,
        )


def holding_for(integration: Integration | UUID) -> Q:
    """Silences that hold for this integration's alerts, if for any."""
    return Q(integration=None) | Q(integration=integration)


def in_state(state: SilenceState, now: datetime) -> Q:
    """Silences that stand so, as `state_at` has it."""
    match state:
        case SilenceState.PENDING:
            return Q(starts_at__gt=now)
        case SilenceState.ACTIVE:
            return Q(starts_at__lte=now, ends_at__gt=now)
        case SilenceState.EXPIRED:
            return Q(starts_at__lte=now, ends_at__lte=now)


def alert_counts(rows: Sequence[Silence]) -> dict[UUID, int]:
    """How many firing alerts each holds for now: one query, none where no silence is active. One
    that cannot be read holds for none, as when alerts are told (alerts/muting/known.py)."""
    now = clock.now()
    active = [
        (row, matchers)
        for row in rows
        if state_of(row, now) is SilenceState.ACTIVE
        and (matchers := readable_matchers(row.matchers)) is not None
    ]
    counts = {row.pk: 0 for row in rows}
    if active:
        held = held_alerts(
            active[0][0].organization_id,
            [matchers for _, matchers in active],
            [row.integration_id for row, _ in active],
        )
        counts |= {row.pk: one.count for (row, _), one in zip(active, held, strict=True)}
    return counts
