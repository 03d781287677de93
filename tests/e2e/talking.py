"""A stage for talking with the bot: who is linked, and where alerts go."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.e2e.chat_page import DESK, ChatPage, link_on
from tests.e2e.conftest import Installation, eventually
from tests.sandbox.process import SandboxBot, SandboxChat

MINE = "/chatops/linkcode/mine/"
CONNECT = "/chatops/linkcode/chat/"
CHANNELS = "/channels_app/notificationchannel/"
ROUTES = "/alerts/route/"
TESS, GROUP, ALONE = "Tess Tally", "Talkers", "Tess alone"
BOT = "Tocsin"
"""As its first bot is called in Telegram."""


@dataclass(frozen=True)
class Scene:
    """`tess` is linked to the owner; `chat` is her Telegram, `console` her other window."""

    installation: Installation
    console: Page
    chat: ChatPage
    bot: SandboxBot
    tess: SandboxChat

    def private(self) -> None:
        """Open her chat with the bot."""
        self.chat.open(BOT, f"{self.bot.id}:{self.tess.id}")

    def group(self) -> None:
        """Open the group, as her."""
        self.chat.open(GROUP)
        self.chat.write_as(TESS)

    def fire(self, title: str, where: str, **labels: str) -> None:
        """An alert that `where` is told of: GROUP, or Tess ALONE."""
        self.installation.fire(title, "critical", talk=where, **labels)

    def resolve(self, title: str, where: str, **labels: str) -> None:
        """It is over."""
        self.installation.resolve(title, "critical", talk=where, **labels)


def first_bot(installation: Installation) -> SandboxBot:
    """That of the first start, in Telegram; it hears what people do, and answers at the pace of a
    server of one's own: Telegram's, one call a second to a chat, is waited for elsewhere."""
    installation.telegram.set_flood("off")
    installation.query(
        "UPDATE channels_app_bot SET updates = 'polling', chat_per_second = 30,"
        " group_per_minute = 600 WHERE name = 'My bot'"
    )
    ((telegram_id, username),) = eventually(
        lambda: installation.query(
            "SELECT telegram_id, username FROM channels_app_bot"
            " WHERE name = 'My bot' AND username <> ''"
        )
    )
    return SandboxBot(telegram_id, "", username)


def set_stage(installation: Installation, open_windows: Callable[..., Page]) -> Scene:
    """Tess, linked, and a group of hers that gets what is labelled so. Made once."""
    console = open_windows(viewport=DESK, reduced_motion="reduce")
    page = open_windows(installation.telegram.url, viewport=DESK, reduced_motion="reduce")
    bot = first_bot(installation)
    chat = ChatPage(page)
    page.goto("/")
    scene = Scene(installation, console, chat, bot, _person(installation, bot, TESS))
    if not installation.query("SELECT 1 FROM chatops_telegramidentity WHERE name = ?", TESS):
        link(scene)
    if not installation.query("SELECT 1 FROM alerts_route WHERE name = ?", GROUP):
        connect_group(scene)
        add_private(scene)
        add_routes(scene)
    return scene


def _person(installation: Installation, bot: SandboxBot, name: str) -> SandboxChat:
    first, last = name.split()
    for user in installation.telegram.world()["users"]:
        if (user["first_name"], user.get("last_name")) == (first, last):
            return SandboxChat(user["id"], "private", first)
    return installation.telegram.create_chat(
        "private", bot=bot, state="never_started", first_name=first, last_name=last
    )


def link(scene: Scene) -> None:
    """By a link of the console that is opened in Telegram, and a yes at the console."""
    console, chat = scene.console, scene.chat
    console.goto(MINE)
    console.get_by_label("Bot").select_option(label=f"My bot (@{scene.bot.username})")
    console.get_by_role("button", name=re.compile("^Link ")).click()
    chat.open_link(link_on(console), TESS)
    chat.told("Almost done: go back to the page where you opened this link")
    expect(console.get_by_text(f"{TESS} opened the link just now")).to_be_visible()
    console.get_by_role("button", name="Yes, that is me").click()
    expect(console.get_by_text(f"{TESS} is linked to you.")).to_be_visible()
    chat.told("This Telegram account is linked to")


def connect_group(scene: Scene) -> None:
    """By a link for which the group is chosen in Telegram, and a yes at the console."""
    console, chat = scene.console, scene.chat
    path = f"/users/{scene.tess.id}/chats"
    scene.installation.telegram.act(path, kind="supergroup", title=GROUP)
    console.goto(CONNECT)
    console.get_by_label("Bot").select_option(label=f"My bot (@{scene.bot.username})")
    console.get_by_role("button", name="Make a link").click()
    chat.open_link(link_on(console), TESS)
    chat.choose(GROUP)
    chat.shown("Go back to the page where you made this link")
    expect(console.get_by_text("Is this the chat?")).to_be_visible()
    console.get_by_role("button", name="Connect", exact=True).click()
    expect(console.get_by_text(f"{GROUP} is connected.")).to_be_visible()
    expect(console.get_by_text("All is well.")).to_be_visible()


def add_private(scene: Scene) -> None:
    """By its number; what people do is said there as well. A group takes few calls a minute, a
    private chat one a second."""
    console = scene.console
    console.goto(f"{CHANNELS}add/")
    console.fill("[name=name]", ALONE)
    bot = console.locator("[name=bot] option", has_text="My bot").get_attribute("value")
    console.locator("[name=bot]").select_option(bot)
    console.fill("[name=chat_id]", str(scene.tess.id))
    console.locator("[name=trail]").check()
    console.click("[name=_save]")
    expect(console.get_by_text("All is well.")).to_be_visible()


def add_routes(scene: Scene) -> None:
    """What is labelled talk goes where that says, and what is labelled field nowhere: many alerts
    cost no chat its calls."""
    console = scene.console
    for name in (GROUP, ALONE, "Fields"):
        console.goto(f"{ROUTES}add/")
        console.fill("[name=name]", name)
        matchers = 'field=~".+"' if name == "Fields" else f'talk="{name}"'
        console.get_by_label("Matchers").fill(matchers)
        if name != "Fields":
            console.locator("#id_channels").get_by_label(name).check()
        console.click("[name=_save]")
        console.wait_for_url(f"**{ROUTES}")
