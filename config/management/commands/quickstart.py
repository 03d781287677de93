"""`manage.py quickstart`: a first organization, person, bot, channel and integration."""

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from channels_app.bots import BotRefused
from channels_app.channels import ChannelRefused
from config.quickstart import Outcome, Wanted, set_up


class Command(BaseCommand):
    """Idempotent: what is there stays, what is missing is made."""

    help = "Set up a first organization, person, bot, channel and integration."

    def add_arguments(self, parser: CommandParser) -> None:
        """Every option has a default."""
        parser.add_argument("--organization", default="", help="Its name; default: Home.")
        parser.add_argument("--email", default="", help="The owner; default: admin@example.org.")
        parser.add_argument("--password", default="", help="Of a new owner; default: made up.")
        parser.add_argument("--bot-token", default="", help="Default: TELEGRAM_BOT_TOKEN.")
        parser.add_argument("--chat-id", default="", help="Default: TELEGRAM_CHAT_ID.")
        parser.add_argument("--api-url", default="", help="The bot's own Bot API server.")
        parser.add_argument("--new-api-key", action="store_true", help="Make and print an API key.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up and tell."""
        try:
            outcome = set_up(
                Wanted(
                    organization=options["organization"],
                    email=options["email"],
                    password=options["password"],
                    bot_token=(options["bot_token"] or settings.TELEGRAM_BOT_TOKEN).strip(),
                    chat_id=(options["chat_id"] or settings.TELEGRAM_CHAT_ID).strip(),
                    api_url=options["api_url"],
                    new_api_key=options["new_api_key"],
                )
            )
        except (BotRefused, ChannelRefused) as refusal:
            raise CommandError(f"{refusal.field}: {refusal}") from None
        if options["json"]:
            self.stdout.write(json.dumps(outcome))
        else:
            self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        self.stdout.write(f"Console       {outcome['site_url']}")
        self.stdout.write(f"Organization  {outcome['organization']}")
        self.stdout.write(f"Sign in as    {outcome['email']}")
        if "password" in outcome:
            self.stdout.write(f"Password      {outcome['password']}  (shown once)")
        if "api_key" in outcome:
            self.stdout.write(f"API key       {outcome['api_key']}  (shown once)")
        if outcome["channel_id"] is None:
            self.stdout.write(
                "No channel yet: give --bot-token and --chat-id, or add both in the console."
            )
        self.stdout.write("Send a first alert with:")
        self.stdout.write(
            f"curl -H 'Content-Type: application/json' "
            f'-d \'{{"title": "Hello from Tocsin"}}\' {outcome["ingest_url"]}'
        )
