"""The world: bots, people, chats, messages and files, in memory; `storage` may write its changes
behind.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal

from sandbox.feed import Feed
from sandbox.files import FileStore
from sandbox.model import (
    KEPT_VERSIONS,
    Bot,
    Chat,
    ChatKind,
    Content,
    Dialog,
    Json,
    Message,
    QueuedUpdate,
    Standing,
    Topic,
    User,
    Version,
    Webhook,
)
from sandbox.shapes import message_json
from sandbox.tokens import make_token

FIRST_SUPERGROUP_ID = -1_000_000_000_000
KEPT_MESSAGES = 100_000
KEPT_UPDATES = 100_000
USUAL_UPDATE_SECONDS = 24 * 3600
UPDATE_SECONDS = {
    "callback_query": 150,
    "shipping_query": 150,
    "pre_checkout_query": 150,
    "inline_query": 30,
    "chosen_inline_result": 600,
}
"""How long an update waits for its bot (telegram-bot-api Client.cpp, add_update)."""
TOPIC_COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)


def _nobody(bot: Bot) -> None:
    """Nobody delivers to webhooks here."""


class World:
    """Everything that exists; `clock` gives Unix time in seconds. Not thread-safe: one event loop
    owns it.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, kept_messages: int = KEPT_MESSAGES
    ) -> None:
        self._clock = clock
        self.clock_shift = 0.0
        """Seconds by which the world is ahead, so that nobody has to wait for an end."""
        self.bots: dict[int, Bot] = {}
        self.bots_by_token: dict[str, Bot] = {}
        self.users: dict[int, User] = {}
        self.chats: dict[int, Chat] = {}
        self.dialogs: dict[tuple[int, int], Dialog] = {}
        self.files = FileStore()
        self.feed = Feed()
        self.changes: dict[tuple[str, str], None] = {}
        """(table, key) of everything changed since storage last looked, in order."""
        self.is_recorded = False
        self.on_update: Callable[[Bot], None] = _nobody
        """Called when a bot with a webhook has something to receive."""
        self.inline_messages: dict[str, tuple[Dialog, int]] = {}
        """inline_message_id → where that message is."""
        self._kept_messages = kept_messages
        self._message_order: deque[tuple[Dialog, int]] = deque()

    def clock(self) -> float:
        """Unix time in seconds."""
        return self._clock() + self.clock_shift

    # --- making things ---

    def create_user(self, user: User) -> User:
        self.users[user.id] = user
        self.note("users", user.id)
        return user

    def create_bot(self, user: User, token: str = "") -> Bot:
        bot = Bot(user=user, token=token or make_token(user.id))
        bot.last_update_id = secrets.randbelow(2**30) + 1
        return self.add_bot(bot)

    def add_bot(self, bot: Bot) -> Bot:
        self.users[bot.id] = bot.user
        self.bots[bot.id] = bot
        self.bots_by_token[bot.token] = bot
        self.note("bots", bot.id)
        return bot

    def create_chat(self, chat: Chat) -> Chat:
        self.chats[chat.id] = chat
        self.note("chats", chat.id)
        self.feed.publish({"type": "chats"})
        return chat

    def create_topic(self, chat: Chat, name: str, message_thread_id: int = 0) -> Topic:
        """Topics take their ID from the chat's message counter, as their first service message
        does.
        """
        chat.last_message_id += 1
        topic_id = message_thread_id or max(chat.last_message_id, 2)
        chat.last_message_id = max(chat.last_message_id, topic_id)
        color = TOPIC_COLORS[len(chat.topics) % len(TOPIC_COLORS)]
        topic = Topic(topic_id, name[:128], color)
        chat.topics[topic_id] = topic
        self.note("chats", chat.id)
        return topic

    def free_id(self, kind: ChatKind | Literal["bot"]) -> int:
        """An unused ID of the range that Telegram uses for the kind."""
        if kind in {"private", "bot"}:
            return self._unused(700_000_000 + secrets.randbelow(9_000_000) * 100, 1)
        first = -4_000_000_000 if kind == "group" else FIRST_SUPERGROUP_ID - 1_700_000_000
        return self._unused(first - secrets.randbelow(9_000_000) * 10, -1)

    def _unused(self, start: int, step: int) -> int:
        return next(
            number
            for number in itertools.count(start, step)
            if number not in self.chats and number not in self.users
        )

    # --- finding things ---

    def chat_by_username(self, username: str) -> Chat | None:
        """The supergroup or channel of that name: people and groups have none that a bot could
        use.
        """
        wanted = username.lstrip("@").lower()
        for chat in self.chats.values():
            if chat.username.lower() == wanted and chat.kind in {"supergroup", "channel"}:
                return chat
        return None

    def is_known_to(self, bot: Bot, user_id: int) -> bool:
        """True when bot and person share a group, so that the bot has seen the person."""
        return any(
            user_id in chat.members
            and chat.standings.get(bot.id) in {Standing.ACTIVE, Standing.ADMINISTRATOR}
            for chat in self.chats.values()
        )

    def dialog(self, bot: Bot | None, chat: Chat) -> Dialog:
        """The messages between the bot and the person, or those of the whole group or channel."""
        bot_id = bot.id if bot is not None and chat.kind == "private" else 0
        dialog = self.dialogs.get((bot_id, chat.id))
        if dialog is None:
            dialog = self.dialogs[bot_id, chat.id] = Dialog(chat.id, bot_id)
            self.feed.publish({"type": "chats"})
        return dialog

    def dialogs_of_chat(self, chat_id: int) -> Iterator[Dialog]:
        return (dialog for dialog in self.dialogs.values() if dialog.chat_id == chat_id)

    def message(self, bot: Bot, chat: Chat, message_id: int) -> Message | None:
        found = self.dialog(bot, chat).messages.get(message_id)
        return None if found is None or found.deleted_time else found

    def message_json(self, dialog: Dialog, message: Message) -> Json:
        """The Message as the Bot API tells it."""
        return message_json(message, dialog.messages, self.chats, self.users)

    # --- messages ---

    def next_message_id(self, bot: Bot | None, chat: Chat) -> int:
        """Supergroups and channels count alone; private chats and basic groups share their bot's
        counter.
        """
        if bot is None or chat.kind in {"supergroup", "channel"}:
            chat.last_message_id += 1
            self.note("chats", chat.id)
            return chat.last_message_id
        bot.last_message_id = max(bot.last_message_id, chat.last_message_id) + 1
        if chat.kind == "group":
            chat.last_message_id = bot.last_message_id
            self.note("chats", chat.id)
        self.note("bots", bot.id)
        return bot.last_message_id

    def store_message(self, dialog: Dialog, message: Message) -> None:
        dialog.messages[message.message_id] = message
        if message.inline_message_id:
            self.inline_messages[message.inline_message_id] = dialog, message.message_id
        if message.reply_keyboard is not None:
            dialog.keyboard_message_id = message.message_id
        self._message_order.append((dialog, message.message_id))
        while len(self._message_order) > self._kept_messages:
            old_dialog, old_id = self._message_order.popleft()
            if old_dialog.messages.pop(old_id, None) is not None:
                self.note_message(old_dialog, old_id)
        self.note_message(dialog, message.message_id)
        self.feed.publish({"type": "message", "dialog": dialog.key, "id": message.message_id})

    def edit_message(
        self, dialog: Dialog, message: Message, content: Content, reply_markup: Json | None
    ) -> None:
        now = self.clock()
        since = message.edit_time or message.time
        message.versions.append(Version(since, message.content, message.reply_markup))
        del message.versions[:-KEPT_VERSIONS]
        message.content = content
        message.reply_markup = reply_markup
        message.edit_time = now
        self.note_message(dialog, message.message_id)
        self.feed.publish({"type": "edit", "dialog": dialog.key, "id": message.message_id})

    def delete_message(self, dialog: Dialog, message: Message) -> None:
        message.deleted_time = self.clock()
        self.note_message(dialog, message.message_id)
        self.feed.publish({"type": "delete", "dialog": dialog.key, "id": message.message_id})

    def clear_messages(self, chat_id: int | None = None) -> None:
        """Forget the messages of one chat, or all; counters go on."""
        for dialog in self.dialogs.values():
            if chat_id in {None, dialog.chat_id}:
                for message_id in dialog.messages:
                    self.note_message(dialog, message_id)
                dialog.messages.clear()
        self._message_order = deque(
            (dialog, message_id)
            for dialog, message_id in self._message_order
            if message_id in dialog.messages
        )
        self.feed.publish({"type": "chats"})

    def clear(self) -> None:
        """Forget everything and everybody."""
        for bot in self.bots.values():
            bot.webhook = Webhook()
            self.on_update(bot)
        for table in ("bots", "users", "chats", "messages", "files"):
            self.note(table, "*")
        self.bots.clear()
        self.bots_by_token.clear()
        self.users.clear()
        self.chats.clear()
        self.dialogs.clear()
        self.files.clear()
        self.inline_messages.clear()
        self._message_order.clear()
        self.feed.publish({"type": "reload"})

    # --- updates ---

    def queue_update(self, bot: Bot, kind: str, value: Json, lane: str = "") -> Json:
        """Append an Update to the bot's queue, tell whoever waits, and give it back."""
        bot.last_update_id += 1
        update = {"update_id": bot.last_update_id, kind: value}
        seconds = UPDATE_SECONDS.get(kind, USUAL_UPDATE_SECONDS)
        queued = QueuedUpdate(update, lane, self.clock() + seconds)
        bot.updates[bot.last_update_id] = queued
        while len(bot.updates) > KEPT_UPDATES:
            del bot.updates[next(iter(bot.updates))]
        self.note("bots", bot.id)
        if bot.parked is not None and not bot.parked.done():
            bot.parked.set_result(None)
        if bot.webhook.url:
            self.on_update(bot)
        return update

    def drop_expired_updates(self, bot: Bot) -> None:
        now = self.clock()
        for update_id, queued in list(bot.updates.items()):
            if queued.expires <= now:
                del bot.updates[update_id]

    # --- change notes ---

    def note(self, table: str, key: int | str) -> None:
        if self.is_recorded:
            self.changes[table, str(key)] = None

    def note_message(self, dialog: Dialog, message_id: int) -> None:
        if self.is_recorded:
            self.changes["messages", f"{dialog.bot_id}:{dialog.chat_id}:{message_id}"] = None
