"""How the outbox stands, in few queries whose cost does not grow with what was ever sent.

Rows are counted up to COUNTED_MAX, and only open or refused ones; what is oldest is found by one
index probe per chat in which something waits. Nothing here names a tenant.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from accounts.statements import utc
from channels_app.models import Bot, NotificationChannel
from deliveries import health
from deliveries.models import Delivery, DeliveryAttempt, Lane, Mark, Tally

COUNTED_MAX = 50_000
STUCK_AFTER = timedelta(seconds=90)
"""Longer than what may rightly hold up a call that could leave: a call that hangs (50 s), a dead
holder's lease (12 s), one call a minute to a group."""
FAILING_LOOK = timedelta(minutes=15)

_OPEN = "d.state IN ('waiting', 'in_flight')"
_WAITING = f"""
WITH RECURSIVE bots(bot_id) AS (
    SELECT (SELECT d.bot_id FROM deliveries_delivery d WHERE {_OPEN} ORDER BY d.bot_id LIMIT 1)
    UNION ALL
    SELECT (SELECT d.bot_id FROM deliveries_delivery d
            WHERE {_OPEN} AND d.bot_id > bots.bot_id ORDER BY d.bot_id LIMIT 1)
    FROM bots WHERE bots.bot_id IS NOT NULL
),
chats(bot_id, chat_id) AS (
    SELECT bots.bot_id,
           (SELECT d.chat_id FROM deliveries_delivery d
            WHERE d.bot_id = bots.bot_id AND {_OPEN} ORDER BY d.chat_id LIMIT 1)
    FROM bots WHERE bots.bot_id IS NOT NULL
    UNION ALL
    SELECT chats.bot_id,
           (SELECT d.chat_id FROM deliveries_delivery d
            WHERE d.bot_id = chats.bot_id AND d.chat_id > chats.chat_id AND {_OPEN}
            ORDER BY d.chat_id LIMIT 1)
    FROM chats WHERE chats.chat_id IS NOT NULL
),
firsts AS (
    SELECT chats.bot_id, chats.chat_id,
           (SELECT d.id FROM deliveries_delivery d
            WHERE d.bot_id = chats.bot_id AND d.chat_id = chats.chat_id AND {_OPEN}
            ORDER BY d.turn_at LIMIT 1) AS first_id
    FROM chats WHERE chats.chat_id IS NOT NULL
)
SELECT firsts.bot_id, d.organization_id, COUNT(*), MIN(d.due_at),
       SUM(CASE WHEN ((d.state = 'waiting' AND d.not_before <= %s)
                      OR (d.state = 'in_flight' AND d.deadline <= %s))
                     AND (clock.not_before IS NULL OR clock.not_before <= %s) THEN 1 ELSE 0 END)
FROM firsts
JOIN deliveries_delivery d ON d.id = firsts.first_id AND {_OPEN}
LEFT JOIN deliveries_chatclock clock ON clock.chat_id = firsts.chat_id
GROUP BY firsts.bot_id, d.organization_id
"""  # noqa: S608  # constants
"""Per bot and organization: chats in which something waits, since when the oldest does, and in how
many of them it could have left long ago. The first by its turn stands for its chat, so the oldest
may be up to a minute older. That it is open is said again where it is joined: PostgreSQL guesses
10,000 chats, and would read the whole table for them."""

_STATES = """
SELECT state, COUNT(*) FROM (
    SELECT d.state FROM deliveries_delivery d WHERE d.state IN ({states}) LIMIT {limit:d}
) AS counted GROUP BY state
"""
"""The states are literals, so that both databases may use the partial indexes."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one bot, of one organization, and the bot's lane.

    `refused`: disabled because Telegram refused it. `own_line`: its server or proxy is a user's.
    `idle_chats`: chats whose first call could have left for STUCK_AFTER.
    """

    bot_id: UUID
    organization_id: UUID
    chats: int
    oldest_due: datetime
    idle_chats: int
    enabled: bool
    refused: bool
    own_line: bool
    held: bool
    paused: bool
    doubted: bool
    stuck: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """The outbox as it stood at `at`, by the database's clock.

    `states`: Delivery.State → how many, up to COUNTED_MAX. `failing_for`: between the first and the
    last of the calls that failed since Telegram last took one, over the installation's own line.
    `bots`, `channels`: "enabled", "refused" (disabled by us) or "off" (by a person) → how many.
    """

    at: datetime
    states: Counter[str]
    queues: list[Queue]
    bots: Counter[str]
    channels: Counter[str]
    lanes: Counter[str]
    marks: dict[str, datetime]
    failing_for: timedelta
    counts: dict[str, int] = field(default_factory=dict)

    def age_of(self, mark: str) -> timedelta | None:
        """How long ago something was noted; None when it never was."""
        at = self.marks.get(mark)
        return None if at is None else max(timedelta(0), self.at - at)

    @property
    def late_by(self) -> timedelta:
        """How long the oldest waiting call of an enabled bot has been due."""
        return self._late(enabled=True)

    @property
    def late_at_disabled_by(self) -> timedelta:
        """The same of disabled bots."""
        return self._late(enabled=False)

    def _late(self, *, enabled: bool) -> timedelta:
        due = [queue.oldest_due for queue in self.queues if queue.enabled == enabled]
        return max(timedelta(0), self.at - min(due, default=self.at))


