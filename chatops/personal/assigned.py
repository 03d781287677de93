"""What is assigned to somebody is told them in private, where they wished that: all that is due in
one message, and in their quiet hours only what is critical, the rest at their end.

Assigning writes a row alone. It goes in the transaction that puts the message into the outbox, so
each is told once, whoever looks.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet

from accounts.audit import Actor
from accounts.models import Membership, User
from alerts.group_titles import entitle
from alerts.group_views import console_url, first_zone, views_of
from alerts.models import AlertGroup, GroupMessage, Status
from alerts.rendering.keyboard import keyboard
from alerts.rendering.message import render_group
from alerts.rendering.times import Times
from alerts.rendering.view_model import ChannelView, GroupView
from alerts.severity import Severity
from botapi import failpoints
from channels_app.bots import bots_usable_by
from channels_app.models import Chat
from chatops.linking.identities import speaks_for_telegram
from chatops.linking.preferences import language_with, quiet_end
from chatops.models import AssignedNotice, TelegramIdentity
from chatops.personal import text
from chatops.personal.text import Assigned
from chatops.replies import plain_of
from chatops.responding.cards import CARD_MAX
from chatops.responding.told import GroupRow
from deliveries import clock, outbox, wakeup
from deliveries.models import Delivery, SentMessage
from languages.speaking import speaking

log = logging.getLogger(__name__)

SWEEP = "chatops.sweep"
AT_ONCE = 200
"""People in one sweep."""
CRITICAL = Severity.CRITICAL.value


class Outrun(Exception):
    """Somebody else told it meanwhile, or it was assigned anew."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a person is reached: their account, and their private chat with a bot."""

    identity: TelegramIdentity
    chat: Chat


def note(actor: Actor, group: AlertGroup, user: User) -> None:
    """It is this person's from now on, by somebody else's word; in the caller's transaction."""
    if actor.user is not None and actor.user.pk == user.pk:
        return
    if not _wishing(user.pk).exists():
        return
    AssignedNotice.objects.update_or_create(
        group=group,
        user=user,
        defaults={
            "organization_id": group.organization_id,
            "by": actor.name[:254],
            "assigned_at": clock.now(),
            "due_at": clock.now(),
            "held": False,
        },
    )
    transaction.on_commit(lambda: wakeup.wake(SWEEP))


def tell_due() -> int:
    """Tell everybody what is due; returns how many messages. One's defect keeps no other back."""
    now = clock.now()
    people = (
        AssignedNotice.objects.filter(_due(now))
        .order_by()
        .values_list("organization_id", "user_id")
        .distinct()
    )
    told = 0
    for organization_id, user_id in list(people[:AT_ONCE]):
        try:
            told += _tell(organization_id, user_id, now)
        except Outrun:
            continue
        except OperationalError:
            raise  # the database is away: what is due stays so
        except Exception:
            log.exception("what is assigned to user %s could not be told", user_id)
    return told


def _due(now: datetime) -> Q:
    """What waits for the end of quiet hours is due when it gets critical."""
    return Q(due_at__lte=now) | Q(group__severity=CRITICAL)


def _tell(organization_id: UUID, user_id: UUID, now: datetime) -> bool:
    mine = AssignedNotice.objects.for_organization(organization_id).filter(user=user_id)
    due = mine.filter(_due(now)).select_related("group__organization", "user")
    rows = list(due.order_by("assigned_at", "pk")[: text.GROUPS_MAX])
    way = way_to(organization_id, user_id, [row.group_id for row in rows])
    live = [row for row in rows if way and _is_theirs(row)]
    ends, zone = None, ZoneInfo("UTC")
    if way and live:
        known = live[0]
        zone = first_zone(
            way.identity.timezone, known.user.timezone, known.group.organization.timezone
        )
        ends = quiet_end(way.identity, now, zone)
    told = [row for row in live if ends is None or _is_critical(row)]
    call = None
    if way and told:
        with speaking(language_with(way.identity, told[0].group.organization)):
            call = _call(told, zone, now)
    with transaction.atomic():
        for row in rows:
            # As it was read: what was assigned anew meanwhile is told anew.
            same = mine.filter(pk=row.pk, assigned_at=row.assigned_at, due_at=row.due_at)
            waits = row in live and row not in told
            if not (same.update(due_at=ends, held=True) if waits else same.delete()[0]):
                raise Outrun
        if way and call:
            _send(organization_id, way.chat, call, urgent=any(map(_is_critical, told)))
        failpoints.hit("assigned.before_commit")
    return call is not None


