"""`manage.py delete_organization NAME`: a tenant leaves, with everything that it owns."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import audit
from accounts.audit import COMMAND_LINE
from accounts.membership import organization_with_slug_or_name
from accounts.models import Organization
from channels_app import bots, channels, loans
from channels_app.models import Bot, BotGrant, NotificationChannel


class Command(BaseCommand):
    """All of it or nothing. People keep their accounts: they may be in other organizations."""

    help = (
        "Delete an organization with its bots, channels, integrations, alerts, keys and audit. "
        "Bots that it lent are taken back: channels of other organizations on them go too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which one, and whether it is meant."""
        parser.add_argument("organization", help="its name or slug")
        parser.add_argument("--yes", action="store_true", help="do it; else only say what goes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what goes, and delete it."""
        organization = organization_with_slug_or_name(options["organization"])
        if organization is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        self.stdout.write(f"{organization.name} ({organization.pk}):")
        for line in _what_goes(organization):
            self.stdout.write(f"  {line}")
        if not options["yes"]:
            raise CommandError("Nothing is deleted yet. Add --yes to delete all of this.")
        _delete(organization)
        self.stdout.write(f"{organization.name} is deleted.")


def _what_goes(organization: Organization) -> list[str]:
    own = [
        f"{model.objects.for_organization(organization).count()} {model._meta.verbose_name_plural}"
        for model in (Bot, NotificationChannel)
    ]
    others = NotificationChannel.objects.filter(chat__bot__organization=organization).exclude(
        organization=organization
    )
    return own + [
        f"the channel {channel.name} of {channel.organization.name}, on a bot of this one"
        for channel in others.select_related("organization")
    ]


def _delete(organization: Organization) -> None:
    with transaction.atomic():
        for grant in BotGrant.objects.for_organization(organization).select_related("bot"):
            loans.take_back(COMMAND_LINE, grant)
        for channel in NotificationChannel.objects.for_organization(organization):
            channels.delete_channel(COMMAND_LINE, channel)
        for bot in Bot.objects.for_organization(organization):
            bots.delete_bot(COMMAND_LINE, bot)
        audit.record(COMMAND_LINE, None, "delete", organization)
        organization.delete()
