"""Keeps a world in a folder over restarts: objects as JSON in SQLite, uploaded bytes as files.

Written behind: what happened in the last moments before a kill may be missing.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.files import FileStore
from sandbox.model import (
    Bot,
    Chat,
    ChatCondition,
    Content,
    Json,
    Message,
    QueuedUpdate,
    Standing,
    StoredFile,
    Topic,
    User,
    Version,
    Webhook,
)
from sandbox.world import World

FLUSH_SECONDS = 0.2
SCHEMA = 1
_CREATE = """
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)
)
"""
_PUT = "INSERT INTO objects VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
_Row = tuple[str, str, str | None]


class StorageError(Exception):
    """The folder cannot be used; the text says why and what to do."""


class Storage:
    """One folder: `load` once, then let `run` write the changes."""

    def __init__(self, folder: Path) -> None:
        (folder / "files").mkdir(parents=True, exist_ok=True, mode=0o700)
        self._files = folder / "files"
        self._database = sqlite3.connect(folder / "sandbox.sqlite3", check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=OFF")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in {0, SCHEMA}:
            raise StorageError(
                f"{folder} was written by another version of the sandbox (schema {version}, "
                f"this one writes {SCHEMA}); name another folder with --state or delete it"
            )
        self._database.execute(f"PRAGMA user_version={SCHEMA}")
        self._database.execute(_CREATE)

    def load(self, world: World) -> bool:
        """Fill the empty world with what was kept, and record its changes from now on.

        False when nothing was kept.
        """
        world.files = FileStore(self._files)
        kept: dict[str, list[Json]] = {}
        for kind, value in self._database.execute("SELECT kind, value FROM objects ORDER BY rowid"):
            kept.setdefault(kind, []).append(json.loads(value))
        for fields in kept.get("users", ()):
            world.create_user(User(**fields))
        for fields in kept.get("bots", ()):
            world.add_bot(_bot(fields))
        for fields in kept.get("chats", ()):
            world.create_chat(_chat(fields))
        for fields in kept.get("files", ()):
            world.files.register(StoredFile(**fields))
        for fields in sorted(kept.get("messages", ()), key=lambda item: float(item["time"])):
            dialog_bot = world.bots.get(fields.pop("dialog_bot_id"))
            message = _message(fields)
            world.store_message(world.dialog(dialog_bot, world.chats[message.chat_id]), message)
        world.is_recorded = True
        return bool(kept)

    async def run(self, world: World, stopping: asyncio.Event) -> None:
        """Write changes every moment, off the event loop; at the end the last ones."""
        while not stopping.is_set():
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await stopping.wait()
            except TimeoutError:
                pass
            if world.changes:
                await asyncio.to_thread(self._write, self._take(world))
        self._database.close()

    def _take(self, world: World) -> list[_Row]:
        """The changed objects as rows; None for those that are gone. Clearings come first."""
        changes, world.changes = world.changes, {}
        rows: list[_Row] = []
        for kind, key in sorted(changes, key=lambda change: change[1] != "*"):
            value = None if key == "*" else _find(world, kind, key)
            text = None if value is None else json.dumps(value, ensure_ascii=False)
            rows.append((kind, key, text))
        return rows

    def _write(self, rows: Iterable[_Row]) -> None:
        with self._database:
            for kind, key, value in rows:
                if key == "*":
                    self._database.execute("DELETE FROM objects WHERE kind = ?", (kind,))
                elif value is None:
                    self._database.execute(
                        "DELETE FROM objects WHERE kind = ? AND key = ?", (kind, key)
                    )
                else:
                    self._database.execute(_PUT, (kind, key, value))


def _find(world: World, kind: str, key: str) -> Json | None:
    if kind == "messages":
        bot_id, chat_id, message_id = map(int, key.split(":"))
        dialog = world.dialogs.get((bot_id, chat_id))
        message = dialog.messages.get(message_id) if dialog else None
        return None if message is None else asdict(message) | {"dialog_bot_id": bot_id}
    if kind == "files":
        file = world.files.by_id.get(key)
        return None if file is None else asdict(file)
    if kind == "bots":
        bot = world.bots.get(int(key))
        return None if bot is None else _bot_fields(bot)
    found: Any = (world.users if kind == "users" else world.chats).get(int(key))
    return None if found is None else asdict(found)


def _bot_fields(bot: Bot) -> Json:
    """Without what only lives while the process does: queries and waiting calls."""
    return {
        "user": asdict(bot.user),
        "token": bot.token,
        "last_message_id": bot.last_message_id,
        "last_update_id": bot.last_update_id,
        "updates": [asdict(queued) for queued in bot.updates.values()],
        "allowed_updates": bot.allowed_updates,
        "webhook": asdict(bot.webhook),
        "commands": bot.commands,
        "menu_buttons": bot.menu_buttons,
        "reads_all_messages": bot.reads_all_messages,
        "supports_inline": bot.supports_inline,
        "hears_choices": bot.hears_choices,
    }


def _bot(fields: Json) -> Bot:
    kept = [_queued(item) for item in fields["updates"]]
    return Bot(
        **fields
        | {
            "user": User(**fields["user"]),
            "updates": {queued.update["update_id"]: queued for queued in kept},
            "webhook": Webhook(**fields["webhook"]),
        }
    )


def _queued(fields: Json) -> QueuedUpdate:
    """Earlier versions kept Updates as they are, without an end."""
    if "update_id" in fields:
        return QueuedUpdate(fields, "", float("inf"))
    return QueuedUpdate(**fields)


def _chat(fields: Json) -> Chat:
    return Chat(
        **fields
        | {
            "condition": ChatCondition(fields["condition"]),
            "topics": {int(key): Topic(**topic) for key, topic in fields["topics"].items()},
            "members": {int(key): status for key, status in fields["members"].items()},
            "standings": {
                int(key): Standing(standing) for key, standing in fields["standings"].items()
            },
            "forbidden": {int(key): kinds for key, kinds in fields["forbidden"].items()},
            "pinned": {int(key): pins for key, pins in fields.get("pinned", {}).items()},
            "rights": {int(key): names for key, names in fields.get("rights", {}).items()},
        }
    )


def _message(fields: Json) -> Message:
    versions = [
        Version(item["time"], Content(**item["content"]), item["reply_markup"])
        for item in fields["versions"]
    ]
    return Message(**fields | {"content": Content(**fields["content"]), "versions": versions})
