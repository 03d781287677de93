"""People and chats find the bot, as they see it in Telegram: strangers, links, chats by hand; and
what the buttons under an alert do."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Installation
from tests.e2e.talking import ALONE, BOT, TESS, Scene, set_stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stage(installation: Installation, open_windows: Callable[..., Page]) -> Scene:
    return set_stage(installation, open_windows)


@pytest.fixture
def scene(stage: Scene) -> Scene:
    """The stage; in the end nothing was wrong with what was seen on it."""
    stage.chat.failures.clear()
    stage.chat.page.goto("/")
    return stage


def test_a_stranger_is_told_how_to_begin(scene: Scene) -> None:
    telegram, chat = scene.installation.telegram, scene.chat
    eve = telegram.create_chat("private", bot=scene.bot, first_name="Eve", last_name="Odd")
    chat.open(BOT, f"{scene.bot.id}:{eve.id}")
    chat.write("/start")
    chat.told("I do not know you yet", scene.installation.url, "link your account there")
    chat.write("hello?")
    chat.told("I do not know you yet. /start says how that changes.")
    for command in ("/alerts", "/ack", "/silence HighCPU 1h", "/remind me tomorrow", "/report"):
        chat.write(command)
        chat.told("I do not know you yet")
    chat.write("/settings")
    chat.told("so you have no settings here. /start says how to link yourself.")
    # Where a press or an inline query sends strangers.
    chat.mark()
    chat.open_link(f"https://t.me/{scene.bot.username}?start=link", "Eve Odd")
    chat.told("I do not know you yet", "link your account there")
    chat.write("/start link-nonsense")
    chat.told("This link is not valid any more")
    chat.look("stranger")
    assert chat.failures == []


def test_a_person_and_a_group_are_linked(scene: Scene) -> None:
    chat = scene.chat
    scene.private()
    chat.shown("/start link-")
    chat.shown("This Telegram account is linked to", "/unlink ends that")
    chat.write("/start")
    chat.told("Hello", "/help says what I can do for you.")
    chat.write("What now?")
    chat.told("I am not asking anything just now. /help says what I can do.")
    chat.look("linked")
    scene.group()
    chat.shown(f"{TESS} added")
    chat.shown("Go back to the page where you made this link")
    chat.look("group-linked")
    assert chat.failures == []


def test_a_chat_is_chosen_in_telegram(scene: Scene) -> None:
    chat, telegram = scene.chat, scene.installation.telegram
    telegram.act(f"/users/{scene.tess.id}/chats", kind="supergroup", title="Chosen ones")
    telegram.act(f"/users/{scene.tess.id}/chats", kind="channel", title="News of ours")
    scene.private()
    chat.write("/newchannel")
    chat.told("Which chat shall get alerts?")
    assert chat.reply_keys() == ["Choose a group", "Choose a channel"]
    chat.look("newchannel")
    chat.tap("Choose a group")
    chat.choose("Chosen ones")
    question = chat.told("Connect Chosen ones as a channel of")
    expect(chat.page.locator("#reply-keyboard")).to_be_hidden()
    chat.press("Connect", question)
    chat.toast("Connected as Chosen ones.")
    chat.shown("Connected: Chosen ones gets alerts.")
    chat.write("/newchannel")
    chat.told("Which chat shall get alerts?")
    chat.tap("Choose a channel")
    chat.choose("News of ours")
    chat.press("Cancel", chat.told("Connect News of ours as a channel of"))
    chat.shown("Not connected.")
    chat.look("newchannel-done")
    chat.write("/newchannel")
    chat.told("Which chat shall get alerts?")
    assert chat.reply_keys() == ["Choose a group", "Choose a channel"]
    chat.write("/cancel")
    chat.told("I am not asking you anything.")
    expect(chat.page.locator("#reply-keyboard")).to_be_hidden()
    assert chat.failures == []


def test_a_bot_that_was_added_by_hand_offers_itself(scene: Scene) -> None:
    chat, telegram = scene.chat, scene.installation.telegram
    telegram.act(f"/users/{scene.tess.id}/chats", kind="supergroup", title="By hand")
    chat.open("By hand")
    chat.page.click("#manage-open")
    bot = chat.page.locator("#members li", has_text=f"@{scene.bot.username}").locator("select")
    bot.select_option("member")
    chat.page.click("#manage-close")
    offer = chat.told("Hello. I bring alerts to chats.", "if nobody does, I leave tomorrow")
    chat.look("offer")
    chat.press("Connect this chat", offer)
    chat.toast("Connected as By hand.")
    chat.shown("Connected by")
    assert chat.failures == []


def test_an_alert_is_acted_on_by_its_buttons(scene: Scene) -> None:
    chat = scene.chat
    scene.private()
    scene.fire("Kiln hot", ALONE, kiln="3", room="hall")
    alert = chat.told("FIRING", "Kiln hot")
    assert chat.keys(alert)[:5] == [
        "Acknowledge",
        "Resolve",
        "Silence 1h",
        "Silence 4h",
        "More…",
    ]
    chat.look("alert")
    chat.press("Acknowledge", alert)
    chat.toast("Acknowledged.")
    expect(alert).to_contain_text("👀 Acknowledged by")
    chat.told("👀", "acknowledged")
    chat.press("Unacknowledge", alert)
    chat.toast("Acknowledgement withdrawn: repeats and escalations go on.")
    expect(alert).not_to_contain_text("Acknowledged by")
    chat.key("Acknowledge", alert).wait_for()
    _read_more(scene, alert)
    chat.press("Silence for…", alert)
    chat.key("7d", alert).wait_for()
    chat.look("alert-silences")
    chat.press("2h", alert)
    chat.toast("Silenced until")
    expect(alert).to_contain_text("🔇 Silenced until")
    chat.press("More…", alert)
    chat.press("Assign to me", alert)
    chat.toast("Assigned to you.")
    expect(alert).to_contain_text("👤 Assigned to")
    chat.press("More…", alert)
    chat.press("Who", alert)
    chat.window("Assigned to")
    chat.press("‹ Back", alert)
    chat.press("Resolve", alert)
    chat.toast("Resolved.")
    expect(alert).to_contain_text("RESOLVED")
    chat.look("alert-resolved")
    assert chat.failures == []


def _read_more(scene: Scene, alert: Locator) -> None:
    chat = scene.chat
    chat.press("More…", alert)
    chat.key("All labels", alert).wait_for()
    chat.look("alert-more")
    chat.press("All labels", alert)
    labels = chat.told("kiln", "hall", "Close")
    chat.look("alert-labels")
    chat.press("Close", labels)
    expect(labels).to_have_count(0)
    chat.press("History", alert)
    history = chat.told("Acknowledged", "Close")
    chat.look("alert-history")
    chat.press("Close", history)
    expect(history).to_have_count(0)
    chat.press("Who", alert)
    chat.window("Nobody has done anything about it yet.")


def test_replies_are_comments(scene: Scene) -> None:
    chat = scene.chat
    scene.private()
    scene.fire("Roof leaks", ALONE)
    alert = chat.told("FIRING", "Roof leaks")
    chat.reply(alert, "I fetch a bucket")
    said = chat.page.locator(".own", has_text="I fetch a bucket")
    expect(said.locator(".reactions")).to_have_text("👍")
    trail = chat.told("💬", "I fetch a bucket")
    chat.reply(trail, "/ack it is me again")
    chat.told("is yours.", "Noted.")
    chat.look("comments")
    chat.press("↩️ Undo")
    chat.shown("nobody is on it any more")
    console = scene.console
    console.goto("/alerts/alertgroup/")
    console.get_by_role("link", name="Roof leaks", exact=True).click()
    timeline = console.locator(".tocsin-timeline")
    expect(timeline).to_contain_text("I fetch a bucket")
    expect(timeline).to_contain_text(re.compile("Telegram", re.IGNORECASE))
    scene.resolve("Roof leaks", ALONE)
    assert chat.failures == []
