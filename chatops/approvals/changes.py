"""Questions are asked, answered, taken back and let expire.

Each is one short transaction: the row's conditional UPDATE, the message in the chat, and the call
to the endpoint, if there is one. Whoever is second finds the question settled.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from accounts.audit import SYSTEM, Actor, record
from accounts.tenancy import require_same_organization
from alerts.group_views import zone_of
from botapi import failpoints
from botapi.callback_data import pack
from botapi.keyboards import CallbackButton, InlineKeyboard
from botapi.markup import ParseMode
from channels_app.channel_language import language_of
from channels_app.models import NotificationChannel
from chatops.approvals import rules, showing
from chatops.approvals.rules import ApprovalRefused
from chatops.approvals.showing import Question
from chatops.endpoints.calls import request_call
from chatops.models import Approval, Endpoint, EndpointCall
from chatops.one_by_one import each
from deliveries import clock, outbox
from deliveries.messages import channel_params
from deliveries.models import Delivery, SentMessage
from languages.speaking import ENGLISH, gettext, speaking

VERB = "ap"
"""Of its buttons, with the number of the choice."""
OPEN_MAX = 1_000
TOLD_FOR = timedelta(hours=24)
"""How long the endpoint is told again of an answer that it does not take."""
EXPIRED_AT_ONCE = 200
State = Approval.State


def create_approval(
    actor: Actor,
    channel: NotificationChannel,
    *,
    title: str,
    text: str = "",
    choices: Sequence[Mapping[str, str]] | None = None,
    who: str = Approval.Who.RESPONDER,
    expires_in: timedelta = rules.USUAL,
    endpoint: Endpoint | None = None,
) -> Approval:
    """Ask the channel's chat. Raises ApprovalRefused."""
    require_same_organization(channel.organization_id, endpoint)
    title, text = rules.checked_texts(title, text)
    now = clock.now()
    row = Approval(
        organization_id=channel.organization_id,
        channel=channel,
        title=title,
        text=text,
        choices=rules.checked_choices(choices),
        who=who,
        created_at=now,
        created_by=actor.name[:254],
        expires_at=now + rules.checked_time(expires_in),
        endpoint=endpoint,
    )
    if row.expires_at - now > settings.RETENTION["deliveries"]:
        days = settings.RETENTION["deliveries"].days
        raise ApprovalRefused(f"Give at most {days} days: messages are kept so long.", "expires_in")
    if who not in Approval.Who.values:
        raise ApprovalRefused(f"Use one of {', '.join(Approval.Who.values)}.", "who")
    if channel.chat.bot.updates == "none":
        raise ApprovalRefused(
            "The channel's bot receives no updates, so nobody could answer. Switch them on.",
            "channel",
        )
    rows = Approval.objects.for_organization(channel.organization_id)
    if rows.filter(state=State.OPEN).count() >= OPEN_MAX:
        raise ApprovalRefused(f"{OPEN_MAX:,} questions are open already. Wait, or cancel some.")
    with transaction.atomic():
        with speaking(_language(row)):
            row.message = _send(row)
        row.save(force_insert=True)
        record(actor, row.organization_id, "ask", row)
    return row


def answer(actor: Actor, approval: Approval, number: int) -> bool:
    """Settle it by its choice of this number; False when it was settled already, or is over.

    Raises ApprovalRefused for a choice that is none."""
    if not 0 <= number < len(approval.choices):
        raise ApprovalRefused(gettext("There is no such choice."))
    choice = approval.choices[number]
    now = clock.now()
    with transaction.atomic():
        rows = Approval.objects.for_organization(approval.organization_id)
        still_open = rows.filter(pk=approval.pk, state=State.OPEN, expires_at__gt=now)
        values = {
            "state": State.ANSWERED,
            "answer": choice["value"],
            "answered_by": actor.name[:254],
            "answered_user": actor.user,
            "settled_at": now,
        }
        if not still_open.update(**values):
            return False
        for field, value in values.items():
            setattr(approval, field, value)
        with speaking(_language(approval)):
            label = showing.labels_of(approval.choices)[number]
            _settle(approval, f"✔ {_answered(approval, label)}")
        with speaking(ENGLISH):
            end = _answered(approval, choice["label"])
        record(actor, approval.organization_id, "answer", approval, {"answer": ("", end)})
        failpoints.hit("approval.before_commit")
    return True


def _answered(approval: Approval, label: str) -> str:
    zone, at = zone_of(approval.channel), approval.settled_at or clock.now()
    return showing.answered(label, approval.answered_by, at, zone, approval.created_at)


