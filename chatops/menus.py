"""The lists of commands that clients show behind "/": each bot's are told to Telegram once, and
again when they change."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from botapi.errors import BotApiFailure
from botapi.guard import InvalidAddress
from botapi.methods import perform, set_my_commands
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot
from chatops.models import CommandMenu
from deliveries import clock

log = logging.getLogger(__name__)

Menu = Mapping[str, Sequence[Mapping[str, str]]]
"""By the type of a BotCommandScope: `{"command", "description"}`, in order."""
CLAIM = timedelta(minutes=2)
RETRY_FIRST, RETRY_LAST = timedelta(minutes=1), timedelta(hours=6)
AT_ONCE = 20
SECONDS = 10.0


def version_of(menu: Menu, bot: Bot) -> str:
    """Another one where Telegram has to be told: also where that is another server."""
    about = json.dumps([menu, bot.api_url], sort_keys=True)
    return hashlib.blake2b(about.encode(), digest_size=15).hexdigest()


def tell_all(menu: Menu) -> int:
    """Tell those bots' servers that do not know this menu yet; how many heard it. Safe in several
    processes: a claim is one conditional UPDATE, and telling twice changes nothing."""
    heard = 0
    for bot in _behind(menu):
        version = version_of(menu, bot)
        if _claim(bot):
            heard += _tell(bot, menu, version)
    return heard


def _behind(menu: Menu) -> list[Bot]:
    now = clock.now()
    bots = Bot.objects.filter(proven_at__isnull=False, enabled=True).exclude(
        updates=Bot.Updates.NONE
    )
    waiting = CommandMenu.objects.filter(due_at__gt=now).values("bot")
    known = dict(CommandMenu.objects.values_list("bot_id", "version"))
    found = [
        bot
        for bot in bots.exclude(pk__in=waiting).order_by("pk")
        if known.get(bot.pk) != version_of(menu, bot)
    ]
    return found[:AT_ONCE]


def _claim(bot: Bot) -> bool:
    now = clock.now()
    row, made = CommandMenu.objects.get_or_create(bot=bot, defaults={"due_at": now + CLAIM})
    if made:
        return True
    free = CommandMenu.objects.filter(pk=row.pk, due_at__lte=now)
    return bool(free.update(due_at=now + CLAIM))


def _tell(bot: Bot, menu: Menu, version: str) -> int:
    rows = CommandMenu.objects.filter(bot=bot)
    try:
        client, token = client_for(bot), token_of(bot)
        for scope, commands in menu.items():
            perform(client, token, set_my_commands(commands, {"type": scope}), timeout=SECONDS)
    except (BotApiFailure, InvalidAddress, CannotDecrypt) as failure:
        log.info("commands of bot %s: %s", bot.pk, failure)
        failures = (rows.values_list("failures", flat=True).first() or 0) + 1
        wait = min(RETRY_FIRST * 2 ** min(failures - 1, 12), RETRY_LAST)
        rows.update(failures=failures, due_at=clock.now() + wait)
        return 0
    rows.update(version=version, failures=0, due_at=clock.now())
    return 1
