"""`manage.py prepare`: what `up` has done before anything serves.

Refuses a schema that is newer than this code, backs SQLite up, migrates, and runs `quickstart`
where asked to: all in one start of Django. Reads one line of JSON,
`{"quickstart": [arguments] | null}`; writes lines of JSON: `{"note": text}`, `{"quickstart": {…}}`,
`{"refused": text}`. The request comes through stdin because it holds a bot's token, and everybody
may read a command line.
"""

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from config.backups import BackupError, back_up_sqlite
from config.schema import is_new, pending_migrations, unknown_migrations


class Command(BaseCommand):
    """Only `up` runs it; `migrate` and `quickstart` are for people."""

    help = "Back up, migrate and set up, as `up` asks; people use `migrate` and `quickstart`."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Answer with what was done, or with why it was refused; then the exit code is 1."""
        try:
            self._migrate()
            self._quickstart(json.loads(sys.stdin.readline() or "{}").get("quickstart"))
        except (BackupError, CommandError) as error:
            self._refuse(str(error))

    def _migrate(self) -> None:
        # One process with one connection: a pool would only retry for a while, and hide the reason.
        connection.settings_dict["OPTIONS"].pop("pool", None)
        try:
            unknown = unknown_migrations(connection)
        except DatabaseError as error:
            raise CommandError(
                f"The database cannot be used: {str(error).strip()}. {_database_advice()}"
            ) from error
        if unknown:
            raise CommandError(
                f"The database belongs to a newer version: {unknown[0]}"
                f"{f' and {len(unknown) - 1} more' if len(unknown) > 1 else ''} "
                "is unknown to this one. Run the newer version, or put a copy from "
                f"{settings.DATA_DIR / 'backups'} back in place of the database."
            )
        pending = pending_migrations(connection)
        if not pending:
            return
        if settings.EMBEDDED_DATABASE and not is_new(connection):
            copy = back_up_sqlite(Path(settings.DATABASE["NAME"]), settings.DATA_DIR / "backups")
            self._say(note=f"backed the database up to {copy}")
        self._say(note="setting up the database…" if is_new(connection) else "migrating…")
        call_command("migrate", interactive=False, verbosity=0)

    def _quickstart(self, arguments: list[str] | None) -> None:
        if arguments is None:
            return
        told = StringIO()
        call_command("quickstart", *arguments, stdout=told)
        self._say(quickstart=json.loads(told.getvalue()))

    def _refuse(self, reason: str) -> None:
        self._say(refused=reason)
        sys.exit(1)

    def _say(self, **said: Any) -> None:
        self.stdout.write(json.dumps(said))
        self.stdout.flush()


def _database_advice() -> str:
    if settings.EMBEDDED_DATABASE:
        return (
            f"It is {settings.DATABASE['NAME']}; "
            f"copies from before migrations are in {settings.DATA_DIR / 'backups'}."
        )
    return "Check DATABASE_URL, and that its server runs."
