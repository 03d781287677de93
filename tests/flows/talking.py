"""People who talk with a bot of a whole product, over HTTP alone: the sandbox's for what Telegram
and its people do, the product's REST API and console for the rest."""

import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import segno

from alerts.route_table import CACHED_FOR
from tests.flows.browsing import Browsing
from tests.flows.system import WITHIN, System, eventually
from tests.sandbox.process import (
    Json,
    Kind,
    SandboxBot,
    SandboxChat,
    SandboxHandle,
    SandboxMessage,
)

WAYS = ("webhook", "polling")
LINKS = "/chatops/linkcode"


@dataclass
class Talking:
    """A bot whose updates come one `way`. `ada` owns the organization, and her account is linked;
    `bob` is nobody. Their chats are those with the bot, and have their IDs. `unasked`: a group of
    Ada's to which Bob added the bot at first, for it takes its time there."""

    system: System
    way: str
    console: Browsing
    bot: SandboxBot
    bot_id: str
    ada: SandboxChat
    bob: SandboxChat
    unasked: SandboxChat

    @property
    def telegram(self) -> SandboxHandle:
        """The sandbox."""
        return self.system.telegram

    # --- what people do ---

    def group(self, title: str, kind: Kind = "supergroup") -> SandboxChat:
        """Ada makes one, without the bot."""
        return make_group(self.telegram, self.ada, f"{title} by {self.way}", kind)

    def says(
        self, who: SandboxChat, text: str, chat: SandboxChat | None = None, to: int = 0
    ) -> None:
        """They write, in private unless there is a chat; to a message of it."""
        more = {"reply_to_message_id": to} if to else {}
        self.telegram.say(chat or who, text, from_id=who.id, bot_id=self.bot.id, **more)

    def taps(
        self, who: SandboxChat, label: str, chat: SandboxChat | None = None, **more: object
    ) -> None:
        """They tap a button in the place of the letters."""
        where = chat or who
        path = f"/chats/{where.id}/keyboard"

        def tap() -> bool:
            self.telegram.act(path, text=label, from_id=who.id, bot_id=self.bot.id, **more)
            return True

        eventually(tap, what=f"the button {label}")

    def presses(self, who: SandboxChat, message: SandboxMessage, label: str) -> Json:
        """They press the button below the message; the answer, which comes always."""
        data = next(one["callback_data"] for one in buttons_of(message) if label in one["text"])
        chat = SandboxChat(message.chat_id, "", "")
        pressed = self.telegram.press(
            chat, message.message_id, data, from_id=who.id, bot_id=self.bot.id, wait=WITHIN
        )
        assert pressed["state"] == "answered", pressed
        return pressed

    # --- what they see ---

    def messages(self, chat: SandboxChat) -> list[SandboxMessage]:
        """What the bot shows there."""
        # A person has a dialog with each bot; a group's belongs to nobody.
        shown = self.telegram.messages(chat, bot=self.bot if chat.kind == "private" else None)
        return [message for message in shown if message.bot_id == self.bot.id]

    def sees(
        self, chat: SandboxChat, *words: str, button: str = "", after: int = 0
    ) -> SandboxMessage:
        """The bot's newest message there that says this and has such a button, once there is one
        that is newer than `after`."""

        def look() -> SandboxMessage:
            for message in reversed(self.messages(chat)):
                labels = [one["text"] for one in buttons_of(message)]
                if (
                    message.message_id > after
                    and all(word in message.text for word in words)
                    and (not button or any(button in label for label in labels))
                ):
                    return message
            raise AssertionError(f"{words} not in {[one.text for one in self.messages(chat)]}")

        return eventually(look, what="the message")

    def last(self, chat: SandboxChat) -> int:
        """The number of the newest message."""
        shown = self.telegram.messages(chat, bot=self.bot if chat.kind == "private" else None)
        return max((message.message_id for message in shown), default=0)

    # --- what the organization does ---

    def api(self, method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        """By REST, as an owner."""
        return self.system.api(method, path, body, status=status)

    def channel(self, title: str) -> tuple[SandboxChat, str]:
        """A group that gets alerts, connected by its number; with the channel's ID."""
        chat = self.telegram.create_chat(
            "supergroup", bot=self.bot, title=f"{title} by {self.way}", members=[self.ada.id]
        )
        body = {"name": chat.title, "bot": self.bot_id, "chat_id": str(chat.id)}
        return chat, self.api("POST", "channels/", body)["id"]

    def sender(self, name: str, channels: list[str]) -> "Sender":
        """Whose alerts come to these channels. Routes are read anew every few seconds: see
        `wait_for_routes`."""
        name = f"{name} by {self.way}"
        made = self.api("POST", "integrations/", {"name": name})
        route = {"name": name, "integrations": [made["id"]], "channels": channels}
        self.api("POST", "routes/", route)
        return Sender(made["ingest_url"])

    def is_tested(self, channel_id: str, chat: SandboxChat) -> None:
        """The channel works: a test arrives."""
        eventually(
            lambda: self.api("GET", f"channels/{channel_id}/")["verification"] == "ok",
            what="the check of the channel",
        )
        before = self.last(chat)
        self.api("POST", f"channels/{channel_id}/test/")
        self.sees(chat, "Tocsin reached this chat", after=before)


@dataclass(frozen=True, slots=True)
class Sender:
    """An integration."""

    url: str

    def fires(self, *titles: str) -> None:
        """Alerts of these names, each in a group of its own."""
        body = [
            {"title": one, "status": "firing", "severity": "critical", "labels": {"alertname": one}}
            for one in titles
        ]
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(self.url, json=body, timeout=WITHIN)
        assert answer.status_code == 202, answer.text


def buttons_of(message: SandboxMessage) -> list[Json]:
    """Of its inline keyboard, in reading order."""
    rows = message.message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


def payload_of(link: str, name: str) -> str:
    """What a link into Telegram carries as `name`."""
    parts = urlsplit(link)
    assert parts.hostname == "t.me", link
    return parse_qs(parts.query, keep_blank_values=True)[name][0]


def make_group(
    telegram: SandboxHandle, maker: SandboxChat, title: str, kind: Kind = "supergroup"
) -> SandboxChat:
    """As a person makes one, without bots."""
    made = telegram.act(f"/users/{maker.id}/chats", kind=kind, title=title)
    return SandboxChat(made["id"], made["type"], made["title"])


def wait_for_routes() -> None:
    """Every process knows by then what was routed where."""
    time.sleep(CACHED_FOR)


def make_talking(system: System, way: str) -> Talking:
    """A bot of the organization that was there at first, and its owner, who links her account."""
    telegram = system.telegram
    bot = telegram.create_bot(
        f"Talker by {way}", supports_inline_queries=True, inline_feedback=True
    )
    body = {"name": bot.username, "token": bot.token, "api_url": telegram.url, "updates": way}
    bot_id = system.api("POST", "bots/", body)["id"]
    ada = telegram.create_chat("private", bot=bot, first_name="Ada", last_name="Lovelace")
    bob = telegram.create_chat("private", bot=bot, first_name="Bob")
    eventually(lambda: _hears(system.api("GET", f"bots/{bot_id}/")), what="an agreed way")
    unasked = make_group(telegram, ada, f"By hand by {way}")
    telegram.change_member(unasked, bot.id, "member", from_id=bob.id)
    talking = Talking(system, way, Browsing(system), bot, bot_id, ada, bob, unasked)
    link_account(talking)
    return talking


def link_account(talking: Talking) -> None:
    """As the console asks for it: by a link, or its picture, that Ada opens."""
    page = talking.console.send(f"{LINKS}/link/", bot=talking.bot_id)
    link = re.search(r'value="(https://t\.me/[^"]+)"', page)
    row = re.search(rf"{LINKS}/([0-9a-f-]{{36}})/state/", page)
    assert link, page
    assert row, page
    picture = segno.make(link[1], error="m", micro=False)
    drawn = picture.svg_inline(
        border=4, light="#fff", dark="#000", svgclass="tocsin-qr", omitsize=True
    )
    assert drawn in page, "the picture is of the link"
    talking.telegram.start(talking.bot, talking.ada, payload_of(link[1], "start"))
    state = f"{LINKS}/{row[1]}/state/"
    eventually(lambda: "Ada Lovelace" in talking.console.read(state), what="Is that you?")
    talking.console.send(f"{LINKS}/{row[1]}/press/confirm/")
    talking.sees(talking.ada, "is linked to")


def _hears(bot: Json) -> bool:
    return bool(bot["username"] and bot["reception"]["is_settled"])


@pytest.fixture(scope="module", params=WAYS)
def talking(request: pytest.FixtureRequest, system: System) -> Talking:
    """The same for updates that Telegram posts, and for those that are asked for."""
    return make_talking(system, request.param)
