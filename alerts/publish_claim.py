"""Which GroupMessages are due, and that only one run publishes each.

The claim clears `due_at`, so that a change from then on makes the message due again. A claim that
ran out counts as due.
"""

import threading
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import compress
from uuid import UUID

from django.db.models import Q

from accounts.statements import adapt, locking, one_of, query, unhurried, uuid_of
from channels_app.models import NotificationChannel
from deliveries import clock

CLAIM = timedelta(seconds=15)
"""How long the dead keep others waiting; publishing takes a fraction of it, pictures included."""
CLAIM_MAX = timedelta(minutes=2)
PROMPT = 0.15
LEAST = 8
"""Below it, what is done once for all of a claim costs more than the rest."""
FEW = 1 / 8
"""Of a claim: whose share is not more is published before the others."""
UNTOLD = (
    Q(due_at__isnull=False)
    | Q(claimed_until__isnull=False)
    | Q(parked_at__isnull=False)
    | Q(owed_at__isnull=False)
)
"""Of GroupMessages: their channel does not know how the group stands."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """IDs under one claim; `until` is what proves it. `owners`: the organization of each."""

    ids: tuple[UUID, ...]
    until: datetime
    owners: tuple[UUID, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ids)

    @property
    def flooding(self) -> list[UUID]:
        """The organizations of which much is in it."""
        least = max(LEAST, FEW * len(self.ids))
        return [owner for owner, count in Counter(self.owners).items() if count >= least]

    def portions(self) -> list["Claimed"]:
        """What to publish first, and what then: who has little does not wait for who floods."""
        owned = Counter(self.owners)
        few = {owner for owner, count in owned.items() if count <= FEW * len(self.ids)}
        mine = [owner in few for owner in self.owners]
        if not any(mine) or all(mine):
            return [self]
        first = compress(self.ids, mine)
        rest = compress(self.ids, (not one for one in mine))
        return [Claimed(tuple(ids), self.until) for ids in (first, rest)]


class Floods:
    """Of which organizations much is being published in this process. Its other threads leave the
    rest of that alone: whoever has little finds one of them free."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads_of: Counter[UUID] = Counter()

    def now(self) -> list[UUID]:
        """Those."""
        with self._lock:
            return list(self._threads_of)

    @contextmanager
    def publishing(self, claimed: Claimed) -> Iterator[None]:
        """While this is being published."""
        flooding = claimed.flooding
        with self._lock:
            self._threads_of.update(flooding)
        try:
            yield
        finally:
            with self._lock:
                self._threads_of -= Counter(flooding)


@dataclass(slots=True)
class Size:
    """How many messages are claimed at once. Of a flood as many as this machine publishes in PROMPT
    seconds just now: nothing that becomes due meanwhile is published before they are."""

    most: int
    number: int = 0

    def __post_init__(self) -> None:
        self.number = self.most

    def took(self, count: int, seconds: float, *, is_flood: bool) -> None:
        """So many were published in so many seconds."""
        if is_flood and seconds > PROMPT:
            self.number = max(LEAST, min(self.number, int(count * PROMPT / seconds)))
        elif count >= self.number:
            self.number = min(self.most, 2 * self.number)


@dataclass(slots=True)
class Term:
    """For how long this process claims: longer after a claim that it needed for longer. Else two
    processes that are slow would take the same work from each other without end."""

    length: timedelta = CLAIM

    def is_used(self, until: datetime) -> None:
        """What was claimed until then is done now, perhaps too late."""
        if clock.now() >= until:
            self.length = min(2 * self.length, CLAIM_MAX)


term = Term()


def claim(
    limit: int,
    channel: NotificationChannel | None = None,
    besides: Collection[UUID] = (),
    only: UUID | None = None,
) -> Claimed:
    """Take up to `limit` due messages, in turn from every organization but those; oldest first
    within one. `only`: this message, if it is due.

    Two processes never claim the same one: the conditions hold in the UPDATE that takes it.
    """
    now = clock.now()
    until = now + term.length
    free = "(claimed_until IS NULL OR claimed_until <= %(now)s)"
    of_channel = " AND channel_id = %(channel)s" if channel else ""
    of_channel += " AND id = %(only)s" if only else ""
    others = {f"other{number}": adapt(owner) for number, owner in enumerate(besides)}
    names = ", ".join(f"%({name})s" for name in others)
    of_owners = f" AND organization_id NOT IN ({names})" if others else ""
    due = (
        "SELECT id, row_number() OVER (PARTITION BY organization_id ORDER BY since, id) AS turn,"  # noqa: S608  # constants
        " since FROM (SELECT id, organization_id,"
        " COALESCE(due_at, claimed_until, sound_due_at, repeat_at) AS since"
        ' FROM "alerts_groupmessage"'
        " WHERE (due_at <= %(now)s OR claimed_until <= %(now)s OR sound_due_at <= %(now)s"
        f" OR repeat_at <= %(now)s) AND {free}{of_channel}{of_owners}) AS due"
    )
    chosen = (
        f'SELECT id FROM "alerts_groupmessage" WHERE {free} AND id IN'  # noqa: S608  # constants
        f" (SELECT id FROM ({due}) AS turns ORDER BY turn, since LIMIT {limit:d})"
        f" ORDER BY id{locking('FOR UPDATE SKIP LOCKED')}"
    )
    rows = query(
        'UPDATE "alerts_groupmessage" SET claimed_until = %(until)s, due_at = NULL'  # noqa: S608  # constants
        f" WHERE id IN ({chosen}) AND {free}{unhurried()} RETURNING id, organization_id",
        {
            "now": adapt(now),
            "until": adapt(until),
            **({"channel": adapt(channel.pk)} if channel else {}),
            **({"only": adapt(only)} if only else {}),
            **others,
        },
    )
    ids, owners = (tuple(uuid_of(row[place]) for row in rows) for place in (0, 1))
    return Claimed(ids, until, owners)


def still_held(claimed: Claimed) -> set[UUID]:
    """Those of the claim that nobody else has claimed since; locked until the transaction ends."""
    term.is_used(claimed.until)
    condition, value = one_of("id", claimed.ids)
    rows = query(
        f'SELECT id FROM "alerts_groupmessage" WHERE {condition} AND claimed_until = %s'  # noqa: S608  # constants
        f" ORDER BY id{locking('FOR UPDATE')}",
        [value, adapt(claimed.until)],
    )
    return {uuid_of(row[0]) for row in rows}
