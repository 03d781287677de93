"""Run with the surroundings of tests/chatops/pollers.py: processes that poll, and the worker that
handles, are killed while people write to many bots; then they are left alone, and then the handling
of one chat takes long. Prints one JSON object: what was sent, stored and handled, how late, and
what it cost.
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import django
from django.utils import timezone

from tests.chatops.usage import Usage
from tests.sandbox.process import ROOT, SandboxBot, SandboxHandle

POLLERS = ("poll_updates", "poll_updates")
WORKER = ("worker", "--no-poll")
PERSON = 77
ADMIN, GROUP = 78, -1_000_000_000_901
"""Who presses a button there, about which Telegram is asked and never answers."""
SLOW_EVERY = 5.0
"""Seconds; so long is an answer waited for."""


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

    def pids(self) -> dict[str, int]:
        return {
            f"{command[0]} {number}": process.pid
            for number, (command, process) in self.running.items()
        }

    def stop(self) -> list[float]:
        """SIGTERM to all; in how many seconds each ended."""
        took = []
        for _, process in self.running.values():
            began = time.monotonic()
            process.terminate()
            process.wait(30)
            took.append(round(time.monotonic() - began, 2))
        return took


@dataclass(slots=True)
class Sent:
    """One update that a bot has to hear."""

    bot: int
    update_id: int
    phase: str
    at: float


@dataclass(slots=True)
class People:
    """Who writes to all the bots in turn, and what they sent."""

    telegram: SandboxHandle
    bots: list[SandboxBot]
    rate: float
    sent: list[Sent] = field(default_factory=list)

    def write(self, phase: str, seconds: float) -> None:
        """For so long."""
        began = time.monotonic()
        for number in range(1, int(seconds * self.rate) + 1):
            time.sleep(max(0.0, began + number / self.rate - time.monotonic()))
            bot = self.bots[number % len(self.bots)]
            self.queue(phase, bot, "message", message(number, "/start"))

    def press(self, data: str, seconds: float) -> None:
        """One of them presses that button, for so long."""
        ends = time.monotonic() + seconds
        for number in itertools.count(1):
            if time.monotonic() >= ends:
                return
            self.queue("slow chat", self.bots[0], "callback_query", press(number, data))
            time.sleep(SLOW_EVERY)

    def queue(self, phase: str, bot: SandboxBot, kind: str, body: dict[str, Any]) -> None:
        """Have the bot hear of it."""
        at = time.time()
        queued = self.telegram.queue_update(bot, kind, body)
        self.sent.append(Sent(bot.id, queued["update_id"], phase, at))


def message(number: int, text: str) -> dict[str, Any]:
    return {
        "message_id": number,
        "date": int(time.time()),
        "chat": {"id": PERSON, "type": "private", "first_name": "Ada"},
        "from": {"id": PERSON, "is_bot": False, "first_name": "Ada"},
        "text": text,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}],
    }


def press(number: int, data: str) -> dict[str, Any]:
    chat = {"id": GROUP, "type": "supergroup", "title": "Slow"}
    return {
        "id": f"slow{number}",
        "from": {"id": ADMIN, "is_bot": False, "first_name": "Bob"},
        "chat_instance": "1",
        "data": data,
        "message": {"message_id": 1, "date": int(time.time()), "chat": chat},
    }


def until(look: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {seconds} s: {what}")
        time.sleep(0.25)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("url", help="of a sandbox")
    parser.add_argument("--bots", type=int, default=24)
    parser.add_argument("--rate", type=float, default=20, help="updates a second, of all bots")
    parser.add_argument("--seconds", type=float, default=12, help="in which is killed")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between kills; 0: none")
    parser.add_argument("--calm", type=float, default=0, help="seconds in which memory is watched")
    parser.add_argument("--slow", type=float, default=0, help="seconds in which a chat is slow")
    return parser.parse_args()


def make_slow_chat(people: People, bot: UUID) -> str:
    """A chat of the first bot that anybody who administers it may connect; what its button carries.
    Telegram does not answer whether somebody does."""
    from accounts.models import Role
    from botapi.callback_data import pack
    from channels_app.models import Bot
    from chatops.linking.arrivals import CONNECT
    from chatops.models import TelegramIdentity, UnclaimedChat
    from tests.factories import make_membership

    member = make_membership(organization=Bot.objects.get(pk=bot).organization, role=Role.OWNER)
    TelegramIdentity.objects.create(user=member.user, telegram_id=ADMIN, name="Bob")
    chat = UnclaimedChat.objects.create(
        bot_id=bot,
        chat_id=GROUP,
        type="supergroup",
        title="Slow",
        added_by=ADMIN,
        arrived_at=timezone.now(),
        leave_at=timezone.now() + timedelta(days=1),
    )
    people.telegram.fault("hang_before", bot=people.bots[0], method="getChatMember", count=None)
    return pack(CONNECT, chat.pk)


@contextmanager
def writing(people: People, phase: str, seconds: float) -> Iterator[threading.Thread]:
    """While people write to all the bots; ends when they have."""
    feeder = threading.Thread(target=people.write, args=(phase, seconds))
    feeder.start()
    yield feeder
    feeder.join()


def settled(people: People) -> None:
    """Until all that was sent is stored and handled."""
    from chatops.models import InboundUpdate

    rows = InboundUpdate.objects.all()
    until(lambda: rows.count() >= len(people.sent), 90, "stored")
    until(lambda: not rows.exclude(state="done").exists(), 240, "handled")


def outcome(people: People, bots: dict[UUID, int]) -> dict[str, Any]:
    """What became of what was sent."""
    from chatops.models import InboundUpdate
    from deliveries.models import Delivery

    rows = InboundUpdate.objects.order_by("update_id")
    times = rows.values_list("bot", "update_id", "received_at", "handled_at")
    stored = {(bots[bot], number): at.timestamp() for bot, number, at, _ in times}
    handled = {(bots[bot], number): at.timestamp() for bot, number, _, at in times if at}
    written = [one for one in people.sent if one.phase != "slow chat"]
    disorder = 0
    for bot in bots.values():
        order = [handled[bot, one.update_id] for one in written if one.bot == bot]
        disorder += order != sorted(order)
    return {
        "sent": len(written),
        "is_each_stored_once": sorted(stored) == sorted((s.bot, s.update_id) for s in people.sent),
        "effects": Delivery.objects.filter(purpose=Delivery.Purpose.ANSWER).count(),
        "greeted": rows.filter(outcome__startswith="greeted").count(),
        "bots_out_of_order": disorder,
        "seconds_until_stored": lags(people, stored),
        "seconds_until_handled": lags(people, handled),
    }


def lags(people: People, came: dict[tuple[int, int], float]) -> dict[str, dict[str, float]]:
    """From an update's sending on, in each phase."""
    found: dict[str, list[float]] = {}
    for one in people.sent:
        found.setdefault(one.phase, []).append(came[one.bot, one.update_id] - one.at)
    return {phase: spread(samples) for phase, samples in found.items()}


