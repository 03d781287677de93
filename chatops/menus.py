"""The lists of commands that clients show behind "/": each bot's are told to Telegram once, and
again when they change. Each language has its own, and whose app speaks none of them the English."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from botapi.errors import BotApiError, BotApiFailure
from botapi.guard import InvalidAddress
from botapi.methods import perform, set_my_commands
from channels_app.bots import client_for, token_of
from channels_app.encryption import CannotDecrypt
from channels_app.models import Bot
from chatops.models import CommandMenu
from deliveries import clock
from languages.speaking import ENGLISH

log = logging.getLogger(__name__)

Menu = Mapping[str, Sequence[Mapping[str, str]]]
"""By the type of a BotCommandScope: `{"command", "description"}`, in order."""
Menus = Mapping[str, Menu]
"""By language; the English one is for all whose app speaks another one than these."""
CLAIM = timedelta(minutes=2)
RETRY_FIRST, RETRY_LAST = timedelta(minutes=1), timedelta(hours=6)
AT_ONCE = 20
SECONDS = 10.0
BAD_REQUEST = 400


def version_of(menus: Menus, bot: Bot) -> str:
    """Another one where Telegram has to be told: also where that is another server."""
    about = json.dumps([menus, bot.api_url], sort_keys=True)
    return hashlib.blake2b(about.encode(), digest_size=15).hexdigest()


def tell_all(menus: Menus) -> int:
    """Tell those bots' servers that do not know these menus yet; how many heard it. Safe in several
    processes: a claim is one conditional UPDATE, and telling twice changes nothing."""
    heard = 0
    for bot in _behind(menus):
        version = version_of(menus, bot)
        if _claim(bot):
            heard += _tell(bot, menus, version)
    return heard


def _behind(menus: Menus) -> list[Bot]:
    now = clock.now()
    bots = Bot.objects.filter(proven_at__isnull=False, enabled=True).exclude(
        updates=Bot.Updates.NONE
    )
    waiting = CommandMenu.objects.filter(due_at__gt=now).values("bot")
    known = dict(CommandMenu.objects.values_list("bot_id", "version"))
    found = [
        bot
        for bot in bots.exclude(pk__in=waiting).order_by("pk")
        if known.get(bot.pk) != version_of(menus, bot)
    ]
    return found[:AT_ONCE]


def _claim(bot: Bot) -> bool:
    now = clock.now()
    row, made = CommandMenu.objects.get_or_create(bot=bot, defaults={"due_at": now + CLAIM})
    if made:
        return True
    free = CommandMenu.objects.filter(pk=row.pk, due_at__lte=now)
    return bool(free.update(due_at=now + CLAIM))


def _tell(bot: Bot, menus: Menus, version: str) -> int:
    rows = CommandMenu.objects.filter(bot=bot)
    try:
        _tell_each(bot, menus)
    except (BotApiFailure, InvalidAddress, CannotDecrypt) as failure:
        log.info("commands of bot %s: %s", bot.pk, failure)
        failures = (rows.values_list("failures", flat=True).first() or 0) + 1
        wait = min(RETRY_FIRST * 2 ** min(failures - 1, 12), RETRY_LAST)
        rows.update(failures=failures, due_at=clock.now() + wait)
        return 0
    rows.update(version=version, failures=0, due_at=clock.now())
    return 1


def _tell_each(bot: Bot, menus: Menus) -> None:
    """What is refused does not keep the others from being told. Raises the last refusal, and at
    once what would befall the others as well."""
    client, token = client_for(bot), token_of(bot)
    refused: BotApiError | None = None
    for language, menu in menus.items():
        for scope, commands in menu.items():
            code = "" if language == ENGLISH else language
            call = set_my_commands(commands, {"type": scope}, code)
            try:
                perform(client, token, call, timeout=SECONDS)
            except BotApiError as failure:
                if failure.error_code != BAD_REQUEST:
                    raise
                log.info("commands of bot %s in %s: %s", bot.pk, language, failure)
                refused = failure
    if refused is not None:
        raise refused
