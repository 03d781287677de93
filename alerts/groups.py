"""What changes of alerts do to groups: opened, joined, closed, reopened, and due in their channels.

Ingest, expiry and people's resolves all come through `change_groups`, inside their transaction and
after the alerts were decided. It reads with three or four statements, whatever the number of
alerts, and adds its writes to the caller's.

Locks (PostgreSQL): alerts that only fire share their groups, so that a flood into one group is not
a queue; whatever may change a group's row needs it alone. Who finds out too late raises NotAlone,
and the caller starts again with `alone=True`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from accounts.models import new_id
from accounts.statements import Writes, adapt, json_of, locking, one_of, query, time_of, uuid_of
from alerts import flapping
from alerts.escalations import rules as escalating
from alerts.group_flaps import limits
from alerts.group_rows import (
    NO_TIMING,
    Message,
    Scope,
    Scoped,
    add_groups,
    add_members,
    add_messages,
    add_timeline,
)
from alerts.group_state import RECOUNTS, Change, Group, Opening, is_flip, settle
from alerts.lifecycle import REOPEN_WITHIN, Effect

Key = tuple[UUID, str]
"""Of a group: its route, and the hash of its key there."""


class NotAlone(Exception):
    """A group's row must change that this transaction only shares: start again with `alone`."""


class Met(Exception):
    """Changes of two scopes meet in a group: each needs a transaction of its own."""


def needs_to_be_alone(changes: Iterable[Change]) -> bool:
    """Whether these changes may change a group's row, as far as can be told before reading it."""
    return any(change.effect in RECOUNTS or is_flip(change) for change in changes)


def change_groups(
    scope: Scope, changes: Sequence[Change], writes: Writes
) -> dict[UUID, list[UUID]]:
    """Carry the changes into groups; returns alert ID → IDs of its groups. Raises NotAlone."""
    return change_groups_of([(scope, changes)], writes)


def change_groups_of(
    parts: Sequence[tuple[Scope, Sequence[Change]]], writes: Writes
) -> dict[UUID, list[UUID]]:
    """The same for several scopes at once, whose alerts differ. Raises Met as well."""
    parts = [(scope, changes) for scope, changes in parts if changes]
    if not parts:
        return {}
    alone = any(scope.alone for scope, _ in parts)
    groups, groups_of = _gather(parts, alone=alone)
    others = _others_firing(groups, [change for _, changes in parts for change in changes])
    for scope, group in groups:
        timing = scope.table.timings.get(group.route_id, NO_TIMING)
        firing = others.get(group.id)
        settle(group, firing, scope.truncated, scope.now, limits(), timing.escalation)
    if not alone and any(not g.is_new and g.stood != g.stands for _, g in groups):
        raise NotAlone
    add_groups(groups, writes)
    add_members(groups, writes)
    add_timeline(groups, writes)
    add_messages(groups, _messages_of(groups), writes)
    return groups_of


def _gather(
    parts: Sequence[tuple[Scope, Sequence[Change]]], *, alone: bool
) -> tuple[list[Scoped], dict[UUID, list[UUID]]]:
    every = [change for _, changes in parts for change in changes]
    keys = {
        (opening.route_id, opening.key.hash)
        for change in every
        if change.effect is not Effect.EVENT
        for opening in change.openings
    }
    # A new alert is in no group yet.
    known = [c.alert_id for c in every if c.effect not in (Effect.FIRED, Effect.EVENT)]
    open_groups = _open_groups_of(known)
    now = min(scope.now for scope, _ in parts)
    ids = {i for ids in open_groups.values() for i in ids}
    by_id, by_key = _load(ids, keys, now, alone=alone)
    touched: dict[UUID, Scoped] = {}
    result: dict[UUID, list[UUID]] = {}
    for scope, changes in parts:
        for change in changes:
            stored = [by_id[i] for i in open_groups.get(change.alert_id, ()) if i in by_id]
            mine = _groups_of(change, stored, by_key)
            for group in mine:
                group.changes.append(change)
                if touched.setdefault(group.id, (scope, group))[0] is not scope:
                    raise Met
            result[change.alert_id] = [group.id for group in mine]
    return list(touched.values()), result


def _groups_of(change: Change, stored: Sequence[Group], by_key: dict[Key, Group]) -> list[Group]:
    """The groups that a change concerns: those where the alert is, and those it joins."""
    mine = {group.id: group for group in stored}
    told_on = {group.route_id for group in stored}
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
    return list(mine.values())


def _new_group(change: Change, opening: Opening) -> Group:
    status = "event" if change.effect is Effect.EVENT else "firing"
    return Group(
        new_id(),
        opening.route_id,
        status,
        "",
        is_open=True,
        key=opening.key,
        waits=opening.waits,
        labels=opening.key.labels,
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
    ids: set[UUID], keys: set[Key], now: datetime, *, alone: bool
) -> tuple[dict[UUID, Group], dict[Key, Group]]:
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
        values += [route_value, hash_value, adapt(now - REOPEN_WITHIN)]
    if not conditions:
        return {}, {}
    lock = locking("FOR NO KEY UPDATE" if alone else "FOR SHARE")
    rows = query(
        "SELECT id, route_id, key_hash, status, severity, is_open, truncated_alerts,"  # noqa: S608  # constants
        ' acknowledged_at, flaps, escalate_at, escalation, labels FROM "alerts_alertgroup"'
        f" WHERE {' OR '.join(conditions)} ORDER BY id{lock}",
        values,
    )
    found_by_id: dict[UUID, Group] = {}
    found_by_key: dict[Key, Group] = {}
    for row_id, route_id, key_hash, status, severity, is_open, truncated, *others in rows:
        acknowledged_at, flaps, escalate_at, escalation, labels = others
        group = Group(
            id=uuid_of(row_id),
            route_id=uuid_of(route_id),
            status=status,
            severity=severity,
            is_open=bool(is_open),
            truncated=truncated,
            acknowledged_at=time_of(acknowledged_at),
            waits=True,
            flaps=flapping.from_json(json_of(flaps) or {}),
            escalation=escalating.from_json(time_of(escalate_at), json_of(escalation)),
            labels=json_of(labels),
        )
        group.stood = group.stands
        key = (group.route_id, key_hash)
        if group.is_open:
            found_by_id[group.id] = group
        # Rows come oldest first: the open group wins, else the newest.
        if key in keys and not (key in found_by_key and found_by_key[key].is_open):
            found_by_key[key] = group
    return found_by_id, found_by_key


def _others_firing(groups: Sequence[Scoped], changes: Sequence[Change]) -> dict[UUID, list[str]]:
    """Severities of the firing alerts that did not change, for groups that need a recount."""
    found: dict[UUID, list[str]] = {group.id: [] for _, group in groups if group.needs_recount}
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


def _messages_of(groups: Sequence[Scoped]) -> dict[UUID, dict[UUID, Message]]:
    """Group ID → channel ID → the message there."""
    ids = [group.id for _, group in groups if not group.is_new]
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
