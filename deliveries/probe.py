"""Probes: a person asks whether a bot or channel works, and hears Telegram's verdict in seconds.

A probe is stored in the caller's transaction and runs in the worker, outside of any transaction. A
test message goes the way of every message, through the outbox and the bot's lane.
"""

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.audit import SYSTEM, Actor, record
from accounts.tenancy import require_same_organization
from botapi.errors import BotApiError, BotApiFailure
from botapi.outbound import InvalidAddress
from botapi.tokens import InvalidToken
from channels_app import bots, channels
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot, Chat, NotificationChannel, Verification
from deliveries import health, outbox, selectors, wakeup
from deliveries.advice import Problem, verdict
from deliveries.decisions import (
    ConfirmChannel,
    Decision,
    DisableChannel,
    GiveUp,
    LaneBackoff,
    NextStep,
    Postpone,
    Refusal,
    Retarget,
    SuspectBot,
    classify,
)
from deliveries.models import Delivery, Probe, SentMessage

log = logging.getLogger(__name__)

Verdict = dict[str, Any]

TOTAL_SECONDS = 9.0
TEST_SECONDS = 10.0
CLAIM = timedelta(seconds=30)
POLL_SECONDS = 0.05
TEST_TEXT = "Tocsin reached this chat. Channel: {name}"


class Failed(Exception):
    """The probe found a problem; `verdict` is what is shown."""

    def __init__(self, problem: Problem, telegram: str = "") -> None:
        super().__init__(problem)
        self.verdict = verdict(problem, telegram)


class Migrated(Exception):
    """The group became this supergroup."""

    def __init__(self, chat_id: int) -> None:
        super().__init__(chat_id)
        self.chat_id = chat_id


def request_probe(kind: str, bot: Bot, channel: NotificationChannel | None, actor: Actor) -> Probe:
    """Have a bot or channel verified, or a test sent; in the caller's transaction, then the worker.

    The probe belongs to the channel's organization, without a channel to the bot's.
    """
    owner = bot.organization_id if channel is None else channel.organization_id
    require_same_organization(owner, channel)
    with transaction.atomic():
        probe = Probe.objects.create(
            organization_id=owner, kind=kind, bot=bot, channel=channel, requested_by=actor.user
        )
        if channel is not None and kind == Probe.Kind.TEST:
            probe.delivery = _send_test(channel)
            probe.save(update_fields=["delivery"])
            record(actor, owner, "test", channel)
    transaction.on_commit(lambda: wakeup.wake(wakeup.PROBE))
    return probe


def run_pending(limit: int = 20) -> int:
    """Run the probes that wait; returns how many this process ran."""
    now = timezone.now()
    waiting = Q(state=Probe.State.PENDING) | Q(state=Probe.State.RUNNING, claimed_until__lt=now)
    ran = 0
    for probe in Probe.objects.filter(waiting).order_by("created_at")[:limit]:
        claimed = Probe.objects.filter(waiting, pk=probe.pk).update(
            state=Probe.State.RUNNING, claimed_until=timezone.now() + CLAIM
        )
        if claimed:
            run(probe)
            ran += 1
    return ran


def run(probe: Probe) -> None:
    """Run one claimed probe, on the network, and store its verdict."""
    try:
        found = _RUN[Probe.Kind(probe.kind)](probe)
        state = Probe.State.OK
    except Failed as failed:
        found, state = failed.verdict, Probe.State.FAILED
    except (OperationalError, InterfaceError):
        raise  # the database is away: the claim runs out, and it is asked again
    except Exception:  # a defect of ours: whoever asked hears so, and the next probe goes on
        log.exception("probe %s failed", probe.pk)
        found, state = verdict(Problem.REFUSED), Probe.State.FAILED
    with transaction.atomic():
        Probe.objects.filter(pk=probe.pk).update(
            state=state, verdict=found, finished_at=timezone.now(), claimed_until=None
        )
        if probe.kind != Probe.Kind.TEST:
            _verified(probe, state == Probe.State.OK, found)
        if probe.channel is not None and found["problem"] == Problem.FOREIGN_CHAT:
            health.disable(probe.channel, Problem.FOREIGN_CHAT, "")


