"""What a check asks Telegram about a bot or a channel, on the network, and what it finds.

Within the time that is left until whoever asked is to hear. Nothing here is in a transaction but
what is written down of a chat.
"""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from botapi.errors import BotApiError, BotApiFailure
from botapi.outbound import InvalidAddress
from botapi.tokens import InvalidToken
from channels_app import bots, channels, proof
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot, Chat, NotificationChannel
from deliveries import health
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
    Unconfirmed,
    classify,
)

Verdict = dict[str, Any]


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


class _Asking:
    """Calls of one check, within its total time. `reader`: the organization that is to hear."""

    def __init__(self, bot: Bot, reader: UUID, seconds: float) -> None:
        self._bot = bot
        self._reader = reader
        self._ends_at = time.monotonic() + seconds

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
            raise Failed(Problem.UNREACHABLE, bots.told(error, self._bot, self._reader)) from None
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
    if isinstance(decision, Unconfirmed):
        return Problem.UNCONFIRMED
    return Problem.REFUSED


def check_bot(bot: Bot, seconds: float) -> Verdict:
    """The verdict about a bot that works, within so many seconds. Raises Failed."""
    facts = _prove(_Asking(bot, bot.organization_id, seconds), bot)
    return {"problem": "", "telegram": "", "advice": "", "bot": dict(facts)}


def _prove(asking: _Asking, bot: Bot) -> Mapping[str, Any]:
    """getMe, which proves whose bot it is; what was waiting for that may leave."""
    facts = asking.ask("getMe")
    try:
        proof.prove(bot, facts)
    except proof.ProvenElsewhere:
        raise Failed(Problem.BOT_TAKEN) from None
    except proof.NotProven as error:
        raise Failed(Problem.WRONG_TOKEN, str(error)) from None
    return facts


def check_channel(bot: Bot, channel: NotificationChannel, seconds: float) -> Verdict:
    """The verdict about a channel that works, within so many seconds. Raises Failed.

    Follows a group that became a supergroup, once.
    """
    if not channels.may_send(channel):
        raise Failed(Problem.NOT_LENT)
    asking = _Asking(bot, channel.organization_id, seconds)
    if bot.proven_at is None:
        _prove(asking, bot)
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
        raise Failed(Problem.NOT_A_FORUM, 'getChat: no "is_forum"')
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
    said = f'getChatMember: "status": "{str(status)[:20]}"'
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
        raise Failed(Problem.NO_TEXT, f'{said}, "can_send_messages": false')
    return rights
