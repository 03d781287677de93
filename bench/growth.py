"""Fills a PostgreSQL database as years would: many organizations, alerts, groups and deliveries.

Each table gets copies of a row that the product itself has written, so that a new column needs no
change here; only IDs, owners and times differ. IDs are ordered by time like the product's (UUIDv7)
and follow from a number, so that rows can name each other without being looked up.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from bench.servers import Postgres

PER_GROUP = 5
DAYS = 200
"""Ages of the groups: from now back to so long ago, which is more than the retention of any."""
OPEN_ONE_IN = 10
CONNECTIONS = 2


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows."""

    alerts: int
    organizations: int

    @property
    def groups(self) -> int:
        """Of PER_GROUP alerts each, with a message and a delivery."""
        return self.alerts // PER_GROUP


@dataclass(frozen=True, slots=True)
class Copy:
    """`count` copies of a row of `table`; `values`: column → SQL with the number `i`."""

    table: str
    count: int
    values: Mapping[str, str] = field(default_factory=dict)
    where: str = "true"


_KINDS = (
    *("organization", "integration", "bot", "chat", "channel", "route"),
    *("alert", "episode", "group", "member", "stream", "message", "sent", "delivery", "attempt"),
    *("trace", "timeline"),
)
_ID = (
    "(lpad(to_hex({ms} + {number}), 12, '0') || '7' || lpad(to_hex({kind}), 3, '0') || '8'"
    " || lpad(to_hex({number}), 15, '0'))::uuid"
)
_FIRST_MS = 1_700_000_000_000


def _id(kind: str, number: str = "i") -> str:
    """SQL of the ID of the row of this kind with this number."""
    return _ID.format(ms=_FIRST_MS, number=f"({number})::bigint", kind=_KINDS.index(kind))


def copies(size: Size) -> Iterator[Copy]:
    """Every table, owners first."""
    organizations, groups, alerts = size.organizations, size.groups, size.alerts
    own = {"organization_id": _id("organization")}
    digest = "md5(i::text) || md5((-i - 1)::text)"
    yield Copy(
        "accounts_organization",
        organizations,
        {"id": _id("organization"), "name": "'Grown ' || i", "slug": "'grown-' || i"},
    )
    yield Copy(
        "alerts_integration",
        organizations,
        {"id": _id("integration"), **own, "name": "'Grown ' || i", "key_hash": digest},
    )
    yield Copy(
        "channels_app_bot",
        organizations,
        {"id": _id("bot"), **own, "telegram_id": "800000000000 + i"},
    )
    yield Copy(
        "channels_app_chat",
        organizations,
        {"id": _id("chat"), **own, "bot_id": _id("bot"), "chat_id": "500000000 + i"},
    )
    yield Copy(
        "channels_app_notificationchannel",
        organizations,
        {"id": _id("channel"), **own, "chat_id": _id("chat")},
    )
    yield Copy("alerts_route", organizations, {"id": _id("route"), **own}, "is_default")
    yield from _of_groups(groups, organizations)
    yield from _of_alerts(alerts, groups, organizations)


def _when(group: str, groups: int) -> str:
    return f"now() - interval '{DAYS} days' * (1 - ({group})::float / {groups})"