def spread(samples: list[float]) -> dict[str, float]:
    ranked = sorted(samples)
    return {
        name: round(ranked[min(len(ranked) - 1, int(len(ranked) * share))], 3)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
    }


def main() -> None:
    wanted = arguments()
    django.setup()
    from django.core.management import call_command

    from chatops.models import Reception
    from tests.factories import make_bot, make_organization

    call_command("migrate", verbosity=0)
    telegram = SandboxHandle(wanted.url, None)  # type: ignore[arg-type]  # it is not ours to stop
    organization = make_organization()
    people = People(telegram, [telegram.create_bot() for _ in range(wanted.bots)], wanted.rate)
    bots = {
        make_bot(organization, token=one.token, updates="polling").pk: one.id for one in people.bots
    }
    button = make_slow_chat(people, next(iter(bots)))
    site = Site()
    worker = site.start(*WORKER)
    pollers = [site.start(name) for name in POLLERS]
    until(lambda: Reception.objects.exclude(polled_until=None).count() == wanted.bots, 90, "polled")
    told: dict[str, Any] = {"load": os.getloadavg()[0]}
    with writing(people, "kills", wanted.seconds) as feeder:
        dice = random.Random(7)
        while feeder.is_alive() and wanted.every:
            time.sleep(wanted.every)
            site.kill(dice.choice([worker, *pollers]))
    settled(people)
    if wanted.calm:
        usage = Usage(site.pids)
        with writing(people, "calm", wanted.calm):
            pass
        told["usage"] = usage.stop()
        settled(people)
    if wanted.slow:
        people.rate /= 5  # how long others wait is to say nothing of what the machine can do
        with writing(people, "slow", wanted.slow):
            people.press(button, wanted.slow)
        settled(people)
    holders = list(Reception.objects.values_list("poller", flat=True))
    told |= outcome(people, bots) | {
        "kills": site.kills,
        "bots_of_pollers": sorted(holders.count(one) for one in set(holders)),
        "seconds_to_end": site.stop(),
    }
    print(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
