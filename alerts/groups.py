"""What changes of alerts do to groups: opened, joined, closed, reopened, and due in their channels.

Ingest, expiry and people's resolves all come through `change_groups`, inside their transaction and
after the alerts were decided. It reads with three or four statements, whatever the number of
alerts, and adds its writes to the caller's.

Locks (PostgreSQL): alerts that only fire share their groups, so that a flood into one group is not
a queue; whatever may change a group's row needs it alone. Who finds out too late raises NotAlone,
and the caller starts again with `alone=True`.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from accounts.models import new_id
from alerts.group_rows import (
    Message,
    Scope,
    add_groups,
    add_members,
    add_messages,
    add_timeline,
)
from alerts.group_state import RECOUNTS, Change, Group, Opening, settle
from alerts.lifecycle import REOPEN_WITHIN, Effect
from alerts.statements import Writes, adapt, locking, one_of, query, time_of, uuid_of

Keys = set[tuple[UUID, str]]


class NotAlone(Exception):
    """A group's row must change that this transaction only shares: start again with `alone`."""


def needs_to_be_alone(changes: Iterable[Change]) -> bool:
    """Whether these changes may change a group's row, as far as can be told before reading it."""
    return any(change.effect in RECOUNTS for change in changes)


def change_groups(
    scope: Scope, changes: Sequence[Change], writes: Writes
) -> dict[UUID, list[UUID]]:
    """Carry the changes into groups; returns alert ID → IDs of its groups. Raises NotAlone."""
    if not changes:
        return {}
    groups, groups_of = _gather(scope, changes)
    others = _others_firing(groups, changes)
    for group in groups:
        settle(group, others.get(group.id), scope.truncated)
    if not scope.alone and any(not g.is_new and g.stood != g.stands for g in groups):
        raise NotAlone
    add_groups(scope, groups, writes)
    add_members(scope, groups, writes)
    add_timeline(scope, groups, writes)
    add_messages(scope, groups, _messages_of(groups), writes)
    return groups_of


def _gather(scope: Scope, changes: Sequence[Change]) -> tuple[list[Group], dict[UUID, list[UUID]]]:
    keys = {
        (opening.route_id, opening.key.hash)
        for change in changes
        if change.effect is not Effect.EVENT
        for opening in change.openings
    }
    # A new alert is in no group yet.
    known = [c.alert_id for c in changes if c.effect not in (Effect.FIRED, Effect.EVENT)]
    open_groups = _open_groups_of(known)
    by_id, by_key = _load(scope, {i for ids in open_groups.values() for i in ids}, keys)
    touched: dict[UUID, Group] = {}
    result: dict[UUID, list[UUID]] = {}
    for change in changes:
        mine = {i: by_id[i] for i in open_groups.get(change.alert_id, ()) if i in by_id}
        told_on = {group.route_id for group in mine.values()}
        for opening in change.openings:
            if change.effect is Effect.SEVERITY and opening.route_id in told_on:
                continue  # it stays in the group that it has there
            key = (opening.route_id, opening.key.hash)
            group = by_key.get(key)
            if group is None:
                group = by_key[key] = _new_group(change, opening)
            group.waits = opening.waits
            group.joined.append(change)
            mine[group.id] = group
        for group in mine.values():
            group.changes.append(change)
            touched[group.id] = group
        result[change.alert_id] = list(mine)
    return list(touched.values()), result


def _new_group(change: Change, opening: Opening) -> Group:
    status = "event" if change.effect is Effect.EVENT else "firing"
    return Group(
        new_id(), opening.route_id, status, "", is_open=True, key=opening.key, waits=opening.waits
    )