def way_to(organization_id: UUID, user_id: UUID, groups: Sequence[UUID] = ()) -> Way | None:
    """How a member is reached who wishes it, has started a bot and has not blocked it; by one that
    shows these groups before others. None for everybody else."""
    members = Membership.objects.for_organization(organization_id)
    if not members.filter(user=user_id, user__is_active=True).exists():
        return None
    identities = list(_wishing(user_id))
    chats = Chat.objects.filter(
        bot__in=bots_usable_by(organization_id),
        bot__enabled=True,
        chat_id__in={identity.telegram_id for identity in identities},
        type=Chat.Type.PRIVATE,
        blocked_at=None,
    )
    shown = GroupMessage.objects.for_organization(organization_id).filter(group__in=groups)
    bots = set(shown.values_list("channel__chat__bot", flat=True))
    ways = [
        Way(identity, chat)
        for chat in chats.select_related("bot")
        for identity in identities
        if identity.telegram_id == chat.chat_id
        and identity.bot_id == (None if speaks_for_telegram(chat.bot) else chat.bot_id)
    ]
    return min(ways, key=lambda way: (way.chat.bot_id not in bots, way.chat.pk), default=None)


def _wishing(user_id: UUID) -> QuerySet[TelegramIdentity]:
    """The person's accounts on which they want it."""
    return TelegramIdentity.objects.filter(user=user_id, tell_assigned=True, direct_messages=True)


def _call(rows: Sequence[AssignedNotice], zone: ZoneInfo, now: datetime) -> outbox.Call:
    groups = [row.group for row in rows]
    entitle(rows[0].organization_id, groups)
    views = {pk: seen.view for pk, seen in views_of(groups, now).items()}
    assigned = [
        Assigned(_row(row.group, views[row.group_id]), row.by, held=row.held) for row in rows
    ]
    buttons = None
    if len(rows) == 1:
        view = views[groups[0].pk]
        channel = ChannelView(parse_mode="HTML", zone=zone, link_previews=False)
        words = text.one(assigned[0], render_group(view, channel, CARD_MAX).text)
        buttons = keyboard(view)
    else:
        words = text.several(assigned, Times(zone, now))
    params: dict[str, Any] = {
        "text": words,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    if buttons is not None:
        params["reply_markup"] = buttons.as_json()
    return outbox.Call("sendMessage", params, plain_text=plain_of(words))


def _row(group: AlertGroup, view: GroupView) -> GroupRow:
    return GroupRow(
        title=group.title,
        status="firing" if group.status == Status.FIRING else "resolved",
        severity=group.severity,
        firing=sum(alert.status == "firing" for alert in view.alerts),
        since=group.opened_at,
        by=group.acknowledged_by if group.acknowledged_at else "",
        url=console_url(group),
    )


def _send(organization_id: UUID, chat: Chat, call: outbox.Call, *, urgent: bool) -> None:
    outbox.send(
        outbox.open_stream(organization_id, chat),
        call,
        channel=None,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.CRITICAL if urgent else Delivery.Priority.HIGH,
        kind=SentMessage.Kind.TEXT,
        due_at=clock.now(),
    )


def _is_theirs(row: AssignedNotice) -> bool:
    return row.group.is_open and row.group.assigned_to_id == row.user_id


def _is_critical(row: AssignedNotice) -> bool:
    return row.group.severity == CRITICAL
