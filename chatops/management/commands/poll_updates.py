"""`manage.py poll_updates`: long polling for every bot that wants it, in a process of its own."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand

from chatops.receiving.poller import Poller
from deliveries import clock

STOP_SECONDS = 1.5
SWITCH_SECONDS = 0.0005


class Command(BaseCommand):
    """Shares the bots with every other process that polls: a bot is polled by one at a time."""

    help = "Poll Telegram for the updates of every bot that receives by long polling."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        stop = threading.Event()

        def on_signal(number: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)
        sys.setswitchinterval(SWITCH_SECONDS)
        clock.keep()
        poller = Poller()
        poller.start()
        stop.wait()
        poller.stop(STOP_SECONDS)
        sys.stdout.flush()
        os._exit(0)  # calls are parked on threads that nothing can wake
