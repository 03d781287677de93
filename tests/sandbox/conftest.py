"""One sandbox process for all tests of this folder, emptied before each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.process import Json, SandboxBot, SandboxChat, SandboxHandle, running_sandbox


@dataclass(frozen=True, slots=True)
class Stage:
    """A bot and a person who started it."""

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
    bot = telegram.create_bot("Alerts", username="alerts_bot")
    return Stage(telegram, bot, telegram.create_chat(bot=bot, first_name="Ada"))
