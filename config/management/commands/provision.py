"""`manage.py provision -f FILE ORGANIZATION`: make an organization's settings those of a file."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import COMMAND_LINE
from accounts.membership import organization_with_slug_or_name
from alerts.importing.yaml_text import YamlError
from alerts.provisioning.apply import provision
from alerts.provisioning.document import SECTIONS, read_document


class Command(BaseCommand):
    """The same file twice changes nothing; what a file does not name stays, unless pruned."""

    help = "Make an organization's bots, channels, routes and so on what a YAML file says."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which file, whose settings, and how far it may go."""
        parser.add_argument("organization", help="its name or slug")
        parser.add_argument("-f", "--file", required=True, help="the file; - for standard input")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument(
            "--prune",
            action="append",
            default=[],
            choices=sorted(SECTIONS),
            metavar="SECTION",
            help=f"remove what the file does not name in: {', '.join(SECTIONS)}; repeatable",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """One line for each thing that is made, changed or removed, and for each value."""
        organization = organization_with_slug_or_name(options["organization"])
        if organization is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        name = options["file"]
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
            document, items = read_document(text)
            found = provision(
                COMMAND_LINE,
                organization,
                document,
                items,
                prune=[SECTIONS[section] for section in options["prune"]],
                dry_run=options["dry_run"],
            )
        except (OSError, UnicodeDecodeError, YamlError) as error:
            raise CommandError(f"{name}: {error}") from None
        for change in found:
            self.stdout.write("\n".join(change.lines()))
        if not found:
            self.stdout.write("Nothing to do.")
        elif options["dry_run"]:
            self.stdout.write("This was a dry run: nothing was changed.")
