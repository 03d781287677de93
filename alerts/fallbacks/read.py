"""Which groups a channel with a fallback owes to its chat, and how it stands to each of them.

A group is delivered when the call that shows it was sent: for whatever reason it was not, be it the
channel, its bot, Telegram, the pace, or ourselves, it reads the same here.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Min, Q

from accounts.statements import adapt, one_of, query, uuid_of
from alerts.fallbacks.rules import NEWS, Line, Standing, alarms, at_least
from alerts.models import Alert, Fallback, GroupMessage, Status, TimelineEvent
from alerts.muting.known import muting_in
from alerts.publish_claim import CLAIM
from alerts.publish_hold import is_quiet
from deliveries.models import Delivery

State = Delivery.State
DIGEST_LATE = timedelta(minutes=1)
"""No fallback takes over before, so a digest that has waited for less is not looked into: while a
storm goes on some change of it always waits."""
BEHIND = timedelta(days=2)
"""Dead letters older than this are no news: whoever wants them retries them."""


@dataclass(frozen=True, slots=True)
class Look:
    """A group in a channel. `alarms`: first and last news that the fallback is for and that neither
    the chat nor the fallback has told, None without any."""

    row: GroupMessage
    standing: Standing
    alarms: tuple[datetime, datetime] | None
    sent_at: datetime | None


def owed(channels: Collection[UUID], now: datetime) -> list[UUID]:
    """GroupMessages whose channel is one of these and may not show how the group stands.

    Each part is one walk of a partial index that holds only what is open; the states are literals
    so that both databases may use them.
    """
    # By plain columns a planner may rather walk all that the channels ever had.
    if connection.vendor == "postgresql":
        open_message, _ = one_of("m.channel_id::text", channels)
        open_call, _ = one_of("d.channel_id::text", channels)
        walked: Any = [str(pk) for pk in channels]
    else:
        open_message, walked = one_of("+m.channel_id", channels)
        open_call, _ = one_of("+d.channel_id", channels)
    parked, found = one_of("m.channel_id", channels)
    troubled, _ = one_of("d.channel_id", channels)
    of_storm, _ = one_of("s.channel_id", channels)
    messages = 'SELECT m.id FROM "alerts_groupmessage" m WHERE'
    calls = (
        'SELECT m.id FROM "deliveries_delivery" d CROSS JOIN "alerts_groupmessage" m'
        " WHERE m.stream_id = d.stream_id AND d.purpose = 'group' AND"
    )
    digests = (
        'SELECT m.id FROM "deliveries_delivery" d'
        ' JOIN "alerts_storm" s ON s.stream_id = d.stream_id'
        ' JOIN "alerts_groupmessage" m ON m.storm_id = s.id'
        " WHERE d.purpose = 'digest' AND d.due_at <= %s AND"
    )
    untold = (
        'SELECT m.id FROM "alerts_storm" s JOIN "alerts_groupmessage" m ON m.storm_id = s.id'
        " WHERE s.closed_at IS NULL AND s.message_id IS NULL AND s.opened_at <= %s AND"
    )
    late = adapt(now - DIGEST_LATE)
    rows = query(
        f"{messages} m.due_at IS NOT NULL AND {open_message}"
        f" UNION {messages} m.claimed_until IS NOT NULL AND {open_message}"
        f" UNION {messages} m.parked_at IS NOT NULL AND {parked}"
        f" UNION {calls} d.state IN ('waiting', 'in_flight') AND {open_call}"
        f" UNION {calls} d.state IN ('parked', 'dead') AND {troubled}"
        " AND (d.settled_at IS NULL OR d.settled_at > %s)"
        f" UNION {digests} d.state IN ('waiting', 'in_flight') AND {open_call}"
        f" UNION {digests} d.state IN ('parked', 'dead') AND {troubled}"
        f" UNION {untold} {of_storm}",
        [
            *(walked, walked, found, walked, found, adapt(now - BEHIND)),
            *(late, walked, late, found, late, found),
        ],
    )
    return sorted(uuid_of(row[0]) for row in rows)


def look(
    ids: Collection[UUID], now: datetime, told: dict[UUID, datetime] | None = None
) -> Iterator[Look]:
    """How these GroupMessages stand, in five queries; those that are nobody's affair are left out.
    What is muted is no alarm, or no fallback would keep quiet about it.

    `told`: up to when the fallback has told of some of them.
    """
    related = (
        *("group__route", "group__organization", "storm"),
        *("channel__fallback", "channel__chat__bot", "channel__organization"),
    )
    rows = list(GroupMessage.objects.filter(pk__in=ids).select_related(*related).order_by("pk"))
    standings = _standings(rows)
    lines = _lines({row.group_id for row in rows})
    burning = _burning(
        {alert for found in lines.values() for line in found for alert in _ids(line)}
    )
    mutings = muting_in({row.group_id: row.group for row in rows}.values(), now)
    for row in rows:
        standing, sent_at = standings[row.pk]
        after = _latest(standing.shown, (told or {}).get(row.pk))
        found = None
        muting = mutings.get(row.group_id)
        if row.routed and row.group.status != Status.RESOLVED and not is_quiet(muting):
            grave = at_least(row.channel.fallback.threshold)
            mine = lines.get(row.group_id, [])
            named = {pk for line in mine for pk in _ids(line)} & burning.keys()
            here = {pk: burning[pk] for pk in named if muting is None or pk not in muting.mutes}
            if row.group.severity in grave:  # counts where a line names only the first of many
                here[""] = row.group.severity
            found = alarms(mine, after, here, grave)
            acknowledged = row.group.acknowledged_at
            if found and acknowledged is not None and acknowledged >= found[1]:
                found = None  # somebody knows
            if found and row.muted and row.published_at is None:
                found = _since_told(row, found)
        yield Look(row, standing, found, sent_at)


def _since_told(
    row: GroupMessage, found: tuple[datetime, datetime]
) -> tuple[datetime, datetime] | None:
    """News of what was held back are news from when that may be told; None until it is known."""
    known = [_due(row), row.sound_due_at]
    began = min((at for at in known if at is not None), default=None)
    return None if began is None else (max(found[0], began), max(found[1], began))


def _latest(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def _standings(rows: Collection[GroupMessage]) -> dict[UUID, tuple[Standing, datetime | None]]:
    """And when something was last sent."""
    open_states = Q(state__in=(State.WAITING, State.IN_FLIGHT, State.PARKED))
    calls = (
        Delivery.objects.filter(
            stream__in={_told_in(row) for row in rows} - {None},
            purpose__in=(Delivery.Purpose.GROUP, Delivery.Purpose.DIGEST),
        )
        .order_by()
        .values("stream_id")
        .annotate(
            open_since=Min("due_at", filter=open_states),
            dead_since=Max("due_at", filter=Q(state=State.DEAD)),
            dead=Max("sequence", filter=Q(state=State.DEAD)),
            sent=Max("sequence", filter=Q(state=State.SENT)),
            sent_since=Max("due_at", filter=Q(state=State.SENT)),
            sent_at=Max("settled_at", filter=Q(state=State.SENT)),
        )
    )
    found: dict[UUID, dict[str, Any]] = {one["stream_id"]: dict(one) for one in calls}
    result = {}
    for row in rows:
        stream_id = _told_in(row)
        one = found.get(stream_id, {}) if stream_id else {}
        unshown = one.get("open_since")
        if unshown is None and (one.get("dead") or 0) > (one.get("sent") or 0):
            unshown = one["dead_since"]
        if stream_id is None:
            unshown = row.published_at
        standing = Standing(
            shown=row.published_at if unshown is None else one.get("sent_since"),
            unshown=unshown,
            due=_due(row),
            wait=timedelta(
                seconds=row.group.route.group_wait
                if row.published_at is None
                else row.group.route.group_interval
            ),
        )
        result[row.pk] = (standing, one.get("sent_at"))
    return result


def _told_in(row: GroupMessage) -> UUID | None:
    """The stream whose calls show the group: its own, or that of the storm which tells of it; None
    while that storm's digest is not made yet."""
    return row.stream_id if row.storm is None else row.storm.stream_id


