"""The sweep that lets fallbacks take over what their channels do not show, and end that again.

Every step is one row or one statement that only one of several sweeps can make: a take-over is
unique while it is open, and what is to be told of it stands in its row until a call holds it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from alerts.fallbacks.calls import FALLBACK_TASK, make_calls
from alerts.fallbacks.read import Look, look, owed, watched
from alerts.fallbacks.rules import is_shown, undelivered_since
from alerts.fallbacks.troubles import note
from alerts.models import Fallback, FallbackCall, Status, TakeOver
from botapi import failpoints
from deliveries import clock, selectors, wakeup
from deliveries.models import Delivery

T = TypeVar("T")

CHUNK = 200
LOOKED_AT_ONCE = 2_000
"""Open take-overs that one sweep looks after; the others are next."""
Event = FallbackCall.Event
End = TakeOver.End


def sweep(now: datetime | None = None) -> int:
    """Take over, look after what was taken over, and make the calls; returns how many calls."""
    now = now or clock.now()
    fallbacks = {one.channel_id: one for one in watched()}
    if fallbacks:
        take_over(fallbacks, now)
    look_after(now)
    made = make_calls(now)
    note(now)
    if FallbackCall.objects.filter(state=FallbackCall.State.WAITING, not_before__lte=now).exists():
        wakeup.wake(FALLBACK_TASK)
    return made


def take_over(fallbacks: dict[UUID, Fallback], now: datetime) -> int:
    """Begin a take-over of each group that is overdue and not taken over yet; returns how many."""
    ids = owed(list(fallbacks), now)
    open_rows = TakeOver.objects.filter(ended_at=None, fallback__in=fallbacks.values())
    taken = set(open_rows.values_list("group_message_id", flat=True)) if ids else set()
    begun = 0
    reasons: dict[UUID, str] = {}
    for chunk in _chunks([pk for pk in ids if pk not in taken]):
        rows = []
        for one in look(chunk, now):
            fallback = fallbacks[one.row.channel_id]
            since = _overdue_since(one, fallback, now)
            if since is None or one.alarms is None:
                continue
            if one.row.channel_id not in reasons:
                reasons[one.row.channel_id] = _reason(one)
            rows.append(
                TakeOver(
                    organization_id=one.row.organization_id,
                    fallback=fallback,
                    group_message=one.row,
                    undelivered_since=since,
                    taken_at=now,
                    told_until=one.alarms[1],
                    reason=reasons[one.row.channel_id],
                    news=Event.UNDELIVERED,
                    looked_at=now,
                )
            )
        # Whoever was quicker has it: a group is taken over once.
        TakeOver.objects.bulk_create(rows, ignore_conflicts=True)
        begun += len(rows)
    if begun:
        failpoints.hit("fallback.taken")
    return begun


def look_after(now: datetime) -> int:
    """End what is delivered or over, and tell again of what has grave news; returns how many."""
    rows = TakeOver.objects.filter(ended_at=None).order_by("looked_at").select_related("fallback")
    changed = 0
    for chunk in _chunks(list(rows[:LOOKED_AT_ONCE])):
        open_rows = {one.group_message_id: one for one in chunk}
        told = {pk: one.told_until for pk, one in open_rows.items()}
        for one in look(list(open_rows), now, told):
            changed += _follow(open_rows[one.row.pk], one, now)
        ids = [one.pk for one in chunk]
        TakeOver.objects.filter(pk__in=ids, ended_at=None).update(looked_at=now)
    return changed


def _follow(row: TakeOver, one: Look, now: datetime) -> int:
    end = _end_of(row, one)
    open_rows = TakeOver.objects.filter(pk=row.pk, ended_at=None)
    if end is None:
        since = _overdue_since(one, row.fallback, now)
        if since is None or one.alarms is None:
            return 0
        return open_rows.filter(news="").update(news=Event.UNDELIVERED, told_until=one.alarms[1])
    at = (one.sent_at if end == End.DELIVERED else None) or now
    # Who was never told of it needs no word that it is over.
    quiet = row.call_id is None or end == End.DROPPED
    return open_rows.filter(call=row.call_id).update(
        end=end, ended_at=max(at, row.taken_at), news="" if quiet else Event.OVER
    )


def _end_of(row: TakeOver, one: Look) -> End | None:
    if not (row.fallback.enabled and one.row.routed):
        return End.DROPPED
    if one.row.group.status == Status.RESOLVED:
        return End.RESOLVED
    return End.DELIVERED if is_shown(one.standing, row.told_until) else None


def _overdue_since(one: Look, fallback: Fallback, now: datetime) -> datetime | None:
    """Since when the chat could show what it does not, once that is too long."""
    if one.alarms is None:
        return None
    since = undelivered_since(one.standing, one.alarms[0])
    return since if now - since >= timedelta(minutes=fallback.minutes) else None


def _reason(one: Look) -> str:
    """Why the chat has not got it, in words for people."""
    channel, bot = one.row.channel, one.row.channel.chat.bot
    if not channel.enabled:
        return f"the channel is disabled: {channel.disabled_reason}"
    if not bot.enabled:
        return f"the bot is disabled: {bot.disabled_reason}"
    call = (
        Delivery.objects.for_organization(one.row.organization_id)
        .filter(stream=one.row.stream_id, purpose=Delivery.Purpose.GROUP)
        .exclude(state__in=(Delivery.State.SENT, Delivery.State.SUPERSEDED))
        .select_related("bot", "channel")
        .order_by("sequence")
        .first()
    )
    if call is None:
        return "it was not put into a message yet: check that the worker is running"
    if call.state == Delivery.State.DEAD:
        return f"Telegram refused it: {call.description}" if call.description else "it was refused"
    return selectors.why_waiting(call)


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]
