"""How publishing stands; the cost does not grow with what was ever published."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model

from accounts.statements import adapt, query, time_of
from alerts.models import GroupMessage, Storm, SweepMark
from deliveries.trouble_rules import Kind, Seen

COUNTED_MAX = 50_000
STALLED = timedelta(minutes=2)

_REASONS: tuple[tuple[type[Model], str], ...] = (
    *((GroupMessage, name) for name in ("due_at", "claimed_until", "sound_due_at", "repeat_at")),
    *((Storm, name) for name in ("due_at", "claimed_until")),
)
"""Why a channel is to be told."""
_DUE = """
SELECT COUNT(*), MIN(since) FROM (
    SELECT {column} AS since FROM {table}
    WHERE {column} <= %s ORDER BY {column} LIMIT {limit:d}
) AS due
"""


@dataclass(frozen=True, slots=True)
class PublishFigures:
    """`due`: GroupMessages and storms of which a channel is to be told, up to COUNTED_MAX of each
    reason. `storms`: those that are open.

    `late_by`: how long the oldest of them has been due, claims that ran out included. `swept_at`:
    when alerts were last swept, `up_since` as in alerts/uptime.py.
    """

    due: int
    storms: int
    late_by: timedelta
    swept_at: datetime | None
    up_since: datetime | None


def read(now: datetime) -> PublishFigures:
    """The figures of `now`, by the database's clock."""
    oldest = now
    total = 0
    for model, column in _REASONS:
        count, since = _due(model, column, now)
        total += count
        oldest = oldest if since is None else min(oldest, since)
    mark = SweepMark.objects.filter(pk=1).first()
    return PublishFigures(
        due=total,
        storms=Storm.objects.filter(closed_at=None).count(),
        late_by=now - oldest,
        swept_at=None if mark is None else mark.swept_at,
        up_since=None if mark is None else mark.up_since,
    )


def _due(model: type[Model], column: str, now: datetime) -> tuple[int, datetime | None]:
    sql = _DUE.format(table=model._meta.db_table, column=column, limit=COUNTED_MAX)
    ((count, since),) = query(sql, [adapt(now)])
    return count, time_of(since)


def troubles(now: datetime) -> list[Seen]:
    """For deliveries.trouble_sight: whether publishing is stalled."""
    late = read(now).late_by
    if late <= STALLED:
        return []
    return [Seen(None, Kind.PUBLISHING, number=int(late.total_seconds()), since=now - late)]