def cancel(actor: Actor, approval: Approval) -> None:
    """Take it back. Raises ApprovalRefused when it is settled."""
    with transaction.atomic():
        if not _close(approval, State.CANCELLED):
            raise ApprovalRefused("It is settled already, so there is nothing to cancel.")
        with speaking(_language(approval)):
            _settle(approval, showing.cancelled(actor.name))
        record(actor, approval.organization_id, "cancel", approval)


def expire_due() -> int:
    """Settle those whose time is over; returns how many."""
    over = Approval.objects.filter(state=State.OPEN, expires_at__lte=clock.now())
    related = ("channel__chat", "channel__organization", "message__stream", "endpoint")
    return each(over.select_related(*related).order_by("expires_at")[:EXPIRED_AT_ONCE], _expire)


def _expire(approval: Approval) -> int:
    with transaction.atomic():
        if not _close(approval, State.EXPIRED):
            return 0
        with speaking(_language(approval)):
            _settle(approval, showing.expired())
        record(SYSTEM, approval.organization_id, "expire", approval)
    return 1


def facts_of(approval: Approval) -> dict[str, Any]:
    """As REST and the endpoint know it, but for the channel."""
    return {
        "id": str(approval.pk),
        "title": approval.title,
        "state": approval.state,
        "answer": approval.answer,
        "answered_by": approval.answered_by,
        "settled_at": approval.settled_at.isoformat() if approval.settled_at else None,
        "expires_at": approval.expires_at.isoformat(),
        "channel": str(approval.channel_id),
    }


def _close(approval: Approval, state: str) -> bool:
    rows = Approval.objects.for_organization(approval.organization_id)
    approval.settled_at, approval.state = clock.now(), state
    still_open = rows.filter(pk=approval.pk, state=State.OPEN)
    return bool(still_open.update(state=state, settled_at=approval.settled_at))


def _settle(approval: Approval, end: str) -> None:
    """Show in the chat what came of it, and tell the endpoint."""
    channel = approval.channel
    marked, plain = showing.shown(_question(approval), _mode(channel), end)
    if approval.message is not None:
        with suppress(outbox.MessageGone):  # deleted in the chat: nobody looks for it there
            outbox.change(
                approval.message,
                _call("editMessageText", channel, marked, plain),
                channel=channel,
                purpose=Delivery.Purpose.ANSWER,
                priority=Delivery.Priority.INTERACTIVE,
                due_at=clock.now(),
            )
    if approval.endpoint is not None:
        request_call(
            approval.endpoint,
            EndpointCall.Event.APPROVAL,
            rules.body_of(facts_of(approval)),
            patience=TOLD_FOR,
            approval=approval,
        )


def _send(approval: Approval) -> SentMessage:
    channel = approval.channel
    marked, plain = showing.shown(_question(approval), _mode(channel))
    call = _call(
        "sendMessage", channel, marked, plain, _keyboard(approval), channel_params(channel)
    )
    return outbox.send(
        outbox.open_stream(approval.organization_id, channel.chat),
        call,
        channel=channel,
        purpose=Delivery.Purpose.ANSWER,
        priority=Delivery.Priority.HIGH,
        kind=SentMessage.Kind.TEXT,
        due_at=clock.now(),
    )


def _call(
    method: str,
    channel: NotificationChannel,
    marked: str,
    plain: str,
    keyboard: InlineKeyboard | None = None,
    params: Mapping[str, object] | None = None,
) -> outbox.Call:
    given: dict[str, object] = {
        **(params or {}),
        "text": marked,
        "link_preview_options": {"is_disabled": True},
    }
    if channel.parse_mode:
        given["parse_mode"] = channel.parse_mode
    if keyboard is not None:
        given["reply_markup"] = keyboard.as_json()
    return outbox.Call(method, given, plain_text=plain)


def _keyboard(approval: Approval) -> InlineKeyboard:
    labels = showing.labels_of(approval.choices)
    return InlineKeyboard(
        tuple(
            tuple(
                CallbackButton(labels[number], pack(VERB, approval.pk, str(number)))
                for number in row
            )
            for row in showing.rows_of(labels)
        )
    )


def _language(approval: Approval) -> str:
    """Of the chat that it is asked in, whoever answers."""
    return language_of(approval.channel)


def _question(approval: Approval) -> Question:
    zone: ZoneInfo = zone_of(approval.channel)
    return Question(
        title=approval.title,
        text=approval.text,
        asked_by=approval.created_by,
        asked_at=approval.created_at,
        expires_at=approval.expires_at,
        zone=zone,
    )


def _mode(channel: NotificationChannel) -> ParseMode:
    mode: Any = channel.parse_mode
    found: ParseMode = mode
    return found
