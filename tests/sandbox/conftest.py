"""One sandbox process for all tests of this folder, emptied before each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.process import Json, SandboxBot, SandboxChat, SandboxHandle, running_sandbox

CHROMIUM = {
    "executable_path": "/usr/bin/chromium",
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ],
}
OpenAt = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """A bot that hears everything in its groups, and a person who started it."""

    telegram: SandboxHandle
    bot: SandboxBot
    chat: SandboxChat

    def call(self, method: str, **parameters: Any) -> Json:
        """The envelope of a call; `chat_id` is the person unless given."""
        return self.telegram.api(self.bot, method, **{"chat_id": self.chat.id} | parameters)

    def send(self, text: str = "hello", **parameters: Any) -> Json:
        """The Message that was sent."""
        envelope = self.call("sendMessage", text=text, **parameters)
        assert envelope["ok"], envelope
        message: Json = envelope["result"]
        return message

    def updates(self) -> list[Json]:
        """What waits for the bot, which has thereby received it."""
        found: list[Json] = self.call("getUpdates")["result"]
        if found:
            self.call("getUpdates", offset=found[-1]["update_id"] + 1)
        return found

    def refusal(self, method: str, **parameters: Any) -> str:
        """The description of a call that must fail."""
        envelope = self.call(method, **parameters)
        assert not envelope["ok"], envelope
        description: str = envelope["description"]
        return description


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxHandle]:
    with running_sandbox() as handle:
        yield handle


@pytest.fixture
def telegram(sandbox_process: SandboxHandle) -> SandboxHandle:
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture
def stage(telegram: SandboxHandle) -> Stage:
    bot = telegram.create_bot("Alerts", username="alerts_bot", can_read_all_group_messages=True)
    return Stage(telegram, bot, telegram.create_chat(bot=bot, first_name="Ada"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(**CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture
def open_at(browser: Any) -> Iterator[OpenAt]:
    """Opens a sandbox's page; a console error or an uncaught exception fails the test."""
    contexts = []
    complaints: list[str] = []

    def open_it(url: str, *, width: int = 1100, height: int = 800, scheme: str = "light") -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.goto(url)
        page.wait_for_selector(".chat-item")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []
