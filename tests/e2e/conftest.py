"""The whole product in processes of its own, with a sandbox for Telegram, and a real Chromium."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.sandbox.process import SandboxHandle
from tests.up.running import Running

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

    def post(self, payload: Any, url: str = "") -> int:
        """An alert from outside; the HTTP status."""
        request = Request(
            url or self.ingest_url,
            json.dumps(payload).encode(),
            {"Content-Type": "application/json"},
        )
        with urlopen(request, timeout=WAIT / 1000) as answer:
            return int(answer.status)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """`manage.py up`, as a person starts it."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    data_dir = tmp_path_factory.mktemp("console")
    with Running([sys.executable, "manage.py", "up"], data_dir, ROOT) as running:
        running.wait_until_up()
        words = running.output
        telegram = SandboxHandle(f"http://127.0.0.1:{running.port + 1}", running.popen)
        yield Installation(
            f"http://localhost:{running.port}",
            _found(r"(\S+@\S+)", words),
            _found(r"[Pp]assword:?\s+(\S+)", words),
            _found(r"(http://\S+/hooks/v1/\S+/)", words),
            telegram,
        )


def _found(pattern: str, words: str) -> str:
    match = re.search(pattern, words)
    assert match, f"{pattern!r} is not in:\n{words}"
    return match[1].strip("'\"")


@pytest.fixture(scope="module")
def browser(installation: Installation) -> Iterator[Browser]:
    """One Chromium a file: while it is open, no other file can open one in this process."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
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


def reload_until(page: Page, path: str, words: str) -> None:
    """Open the page anew until it says the words."""
    deadline = time.monotonic() + WAIT / 1000
    while True:
        page.goto(path)
        if words in page.content():
            return
        assert time.monotonic() < deadline, f"{path} never said {words!r}"
        page.wait_for_timeout(250)


def pictures() -> Path | None:
    """The folder that screenshots go to, when CONSOLE_PICTURES names one."""
    folder = os.environ.get("CONSOLE_PICTURES")
    return Path(folder) if folder else None
