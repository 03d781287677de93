"""Probes: a person asks whether a bot or channel works, and hears Telegram's verdict in seconds.

A probe is stored in the caller's transaction and runs in a worker (deliveries/probing.py). A check
asks Telegram (deliveries/checks.py). A test message goes the way of every message, through the
outbox and the bot's lane; its verdict is what became of its delivery.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from accounts.audit import SYSTEM, Actor, record
from accounts.tenancy import require_same_organization
from botapi import failpoints
from channels_app.channel_language import language_of
from channels_app.models import Bot, NotificationChannel, Verification
from deliveries import checks, clock, health, outbox, selectors, wakeup
from deliveries.advice import Problem, verdict
from deliveries.checks import Failed, Verdict
from deliveries.models import Delivery, Probe, SentMessage
from languages.speaking import gettext, gettext_noop, speaking

log = logging.getLogger(__name__)

State = Delivery.State
WITHIN = timedelta(seconds=9)
"""After so long everybody who asked has a verdict; it is shown within 10 s."""
LATE_SECONDS = 1.0
"""What a check still has that could not begin in time."""
TEST_TEXT = gettext_noop("Tocsin reached this chat. Channel: {name}")


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


def check(probe: Probe) -> None:
    """Check the bot or channel, on the network, and store the verdict.

    `probe` as it was before it was claimed: one that a dead worker had is late anyway, and gets the
    whole time again.
    """
    since = clock.now() if probe.claimed_until is not None else probe.created_at
    left = max(LATE_SECONDS, (since + WITHIN - clock.now()).total_seconds())
    if probe.channel is None:
        _conclude(probe, lambda: checks.check_bot(probe.bot, left))
    else:
        channel = probe.channel
        _conclude(probe, lambda: checks.check_channel(probe.bot, channel, left))


def look_after(test: Probe) -> bool:
    """Store the verdict of a test, when its delivery or its time is over; whether that is so."""
    delivery = test.delivery
    is_open = delivery is not None and delivery.state in (State.WAITING, State.IN_FLIGHT)
    if is_open and clock.now() < test.created_at + WITHIN:
        return False
    _conclude(test, lambda: _became_of(test))
    return True


def give_up(probe: Probe, said: str) -> None:
    """A check that nobody can begin in time, because its bot's server hangs."""
    _conclude(probe, lambda: _fail(Failed(Problem.UNREACHABLE, said)))


def _send_test(channel: NotificationChannel) -> Delivery:
    with speaking(language_of(channel)):
        text = gettext(TEST_TEXT).format(name=channel.name)
    params: dict[str, object] = {"text": text}
    if channel.message_thread_id:
        params["message_thread_id"] = channel.message_thread_id
    message = outbox.send(
        outbox.open_stream(channel.organization_id, channel.chat),
        outbox.Call("sendMessage", params, plain_text=str(params["text"])),
        channel=channel,
        purpose=Delivery.Purpose.TEST,
        priority=Delivery.Priority.INTERACTIVE,
        kind=SentMessage.Kind.TEXT,
        due_at=clock.now(),
    )
    return Delivery.objects.for_organization(channel.organization_id).get(target=message)


def _conclude(probe: Probe, find: Callable[[], Verdict]) -> None:
    """Store what `find` returns or raises as the probe's verdict."""
    try:
        found = find()
        failpoints.hit("probe.asked")
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
            state=state, verdict=found, finished_at=clock.now(), claimed_until=None
        )
        if probe.kind != Probe.Kind.TEST and _is_as_asked(probe):
            _verified(probe, state == Probe.State.OK, found)
        if probe.channel is not None and found["problem"] == Problem.FOREIGN_CHAT:
            health.disable(probe.channel, Problem.FOREIGN_CHAT, "")
        failpoints.hit("probe.before_commit")
    failpoints.hit("probe.committed")


def _fail(failed: Failed) -> Verdict:
    raise failed


def _became_of(test: Probe) -> Verdict:
    delivery = test.delivery
    if delivery is None:
        raise Failed(Problem.REFUSED, "the test message was deleted")
    if delivery.state == State.SENT:
        return {"problem": "", "telegram": "", "advice": "", "ladder": delivery.ladder}
    if test.channel is not None and delivery.state == State.PARKED:
        raise _like(test.channel.verdict.get("problem"), delivery.description)
    if delivery.settled_at is None:
        failed = Failed(Problem.STILL_WAITING, delivery.description)
        failed.verdict["because"] = selectors.why_waiting(delivery)
        raise failed
    raise _like(delivery.outcome, delivery.description)


def _like(problem: object, said: str) -> Failed:
    known = problem in set(Problem)
    return Failed(Problem(str(problem)) if known else Problem.REFUSED, said)


def _is_as_asked(probe: Probe) -> bool:
    """Whether nobody changed what was checked meanwhile: then another check is on its way."""
    channel = probe.channel
    same = (
        channel is None
        or NotificationChannel.objects.filter(
            pk=channel.pk, chat=channel.chat_id, message_thread_id=channel.message_thread_id
        ).exists()
    )
    return same and health.is_connected_as(probe.bot)


def _as_it_is_now(probe: Probe) -> Bot | NotificationChannel | None:
    """What was checked, locked: its loan may have ended since, or somebody switched it off."""
    if probe.channel is not None:
        return NotificationChannel.objects.select_for_update().filter(pk=probe.channel.pk).first()
    return Bot.objects.select_for_update().filter(pk=probe.bot_id).first()


def _verified(probe: Probe, ok: bool, found: Verdict) -> None:
    """Note it on the bot or channel; what Telegram made us disable is enabled when it is well."""
    row = _as_it_is_now(probe)
    if row is None:
        return
    shown = {} if ok else {name: found[name] for name in ("problem", "telegram", "advice")}
    by_us = health.disabled_by_us(row)
    values: dict[str, Any] = {
        "verification": Verification.OK if ok else Verification.FAILED,
        "verified_at": clock.now(),
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
