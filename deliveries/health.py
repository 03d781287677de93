"""What outcomes do to channels and bots, and how both come back.

All but `check_bot` writes only, in the caller's transaction.
"""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from accounts.audit import SYSTEM, Actor
from accounts.tenancy import ForeignOrganization
from botapi.errors import BotApiError, BotApiFailure
from botapi.outbound import InvalidAddress
from botapi.tokens import InvalidToken
from channels_app import bots, channels, persons, proof
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot, Chat, NotificationChannel
from deliveries import clock, lanes, outbox, waiting, wakeup
from deliveries.advice import ADVICE, Problem, verdict
from deliveries.decisions import SuspectBot, classify
from deliveries.models import Delivery, Probe, SentMessage, Stream

log = logging.getLogger(__name__)

SUSPICION = timedelta(seconds=30)
REPROBE = timedelta(hours=1)
CHECK_SECONDS = 10.0

CONNECTION = ("token_encrypted", "api_url", "proxy_encrypted")
"""What of a bot its calls depend on."""
_REASONS = tuple(advice.wrong for advice in ADVICE.values())
BY_US = Q(disabled_reason__in=_REASONS)
"""Of what is disabled: Telegram's refusal did it, not a person."""
OF_PERSONS = frozenset({Problem.BLOCKED, Problem.DEACTIVATED, Problem.NOT_STARTED})
"""Problems of private chats that only the person there can end."""
_callbacks: list[Callable[[NotificationChannel], None]] = []
_left: list[Callable[[Delivery], None]] = []


def on_channel_enabled(callback: Callable[[NotificationChannel], None]) -> None:
    """Have `callback(channel)` run, in the transaction that enables a channel, before what was
    parked leaves: there the present state replaces it. Called once, from AppConfig.ready."""
    _callbacks.append(callback)


def on_person_left(callback: Callable[[Delivery], None]) -> None:
    """Have `callback(delivery)` run, in the transaction that settles what a person's private chat
    refused and no channel stands for. Called once, from AppConfig.ready."""
    _left.append(callback)


def person_left(delivery: Delivery) -> None:
    """The person lets the bot write no more: nothing is sent there unasked until they are back."""
    persons.close_chat(delivery.chat, clock.now())
    for callback in _left:
        callback(delivery)


def enable(actor: Actor, channel: NotificationChannel) -> bool:
    """Enable a channel and let its present state leave; whether it was disabled."""
    with transaction.atomic():
        changed = channels.set_channel_enabled(actor, channel, True)
        if changed:
            channel.refresh_from_db()
            resume(channel)
    return changed


def switch_off(actor: Actor, channel: NotificationChannel) -> bool:
    """Disable a channel by hand; what waits for it is parked. Whether it was enabled."""
    with transaction.atomic():
        changed = channels.set_channel_enabled(actor, channel, False)
        waiting.park(channel)
    return changed


def resume(channel: NotificationChannel) -> None:
    """Let what was parked for this enabled channel leave, as it is now."""
    with transaction.atomic():
        for callback in _callbacks:
            callback(channel)
        waiting.unpark(channel)


def resume_enabled() -> int:
    """Resume channels that were enabled elsewhere while calls are parked; returns how many."""
    parked = Delivery.objects.filter(channel=OuterRef("pk"), state=Delivery.State.PARKED)
    found = list(NotificationChannel.objects.filter(Exists(parked), enabled=True)[:100])
    for channel in found:
        try:
            resume(channel)
        except Exception:  # one channel's defect must not keep the others waiting
            log.exception("channel %s can't be resumed", channel.pk)
    return len(found)


def settle_deleted() -> int:
    """Settle what was parked for channels that were deleted; returns how many calls."""
    return Delivery.objects.filter(channel=None, state=Delivery.State.PARKED).update(
        state=Delivery.State.SUPERSEDED, settled_at=clock.now(), outcome="channel deleted"
    )


def disable(channel: NotificationChannel, problem: Problem, said: str) -> None:
    """Disable a channel that refuses us, and park what waits; troubles.py tells the admins."""
    waiting.park(channel)
    channels.disable_channel(channel, ADVICE[problem].wrong, verdict(problem, said))


def count_failure(channel: NotificationChannel | None) -> int:
    """One more doubtful refusal in a row; returns how many there are."""
    if channel is None:
        return 0
    NotificationChannel.objects.filter(pk=channel.pk).update(failures=F("failures") + 1)
    return channel.failures + 1


def channels_answered(channel_ids: Collection[UUID]) -> None:
    """These channels took a call: their refusals are no longer in a row."""
    if channel_ids:
        NotificationChannel.objects.filter(pk__in=channel_ids).update(failures=0)


def flag_topic(channel: NotificationChannel | None, problem: Problem) -> None:
    """Say on the channel that its topic is in trouble."""
    if channel is not None:
        NotificationChannel.objects.filter(pk=channel.pk).update(
            topic_problem=ADVICE[problem].wrong[:255], verdict=verdict(problem)
        )


