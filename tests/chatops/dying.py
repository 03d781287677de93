"""At each failpoint of the way back a process dies, and the next one goes on. Imported once Django
is set up, in a process of its own.

Prints, for each, the signal that ended the first one and that of the second one, 0 for none.
"""

import json
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client

from botapi import failpoints
from channels_app.bots import webhook_secret_of
from channels_app.models import Bot
from chatops import answers, processing
from chatops.models import InboundUpdate, Reception
from chatops.receiving import agreeing, receptions
from chatops.receiving.poller import Poller
from deliveries import clock
from deliveries.models import Delivery
from tests.alerts.fallbacks.dying import in_a_child
from tests.chatops.poller_kills import message
from tests.factories import make_bot, make_organization
from tests.faults.failpoints import OF_AGREEING, OF_UPDATES
from tests.sandbox.process import SandboxBot, SandboxHandle

QUERY = {
    "id": "4241234567890123456",
    "from": {"id": 77, "is_bot": False, "first_name": "Ada"},
    "chat_instance": "1",
    "data": "no data of ours",
}
BY_WEBHOOK = "updates.before_answer"


def main(url: str) -> None:
    """`url`: of a sandbox."""
    settings.ALLOWED_HOSTS = ["testserver"]
    file = Path(settings.DATABASES["default"]["NAME"])
    telegram = SandboxHandle(url, None)  # type: ignore[arg-type]  # it is not ours to stop
    bot = telegram.create_bot()
    in_a_child(lambda: prepare(bot))
    shutil.copy(file, f"{file}.new")
    for name in (*OF_UPDATES, *OF_AGREEING):
        for end in ("-wal", "-shm"):
            Path(f"{file}{end}").unlink(missing_ok=True)
        shutil.copy(f"{file}.new", file)
        telegram.api(bot, "deleteWebhook", drop_pending_updates=True)
        telegram.clear_calls()
        if name in OF_AGREEING:
            first, second = partial(agree, name), partial(agree_again, telegram, bot)
        else:
            first, second = partial(work, name), partial(work_again, name, telegram, bot)
            if name != BY_WEBHOOK:
                telegram.queue_update(bot, "message", message(1, "/start"))
                telegram.queue_update(bot, "callback_query", QUERY)
        died = in_a_child(first)
        print(json.dumps([name, died, in_a_child(second)]), flush=True)


def prepare(bot: SandboxBot) -> None:
    """A bot that is polled, as far as Telegram knows."""
    call_command("migrate", verbosity=0)
    receptions.reception_of(make_bot(make_organization(), token=bot.token, updates="polling"))
    agreeing.agree_due()
    connections.close_all()


def work(name: str) -> None:
    """Hear and handle, and die on the way."""
    failpoints._armed = failpoints.Armed(name)
    if name == BY_WEBHOOK:
        post()
    else:
        poll()
        handle()


def work_again(name: str, telegram: SandboxHandle, bot: SandboxBot) -> None:
    """The same, after the claims of the dead, without dying."""
    InboundUpdate.objects.update(claimed_until=None)
    InboundUpdate.objects.exclude(answer_due_at=None).update(answer_due_at=clock.now())
    if name == BY_WEBHOOK:
        post()
        handle()
    else:
        poll()
        handle()
        calls = len(telegram.calls("answerCallbackQuery", bot=bot))
        assert calls == (2 if name == "answers.called" else 1), (name, calls)
    states = set(InboundUpdate.objects.values_list("state", "answer_due_at"))
    assert states == {("done", None)}, (name, states)
    assert Delivery.objects.filter(purpose=Delivery.Purpose.ANSWER).count() == 1, name


def poll() -> None:
    """Until both updates are stored."""
    poller = Poller()
    poller.start()
    wait_for(lambda: InboundUpdate.objects.count() == 2)
    poller.stop(5)


def post() -> None:
    """As Telegram does."""
    Bot.objects.update(updates="webhook")
    Reception.objects.update(way="webhook")
    answer = Client().post(
        f"/telegram/{Reception.objects.get().path}/",
        {"update_id": 5, "message": message(5, "/start")},
        content_type="application/json",
        headers={"X-Telegram-Bot-Api-Secret-Token": webhook_secret_of(Bot.objects.get())},
    )
    assert answer.status_code == 200


def handle() -> None:
    """All that waits."""
    while processing.process_due():
        pass
    assert answers.idle(20)


def agree(name: str) -> None:
    """Switch to the webhook, and die on the way."""
    failpoints._armed = failpoints.Armed(name) if name else None
    Bot.objects.update(updates="webhook")
    Reception.objects.update(claimed_until=None, check_at=clock.now())
    agreeing.agree_due()


def agree_again(telegram: SandboxHandle, bot: SandboxBot) -> None:
    """The same without dying: Telegram has the secret that is stored."""
    agree("")
    call = telegram.calls("setWebhook", bot=bot)[-1]
    assert call.parameters["secret_token"] == webhook_secret_of(Bot.objects.get())
    row = Reception.objects.get()
    assert (row.is_settled, row.way, row.webhook["ours"]) == (True, "webhook", True)
    assert telegram.api(bot, "getWebhookInfo")["result"]["url"].endswith(f"{row.path}/")


def wait_for(look: Callable[[], bool]) -> None:
    """Or fail."""
    ends_at = time.monotonic() + 30
    while not look():
        assert time.monotonic() < ends_at
        time.sleep(0.05)
