"""`manage.py leave_server BOT`: have a bot leave its Bot API server, to be used on another."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import COMMAND_LINE
from channels_app.models import Bot
from chatops.models import Reception
from chatops.receiving import receptions


class Command(BaseCommand):
    """Asks for it; a worker does it within seconds."""

    help = (
        "Have a bot leave its Bot API server: log out of Telegram's own, or close on a local one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which bot, and which way."""
        parser.add_argument("bot", help="its ID here, its ID in Telegram or its username")
        way = parser.add_mutually_exclusive_group(required=True)
        way.add_argument("--log-out", action="store_true", help="of Telegram's own server")
        way.add_argument("--close", action="store_true", help="on a local server")

    def handle(self, *args: Any, **options: Any) -> None:
        """Disable the bot, and have the call made."""
        bot = _bot(options["bot"])
        errand = Reception.Errand.CLOSE if options["close"] else Reception.Errand.LOG_OUT
        receptions.leave(COMMAND_LINE, bot, errand)
        self.stdout.write(
            f"{bot} is disabled, and leaves its server within seconds; its page on the console "
            "says so. Then enter the other server with the token there."
        )


def _bot(given: str) -> Bot:
    rows = Bot.objects.all()
    if given.isdigit():
        rows = rows.filter(telegram_id=int(given))
    else:
        try:
            rows = rows.filter(pk=UUID(given))
        except ValueError:
            rows = rows.filter(username__iexact=given.removeprefix("@"))
    found = list(rows[:2])
    if len(found) != 1:
        raise CommandError(f"{len(found) or 'No'} bots here are {given!r}.")
    return found[0]