class _Asking:
    """Calls of one probe, within its total time."""

    def __init__(self, probe: Probe) -> None:
        self._bot = probe.bot
        self._reader = probe.organization_id
        self._ends_at = time.monotonic() + TOTAL_SECONDS

    def ask(self, method: str, **params: object) -> Mapping[str, Any]:
        """The result when it is an object, else {}. Raises Failed, Migrated."""
        left = max(0.5, self._ends_at - time.monotonic())
        try:
            client = client_for(self._bot)
            answer = client.call(token_of(self._bot), method, params, timeout=left)
        except BotApiFailure as failure:
            said = (
                failure.description
                if isinstance(failure, BotApiError)
                else bots.told(failure, self._bot, self._reader)
            )
            decision = classify(failure)
            if isinstance(decision, Retarget):
                raise Migrated(decision.chat_id) from None
            raise Failed(_problem(decision), said) from None
        except (InvalidToken, CannotDecrypt) as error:
            raise Failed(Problem.WRONG_TOKEN, str(error)) from None
        except InvalidAddress as error:
            raise Failed(Problem.UNREACHABLE, str(error)) from None
        return answer if isinstance(answer, dict) else {}


def _problem(decision: Decision) -> Problem:
    if isinstance(decision, DisableChannel | ConfirmChannel | SuspectBot | GiveUp):
        return decision.problem
    if isinstance(decision, NextStep):
        topic = Problem.TOPIC_MISSING if decision.refusal is Refusal.TOPIC else Problem.REFUSED
        return decision.problem or topic
    if isinstance(decision, LaneBackoff):
        return Problem.UNREACHABLE
    if isinstance(decision, Postpone):
        return Problem.RATE_LIMITED
    return Problem.REFUSED


def _probe_bot(probe: Probe) -> Verdict:
    facts = _prove(_Asking(probe), probe.bot)
    return {"problem": "", "telegram": "", "advice": "", "bot": dict(facts)}


def _prove(asking: _Asking, bot: Bot) -> Mapping[str, Any]:
    """getMe, which proves whose bot it is; what was waiting for that may leave."""
    facts = asking.ask("getMe")
    try:
        bots.prove(bot, facts)
    except bots.ProvenElsewhere:
        raise Failed(Problem.BOT_TAKEN) from None
    except bots.NotProven as error:
        raise Failed(Problem.WRONG_TOKEN, str(error)) from None
    return facts


def _probe_channel(probe: Probe) -> Verdict:
    """The check, which follows a group that became a supergroup once."""
    channel = probe.channel
    assert channel is not None
    if not channels.may_send(channel):
        raise Failed(Problem.NOT_LENT)
    asking = _Asking(probe)
    if probe.bot.proven_at is None:
        _prove(asking, probe.bot)
    try:
        return _check_channel(asking, channel)
    except Migrated as found:
        with transaction.atomic():
            health.retarget(channel.chat, channel, found.chat_id)
    channel.refresh_from_db()
    try:
        return _check_channel(asking, channel)
    except Migrated:
        raise Failed(Problem.FOREIGN_CHAT) from None


def _check_channel(asking: _Asking, channel: NotificationChannel) -> Verdict:
    chat = _find_chat(asking, channel)
    rights = _rights(asking, channel, chat)
    action: dict[str, object] = {"chat_id": channel.chat.address, "action": "typing"}
    topic = channel.message_thread_id
    if topic and not chat.get("is_forum") and chat.get("type") != Chat.Type.PRIVATE:
        raise Failed(Problem.NOT_A_FORUM, "getChat: is_forum is absent")
    if topic:
        action["message_thread_id"] = topic
    asking.ask("sendChatAction", **action)  # hears of blocked bots and missing topics, unseen
    missing = [
        problem
        for right, problem in (("photos", Problem.NO_PHOTOS), ("documents", Problem.NO_DOCUMENTS))
        if not rights[right]
    ]
    return {
        "problem": "",
        "telegram": "",
        "advice": "",
        "chat": {
            name: chat[name]
            for name in ("id", "type", "title", "username", "first_name", "is_forum")
            if name in chat
        },
        "rights": rights,
        "warnings": [verdict(problem) for problem in missing],
    }


def _find_chat(asking: _Asking, channel: NotificationChannel) -> Mapping[str, Any]:
    """getChat; stores what it says."""
    chat = channel.chat
    facts = asking.ask("getChat", chat_id=chat.address)
    number = facts.get("id")
    known = Chat.objects.filter(bot=chat.bot_id, chat_id=number).exclude(pk=chat.pk).first()
    if known is not None and known.organization_id != chat.organization_id:
        raise Failed(Problem.FOREIGN_CHAT)
    if known is not None:
        NotificationChannel.objects.filter(pk=channel.pk).update(chat=known)
        channel.chat = chat = known
    kind = str(facts.get("type", ""))
    chat.chat_id = number if isinstance(number, int) else chat.chat_id
    chat.type = kind if kind in Chat.Type.values else ""
    chat.title = str(facts.get("title") or facts.get("first_name") or "")[:255]
    chat.username = str(facts.get("username", ""))[:64]
    chat.is_forum = facts.get("is_forum") is True
    chat.save(update_fields=["chat_id", "type", "title", "username", "is_forum"])
    return facts