def retarget(chat: Chat, channel: NotificationChannel | None, chat_id: int) -> None:
    """Follow a group to the supergroup that it became, with all that waits for it."""
    try:
        with transaction.atomic():
            now = channels.retarget(chat, chat_id)
    except ForeignOrganization:
        if channel is not None:
            disable(channel, Problem.FOREIGN_CHAT, "")
        return
    if now.pk != chat.pk:
        Delivery.objects.filter(chat=chat, settled_at=None).update(chat=now)
        Stream.objects.filter(chat=chat).update(chat=now)
        SentMessage.objects.filter(chat=chat).update(chat=now)


def suspect(bot: Bot, now: datetime) -> None:
    """The token or the server seems wrong, or nothing has proven it yet: the lane stops until
    getMe was asked."""
    wrong = ADVICE[Problem.WRONG_TOKEN].wrong
    lanes.shift(
        [bot.pk], suspected_at=now, trouble=wrong if bot.proven_at else "its token is being checked"
    )


def check_bot(bot: Bot, suspected_at: datetime, now: datetime) -> float | None:
    """Ask getMe, on the network. Returns in how many seconds to ask again, or None: it is settled.

    A second failure at least 30 seconds after the suspicion disables the bot.
    """
    now_stored = Bot.objects.filter(pk=bot.pk).first()  # a person may have entered a new token
    if now_stored is None:
        return None
    bot = now_stored
    try:
        answer = bots.client_for(bot).call(bots.token_of(bot), "getMe", timeout=CHECK_SECONDS)
        proof.prove(bot, answer if isinstance(answer, dict) else {})
    except BotApiFailure as failure:
        said = failure.description if isinstance(failure, BotApiError) else str(failure)
        decision = classify(failure)
        if not isinstance(decision, SuspectBot):
            lanes.shift([bot.pk], trouble=said)
            return 5.0
        problem = decision.problem
    except proof.NotProven as error:
        taken = isinstance(error, proof.ProvenElsewhere)
        said, problem = str(error), Problem.BOT_TAKEN if taken else Problem.WRONG_TOKEN
    except (InvalidToken, CannotDecrypt) as error:
        said, problem = str(error), Problem.WRONG_TOKEN
    except InvalidAddress as error:
        said, problem = str(error), Problem.UNREACHABLE
    else:
        lanes.shift([bot.pk], suspected_at=None, trouble="")
        return None
    if now < suspected_at + SUSPICION:
        return (suspected_at + SUSPICION - now).total_seconds()
    with transaction.atomic():
        if not is_connected_as(bot):
            return 0.0
        _disable_bot(bot, problem, said)
        lanes.shift([bot.pk], suspected_at=None)
    return None


def _disable_bot(bot: Bot, problem: Problem, said: str) -> None:
    if bots.disable_bot(bot, ADVICE[problem].wrong):
        Bot.objects.filter(pk=bot.pk).update(verdict=verdict(problem, said))


def is_connected_as(bot: Bot) -> bool:
    """Whether it still has the token, server and proxy that it was read with: what they led to says
    nothing of others. In the caller's transaction, until whose end it stays so."""
    connection = {name: getattr(bot, name) for name in CONNECTION}
    return Bot.objects.select_for_update().filter(pk=bot.pk, **connection).exists()


def disabled_by_us(row: Bot | NotificationChannel) -> bool:
    """Whether Telegram's refusal disabled it, not a person."""
    return not row.enabled and row.disabled_reason in _REASONS


def reprobe_disabled() -> int:
    """Ask for a probe of what Telegram made us disable over an hour ago; returns how many."""
    hour_ago = clock.now() - REPROBE
    recent = Probe.objects.filter(created_at__gt=hour_ago)
    by_us = Q(enabled=False, disabled_reason__in=_REASONS, disabled_at__lt=hour_ago)
    found = NotificationChannel.objects.filter(by_us, chat__bot__enabled=True)
    due = found.exclude(Exists(recent.filter(channel=OuterRef("pk")))).select_related("chat")
    probes = [
        Probe(
            organization_id=channel.organization_id,
            kind=Probe.Kind.CHANNEL,
            bot_id=channel.chat.bot_id,
            channel=channel,
        )
        for channel in due[:50]
    ]
    broken = Bot.objects.filter(by_us).exclude(
        Exists(recent.filter(bot=OuterRef("pk"), channel=None))
    )
    probes += [
        Probe(organization_id=bot.organization_id, kind=Probe.Kind.BOT, bot=bot)
        for bot in broken[:50]
    ]
    Probe.objects.bulk_create(probes)
    if probes:
        wakeup.wake(wakeup.PROBE)
    return len(probes)


def enable_bot(bot: Bot) -> None:
    """A disabled bot's token works again: go on."""
    with transaction.atomic():
        bots.change_bot(SYSTEM, Bot.objects.select_for_update().get(pk=bot.pk), enabled=True)
        outbox.wake_dispatch()