def read(now: datetime) -> Figures:
    """The figures of now, by the database's clock."""
    queues = queues_at(now)
    marks = dict(Mark.objects.values_list("name", "at"))
    return Figures(
        at=now,
        states=_states("'waiting', 'in_flight'") + _states("'parked', 'dead'"),
        queues=queues,
        bots=_switched(Bot),
        channels=_switched(NotificationChannel),
        lanes=_lanes(now, queues),
        marks=marks,
        failing_for=_failing_for(now, marks.get("answered")),
        counts=dict(Tally.objects.values_list("key", "value")),
    )


def queues_at(now: datetime) -> list[Queue]:
    """What waits, per bot and organization."""
    stale = now - STUCK_AFTER
    moment = Delivery._meta.get_field("not_before").get_db_prep_value(stale, connection)
    key = Delivery._meta.get_field("id")
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [moment, moment, moment])
        rows = cursor.fetchall()
    ids = {key.to_python(row[0]) for row in rows}
    bots = Bot.objects.select_related("lane").in_bulk(ids)
    found = []
    for bot_id, owner, chats, oldest, idle in rows:
        bot = bots.get(key.to_python(bot_id))
        if bot is not None:
            found.append(_queue(bot, key.to_python(owner), chats, utc(oldest), idle, now))
    return found


def _queue(bot: Bot, owner: UUID, chats: int, oldest: datetime, idle: int, now: datetime) -> Queue:
    lane: Lane | None = getattr(bot, "lane", None)
    stale = now - STUCK_AFTER
    pause = None if lane is None else lane.not_before
    doubted = lane is not None and lane.suspected_at is not None
    could = bot.enabled and not doubted and (pause is None or pause <= stale)
    return Queue(
        bot_id=bot.pk,
        organization_id=owner,
        chats=chats,
        oldest_due=oldest,
        idle_chats=idle,
        enabled=bot.enabled,
        refused=health.disabled_by_us(bot),
        own_line=bool(bot.api_url or bot.proxy_encrypted),
        held=lane is not None and lane.leased_until is not None and lane.leased_until >= now,
        paused=pause is not None and pause > now,
        doubted=doubted,
        stuck=bool(idle) and could and not _tried_since(bot.pk, stale),
    )


def _tried_since(bot_id: UUID, moment: datetime) -> bool:
    return DeliveryAttempt.objects.filter(bot=bot_id, started_at__gt=moment).exists()


def _states(states: str) -> Counter[str]:
    with connection.cursor() as cursor:
        cursor.execute(_STATES.format(states=states, limit=COUNTED_MAX))
        return Counter(dict(cursor.fetchall()))


def _switched(model: type[Bot] | type[NotificationChannel]) -> Counter[str]:
    found = model._default_manager.aggregate(
        all=Count("pk"),
        on=Count("pk", filter=Q(enabled=True)),
        refused=Count("pk", filter=Q(enabled=False) & health.BY_US),
    )
    off = found["all"] - found["on"] - found["refused"]
    return Counter({"enabled": found["on"], "refused": found["refused"], "off": off})


def _lanes(now: datetime, queues: list[Queue]) -> Counter[str]:
    found = Lane.objects.aggregate(
        held=Count("pk", filter=Q(leased_until__gte=now)),
        paused=Count("pk", filter=Q(not_before__gt=now)),
        doubted=Count("pk", filter=Q(suspected_at__isnull=False)),
    )
    stuck = {queue.bot_id: queue.held for queue in queues if queue.stuck}
    return Counter(
        {
            **found,
            "stuck_held": sum(stuck.values()),
            "stuck_free": len(stuck) - sum(stuck.values()),
        }
    )


def _failing_for(now: datetime, answered: datetime | None) -> timedelta:
    """Calls over a user's own server or proxy say nothing of this installation."""
    since = now - FAILING_LOOK if answered is None else max(answered, now - FAILING_LOOK)
    failed = (
        DeliveryAttempt.objects.filter(
            started_at__gt=since,
            finished_at__isnull=False,
            bot__api_url="",
            bot__proxy_encrypted="",
        )
        .exclude(outcome="sent")
        .values_list("started_at", flat=True)
    )
    first, last = failed.order_by("started_at").first(), failed.order_by("-started_at").first()
    return timedelta(0) if first is None or last is None else last - first
