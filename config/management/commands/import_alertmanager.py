"""`manage.py import_alertmanager FILE`: an Alertmanager configuration as a file for `provision`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import COMMAND_LINE
from accounts.membership import organization_with_slug_or_name
from alerts.importing.amconfig import read_configuration
from alerts.importing.yaml_text import Document, YamlError
from alerts.provisioning.apply import provision
from alerts.provisioning.from_alertmanager import Converted, convert
from alerts.provisioning.text import write_document


class Command(BaseCommand):
    """Without `--into` nothing is stored: the file goes to standard output, the report to the
    other one, so that the file can be read and changed before `provision` takes it."""

    help = "Convert alertmanager.yml: routes, Telegram receivers, time intervals, inhibit rules."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which file, and where to."""
        parser.add_argument("file")
        parser.add_argument(
            "--into", default="", metavar="ORGANIZATION", help="apply it there, its tokens included"
        )
        parser.add_argument("--dry-run", action="store_true", help="with --into: only say what")

    def handle(self, *args: Any, **options: Any) -> None:
        """Convert, report, and apply when asked to."""
        name = options["file"]
        try:
            configuration = read_configuration(Path(name).read_text("utf-8"))
            converted = convert(configuration)
        except (OSError, UnicodeDecodeError, YamlError) as error:
            raise CommandError(f"{name}: {error}") from None
        for note in converted.notes:
            line = f" (line {note.line})" if note.line else ""
            self.stderr.write(f"{note.place}{line}: {note.text}")
        if options["into"]:
            self._apply(
                configuration.document, converted, options["into"], dry_run=options["dry_run"]
            )
        else:
            self.stdout.write(write_document(converted.items), ending="")

    def _apply(self, document: Document, converted: Converted, name: str, *, dry_run: bool) -> None:
        organization = organization_with_slug_or_name(name)
        if organization is None:
            raise CommandError(f"There is no organization {name!r}.")
        try:
            found = provision(
                COMMAND_LINE, organization, document, converted.items, dry_run=dry_run
            )
        except YamlError as error:
            raise CommandError(str(error)) from None
        for change in found:
            self.stdout.write("\n".join(change.lines()))
        if not found:
            self.stdout.write("Nothing to do.")
        elif dry_run:
            self.stdout.write("This was a dry run: nothing was changed.")