def _due(row: GroupMessage) -> datetime | None:
    claimed = row.claimed_until - CLAIM if row.claimed_until else None
    return min((t for t in (row.due_at, row.parked_at, claimed) if t is not None), default=None)


def _lines(groups: Collection[UUID]) -> dict[UUID, list[Line]]:
    found: dict[UUID, list[Line]] = {}
    events = TimelineEvent.objects.filter(group__in=groups, kind__in=NEWS).order_by("id")
    for group_id, at, kind, data in events.values_list("group_id", "at", "kind", "data"):
        found.setdefault(group_id, []).append(Line(at, kind, data))
    return found


def _ids(line: Line) -> list[str]:
    return [alert_id for alert_id, _ in line.data.get("alerts", [])]


def _burning(ids: Collection[str]) -> dict[str, str]:
    """ID → severity of those of these alerts that are not over."""
    alerts = Alert.objects.filter(pk__in=ids).exclude(status=Status.RESOLVED)
    return {str(pk): severity for pk, severity in alerts.values_list("pk", "severity")}


def watched() -> list[Fallback]:
    """Fallbacks that can take over."""
    usable = Q(target__isnull=False) | ~Q(kind=Fallback.Kind.CHANNEL)
    return list(Fallback.objects.filter(usable, enabled=True).order_by("pk"))
