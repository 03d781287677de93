"""What the sandbox tells, as typed records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SandboxBot:
    id: int
    token: str
    username: str


@dataclass(frozen=True, slots=True)
class SandboxChat:
    id: int
    kind: str
    title: str
    topics: dict[str, int] = field(default_factory=dict)
    """Topic name → message_thread_id."""


@dataclass(frozen=True, slots=True)
class SandboxMessage:
    """A message as it is now; `versions` are its former contents, oldest first."""

    message_id: int
    chat_id: int
    bot_id: int
    kind: str
    text: str
    """Text or caption."""
    time: float
    edit_time: float
    is_deleted: bool
    is_silent: bool
    message: Json
    """The Bot API Message."""
    versions: list[Json]


@dataclass(frozen=True, slots=True)
class SandboxCall:
    """One Bot API call; `status` is 0 when no answer was given."""

    sequence: int
    time: float
    method: str
    bot_id: int
    chat_id: int
    parameters: dict[str, str]
    files: list[Json]
    status: int
    description: str
    message_id: int
    fault: str
    duration: float


def read_message(record: Json) -> SandboxMessage:
    message = record["message"]
    return SandboxMessage(
        message_id=message["message_id"],
        chat_id=message["chat"]["id"],
        bot_id=record["bot_id"],
        kind=record["kind"],
        text=message.get("text", message.get("caption", "")),
        time=record["time"],
        edit_time=record["edit_time"],
        is_deleted=record["deleted"],
        is_silent=record["silent"],
        message=message,
        versions=record["versions"],
    )
