"""Where no broker takes wake-ups a worker does by itself what they ask for: at once, and no chat
waits for what the update of another one waits for."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests import clock
from tests.sandbox.process import ROOT, Json, SandboxBot, SandboxHandle, running_sandbox

PERSON = 77
SLOW_GROUP = -100_500
SLOW_SECONDS = 4.0
PRESSES = 5
PROMPT_SECONDS = 1.0

SETUP = f"""
from datetime import timedelta
from django.core.management import call_command
from django.utils import timezone
call_command("migrate", verbosity=0)
from accounts.models import Role
from botapi.callback_data import pack
from chatops.linking.arrivals import CONNECT
from chatops.models import TelegramIdentity, UnclaimedChat
from tests.factories import make_bot, make_membership, make_organization
organization = make_organization()
bot = make_bot(organization, token={{token!r}}, updates="polling")
member = make_membership(organization=organization, role=Role.OWNER)
TelegramIdentity.objects.create(user=member.user, telegram_id={PERSON}, name="Bob")
now = timezone.now()
chats = [
    UnclaimedChat.objects.create(
        bot=bot, chat_id={SLOW_GROUP} - number, type="supergroup", title="Slow",
        added_by={PERSON}, arrived_at=now, leave_at=now + timedelta(days=1),
    )
    for number in range(2)
]
print(*(pack(CONNECT, chat.pk) for chat in chats))
"""


@dataclass(frozen=True)
class Installation:
    """A worker whose bot polls a sandbox. `buttons`: each asks Telegram who administers its chat,
    and that answer comes late."""

    telegram: SandboxHandle
    bot: SandboxBot
    buttons: list[str]

    def press(self, number: int, data: str, chat: int) -> str:
        """Somebody presses; the ID of the query."""
        query = f"press{number}"
        body: Json = {
            "id": query,
            "from": {"id": PERSON, "is_bot": False, "first_name": "Bob"},
            "chat_instance": "1",
            "data": data,
            "message": {
                "message_id": 1,
                "date": int(time.time()),
                "chat": {"id": chat, "type": "supergroup", "title": "Chat"},
            },
        }
        self.telegram.queue_update(self.bot, "callback_query", body)
        return query

    def is_answered(self, query: str) -> bool:
        """Whether the bot has answered this press."""
        calls = self.telegram.calls("answerCallbackQuery", bot=self.bot)
        return any(call.parameters["callback_query_id"] == query for call in calls)

    def seconds_until_answered(self, number: int, chat: int, within: float = 20) -> float:
        """Of a press on a button that needs nothing from Telegram."""
        began = clock.now()
        query = self.press(number, "no data of ours", chat)
        while not self.is_answered(query):
            assert clock.now() < began + within, f"{query} has no answer"
            time.sleep(0.02)
        return clock.now() - began


@pytest.fixture(scope="module")
def telegram() -> Iterator[SandboxHandle]:
    with running_sandbox() as handle:
        yield handle


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory, telegram: SandboxHandle) -> dict[str, str]:
    """Of an installation that has nothing in its database yet."""
    folder = tmp_path_factory.mktemp("without-broker")
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/test.sqlite3",
        "CELERY_BROKER_URL": "memory://",
        "REDIS_URL": "",
        "TELEGRAM_API_URL": telegram.url,
        "OUTBOUND_ALLOWED_HOSTS": "127.0.0.1",
        "LOG_LEVEL": "CRITICAL",
    }


@pytest.fixture(scope="module")
def site(env: dict[str, str], telegram: SandboxHandle) -> Installation:
    bot = telegram.create_bot()
    telegram.fault("delay", bot=bot, method="getChatMember", count=None, seconds=SLOW_SECONDS)
    made = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()\n" + SETUP.format(token=bot.token)],
        check=False,  # the assertion shows what it said
        cwd=ROOT,
        env=os.environ | env,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return Installation(telegram, bot, made.stdout.split())


@contextmanager
def worker(env: dict[str, str], broker: str) -> Iterator[None]:
    """It runs, and so does what of it handles updates."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker"],
        cwd=ROOT,
        env=os.environ | env | {"CELERY_BROKER_URL": broker},
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broker", "first"),
    [("memory://", 100), ("redis+socket:///nowhere/redis.sock", 200)],
    ids=["none", "broken"],
)
def test_a_press_does_not_wait_for_what_other_chats_updates_wait_for(
    env: dict[str, str], site: Installation, broker: str, first: int
) -> None:
    with worker(env, broker):
        one = site
        # What a start takes is not what is asked for here.
        one.seconds_until_answered(first, -1, within=90)
        slow = [
            one.press(first + 50 + number, data, SLOW_GROUP - number)
            for number, data in enumerate(one.buttons)
        ]
        took = [
            one.seconds_until_answered(first + number, -number) for number in range(1, PRESSES + 1)
        ]
        assert not any(map(one.is_answered, slow)), "all of it meanwhile"
        assert max(took) < PROMPT_SECONDS
