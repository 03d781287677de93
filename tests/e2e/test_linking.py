"""A person and a group are linked: at the console one clicks, in Telegram one opens the link."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation
from tests.e2e.talking import MINE, first_bot
from tests.e2e.test_pages import DESK, check
from tests.sandbox.process import SandboxBot, SandboxChat

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def payload(page: Page) -> str:
    """What the link on the page carries."""
    link = page.get_by_label(re.compile("^Link to @")).input_value()
    found = re.search(r"=(link-[\w-]+)$", link)
    assert found, link
    return found[1]


def open_link(
    installation: Installation, bot: SandboxBot, person: SandboxChat, code: str, group: int = 0
) -> None:
    """As a person's Telegram does it."""
    telegram = installation.telegram
    if group:
        telegram.act(f"/bots/{bot.id}/start_group", from_id=person.id, chat_id=group, payload=code)
    else:
        telegram.start(bot, person, code)


def test_a_person_and_a_group_are_linked(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console(viewport=DESK, reduced_motion="reduce")
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(f"{page.url}: script: {error}"))
    bot = first_bot(installation)
    ada = installation.telegram.create_chat("private", first_name="Ada", last_name="Lovelace")

    # Somebody else is first: the page asks, and nothing is linked.
    page.goto(MINE)
    if page.get_by_role("button", name="Unlink").count():  # other tests' Tess
        page.get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("not linked yet")).to_be_visible()
    failures += check(page, "telegram-none")
    page.get_by_label("Bot").select_option(label=f"My bot (@{bot.username})")
    page.get_by_role("button", name="Link my Telegram account").click()
    expect(page.locator("svg.tocsin-qr")).to_be_visible()
    failures += check(page, "telegram-link")
    thief = installation.telegram.create_chat("private", first_name="Eve")
    open_link(installation, bot, thief, payload(page))
    expect(page.get_by_text("Eve opened the link just now")).to_be_visible()
    expect(page.locator("svg.tocsin-qr")).to_have_count(0)
    page.get_by_role("button", name="Not me").click()
    expect(page.get_by_text("Nothing was linked")).to_be_visible()

    page.get_by_label("Bot").select_option(label=f"My bot (@{bot.username})")
    page.get_by_role("button", name="Link my Telegram account").click()
    open_link(installation, bot, ada, payload(page))
    expect(page.get_by_text("Ada Lovelace opened the link just now")).to_be_visible()
    failures += check(page, "telegram-asked")
    page.get_by_role("button", name="Yes, that is me").click()
    expect(page.get_by_text("Ada Lovelace is linked to you.")).to_be_visible()
    failures += check(page, "telegram-linked")
    installation.told(ada, "This Telegram account is linked to")
    page.goto("/accounts/membership/")
    expect(page.get_by_role("row", name=re.compile("Ada Lovelace"))).to_be_visible()
    failures += check(page, "members-linked")

    # A group: added, shown, connected.
    group = installation.telegram.act(
        f"/users/{ada.id}/chats", kind="supergroup", title="Night watch"
    )["id"]
    page.goto("/channels_app/notificationchannel/add/")
    failures += check(page, "channel-add")
    page.get_by_role("link", name="Choose the chat in Telegram").click()
    failures += check(page, "connect-choose")
    page.get_by_label("Bot").select_option(label=f"My bot (@{bot.username})")
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("svg.tocsin-qr")).to_be_visible()
    failures += check(page, "connect-link")
    open_link(installation, bot, ada, payload(page), group)
    expect(page.get_by_text("Is this the chat?")).to_be_visible()
    expect(page.locator(".tocsin-facts")).to_contain_text("Night watch")
    expect(page.locator(".tocsin-facts")).to_contain_text("Ada Lovelace")
    failures += check(page, "connect-asked")
    page.get_by_label("Name of the channel").fill("Nights")
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Nights is connected.")).to_be_visible()
    expect(page.get_by_text("All is well.")).to_be_visible()

    # Unlinked again, at the console.
    page.goto(MINE)
    page.get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("Ada Lovelace is not linked any more.")).to_be_visible()
    assert not failures
