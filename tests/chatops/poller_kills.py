"""Run as a program, with the URL of a sandbox: processes that poll, and the worker that handles,
are killed while people write to many bots.

    python -m tests.chatops.poller_kills http://127.0.0.1:8001 --bots 200 --rate 50 --seconds 60

Prints one JSON object: what was sent, stored, handled, and what it cost.
"""

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import django

from tests.sandbox.process import ROOT, SandboxBot, SandboxHandle

POLLERS = ("poll_updates", "poll_updates")
WORKER = ("worker", "--no-poll")


class Site:
    """The processes of one installation."""

    def __init__(self) -> None:
        self.running: dict[int, tuple[tuple[str, ...], subprocess.Popen[bytes]]] = {}
        self.kills = 0
        self._numbers = itertools.count()

    def start(self, *command: str) -> int:
        number = next(self._numbers)
        self._start(number, command)
        return number

    def _start(self, number: int, command: tuple[str, ...]) -> None:
        process = subprocess.Popen([sys.executable, "manage.py", *command], cwd=ROOT)
        self.running[number] = (command, process)

    def kill(self, number: int) -> None:
        """kill -9, and another one in its place."""
        command, process = self.running[number]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.kills += 1
        self._start(number, command)

    def memory(self, number: int) -> int:
        """PSS in MB, and with it how many threads."""
        pid = self.running[number][1].pid
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        line = next(line for line in text.splitlines() if line.startswith("Pss:"))
        return int(line.split()[1]) // 1024

    def stop(self) -> list[float]:
        """SIGTERM to all; in how many seconds each ended."""
        took = []
        for _, process in self.running.values():
            began = time.monotonic()
            process.terminate()
            process.wait(30)
            took.append(round(time.monotonic() - began, 2))
        return took


def message(number: int, text: str) -> dict[str, Any]:
    person = {"id": 77, "is_bot": False, "first_name": "Ada"}
    return {
        "message_id": number,
        "date": int(time.time()),
        "chat": {"id": 77, "type": "private", "first_name": "Ada"},
        "from": person,
        "text": text,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}],
    }


def feed(telegram: SandboxHandle, bots: list[SandboxBot], rate: float, seconds: float) -> list[Any]:
    """People write to all the bots in turn; (bot's Telegram ID, update_id) of each."""
    sent: list[Any] = []
    began = time.monotonic()
    for number in itertools.count(1):
        due = began + number / rate
        if due > began + seconds:
            return sent
        time.sleep(max(0.0, due - time.monotonic()))
        bot = bots[number % len(bots)]
        queued = telegram.queue_update(bot, "message", message(number, "/start"))
        sent.append((bot.id, queued["update_id"]))
    return sent


def until(look: Any, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.25)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--bots", type=int, default=24)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between kills; 0: none")
    wanted = parser.parse_args()
    django.setup()
    from django.core.management import call_command

    from chatops.models import InboundUpdate, Reception
    from deliveries.models import Delivery
    from tests.factories import make_bot, make_organization

    call_command("migrate", verbosity=0)
    telegram = SandboxHandle(wanted.url, None)  # type: ignore[arg-type]  # it is not ours to stop
    organization = make_organization()
    bots = [telegram.create_bot() for _ in range(wanted.bots)]
    ids = {}
    for one in bots:
        ids[make_bot(organization, token=one.token, updates="polling").pk] = one.id
    site = Site()
    worker = site.start(*WORKER)
    pollers = [site.start(name) for name in POLLERS]
    until(lambda: Reception.objects.exclude(polled_until=None).count() == wanted.bots, 90, "polled")
    sent: list[Any] = []
    feeder = threading.Thread(
        target=lambda: sent.extend(feed(telegram, bots, wanted.rate, wanted.seconds))
    )
    feeder.start()
    dice = random.Random(7)
    while feeder.is_alive() and wanted.every:
        time.sleep(wanted.every)
        site.kill(dice.choice([worker, *pollers]))
    feeder.join()
    rows = InboundUpdate.objects.all()
    until(lambda: rows.count() >= len(sent), 90, "stored")
    until(lambda: not rows.exclude(state="done").exists(), 240, "handled")
    stored = [(ids[bot], number) for bot, number in rows.values_list("bot", "update_id")]
    disorder = 0
    for bot in ids:
        handled = rows.filter(bot=bot).order_by("update_id")
        times = [row.handled_at for row in handled if row.handled_at]
        disorder += times != sorted(times)
    lags = sorted(
        (row.handled_at - row.received_at).total_seconds() for row in rows if row.handled_at
    )
    answers = Delivery.objects.filter(purpose=Delivery.Purpose.ANSWER)
    memory = [site.memory(number) for number in pollers]
    holders = list(Reception.objects.values_list("poller", flat=True))
    ended = site.stop()
    print(
        json.dumps(
            {
                "sent": len(sent),
                "is_each_stored_once": sorted(stored) == sorted(sent),
                "effects": answers.count(),
                "greeted": rows.filter(outcome__startswith="greeted").count(),
                "bots_out_of_order": disorder,
                "kills": site.kills,
                "pss_mb_of_pollers": memory,
                "bots_of_pollers": sorted(holders.count(one) for one in set(holders)),
                "seconds_to_end": ended,
                "handled_after_p50_p99": [lags[len(lags) // 2], lags[int(len(lags) * 0.99)]],
            }
        )
    )
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
