"""What became of one POST, told to the end: alerts → groups → channels → calls → Telegram's answer.

Seven queries, whatever the POST held; parts that retention took away are told without.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alerts.fallbacks.recipients import what_it_took, with_call
from alerts.models import Alert, AlertGroup, GroupMessage, Storm, Trace
from channels_app.models import Chat
from deliveries.message_links import message_url
from deliveries.models import Delivery, DeliveryAttempt

MAX_ALERTS = 200
"""A story tells the first so many alerts of its POST; `more` counts the rest."""
MAX_CALLS = 500


@dataclass(frozen=True, slots=True)
class AttemptStory:
    """One try. `description`: Telegram's own words."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    status: int | None
    description: str


@dataclass(frozen=True, slots=True)
class CallStory:
    """One Bot API call since the POST. `message_id`: Telegram's, once it is shown."""

    delivery_id: UUID
    method: str
    purpose: str
    state: str
    created_at: datetime
    settled_at: datetime | None
    description: str
    message_id: int | None
    attempts: tuple[AttemptStory, ...]


@dataclass(frozen=True, slots=True)
class ChannelStory:
    """A channel that the group is shown in. `note`: why nothing is on its way, and what a
    fallback took over; "" otherwise."""

    channel_id: UUID
    name: str
    chat: str
    note: str
    calls: tuple[CallStory, ...]


@dataclass(frozen=True, slots=True)
class GroupStory:
    """A group that an alert of the POST is in; empty `title`: it was purged."""

    group_id: UUID
    title: str
    route: str
    status: str
    channels: tuple[ChannelStory, ...]


@dataclass(frozen=True, slots=True)
class AlertStory:
    """An alert of the POST and what the POST did to it; empty `name`: it was purged."""

    alert_id: UUID
    name: str
    status: str
    effect: str
    groups: tuple[GroupStory, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """`more`: alerts beyond MAX_ALERTS. Plain data: `dataclasses.asdict` makes it JSON."""

    alerts: tuple[AlertStory, ...]
    more: int


def trace_story(trace: Trace) -> Story:
    """Tell it. A trace without organization (an unknown key) has no alerts."""
    told = [
        (UUID(alert), effect, [UUID(group) for group in groups])
        for alert, effect, groups in trace.alerts[:MAX_ALERTS]
    ]
    if trace.organization_id is None or not told:
        return Story((), 0)
    names = _names(trace.organization_id, [alert for alert, _, _ in told])
    groups = _groups(trace, {group for _, _, ids in told for group in ids})
    alerts = [
        AlertStory(
            alert_id,
            *names.get(alert_id, ("", "")),
            effect,
            tuple(groups[group_id] for group_id in group_ids),
        )
        for alert_id, effect, group_ids in told
    ]
    return Story(tuple(alerts), max(0, len(trace.alerts) - MAX_ALERTS))


def _names(organization_id: UUID, ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    found = Alert.objects.for_organization(organization_id).filter(pk__in=ids)
    return {pk: (name, status) for pk, name, status in found.values_list("pk", "name", "status")}


def _groups(trace: Trace, ids: Collection[UUID]) -> dict[UUID, GroupStory]:
    owner = trace.organization_id
    assert owner is not None  # `trace_story` asked
    rows = AlertGroup.objects.for_organization(owner).filter(pk__in=ids).select_related("route")
    groups = {group.pk: group for group in rows}
    messages = list(
        GroupMessage.objects.for_organization(owner)
        .filter(group__in=groups)
        .select_related("channel__chat__bot", "storm__message")
        .prefetch_related(with_call())
        .order_by("id")
    )
    calls = _calls(trace, [message.stream_id for message in messages])
    channels: dict[UUID, list[ChannelStory]] = {}
    for message in messages:
        story = _channel(message, calls.get(message.stream_id, ()))
        channels.setdefault(message.group_id, []).append(story)
    return {pk: _group(pk, groups.get(pk), channels.get(pk, ())) for pk in ids}


def _group(pk: UUID, group: AlertGroup | None, channels: Iterable[ChannelStory]) -> GroupStory:
    if group is None:
        return GroupStory(pk, "", "", "", ())
    return GroupStory(pk, group.title, group.route.name, group.status, tuple(channels))


def _channel(message: GroupMessage, calls: Iterable[CallStory]) -> ChannelStory:
    channel = message.channel
    taken = [what_it_took(one) for one in message.take_overs.all()]
    note = " ".join(part for part in (_note(message), *taken) if part)
    return ChannelStory(channel.pk, channel.name, str(channel.chat), note, tuple(calls))


def _note(message: GroupMessage) -> str:
    channel, bot = message.channel, message.channel.chat.bot
    if not channel.enabled:
        return f"The channel is off: {channel.disabled_reason}".rstrip(": ")
    if not bot.enabled:
        return f"The bot is off: {bot.disabled_reason}".rstrip(": ")
    if not message.routed:
        return "No longer routed here."
    if message.storm is not None and message.message_id is None:
        return _digest_note(message.storm, channel.chat)
    if message.muted:
        return f"{message.get_muted_display()}, at least a part of it."
    if message.due_at is not None:
        return f"Due at {message.due_at:%Y-%m-%d %H:%M:%S} UTC."
    return ""


def _digest_note(storm: Storm, chat: Chat) -> str:
    number = storm.message.message_id if storm.message else None
    where = message_url(chat.chat_id, chat.username, number)
    told = f"Told in the digest of {storm.opened_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{told}: {where}" if where else f"{told}."


def _calls(trace: Trace, streams: Collection[UUID]) -> dict[UUID, list[CallStory]]:
    """By stream: the calls made since the POST came."""
    assert trace.organization_id is not None  # `trace_story` asked
    rows = list(
        Delivery.objects.for_organization(trace.organization_id)
        .filter(stream__in=streams, created_at__gte=trace.received_at)
        .select_related("target")
        .order_by("id")[:MAX_CALLS]
    )
    tries: dict[UUID, list[AttemptStory]] = {}
    attempts = DeliveryAttempt.objects.for_organization(trace.organization_id)
    for one in attempts.filter(delivery__in=[row.pk for row in rows]).order_by("id"):
        tries.setdefault(one.delivery_id, []).append(_attempt(one))
    found: dict[UUID, list[CallStory]] = {}
    for row in rows:
        found.setdefault(row.stream_id, []).append(_call(row, tries.get(row.pk, ())))
    return found


def _attempt(one: DeliveryAttempt) -> AttemptStory:
    return AttemptStory(
        one.number, one.started_at, one.finished_at, one.outcome, one.status, one.description
    )


def _call(row: Delivery, attempts: Iterable[AttemptStory]) -> CallStory:
    return CallStory(
        delivery_id=row.pk,
        method=row.method,
        purpose=row.purpose,
        state=row.state,
        created_at=row.created_at,
        settled_at=row.settled_at,
        description=row.description,
        message_id=row.target.message_id if row.target else None,
        attempts=tuple(attempts),
    )
