"""One Bot API call on its way through a method handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.flood import FloodModel
from sandbox.model import Bot, Chat, Json, Message
from sandbox.parameters import Parameters
from sandbox.shapes import message_json
from sandbox.world import World


@dataclass(slots=True)
class Call:
    world: World
    flood: FloodModel
    bot: Bot
    method: str
    parameters: Parameters

    def admit(self, chat: Chat, messages: int = 1) -> None:
        """Count this call, an album as its `messages`, against the published limits. Raises 429
        when it comes too early."""
        self.flood.admit(self.bot.id, chat, self.world.clock(), messages)

    def message_json(self, chat: Chat, message: Message) -> Json:
        world = self.world
        messages = world.dialog(self.bot, chat).messages
        return message_json(message, messages, world.chats, world.users)


@dataclass(frozen=True, slots=True)
class Described:
    """A result with the `description` that a few methods add."""

    result: Any
    description: str