def _rights(
    asking: _Asking, channel: NotificationChannel, chat: Mapping[str, Any]
) -> dict[str, bool]:
    """What the bot may send to the chat (Bot API ChatMember, ChatPermissions). Raises Failed."""
    everything = {"text": True, "photos": True, "documents": True}
    if chat.get("type") == Chat.Type.PRIVATE:
        return everything
    member = asking.ask(
        "getChatMember", chat_id=channel.chat.address, user_id=channel.chat.bot.telegram_id
    )
    status = member.get("status")
    said = f"getChatMember: the bot's status is {str(status)[:20]}"
    if status == "kicked":
        raise Failed(Problem.KICKED, said)
    if status == "left" or (status == "restricted" and member.get("is_member") is False):
        raise Failed(Problem.NOT_MEMBER, said)
    if chat.get("type") == Chat.Type.CHANNEL:
        if status not in {"administrator", "creator"} or member.get("can_post_messages") is False:
            raise Failed(Problem.NOT_ADMIN, said)
        return everything
    if status in {"administrator", "creator"}:
        return everything
    allowed = member if status == "restricted" else chat.get("permissions") or {}
    rights = {
        "text": allowed.get("can_send_messages", True) is True,
        "photos": allowed.get("can_send_photos", True) is True,
        "documents": allowed.get("can_send_documents", True) is True,
    }
    if not rights["text"]:
        raise Failed(Problem.NO_TEXT, f"{said}, can_send_messages is false")
    return rights


def _send_test(channel: NotificationChannel) -> Delivery:
    params: dict[str, object] = {"text": TEST_TEXT.format(name=channel.name)}
    if channel.message_thread_id:
        params["message_thread_id"] = channel.message_thread_id
    message = outbox.send(
        outbox.open_stream(channel.organization_id, channel.chat),
        outbox.Call("sendMessage", params, plain_text=str(params["text"])),
        channel=channel,
        purpose=Delivery.Purpose.TEST,
        priority=Delivery.Priority.INTERACTIVE,
        kind=SentMessage.Kind.TEXT,
        due_at=timezone.now(),
    )
    return Delivery.objects.for_organization(channel.organization_id).get(target=message)


def _probe_test(probe: Probe) -> Verdict:
    delivery = probe.delivery
    if delivery is None:
        raise Failed(Problem.REFUSED, "the test message was deleted")
    ends_at = probe.created_at + timedelta(seconds=TEST_SECONDS)
    while delivery.state in (Delivery.State.WAITING, Delivery.State.IN_FLIGHT):
        if timezone.now() >= ends_at:
            failed = Failed(Problem.STILL_WAITING, delivery.description)
            failed.verdict["because"] = selectors.why_waiting(delivery)
            raise failed
        time.sleep(POLL_SECONDS)
        delivery.refresh_from_db()
    if delivery.state == Delivery.State.SENT:
        return {"problem": "", "telegram": "", "advice": "", "ladder": delivery.ladder}
    if probe.channel is not None and delivery.state == Delivery.State.PARKED:
        probe.channel.refresh_from_db()
        raise _like(probe.channel.verdict.get("problem"), delivery.description)
    raise _like(delivery.outcome, delivery.description)


def _like(problem: object, said: str) -> Failed:
    known = problem in set(Problem)
    return Failed(Problem(str(problem)) if known else Problem.REFUSED, said)


def _verified(probe: Probe, ok: bool, found: Verdict) -> None:
    """Note it on the bot or channel; what Telegram made us disable is enabled when it is well."""
    row = probe.channel if probe.channel is not None else probe.bot
    shown = {} if ok else {name: found[name] for name in ("problem", "telegram", "advice")}
    by_us = health.disabled_by_us(row)
    values: dict[str, Any] = {
        "verification": Verification.OK if ok else Verification.FAILED,
        "verified_at": timezone.now(),
        "verdict": shown,
    }
    if isinstance(row, Bot):
        Bot.objects.filter(pk=row.pk).update(**values)
        if ok and by_us:
            health.enable_bot(row)
        return
    if ok:
        values |= {"topic_problem": "", "failures": 0}
    NotificationChannel.objects.filter(pk=row.pk).update(**values)
    if ok and by_us:
        health.enable(SYSTEM, row)


_RUN = {
    Probe.Kind.BOT: _probe_bot,
    Probe.Kind.CHANNEL: _probe_channel,
    Probe.Kind.TEST: _probe_test,
}
