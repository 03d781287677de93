"""`manage.py worker`: everything that happens in the background, in one process."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.celery import QUEUES
from config.env import env
from config.worker import Worker


class Command(BaseCommand):
    """Consumes the queues, beats, and touches a heartbeat file while it is well."""

    help = "Run the background work: publishing, dispatching, updates, sweeps."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which queues."""
        parser.add_argument(
            "--queues",
            nargs="+",
            choices=QUEUES,
            default=list(QUEUES),
            help="Only these queues (default: all). The beat runs in every worker.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM."""
        default = str(settings.DATA_DIR / "worker.alive")
        heartbeat = Path(env.str("WORKER_HEARTBEAT_FILE", default=default))
        Worker(options["queues"], heartbeat).run()
