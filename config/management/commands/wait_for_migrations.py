"""`manage.py wait_for_migrations`: for what must not start on a database that lacks something."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from config.schema import pending_migrations

STEP_SECONDS = 1.0


class Command(BaseCommand):
    """Ends once somebody has migrated; it migrates nothing itself."""

    help = "Wait until the database has every migration that this version needs."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """How long."""
        parser.add_argument(
            "--seconds", type=float, default=300.0, help="Give up after so many (default: 300)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look every second."""
        # A pool would keep a database that is away to itself, and retry for a while.
        connection.settings_dict["OPTIONS"].pop("pool", None)
        ends_at = time.monotonic() + options["seconds"]
        while lacking := _lacking():
            if time.monotonic() > ends_at:
                raise CommandError(f"After {options['seconds']:g} seconds: {lacking}")
            time.sleep(STEP_SECONDS)


def _lacking() -> str:
    """What is not there yet; "" when all is."""
    try:
        pending = pending_migrations(connection)
    except DatabaseError as error:
        connection.close()
        return f"the database does not answer ({type(error).__name__}). Check DATABASE_URL."
    if not pending:
        return ""
    more = f" and {len(pending) - 1} more" if len(pending) > 1 else ""
    return f"the database lacks {pending[0]}{more}. Run `manage.py migrate` once."