def _open_groups_of(alert_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    if not alert_ids:
        return {}
    condition, value = one_of("m.alert_id", alert_ids)
    rows = query(
        'SELECT m.alert_id, m.group_id FROM "alerts_groupmember" m'  # noqa: S608  # constants
        ' JOIN "alerts_alertgroup" g ON g.id = m.group_id'
        f" WHERE {condition} AND g.is_open",
        [value],
    )
    found: dict[UUID, list[UUID]] = {}
    for alert_id, group_id in rows:
        found.setdefault(uuid_of(alert_id), []).append(uuid_of(group_id))
    return found


def _load(
    scope: Scope, ids: set[UUID], keys: Keys
) -> tuple[dict[UUID, Group], dict[tuple[UUID, str], Group]]:
    """Stored groups, locked: by ID the open ones, by key the open one or the last one closed."""
    conditions, values = [], []
    if ids:
        by_id, id_value = one_of("id", ids)
        conditions.append(f"({by_id} AND is_open)")
        values.append(id_value)
    if keys:
        by_route, route_value = one_of("route_id", {route for route, _ in keys})
        by_hash, hash_value = one_of("key_hash", {key_hash for _, key_hash in keys})
        conditions.append(
            f"({by_route} AND {by_hash} AND (is_open OR (closed_at >= %s AND status <> 'event')))"
        )
        values += [route_value, hash_value, adapt(scope.now - REOPEN_WITHIN)]
    if not conditions:
        return {}, {}
    lock = locking("FOR NO KEY UPDATE" if scope.alone else "FOR SHARE")
    rows = query(
        "SELECT id, route_id, key_hash, status, severity, is_open, truncated_alerts,"  # noqa: S608  # constants
        ' acknowledged_at FROM "alerts_alertgroup"'
        f" WHERE {' OR '.join(conditions)} ORDER BY id{lock}",
        values,
    )
    found_by_id: dict[UUID, Group] = {}
    found_by_key: dict[tuple[UUID, str], Group] = {}
    for row_id, route_id, key_hash, status, severity, is_open, truncated, acknowledged_at in rows:
        group = Group(
            id=uuid_of(row_id),
            route_id=uuid_of(route_id),
            status=status,
            severity=severity,
            is_open=bool(is_open),
            truncated=truncated,
            acknowledged_at=time_of(acknowledged_at),
            waits=True,
        )
        group.stood = group.stands
        key = (group.route_id, key_hash)
        if group.is_open:
            found_by_id[group.id] = group
        # Rows come oldest first: the open group wins, else the newest.
        if key in keys and not (key in found_by_key and found_by_key[key].is_open):
            found_by_key[key] = group
    return found_by_id, found_by_key


def _others_firing(groups: Sequence[Group], changes: Sequence[Change]) -> dict[UUID, list[str]]:
    """Severities of the firing alerts that did not change, for groups that need a recount."""
    found: dict[UUID, list[str]] = {group.id: [] for group in groups if group.needs_recount}
    if not found:
        return found
    in_groups, groups_value = one_of("m.group_id", found)
    changed, changed_value = one_of("a.id", [change.alert_id for change in changes])
    rows = query(
        'SELECT DISTINCT m.group_id, a.severity FROM "alerts_groupmember" m'  # noqa: S608  # constants
        ' JOIN "alerts_alert" a ON a.id = m.alert_id'
        f" WHERE {in_groups} AND a.status = 'firing' AND NOT ({changed})",
        [groups_value, changed_value],
    )
    for group_id, severity in rows:
        found[uuid_of(group_id)].append(severity)
    return found


def _messages_of(
    groups: Sequence[Group],
) -> dict[UUID, dict[UUID, Message]]:
    """Group ID → channel ID → the message there."""
    ids = [group.id for group in groups if not group.is_new]
    found: dict[UUID, dict[UUID, Message]] = {}
    if not ids:
        return found
    condition, value = one_of("group_id", ids)
    rows = query(
        'SELECT id, group_id, channel_id, published_at FROM "alerts_groupmessage"'  # noqa: S608  # constants
        f" WHERE {condition}",
        [value],
    )
    for row_id, group_id, channel_id, published_at in rows:
        message = Message(uuid_of(row_id), time_of(published_at))
        found.setdefault(uuid_of(group_id), {})[uuid_of(channel_id)] = message
    return found
