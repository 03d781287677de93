"""How updates come in, as the console shows it: a bot's page, whom else it serves, what came and
what was given up; and how one's own account and a channel's buttons are shown."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, eventually, open_row, reload_until
from tests.e2e.talking import CHANNELS, GROUP, MINE, TESS, Scene, set_stage
from tests.e2e.test_pages import DESK, check
from tests.sandbox.process import SandboxBot

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

BOTS, UPDATES = "/channels_app/bot/", "/chatops/inboundupdate/"
THEIRS = "http://127.0.0.1:9/theirs"


@pytest.fixture(scope="module")
def stage(installation: Installation, open_windows: Callable[..., Page]) -> Scene:
    return set_stage(installation, open_windows)


@pytest.fixture
def console(stage: Scene) -> Page:
    """At a desk."""
    stage.console.set_viewport_size(DESK)
    return stage.console


def add_bot(console: Page, installation: Installation, bot: SandboxBot, name: str) -> None:
    """By its token, at the console."""
    console.goto(f"{BOTS}add/")
    console.fill("[name=name]", name)
    console.fill("[name=token]", bot.token)
    console.locator("summary, button, h2, a").get_by_text("Connection").first.click()
    console.fill("[name=api_url]", installation.telegram.url)
    console.click("[name=_save]")
    expect(console.get_by_role("heading", name="Updates", exact=True)).to_be_visible()


def test_another_program_that_polls_is_told_of(stage: Scene, console: Page) -> None:
    telegram = stage.installation.telegram
    bot = telegram.create_bot("Watched", username="watched_bot")
    add_bot(console, stage.installation, bot, "Watched one")
    page = console.url
    panel = console.locator(".tocsin-panel", has=console.get_by_text("Last update"))
    telegram.wait_for_calls("getWebhookInfo", bot=bot)
    eventually(lambda: telegram.api(bot, "getUpdates", timeout=1)["ok"])
    reload_until(console, page, "Another program polls with this bot")
    expect(panel).to_contain_text("terminated by other getUpdates request")
    expect(panel).to_contain_text("Stop it, or give it a bot of its own")
    assert check(console, "bot-other-poller") == []


def test_the_first_bots_page_says_how_it_hears(stage: Scene, console: Page) -> None:
    open_row(console, BOTS, "My bot")
    panel = console.locator(".tocsin-panel", has=console.get_by_text("Last update"))
    expect(panel).to_contain_text("Long polling, as agreed with Telegram.")
    expect(panel).to_contain_text("Last poll")
    failures = check(console, "bot-polled")
    panel.get_by_role("link", name="Updates of this bot").click()
    expect(console.locator("#result_list")).to_contain_text("message")
    failures += check(console, "updates-of-a-bot")
    assert failures == []


def test_a_bot_that_another_service_hears_is_taken_over(stage: Scene, console: Page) -> None:
    telegram = stage.installation.telegram
    bot = telegram.create_bot("Shared", username="shared_bot")
    telegram.api(bot, "setWebhook", url=THEIRS)
    add_bot(console, stage.installation, bot, "Shared one")
    page = console.url
    reload_until(console, page, "Another service receives this bot")
    panel = console.locator(".tocsin-panel", has=console.get_by_text("Last update"))
    expect(panel).to_contain_text("(not ours)")
    failures = check(console, "bot-foreign")
    console.get_by_role("button", name="Take over…").click()
    expect(console.get_by_text("hears nothing of this bot any more")).to_be_visible()
    failures += check(console, "bot-take-over")
    console.get_by_role("button", name="Take over", exact=True).click()
    reload_until(console, page, "as agreed with Telegram")
    expect(panel).not_to_contain_text("Another service")
    failures += check(console, "bot-taken-over")
    assert telegram.api(bot, "getWebhookInfo")["result"]["url"] == ""
    assert failures == []


def test_a_bot_hears_by_webhook_and_not_at_all(stage: Scene, console: Page) -> None:
    chat, telegram = stage.chat, stage.installation.telegram
    open_row(console, BOTS, "Shared one")
    page = console.url
    console.locator("[name=updates]").select_option("webhook")
    console.click("[name=_save]")
    reload_until(console, page, "as agreed with Telegram")
    shared = next(one for one in telegram.world()["bots"] if one["username"] == "shared_bot")
    chat.page.goto("/")
    chat.open_link("https://t.me/shared_bot?start=hello", TESS)
    chat.told("I do not know you yet")  # a server of one's own proves nothing of who writes
    reload_until(console, page, "Webhook")
    panel = console.locator(".tocsin-panel", has=console.get_by_text("Last update"))
    expect(panel).not_to_contain_text("none yet")
    failures = check(console, "bot-webhook")
    console.locator("[name=updates]").select_option("none")
    console.click("[name=_save]")
    reload_until(console, page, "What people do in Telegram is not received")
    failures += check(console, "bot-not-heard")
    assert not telegram.api(SandboxBot(shared["id"], shared["token"], ""), "getWebhookInfo")[
        "result"
    ]["url"]
    assert failures == []


def test_a_webhook_that_telegram_refuses_is_told_in_its_words(stage: Scene, console: Page) -> None:
    telegram = stage.installation.telegram
    refused = "Bad Request: bad webhook: IP address 10.0.0.7 is reserved"
    telegram.fault("error", method="setWebhook", code=400, description=refused)
    open_row(console, BOTS, "Shared one")
    page = console.url
    console.locator("[name=updates]").select_option("webhook")
    console.click("[name=_save]")
    reload_until(console, page, "Telegram does not take the webhook.")
    panel = console.locator(".tocsin-panel", has=console.get_by_text("Last update"))
    internal = "The address in SITE_URL is an internal one: use long polling."
    for words in (refused, internal, "not agreed with Telegram yet"):
        expect(panel).to_contain_text(words)
    failures = check(console, "bot-webhook-refused")
    console.locator("[name=updates]").select_option("polling")  # as it is told
    console.click("[name=_save]")
    reload_until(console, page, "Long polling</b>, as agreed with Telegram.")
    expect(panel).not_to_contain_text(refused)
    telegram.fault("error", method="setWebhook", code=400, description=refused)
    console.locator("[name=updates]").select_option("webhook")
    console.click("[name=_save]")
    reload_until(console, page, "Telegram does not take the webhook.")
    console.click("[name=_save]")  # the address was mended meanwhile
    reload_until(console, page, "Webhook</b>, as agreed with Telegram.")
    expect(panel).not_to_contain_text(refused)
    assert failures == []


def test_what_was_given_up_is_tried_again(stage: Scene, console: Page) -> None:
    chat = stage.chat
    chat.page.goto("/")
    stage.private()
    chat.write("/status")
    chat.told("Channels that work:")
    reload_until(console, UPDATES, "/status")
    stage.installation.query(
        "UPDATE chatops_inboundupdate SET state = 'dead', attempts = 5, outcome = ''"
        " WHERE id = (SELECT max(id) FROM chatops_inboundupdate)"
    )
    console.goto(f"{UPDATES}?state__exact=dead")
    failures = check(console, "updates-dead")
    console.locator("#result_list tbody th a").first.click()
    console.wait_for_url(re.compile("/change/"))
    expect(console.get_by_text("It was tried 5 times.")).to_be_visible()
    expect(console.get_by_role("region", name="As Telegram sent it")).to_contain_text("/status")
    failures += check(console, "update-dead")
    chat.mark()
    console.get_by_role("button", name="Retry").click()
    chat.told("Channels that work:")
    reload_until(console, console.url, "told how it stands")
    failures += check(console, "update-retried")
    console.goto(f"{UPDATES}?state__exact=dead")
    failures += check(console, "updates-none-dead")
    assert failures == []


def test_who_is_linked_and_who_may_press(stage: Scene, console: Page) -> None:
    console.goto(MINE)
    expect(console.get_by_text(TESS)).to_be_visible()
    failures = check(console, "my-telegram")
    console.goto("/accounts/membership/")
    expect(console.locator("#result_list")).to_contain_text(TESS)
    console.locator("#result_list tbody th a").first.click()
    console.wait_for_url(re.compile("/change/"))
    expect(console.get_by_role("button", name="Unlink Telegram")).to_be_visible()
    failures += check(console, "member-linked")
    open_row(console, CHANNELS, GROUP)
    console.fill("[name=silence_durations]", "soon")
    console.click("[name=_save]")
    expect(console.locator(".field-silence_durations")).to_contain_text("is no duration")
    failures += check(console, "channel-refused")
    console.fill("[name=silence_durations]", "30m, 2h")
    console.select_option("[name=actions]", "members")
    console.click("[name=_save]")
    expect(console.get_by_text("was changed")).to_be_visible()
    failures += check(console, "channel-members-only")
    console.select_option("[name=actions]", "anyone")
    console.fill("[name=silence_durations]", "1h, 4h")
    console.click("[name=_save]")
    assert failures == []


def test_the_other_program_has_stopped(stage: Scene, console: Page) -> None:
    """Last: it is waited for, some forty seconds from when it was told of."""
    open_row(console, BOTS, "Watched one")
    page = console.url

    def is_over() -> bool:
        console.goto(page)
        return "Another program polls" not in console.content()

    eventually(is_over)
    expect(console.get_by_text("Long polling, as agreed with Telegram.")).to_be_visible()
    assert check(console, "bot-other-poller-gone") == []
