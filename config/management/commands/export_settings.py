"""`manage.py export_settings ORGANIZATION`: a file that `provision` takes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.membership import organization_with_slug_or_name
from alerts.provisioning.current import current_items
from alerts.provisioning.text import write_document


class Command(BaseCommand):
    """Secrets are not in it: it names the environment variables that `provision` will read."""

    help = "Print an organization's bots, channels, routes and so on as YAML for `provision`."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose settings."""
        parser.add_argument("organization", help="its name or slug")

    def handle(self, *args: Any, **options: Any) -> None:
        """YAML to standard output."""
        organization = organization_with_slug_or_name(options["organization"])
        if organization is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        self.stdout.write(write_document(current_items(organization)), ending="")
