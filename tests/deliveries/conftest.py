"""A real Telegram stand-in and rows that point at it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.audit import COMMAND_LINE
from channels_app.models import Bot, NotificationChannel
from deliveries import files, health, outbox, retrying
from deliveries.models import Attachment, Delivery, SentMessage, Stream
from deliveries.outbox import Call
from deliveries.run import Run
from deliveries.senders import Senders
from tests import clock
from tests.dispatching import dispatch_until_idle
from tests.factories import make_bot, make_channel, make_organization
from tests.sandbox.process import ROOT, SandboxBot, SandboxChat, SandboxHandle, running_sandbox


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxHandle]:
    with running_sandbox() as handle:
        yield handle


class Stage:
    """One organization, one bot, and as many chats as a test needs."""

    def __init__(self, telegram: SandboxHandle) -> None:
        self.telegram = telegram
        self._numbers = count(700_000_001)
        self.organization = make_organization()
        self.sandbox_bot: SandboxBot = telegram.create_bot()
        self.bot: Bot = make_bot(
            self.organization, token=self.sandbox_bot.token, api_url=telegram.url
        )

    def channel(
        self, kind: Any = "private", **fields: Any
    ) -> tuple[NotificationChannel, SandboxChat]:
        settings = {name: fields.pop(name) for name in ("message_thread_id",) if name in fields}
        chat = self.telegram.create_chat(kind, bot=self.sandbox_bot, **fields)
        channel = make_channel(self.bot, chat_id=chat.id, **settings)
        channel.chat.type = chat.kind
        channel.chat.save()
        return channel, chat

    def channel_of_another_bot(self) -> NotificationChannel:
        bot = self.telegram.create_bot()
        chat = self.telegram.create_chat("private", bot=bot)
        row = make_bot(self.organization, token=bot.token, api_url=self.telegram.url)
        return make_channel(row, chat_id=chat.id)

    def channel_at(self, bot: Bot) -> NotificationChannel:
        return make_channel(bot, chat_id=next(self._numbers))

    def send(
        self,
        channel: NotificationChannel,
        text: str = "hello",
        *,
        stream: Stream | None = None,
        call: Call | None = None,
        **fields: Any,
    ) -> SentMessage:
        values: dict[str, Any] = {
            "purpose": Delivery.Purpose.GROUP,
            "priority": Delivery.Priority.NORMAL,
            "kind": SentMessage.Kind.TEXT,
            "due_at": timezone.now(),
        }
        return outbox.send(
            stream or outbox.open_stream(channel.organization_id, channel.chat),
            call or Call("sendMessage", {"text": text}, plain_text=text),
            channel=channel,
            **{**values, **fields},
        )

    def change(
        self, channel: NotificationChannel, message: SentMessage, call: Call, **fields: Any
    ) -> Delivery:
        values: dict[str, Any] = {
            "purpose": Delivery.Purpose.GROUP,
            "priority": Delivery.Priority.NORMAL,
            "due_at": timezone.now() - timedelta(milliseconds=1),
        }
        return outbox.change(message, call, channel=channel, **{**values, **fields})

    def edit(self, channel: NotificationChannel, message: SentMessage, text: str) -> Delivery:
        message.refresh_from_db()
        return self.change(
            channel, message, Call("editMessageText", {"text": text}, plain_text=text)
        )

    def dispatch(self, seconds: float = 5.0) -> None:
        """Dispatch until nothing is left to do, at most so long."""
        dispatch_until_idle(seconds)

    def dispatch_in_background(self, seconds: float = 5.0) -> threading.Thread:
        thread = threading.Thread(target=self._dispatch_and_close, args=(seconds,))
        thread.start()
        return thread

    @contextmanager
    def running(self, senders: Senders) -> Iterator[Run]:
        """A run of its own, with threads of its own, until the end of the block."""
        run = Run(senders)

        def go() -> None:
            try:
                run.go(60)
            finally:
                connection.close()

        thread = threading.Thread(target=go)
        thread.start()
        try:
            yield run
        finally:
            run.stop()
            thread.join()

    def dispatch_until(self, true: Callable[[], object]) -> None:
        """Dispatch until it is true, with threads of its own."""
        with self.running(Senders(8)):
            until(true)

    def _dispatch_and_close(self, seconds: float) -> None:
        try:
            self.dispatch(seconds)
        finally:
            connection.close()

    def bot_now(self) -> Bot:
        return Bot.objects.get(pk=self.bot.pk)

    def enable(self, channel: NotificationChannel) -> None:
        health.enable(COMMAND_LINE, channel)

    def retry(self, delivery: Delivery) -> None:
        retrying.retry(delivery, COMMAND_LINE)

    def store(self, filename: str, content: bytes) -> Attachment:
        return files.store(self.organization, filename, content, "text/plain")

    def ago(self, seconds: float) -> datetime:
        return timezone.now() - timedelta(seconds=seconds)

    def due_now(self) -> None:
        """Let what was postponed be due."""
        Delivery.objects.filter(state=Delivery.State.WAITING).update(not_before=timezone.now())

    def texts(self, chat: SandboxChat) -> list[str]:
        return [message.text for message in self.telegram.messages(chat)]


def until(true: Callable[[], object], seconds: float = 20.0, every: float = 0.05) -> None:
    """Return when it is true; fails after so many seconds."""
    ends_at = clock.now() + seconds
    while not true():
        assert clock.now() < ends_at, "it does not come true"
        time.sleep(every)


class Liar:
    """A Bot API server that gives the same answer to everything, once `free` is set."""

    def __init__(self) -> None:
        self.status, self.answer = 200, b""
        self.calls = 0
        self.asked, self.free = threading.Event(), threading.Event()
        self.free.set()
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                liar.calls += 1
                liar.asked.set()
                liar.free.wait(60)
                self.send_response(liar.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(liar.answer)))
                self.end_headers()
                self.wfile.write(liar.answer)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def says(self, status: int, answer: object) -> None:
        self.status, self.answer = status, json.dumps(answer).encode()

    def stop(self) -> None:
        self.free.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def liar() -> Iterator[Liar]:
    liar = Liar()
    yield liar
    liar.stop()


Project = Callable[[str, str], "subprocess.Popen[str]"]
"""(script, Bot API URL) → a process that runs it with Django set up."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Starts processes that share a database file of their own."""

    def start(script: str, url: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", "import django; django.setup()\n" + script],
            cwd=ROOT,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": f"sqlite:///{tmp_path}/test.sqlite3",
                "CELERY_BROKER_URL": "memory://",
                "TELEGRAM_API_URL": url,
                "LOG_LEVEL": "ERROR",
            },
            stdout=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def stage(sandbox_process: SandboxHandle, transactional_db: None) -> Stage:
    sandbox_process.reset()
    sandbox_process.clear_faults()
    sandbox_process.set_flood("published")
    sandbox_process.set_latency(0)
    return Stage(sandbox_process)