def _of_groups(groups: int, organizations: int) -> Iterator[Copy]:
    owner = f"i % {organizations}"
    own = {"organization_id": _id("organization", owner)}
    when = _when("i", groups)
    is_open = f"i % {OPEN_ONE_IN} = 0"
    of_chat = {"bot_id": _id("bot", owner), "chat_id": _id("chat", owner)}
    yield Copy(
        "alerts_alertgroup",
        groups,
        {
            "id": _id("group"),
            **own,
            "route_id": _id("route", owner),
            "key_hash": "md5(i::text) || md5((-i - 1)::text)",
            "is_open": is_open,
            "status": f"CASE WHEN {is_open} THEN 'firing' ELSE 'resolved' END",
            "opened_at": when,
            "changed_at": when,
            "closed_at": f"CASE WHEN {is_open} THEN NULL ELSE {when} END",
        },
    )
    yield Copy(
        "deliveries_stream",
        groups,
        {"id": _id("stream"), **own, "chat_id": _id("chat", owner), "last_sequence": "1"},
    )
    yield Copy(
        "deliveries_sentmessage",
        groups,
        {
            "id": _id("sent"),
            **own,
            "chat_id": _id("chat", owner),
            "stream_id": _id("stream"),
            "message_id": "i + 1",
            "sent_at": when,
        },
        "state = 'shown'",
    )
    yield Copy(
        "alerts_groupmessage",
        groups,
        {
            "id": _id("message"),
            **own,
            "group_id": _id("group"),
            "channel_id": _id("channel", owner),
            "stream_id": _id("stream"),
            "message_id": _id("sent"),
            "repeat_at": f"CASE WHEN {is_open} THEN now() + interval '1 day' END",
            "published_at": when,
        },
        "published_at IS NOT NULL AND due_at IS NULL AND claimed_until IS NULL",
    )
    yield Copy(
        "deliveries_delivery",
        groups,
        {
            "id": _id("delivery"),
            **own,
            **of_chat,
            "channel_id": _id("channel", owner),
            "stream_id": _id("stream"),
            "sequence": "1",
            "target_id": _id("sent"),
            "created_at": when,
            "due_at": when,
            "not_before": when,
            "turn_at": when,
            "settled_at": when,
        },
        "state = 'sent'",
    )
    yield Copy(
        "deliveries_deliveryattempt",
        groups,
        {
            "id": _id("attempt"),
            **own,
            **of_chat,
            "delivery_id": _id("delivery"),
            "started_at": when,
            "deadline": when,
            "finished_at": when,
        },
        "finished_at IS NOT NULL",
    )
    yield Copy(
        "alerts_timelineevent",
        groups,
        {"id": _id("timeline"), **own, "group_id": _id("group"), "alert_id": "NULL", "at": when},
    )
    yield Copy(
        "alerts_trace",
        groups,
        {
            "id": _id("trace"),
            **own,
            "integration_id": _id("integration", owner),
            "received_at": when,
        },
        "status = 202",
    )


def _of_alerts(alerts: int, groups: int, organizations: int) -> Iterator[Copy]:
    group = f"i / {PER_GROUP}"
    owner = f"({group}) % {organizations}"
    own = {"organization_id": _id("organization", owner)}
    when = _when(group, groups)
    is_open = f"({group}) % {OPEN_ONE_IN} = 0"
    ended = f"CASE WHEN {is_open} THEN NULL ELSE {when} END"
    yield Copy(
        "alerts_alert",
        alerts,
        {
            "id": _id("alert"),
            **own,
            "integration_id": _id("integration", owner),
            "fingerprint": "md5(i::text)",
            "name": "'Grown ' || i",
            "status": f"CASE WHEN {is_open} THEN 'firing' ELSE 'resolved' END",
            "starts_at": when,
            "ends_at": ended,
            "first_received_at": when,
            "last_received_at": when,
        },
    )
    yield Copy(
        "alerts_episode",
        alerts,
        {
            "id": _id("episode"),
            **own,
            "alert_id": _id("alert"),
            "number": "1",
            "starts_at": when,
            "ends_at": ended,
        },
    )
    yield Copy(
        "alerts_groupmember",
        alerts,
        {
            "id": _id("member"),
            **own,
            "group_id": _id("group", group),
            "alert_id": _id("alert"),
            "joined_at": when,
        },
    )


def grow(server: Postgres, database: str, size: Size) -> None:
    """Fill the database, in which the product has delivered at least one alert."""
    left = deque(sorted(copies(size), key=lambda copy: -copy.count))
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for one in [pool.submit(_copy_all, server.url(database), left) for _ in range(CONNECTIONS)]:
            one.result()
    server.query(database, "VACUUM ANALYZE")
    server.query(database, "CHECKPOINT")


def _copy_all(url: str, left: deque[Copy]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        # Foreign keys are right by construction; checking them would take longer than writing, and
        # forbid to begin with any table.
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        while left:
            with suppress(IndexError):  # another one took the last
                connection.execute(_statement(connection, left.popleft()))


def _statement(connection: psycopg.Connection, copy: Copy) -> sql.Composed:
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s",
        [copy.table],
    ).fetchall()
    names = [name for (name,) in found]
    unknown = set(copy.values) - set(names)
    if unknown:
        raise LookupError(f"{copy.table} has no {', '.join(sorted(unknown))}: mend bench/growth.py")
    values = [
        sql.SQL(copy.values[name]) if name in copy.values else sql.Identifier("s", name)
        for name in names
    ]
    return sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {values} FROM"
        " (SELECT * FROM {table} WHERE {where} ORDER BY id LIMIT 1) AS s,"
        " generate_series(0, {last}::bigint) AS i"
    ).format(
        table=sql.Identifier(copy.table),
        names=sql.SQL(", ").join(map(sql.Identifier, names)),
        values=sql.SQL(", ").join(values),
        where=sql.SQL(copy.where),
        last=sql.Literal(copy.count - 1),
    )
