"""Which GroupMessages are due, and that only one run publishes each.

The claim clears `due_at`, so that a change from then on makes the message due again. A claim that
ran out counts as due.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from alerts.statements import adapt, locking, one_of, query, uuid_of
from channels_app.models import NotificationChannel

CLAIM = timedelta(seconds=60)
UNTOLD = Q(due_at__isnull=False) | Q(claimed_until__isnull=False) | Q(parked_at__isnull=False)
"""Of GroupMessages: their channel does not know how the group stands."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """IDs under one claim; `until` is what proves it."""

    ids: tuple[UUID, ...]
    until: datetime

    def __bool__(self) -> bool:
        return bool(self.ids)


def claim(limit: int, channel: NotificationChannel | None = None) -> Claimed:
    """Take up to `limit` due messages, in turn from every organization; oldest first within one.

    Two processes never claim the same one: the conditions hold in the UPDATE that takes it.
    """
    now = timezone.now()
    until = now + CLAIM
    free = "(claimed_until IS NULL OR claimed_until <= %(now)s)"
    of_channel = " AND channel_id = %(channel)s" if channel else ""
    due = (
        "SELECT id, row_number() OVER (PARTITION BY organization_id ORDER BY since, id) AS turn,"  # noqa: S608  # constants
        " since FROM (SELECT id, organization_id,"
        " COALESCE(due_at, claimed_until, sound_due_at, repeat_at) AS since"
        ' FROM "alerts_groupmessage"'
        " WHERE (due_at <= %(now)s OR claimed_until <= %(now)s OR sound_due_at <= %(now)s"
        f" OR repeat_at <= %(now)s) AND {free}{of_channel}) AS due"
    )
    chosen = (
        f'SELECT id FROM "alerts_groupmessage" WHERE {free} AND id IN'  # noqa: S608  # constants
        f" (SELECT id FROM ({due}) AS turns ORDER BY turn, since LIMIT {limit:d})"
        f" ORDER BY id{locking('FOR UPDATE SKIP LOCKED')}"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE "alerts_groupmessage" SET claimed_until = %(until)s, due_at = NULL'  # noqa: S608  # constants
            f" WHERE id IN ({chosen}) AND {free} RETURNING id",
            {
                "now": adapt(now),
                "until": adapt(until),
                "channel": adapt(channel.pk) if channel else None,
            },
        )
        return Claimed(tuple(uuid_of(row[0]) for row in cursor.fetchall()), until)


def still_held(claimed: Claimed) -> set[UUID]:
    """Those of the claim that nobody else has claimed since; locked until the transaction ends."""
    condition, value = one_of("id", claimed.ids)
    rows = query(
        f'SELECT id FROM "alerts_groupmessage" WHERE {condition} AND claimed_until = %s'  # noqa: S608  # constants
        f" ORDER BY id{locking('FOR UPDATE')}",
        [value, adapt(claimed.until)],
    )
    return {uuid_of(row[0]) for row in rows}
