"""`manage.py worker`: everything that happens in the background, in one process."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.celery import QUEUES
from config.env import env
from config.worker import STOP_SECONDS, Worker


class Command(BaseCommand):
    """Consumes the queues, beats, and touches a heartbeat file while it is well."""

    help = "Run the background work: publishing, dispatching, updates, sweeps."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which queues, and whether it beats."""
        parser.add_argument(
            "--queues",
            nargs="+",
            choices=QUEUES,
            default=list(QUEUES),
            help="Only these queues (default: all).",
        )
        beats = parser.add_mutually_exclusive_group()
        beats.add_argument(
            "--no-beat",
            action="store_true",
            help="Leave sweeps to other workers. At least one has to beat; several are harmless.",
        )
        beats.add_argument("--only-beat", action="store_true", help="Beat, and take no queue.")

        parser.add_argument(
            "--no-poll",
            action="store_true",
            help="Leave long polling to other workers or to poll_updates (or WORKER_POLLS=false).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM."""
        default = str(settings.DATA_DIR / "worker.alive")
        heartbeat = Path(env.str("WORKER_HEARTBEAT_FILE", default=default))
        polls = env.bool("WORKER_POLLS", default=True) and "updates" in options["queues"]
        Worker(
            () if options["only_beat"] else options["queues"],
            heartbeat,
            beats=not options["no_beat"],
            polls=polls and not options["no_poll"] and not options["only_beat"],
            stop_seconds=env.float("WORKER_STOP_SECONDS", default=STOP_SECONDS),
        ).run()
