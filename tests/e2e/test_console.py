"""People at the console: from nothing to a message in Telegram, with the keyboard too."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_from_a_token_to_a_message(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    telegram = installation.telegram
    bot = telegram.create_bot("Night watch")
    chat = telegram.create_chat("supergroup", bot=bot, title="Night shift e2e")
    page = open_console()
    page.goto("/channels_app/bot/add/")
    page.fill("[name=name]", "Night watch")
    page.fill("[name=token]", bot.token)
    page.locator("summary", has_text="Connection").click()
    page.fill("[name=api_url]", telegram.url)
    page.click("[name=_save]")
    expect(page.get_by_text("All is well.")).to_be_visible()
    assert bot.token not in page.content()

    page.goto("/channels_app/notificationchannel/add/")
    page.fill("[name=name]", "Night channel")
    page.select_option("[name=bot]", label=f"Night watch (@{bot.username})")
    page.fill("[name=chat_id]", str(chat.id))
    page.click("[name=_save]")
    expect(page.get_by_text("All is well.")).to_be_visible()

    page.get_by_role("button", name="Send test").click()
    expect(page.get_by_text("Telegram took the test message.")).to_be_visible()
    (message,) = telegram.wait_for_messages(chat)
    assert "Night channel" in message.text
    expect(page.get_by_role("link", name=f"Message {message.message_id}")).to_be_visible()

    sandbox = open_console()
    sandbox.goto(telegram.url)
    sandbox.get_by_text("Night shift e2e").first.click()
    expect(sandbox.locator(".bubble", has_text="Night channel").first).to_be_visible()


def test_a_wrong_chat_is_told_honestly(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console()
    page.goto("/channels_app/notificationchannel/add/")
    page.fill("[name=name]", "Nobody there")
    page.locator("[name=bot]").select_option(index=1)
    page.fill("[name=chat_id]", "4242424242")
    page.click("[name=_save]")
    expect(page.get_by_text("chat not found").first).to_be_visible()
    expect(page.get_by_text("press Start").first).to_be_visible()
    expect(page.get_by_text("Needs attention").first).to_be_visible()


def test_the_list_shows_the_verdict_in_its_row(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console()
    page.goto("/channels_app/notificationchannel/")
    button = page.get_by_role("button", name="Send test: My chat")
    button.focus()
    page.keyboard.press("Enter")
    row = page.locator("tr", has=button)
    expect(row.get_by_text("Telegram took the test message.")).to_be_visible()
    assert page.url.endswith("/channels_app/notificationchannel/")


def test_the_shown_url_takes_alerts_after_a_new_key_too(
    open_console: Callable[..., Page], installation: Installation
) -> None:
    page = open_console()
    page.goto("/alerts/integration/add/")
    page.fill("[name=name]", "Shell")
    page.select_option("[name=kind]", "generic")
    page.click("[name=_save]")
    first = page.input_value("#ingest-url")
    assert page.get_by_role("tab", name="Shell").get_attribute("aria-selected") == "true"
    assert first in page.locator("#code-shell").inner_text()
    page.get_by_role("tab", name="Shell").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#code-alertmanager")).to_be_visible()
    assert installation.post({"title": "one"}, first) == 202
    page.locator("summary", has_text="New key").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Make a new key").click()
    second = page.input_value("#ingest-url")
    assert second != first
    assert [installation.post({"title": "two"}, url) for url in (first, second)] == [202, 202]


def test_a_fallback_asks_for_what_its_kind_needs(open_console: Callable[..., Page]) -> None:
    page = open_console()
    page.goto("/alerts/fallback/add/")
    asked = {"email": "addresses", "channel": "target", "webhook": "url"}
    for kind, wanted in asked.items():
        page.select_option("[name=kind]", kind)
        for name in asked.values():
            expect(page.locator(f"[name={name}]")).to_be_visible(visible=name == wanted)


def test_the_main_way_needs_no_mouse(open_console: Callable[..., Page]) -> None:
    page = open_console(viewport={"width": 1280, "height": 900})
    page.goto("/channels_app/notificationchannel/")
    wanted = {"Channels", "Bots", "Add channel", "Send test: My chat"}
    assert tab_to(page, *wanted) == wanted
    page.get_by_role("link", name="Bots", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/channels_app/bot/")
    phone = open_console(viewport={"width": 360, "height": 740})
    phone.goto("/")
    menu = phone.locator("[aria-label=Menu]:visible")
    menu.focus()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("link", name="Alerts", exact=True)).to_be_in_viewport()
    further = phone.get_by_role("link", name="Bots", exact=True)
    further.focus()
    expect(further).to_be_in_viewport()


def tab_to(page: Page, *wanted: str) -> set[str]:
    """The names among `wanted` that Tab reaches, each with a visible focus."""
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        name, outlined = page.evaluate(
            """() => {
                const at = document.activeElement, style = getComputedStyle(at);
                const icons = at.querySelectorAll(".material-symbols-outlined");
                const hidden = [...icons].map((icon) => icon.textContent).join("");
                const text = at.getAttribute("aria-label") || at.title
                    || at.textContent.replace(hidden, "");
                const name = text.replace(/\\s+/g, " ").trim();
                return [name, style.outlineStyle !== "none" && style.outlineWidth !== "0px"];
            }"""
        )
        for one in wanted:
            if name.startswith(one) and outlined:
                reached.add(one)
        if len(reached) == len(wanted):
            break
    return reached
