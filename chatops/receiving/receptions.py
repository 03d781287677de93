"""The rows that say how bots' updates come in: made, read, and asked for a look at Telegram."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts import audit
from accounts.audit import Actor
from channels_app import bots
from channels_app.models import Bot
from chatops.models import Reception
from deliveries import clock, wakeup

AGREE = "chatops.agree"
NOTED_EVERY = timedelta(seconds=5)
"""So often it is written down that updates come; a busy bot's row is not written with each."""
LAST_CALLS = timedelta(seconds=3)
"""So long a bot that was disabled may still be in use: whoever holds it looks each second."""

Errand = Reception.Errand
Updates = Bot.Updates


class ErrandRefused(ValueError):
    """This cannot be asked for; the text says why."""


def reception_of(bot: Bot) -> Reception:
    """The bot's row, made where it has none."""
    reception, _ = Reception.objects.get_or_create(bot=bot)
    return reception


def make_missing() -> int:
    """Give a row to every bot that shall receive and has none; how many."""
    has_one = Exists(Reception.objects.filter(bot=OuterRef("pk")))
    without = Bot.objects.exclude(updates=Updates.NONE).filter(~has_one, enabled=True)
    rows = [Reception(bot_id=bot) for bot in without.values_list("pk", flat=True)[:500]]
    Reception.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def pollable() -> QuerySet[Reception]:
    """Of the bots whose updates are there to be polled."""
    return Reception.objects.filter(
        bot__updates=Updates.POLLING,
        bot__enabled=True,
        bot__proven_at__isnull=False,
        is_settled=True,
        way=Updates.POLLING,
        server=F("bot__api_url"),
    )


def to_be_looked_at() -> QuerySet[Reception]:
    """What has to be compared with Telegram now: it is time, or a person changed the way or the
    server since. A bot that nothing proves is left alone; one that is disabled too, but for what
    was asked of it."""
    now = clock.now()
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    same = Q(way=F("bot__updates"), server=F("bot__api_url"), bot_proven_at=F("bot__proven_at"))
    changed = ~same
    wanted = Q(bot__enabled=True, bot__proven_at__isnull=False) | ~Q(errand=Errand.NONE)
    nothing_left = Q(bot__updates=Updates.NONE, way=Updates.NONE, is_settled=True, errand="")
    backed_off = Q(check_at__lte=now) | (changed & Q(failures=0))
    return Reception.objects.filter(free & wanted & backed_off).exclude(nothing_left)


def is_agreed(reception: Reception, way: str) -> bool:
    """Whether this is the way that a person wants, and both sides agree on it: with the server that
    the bot has now, and proven by the same token, without having moved in between."""
    bot = reception.bot
    return (
        (bot.updates == reception.way == way and reception.is_settled)
        and reception.server == bot.api_url
        and bot.proven_at is not None
        and reception.bot_proven_at == bot.proven_at
    )


def note_arrival(reception: Reception) -> None:
    """An update came by webhook; in the caller's transaction."""
    now = clock.now()
    if reception.received_at is None or reception.received_at < now - NOTED_EVERY:
        Reception.objects.filter(pk=reception.pk).update(received_at=now)


def look_again(bot_id: UUID, after: timedelta = timedelta(0)) -> None:
    """Have Telegram asked soon; in the caller's transaction."""
    Reception.objects.filter(pk=bot_id).update(check_at=clock.now() + after, failures=0)
    transaction.on_commit(lambda: wakeup.wake(AGREE))


def changed(bot: Bot) -> None:
    """A person changed this bot: have it agreed with Telegram soon; in the caller's transaction."""
    if bot.updates != Updates.NONE:
        reception_of(bot)
    look_again(bot.pk)


def take_over(actor: Actor, bot: Bot) -> None:
    """Have the bot's updates come here although another service receives them by webhook. Raises
    ErrandRefused."""
    if bot.updates == Updates.NONE:
        raise ErrandRefused("Choose first how the bot's updates shall come.")
    _ask(actor, bot, Errand.TAKE_OVER, "take over updates")


def leave(actor: Actor, bot: Bot, errand: str) -> None:
    """Have the bot leave its server, by LOG_OUT or CLOSE. It is disabled at once: any call would
    log it in again. Raises ErrandRefused."""
    if errand not in (Errand.LOG_OUT, Errand.CLOSE):
        raise ErrandRefused(f"{errand!r} is no way to leave a server.")
    with transaction.atomic():
        _ask(actor, bot, errand, str(Errand(errand).label).lower(), after=LAST_CALLS)
        bots.change_bot(actor, bot, enabled=False)


def _ask(actor: Actor, bot: Bot, errand: str, action: str, after: timedelta = timedelta(0)) -> None:
    with transaction.atomic():
        reception = reception_of(bot)
        Reception.objects.filter(pk=reception.pk).update(errand=errand)
        audit.record(actor, bot.organization_id, action, bot)
        look_again(bot.pk, after)
