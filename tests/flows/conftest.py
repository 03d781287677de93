"""A site whose bot lives in the sandbox: alerts in by HTTP, messages out by HTTP."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.audit import COMMAND_LINE
from accounts.models import Organization
from alerts import publish
from alerts.integration_keys import forget_cached_keys
from alerts.integrations import create_integration
from alerts.models import Integration, Route
from alerts.route_table import forget_cached_routes
from alerts.routes import default_route, set_channels
from channels_app.models import NotificationChannel
from tests.dispatching import dispatch_until_idle
from tests.factories import make_bot, make_channel, make_organization
from tests.flows.system import system
from tests.sandbox.process import (
    SandboxBot,
    SandboxChat,
    SandboxHandle,
    SandboxMessage,
    running_sandbox,
)

__all__ = ["system"]  # a fixture for all flows


SETTLED_SECONDS = 25.0


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxHandle]:
    """One Telegram for all flows; each test makes its own bots and chats."""
    with running_sandbox() as handle:
        yield handle


@dataclass(frozen=True)
class Flow:
    """An organization, its sender, and what its chats show."""

    telegram: SandboxHandle
    organization: Organization
    integration: Integration
    key: str
    route: Route
    bot: SandboxBot
    chats: tuple[SandboxChat, ...]
    channels: tuple[NotificationChannel, ...]

    def post(self, payload: Any, *, seconds: float = SETTLED_SECONDS, **extra: Any) -> Any:
        """POST to the integration, and let everything that follows from it happen. See `settle`."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        extra.setdefault("content_type", "application/json")
        response = Client().post(f"/hooks/v1/{self.key}/", body, **extra)
        settle(seconds)
        return response

    def messages(self, number: int = 0) -> list[SandboxMessage]:
        """What the chat shows now."""
        return self.telegram.messages(self.chats[number], bot=self.bot)

    def methods(self, number: int = 0) -> list[str]:
        """The calls that reached the chat, in order."""
        return [call.method for call in self.telegram.calls(chat=self.chats[number], bot=self.bot)]


def settle(seconds: float = SETTLED_SECONDS) -> None:
    """Publish and send until nothing is left to do, for so many seconds where something always is:
    a server that fails is tried again and again."""
    publish.publish_due()
    dispatch_until_idle(seconds)


@pytest.fixture
def make_flow(sandbox: SandboxHandle, transactional_db: None) -> Callable[..., Flow]:
    """A flow with so many chats; keywords are the channels'."""

    def make(chats: int = 1, **values: Any) -> Flow:
        forget_cached_keys()
        forget_cached_routes()
        organization = make_organization()
        integration, key = create_integration(COMMAND_LINE, organization, "Sender")
        route = default_route(organization)
        telegram_bot = sandbox.create_bot()
        bot = make_bot(organization, token=telegram_bot.token, api_url=sandbox.url)
        bot.chat_per_second, bot.group_per_minute = 1000, 60_000 // 100
        bot.save()
        made = tuple(sandbox.create_chat("private", bot=telegram_bot) for _ in range(chats))
        channels = tuple(make_channel(bot, chat_id=chat.id, **values) for chat in made)
        set_channels(COMMAND_LINE, route, channels)
        return Flow(sandbox, organization, integration, key, route, telegram_bot, made, channels)

    return make
