"""The whole product in processes of its own, with a sandbox for Telegram, and a real Chromium."""

import json
import os
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import clock
from tests.sandbox.process import SandboxChat, SandboxHandle, SandboxMessage
from tests.up.running import Running

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
WAIT = 60_000
"""Milliseconds for what the browser waits for: no promise of speed, a loaded machine is slow."""
expect.set_options(timeout=WAIT)


@dataclass(frozen=True)
class Installation:
    """Where it runs and who signs in."""

    url: str
    email: str
    password: str
    ingest_url: str
    telegram: SandboxHandle
    database: Path

    def post(self, payload: Any, url: str = "") -> int:
        """An alert from outside; the HTTP status."""
        request = Request(
            url or self.ingest_url,
            json.dumps(payload).encode(),
            {"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=WAIT / 1000) as answer:
            return int(answer.status)

    def fire(self, title: str, severity: str = "critical", **labels: str) -> None:
        """An alert fires."""
        self._tell(title, "firing", severity, labels)

    def resolve(self, title: str, severity: str = "critical", **labels: str) -> None:
        """It is over."""
        self._tell(title, "resolved", severity, labels)

    def _tell(self, title: str, status: str, severity: str, labels: dict[str, str]) -> None:
        alert = {"title": title, "status": status, "severity": severity, "labels": labels}
        assert self.post(alert) == 202

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the product's database, as another process sees them; a change is stored."""
        connection = sqlite3.connect(self.database, timeout=WAIT / 1000, isolation_level=None)
        with closing(connection):
            return connection.execute(statement, values).fetchall()

    def my_chat(self) -> SandboxChat:
        """That of the channel that was there from the start."""
        ((chat_id,),) = self.query(
            "SELECT t.chat_id FROM channels_app_chat t"
            " JOIN channels_app_notificationchannel c ON c.chat_id = t.id WHERE c.name = 'My chat'"
        )
        return SandboxChat(chat_id, "private", "My chat")

    def said(self, chat: SandboxChat, *words: str) -> list[SandboxMessage]:
        """The messages of the chat that have all of these words, as they are now."""
        messages = self.telegram.messages(chat)
        return [one for one in messages if all(word in one.text for word in words)]

    def told(self, chat: SandboxChat, *words: str) -> SandboxMessage:
        """The first of them, as soon as there is one."""
        return eventually(lambda: self.said(chat, *words))[0]


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """`manage.py up`, as a person starts it."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    data_dir = tmp_path_factory.mktemp("console")
    command = [sys.executable, "manage.py", "up"]
    with Running(command, data_dir, ROOT, OUTBOUND_ALLOWED_HOSTS="127.0.0.1") as running:
        running.wait_until_up()
        words = running.output
        telegram = SandboxHandle(f"http://127.0.0.1:{running.port + 1}", running.popen)
        yield Installation(
            f"http://localhost:{running.port}",
            _found(r"(\S+@\S+)", words),
            _found(r"[Pp]assword:?\s+(\S+)", words),
            _found(r"(http://\S+/hooks/v1/\S+/)", words),
            telegram,
            data_dir / "tocsin.sqlite3",
        )


def _found(pattern: str, words: str) -> str:
    match = re.search(pattern, words)
    assert match, f"{pattern!r} is not in:\n{words}"
    return match[1].strip("'\"")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all of this folder: while it is open, nobody else can open one in this
    process."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def session(installation: Installation, browser: Browser) -> Any:
    """The cookies of somebody who signed in through the sign-in page."""
    context = browser.new_context()
    page = context.new_page()
    context.set_default_timeout(WAIT)
    page.goto(f"{installation.url}/")
    page.fill("[name=username]", installation.email)
    page.fill("[name=password]", installation.password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(f"{installation.url}/")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def open_windows(
    installation: Installation, browser: Browser, session: Any
) -> Iterator[Callable[..., Page]]:
    """Windows that stay open for all tests of a file: of the console, signed in, or elsewhere."""
    contexts: list[BrowserContext] = []

    def open_one(url: str = "", **options: Any) -> Page:
        state = {} if url else {"storage_state": session}
        context = browser.new_context(base_url=url or installation.url, **state, **options)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def open_console(
    installation: Installation, browser: Browser, session: Any
) -> Iterator[Callable[..., Page]]:
    """A signed-in window; keywords go to the browser's context (viewport, color_scheme)."""
    contexts: list[BrowserContext] = []

    def open_one(**options: Any) -> Page:
        context = browser.new_context(storage_state=session, base_url=installation.url, **options)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


def eventually(ask: Callable[[], T]) -> T:
    """The answer, once it is not empty."""
    deadline = clock.now() + WAIT / 1000
    while not (answer := ask()):
        assert clock.now() < deadline, f"still {answer!r}"
        time.sleep(0.1)
    return answer


def add_channel(page: Page, installation: Installation, name: str) -> SandboxChat:
    """A channel of the first bot to a chat of its own, set up at the console."""
    chat = installation.telegram.create_chat("private", first_name=name)
    page.goto("/channels_app/notificationchannel/add/")
    page.fill("[name=name]", name)
    bot = page.locator("[name=bot] option", has_text="My bot").get_attribute("value")
    page.locator("[name=bot]").select_option(bot)
    page.fill("[name=chat_id]", str(chat.id))
    page.click("[name=_save]")
    expect(page.get_by_text("All is well.")).to_be_visible()
    return chat


def open_row(page: Page, path: str, name: str) -> None:
    """Go to a list, and from there to the row of this name."""
    page.goto(path)
    page.locator("#result_list").get_by_role("link", name=name, exact=True).click()
    page.wait_for_url("**/change/")


def delete_row(page: Page, path: str, name: str) -> None:
    """The row of this name goes, once that is confirmed."""
    open_row(page, path, name)
    page.get_by_role("link", name=re.compile("^Delete ")).click()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url(f"**{path}")


def reload_until(page: Page, path: str, words: str) -> None:
    """Open the page anew until it says the words."""
    deadline = clock.now() + WAIT / 1000
    while True:
        page.goto(path)
        if words in page.content():
            return
        assert clock.now() < deadline, f"{path} never said {words!r}"
        page.wait_for_timeout(250)


def pictures() -> Path | None:
    """The folder that screenshots go to, when CONSOLE_PICTURES names one."""
    folder = os.environ.get("CONSOLE_PICTURES")
    return Path(folder) if folder else None
