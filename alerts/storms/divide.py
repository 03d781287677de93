"""Which of the claimed GroupMessages are told one by one, and which by a digest.

Read without locks: whoever writes it down asks again what may have changed meanwhile.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from alerts.models import GroupMessage, Storm
from alerts.pressing import is_pressed
from alerts.publish_hold import is_quiet
from alerts.publish_read import Loaded, is_only_in_digest, unsent_of
from alerts.shown import from_json, knows_of_churn, rings_told
from alerts.storms.decisions import MERGED_MIN, is_one_message, is_too_much, room
from alerts.storms.news import News
from alerts.storms.read import Stands, standings_of
from channels_app.models import Bot, Chat
from deliveries import backlog
from deliveries.models import SentMessage
from deliveries.pacing import Limits

OVERDUE = timedelta(seconds=60)
"""What was over before it was told, and should have been told so long ago, is listed."""

ONE_GROUP = 2
"""Calls that one group makes of a change. In a chat where nothing else waits nobody looks again
whether they are too much: all publishers together cannot add enough of those."""

Fate = Literal["absorbed", "missed", "tracked", "owed"]


@dataclass(slots=True)
class Apart:
    """A row that makes no call of its own now.

    `absorbed`: its channel's open storm, or a new one, tells of it; `missed`: the same, because it
    was over before it could be told; `tracked`: the storm that told of it shows how it is now;
    `owed`: its own message is changed when the chat has room.
    """

    row: GroupMessage
    fate: Fate
    stands: Stands
    news: News


@dataclass(slots=True)
class Division:
    """`alone`: told one by one. `close`: chats in which something of that would wait behind other
    calls, and how many may wait there."""

    alone: list[GroupMessage] = field(default_factory=list)
    apart: list[Apart] = field(default_factory=list)
    close: dict[Chat, int] = field(default_factory=dict)


def divide(loaded: Loaded, now: datetime) -> Division:
    """Decide for rows whose channels can be told now, and that are not held back."""
    rows = loaded.usable
    storms = _open_storms(rows)
    chats = _Chats(rows)
    missed = _missed(rows, now)
    asked = [
        row
        for row in rows
        if row.channel_id in storms
        or chats.is_crowded(row.channel.chat)
        or row.storm_id is not None
        or row.pk in missed
    ]
    division = Division()
    deciding = _Deciding(asked, loaded, now)
    added: dict[Chat, list[GroupMessage]] = {}
    for row in rows:
        storm = storms.get(row.channel_id)
        if row not in deciding or (is_pressed(row, now) and not is_only_in_digest(row)):
            division.alone.append(row)
        elif deciding.is_quiet(row) and is_only_in_digest(row):
            division.apart.append(deciding.apart(row, "tracked"))
        elif deciding.is_quiet(row) and _is_expected(row):
            division.alone.append(row)  # what waits is changed, which costs no call
        elif deciding.is_quiet(row) and (storm or chats.is_crowded(row.channel.chat)):
            division.apart.append(deciding.apart(row, "owed"))
        elif storm is not None and storm.reason == Storm.Reason.STORM:
            division.apart.append(deciding.apart(row, "absorbed"))
        elif row.pk in missed:
            division.apart.append(deciding.apart(row, "missed"))
        elif deciding.is_tracked(row):
            division.apart.append(deciding.apart(row, "tracked"))
        elif chats.is_crowded(row.channel.chat) and deciding.may_wait(row):
            division.apart.append(deciding.apart(row, "owed"))
        else:
            added.setdefault(row.channel.chat, []).append(row)
    for chat, these in added.items():
        if chats.have_too_much(chat, these):
            division.apart += [deciding.apart(row, "absorbed") for row in these]
        else:
            division.alone += these
    division.alone.sort(key=lambda row: row.pk)
    division.close = chats.close(row for row in division.alone if loaded.is_routed(row))
    return division


def _open_storms(rows: Iterable[GroupMessage]) -> dict[UUID, Storm]:
    found = Storm.objects.filter(channel__in={row.channel_id for row in rows}, closed_at=None)
    return {storm.channel_id: storm for storm in found.only("channel_id", "reason")}


def _calls(row: GroupMessage) -> int:
    """How many calls its publishing may add: a first one that waits is counted already."""
    if row.message is None or row.message.state == SentMessage.State.FORGOTTEN:
        return 1
    return 0 if _is_expected(row) else 2


def _is_expected(row: GroupMessage) -> bool:
    return row.message is not None and row.message.state == SentMessage.State.EXPECTED


def _limit_now(chat: Chat, calls: int) -> int:
    """How many calls may wait there, of which there are to be so many."""
    # The bot's other chats matter only where something would wait behind another call.
    return _limit(chat, backlog.chats_waiting(chat.bot_id) if calls > 1 else 1)


def _limit(chat: Chat, chats: int) -> int:
    return room(limits_of(chat.bot), is_group=chat.is_group, chats=chats)


def has_many_chats(bot: Bot) -> bool:
    """Whether so many of its chats wait that a new digest is one message with its document: for
    calls, or for a first digest, for which their calls were taken back."""
    untold = Storm.objects.filter(channel__chat__bot=bot, closed_at=None, message=None)
    chats = backlog.chats_waiting(bot.pk, anew=True) + untold.count()
    return is_one_message(limits_of(bot), chats=chats)


def limits_of(bot: Bot) -> Limits:
    """As pacing takes them."""
    return Limits(bot.per_second, bot.chat_per_second, bot.group_per_minute)


def _missed(rows: Sequence[GroupMessage], now: datetime) -> set[UUID]:
    """Those that nobody saw, that are over, and that are long overdue."""
    late = [
        row
        for row in rows
        if row.group.status == "resolved"
        and row.storm_id is None
        and row.group.opened_at + timedelta(seconds=row.group.route.group_wait) + OVERDUE < now
    ]
    unsent = unsent_of(late)
    return {
        row.pk
        for row in late
        if (row.message_id is None and not row.shown) or unsent.get(row.pk) is False
    }


class _Chats:
    """How much waits in the chats of these rows, and how much may."""

    def __init__(self, rows: Sequence[GroupMessage]) -> None:
        adding: Counter[Chat] = Counter()
        for row in rows:
            adding[row.channel.chat] += _calls(row)
        most = max((_limit(chat, 1) for chat in adding), default=0)
        waiting = backlog.waiting_in([chat.pk for chat in adding], most + 1)
        self._waiting = {chat: waiting[chat.pk] for chat in adding}
        self._calls = {chat: waiting[chat.pk] + more for chat, more in adding.items()}
        self._limits = {chat: _limit_now(chat, calls) for chat, calls in self._calls.items()}

    def is_crowded(self, chat: Chat) -> bool:
        """Whether all of the rows would be too many calls for it."""
        return self._calls[chat] > self._limits[chat]

    def have_too_much(self, chat: Chat, rows: Sequence[GroupMessage]) -> bool:
        """Whether these rows have to be merged: what waits of others counts, unless an alert would
        be alone in the digest."""
        waiting, more, limit = self._waiting[chat], sum(map(_calls, rows)), self._limits[chat]
        merged = len(rows)
        if merged < MERGED_MIN and waiting + more > limit:
            merged = len({row.stream_id for row in rows} | backlog.alert_streams(chat))
        return is_too_much(waiting, more, merged, limit)

    def close(self, alone: Iterable[GroupMessage]) -> dict[Chat, int]:
        """Those in which publishers may be too much together, and how many calls may wait there."""
        chats = {row.channel.chat for row in alone}
        return {chat: self._limits[chat] for chat in chats if self._calls[chat] > ONE_GROUP}


class _Deciding:
    """What is known of the rows that may not be told one by one."""

    def __init__(self, rows: Sequence[GroupMessage], loaded: Loaded, now: datetime) -> None:
        self._now = now
        groups = {row.group_id: row.group for row in rows}
        self._stands = standings_of(groups.values(), now, loaded.mutings)
        self._known = {row.pk: self._news(row) for row in rows if loaded.is_routed(row)}

    def __contains__(self, row: GroupMessage) -> bool:
        """Whether it may be told by a digest: a channel that left the route gets a last word."""
        return row.pk in self._known

    def apart(self, row: GroupMessage, fate: Fate) -> Apart:
        return Apart(row, fate, self._stands[row.group_id], self._known[row.pk])

    def _news(self, row: GroupMessage) -> News:
        stands, (_, told) = self._stands[row.group_id], from_json(row.shown)
        return stands.news(told, churning=knows_of_churn(row.shown))

    def is_quiet(self, row: GroupMessage) -> bool:
        """Whether nothing of it may be heard of."""
        return is_quiet(self._stands[row.group_id].muting)

    def _is_repeat(self, row: GroupMessage) -> bool:
        """Whether its repeat interval has passed."""
        is_due = row.repeat_at is not None and row.repeat_at <= self._now
        return is_due and row.group.is_open and row.group.acknowledged_at is None

    def is_tracked(self, row: GroupMessage) -> bool:
        """Whether a storm told of it, and nothing has come since that must be heard."""
        told = row.storm_id is not None and row.message_id is None
        return told and not self._known[row.pk].fresh and not self._is_repeat(row)

    def may_wait(self, row: GroupMessage) -> bool:
        """Whether its channel shows a message of its own that has no news, and no escalation."""
        if row.escalation > rings_told(row.shown):
            return False
        is_shown = row.message is not None and row.message.state == SentMessage.State.SHOWN
        return is_shown and not self._known[row.pk] and not self._is_repeat(row)
