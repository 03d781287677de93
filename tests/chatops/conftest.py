"""People in the sandbox talk to a bot; what they do is handled in the process of the test."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Membership, Organization, Role
from channels_app.models import Bot
from chatops import answers, processing
from chatops.incoming import KINDS, read_update
from chatops.models import InboundUpdate, TelegramIdentity
from chatops.receiving import inbox
from tests.dispatching import dispatch_until_idle
from tests.factories import make_bot, make_membership, make_organization
from tests.sandbox.process import (
    SandboxBot,
    SandboxChat,
    SandboxHandle,
    SandboxMessage,
    running_sandbox,
)

SETTLED_SECONDS = 25.0


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxHandle]:
    """One Telegram; each test makes its own bots and chats."""
    with running_sandbox() as handle:
        yield handle


@dataclass(frozen=True)
class Talk:
    """An organization's bot, and what people say to it."""

    telegram: SandboxHandle
    organization: Organization
    bot: Bot
    telegram_bot: SandboxBot

    def hear(self) -> int:
        """Take in what happened in Telegram; how many updates were new."""
        updates = self.telegram.api(
            self.telegram_bot, "getUpdates", allowed_updates=json.dumps(KINDS)
        )["result"]
        if not updates:
            return 0
        new = inbox.store(self.bot, [(read_update(update), update) for update in updates])
        self.telegram.api(
            self.telegram_bot, "getUpdates", offset=updates[-1]["update_id"] + 1, timeout=0
        )
        return new

    def settle(self) -> None:
        """Hear, handle, answer and send until nothing is left to do."""
        while self.hear():
            pass
        processing.process_due()
        answers.idle(SETTLED_SECONDS)
        dispatch_until_idle(SETTLED_SECONDS)

    def say(self, chat: SandboxChat, text: str, **fields: Any) -> None:
        """A person writes, and what follows from it happens."""
        self.telegram.say(chat, text, bot_id=self.telegram_bot.id, **fields)
        self.settle()

    def messages(self, chat: SandboxChat) -> list[SandboxMessage]:
        """What the bot shows in the chat."""
        # A group's messages are kept once for all of its bots.
        bot = self.telegram_bot if chat.kind == "private" else None
        shown = self.telegram.messages(chat, bot=bot)
        return [message for message in shown if message.bot_id == self.telegram_bot.id]

    def texts(self, chat: SandboxChat) -> list[str]:
        """The texts of these."""
        return [message.text for message in self.messages(chat)]

    def private_chat(self) -> SandboxChat:
        """A person's chat with the bot."""
        return self.telegram.create_chat("private", bot=self.telegram_bot)

    def outcomes(self) -> list[str]:
        """What came of each update, oldest first."""
        rows = InboundUpdate.objects.filter(bot=self.bot).order_by("update_id")
        return list(rows.values_list("outcome", flat=True))

    def link(self, telegram_id: int, role: str = Role.RESPONDER, **user: Any) -> Membership:
        """A member of the organization whose Telegram account this is, as this bot says."""
        values = {f"user__{name}": value for name, value in user.items()}
        membership = make_membership(organization=self.organization, role=role, **values)
        TelegramIdentity.objects.create(
            user=membership.user, bot=self.bot, telegram_id=telegram_id, name="Linked"
        )
        return membership


@pytest.fixture
def make_talk(sandbox: SandboxHandle, transactional_db: None) -> Callable[..., Talk]:
    """A bot of a new organization; keywords are the sandbox bot's."""

    def make(**fields: Any) -> Talk:
        organization = make_organization()
        telegram_bot = sandbox.create_bot(**fields)
        # Privacy mode off: what a bot does not hear in groups is the sandbox's own matter.
        sandbox.change_bot(telegram_bot, can_read_all_group_messages=True)
        bot = make_bot(organization, token=telegram_bot.token, api_url=sandbox.url)
        bot.chat_per_second, bot.group_per_minute = 1000, 600
        bot.username = telegram_bot.username
        bot.save()
        return Talk(sandbox, organization, bot, telegram_bot)

    return make


@pytest.fixture
def talk(make_talk: Callable[..., Talk]) -> Talk:
    """A bot of a new organization."""
    return make_talk()
