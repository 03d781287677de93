"""The rows that `groups.change_groups` writes, added to the caller's Writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

from accounts.models import Way, new_id
from accounts.statements import Writes
from alerts import flapping
from alerts.escalations import rules as escalating
from alerts.group_state import Group
from alerts.grouping import GroupKey
from alerts.models import AlertGroup, GroupMember, GroupMessage, TimelineEvent
from alerts.route_table import RouteTable, Timing
from alerts.routing import Destinations
from deliveries.models import Stream

NO_TIMING = Timing(0, 0, Destinations())
"""Of a route that was deleted or disabled since: nobody is told."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose groups, when, and who acts. `truncated`: alerts that the sender only counted, None
    when no sender spoke. `alone`: see groups.py."""

    organization_id: UUID
    table: RouteTable
    now: datetime
    alone: bool = False
    truncated: int | None = None
    external_url: str = ""
    actor_id: UUID | None = None
    actor_name: str = ""
    way: str = Way.SYSTEM


Scoped = tuple[Scope, Group]
"""A group, and who changes it."""


@dataclass(frozen=True, slots=True)
class Message:
    """A stored GroupMessage."""

    id: UUID
    published_at: datetime | None


def add_groups(groups: Sequence[Scoped], writes: Writes) -> None:
    """New groups, and what changed of stored ones.

    New ones in the order of their keys: two transactions with the same ones then wait for each
    other instead of each holding what the other needs.
    """
    new = [_new_group(scope, group, group.key) for scope, group in groups if group.key]
    writes.insert(AlertGroup, sorted(new, key=itemgetter("route_id", "key_hash")))
    writes.update(
        AlertGroup,
        [
            {
                "id": group.id,
                "status": group.status,
                "severity": group.severity,
                "is_open": group.is_open,
                "closed_at": None if group.is_open else scope.now,
                "changed_at": scope.now,
                "truncated_alerts": group.truncated,
                "acknowledged_at": group.acknowledged_at,
                "flaps": flapping.to_json(group.flaps) or None,
                "escalate_at": group.escalation.at,
                "escalation": escalating.to_json(group.escalation),
            }
            for scope, group in groups
            if not group.is_new and group.stood != group.stands
        ],
    )


def _new_group(scope: Scope, group: Group, key: GroupKey) -> dict[str, Any]:
    return {
        "id": group.id,
        "organization_id": scope.organization_id,
        "route_id": group.route_id,
        "key_hash": key.hash,
        "key": key.text,
        "labels": dict(key.labels),
        "title": key.title,
        "status": group.status,
        "severity": group.severity,
        "is_open": group.is_open,
        "external_url": scope.external_url,
        "truncated_alerts": group.truncated,
        "opened_at": scope.now,
        "closed_at": None if group.is_open else scope.now,
        "changed_at": scope.now,
        "acknowledged_at": None,
        "acknowledged_by": "",
        "flaps": None,
        "escalate_at": group.escalation.at,
        "escalation": None,
    }


def add_members(groups: Sequence[Scoped], writes: Writes) -> None:
    """Who joined; an alert that was in the group before is there with its new episode."""
    writes.insert(
        GroupMember,
        [
            {
                "id": new_id(),
                "organization_id": scope.organization_id,
                "group_id": group.id,
                "alert_id": alert_id,
                "episode": episode,
                "joined_at": scope.now,
            }
            for scope, group in groups
            for alert_id, episode in {c.alert_id: c.episode for c in group.joined}.items()
        ],
        on_conflict="(group_id, alert_id) DO UPDATE SET episode = excluded.episode",
    )


def add_timeline(groups: Sequence[Scoped], writes: Writes) -> None:
    """What is worth a line."""
    writes.insert(
        TimelineEvent,
        [
            {
                "id": new_id(),
                "organization_id": scope.organization_id,
                "group_id": group.id,
                "alert_id": log.alert_id,
                "at": scope.now,
                "kind": log.kind,
                "actor_id": scope.actor_id,
                "actor_name": scope.actor_name,
                "way": scope.way,
                "data": log.data,
            }
            for scope, group in groups
            for log in group.log
        ],
    )


def add_messages(
    groups: Sequence[Scoped],
    stored: Mapping[UUID, Mapping[UUID, Message]],
    writes: Writes,
) -> None:
    """One GroupMessage for each channel that the route has for it, with a Stream; all become due.

    `stored`: group ID → channel ID → message. They come last and in the order of their IDs:
    GroupMessages are what concurrent POSTs of one group write to in common.
    """
    streams: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    due: list[dict[str, Any]] = []
    for scope, group in groups:
        timing = scope.table.timings.get(group.route_id, NO_TIMING)
        known = stored.get(group.id, {})
        due += (
            {"id": message.id, "due_at": _due_at(scope, group, timing, message), "menu": ""}
            for message in known.values()
        )
        wait = timing.group_wait if group.is_new and group.waits else 0
        for channel_id, chat_id in timing.destinations.of(group.labels):
            if channel_id in known:
                continue
            stream = _stream(scope, chat_id)
            streams.append(stream)
            new.append(_message(scope, group, channel_id, stream["id"], wait))
    writes.insert(Stream, streams)
    writes.insert(GroupMessage, new)
    # What is due already stays due then: a change must not put the first message off for ever.
    writes.update(
        GroupMessage,
        sorted(due, key=lambda row: row["id"]),
        due_at="{least}(COALESCE({old}, {new}), {new})",
    )


def _due_at(scope: Scope, group: Group, timing: Timing, message: Message) -> datetime:
    if group.is_urgent:
        return scope.now
    if message.published_at is None:
        return scope.now + timedelta(seconds=timing.group_wait if group.waits else 0)
    return max(scope.now, message.published_at + timedelta(seconds=timing.group_interval))


def _stream(scope: Scope, chat_id: UUID) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organization_id": scope.organization_id,
        "chat_id": chat_id,
        "last_sequence": 0,
    }


def _message(
    scope: Scope, group: Group, channel_id: UUID, stream_id: UUID, wait: int
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "organization_id": scope.organization_id,
        "group_id": group.id,
        "channel_id": channel_id,
        "stream_id": stream_id,
        "due_at": scope.now + timedelta(seconds=wait),
        "shown": {},
        "routed": True,
    }
