"""Commands and their dialogues, as a person sees them in a private chat and in a group."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation
from tests.e2e.talking import GROUP, Scene, set_stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stage(installation: Installation, open_windows: Callable[..., Page]) -> Scene:
    return set_stage(installation, open_windows)


@pytest.fixture
def scene(stage: Scene) -> Scene:
    """Her private chat with the bot."""
    stage.chat.failures.clear()
    stage.chat.page.goto("/")
    stage.private()
    return stage


def test_help_is_offered_and_given(scene: Scene) -> None:
    chat = scene.chat
    chat.page.fill("#text", "/")
    offered = chat.page.locator("#suggestions .suggestion")
    expect(offered.filter(has_text="/silence").first).to_contain_text("Keep an alert quiet")
    chat.look("menu")
    chat.page.fill("#text", "/hel")
    chat.mark()
    offered.filter(has_text="/help").click()
    chat.told("What I can do", "/alerts", "/silence", "/settings", "/unlink")
    chat.look("help")
    chat.write("/helq me")
    chat.told("I know no /helq.", "What I can do")
    chat.write("/cancel")
    chat.told("I am not asking you anything.")
    assert chat.failures == []


def test_what_is_open_is_listed_in_pages(scene: Scene) -> None:
    chat = scene.chat
    for number in range(12):
        severity = "info" if number else "critical"
        scene.installation.fire(f"Crop {number:02}", severity, field="north")
    chat.write("/alerts crop")
    listed = chat.told("Open: 12 · crop", "Crop 00")
    assert chat.keys(listed) == ["‹", "1/2", "›"]
    expect(listed.locator("a", has_text="Crop 00")).to_have_count(0)
    chat.look("alerts")
    chat.press("›", listed)
    expect(chat.key("2/2", listed)).to_be_visible()
    expect(listed).not_to_contain_text("Crop 00")
    chat.press("‹", listed)
    expect(listed).to_contain_text("Crop 00")
    chat.write("/alerts critical")
    chat.told("critical", "Crop 00")
    chat.write('/alerts {field="south"}')
    chat.told("✅ Nothing is open")
    chat.write("/alerts {field=")
    chat.told("I cannot read these matchers")
    chat.look("alerts-not-read")
    assert chat.failures == []


def test_somebody_is_on_it_and_not(scene: Scene) -> None:
    chat = scene.chat
    chat.write("/ack crop")
    which = chat.told("Which one are you on?")
    chat.look("ack-which")
    chat.press("Crop 00", which)
    chat.shown("Crop 00 is yours.")
    chat.write("/ack Crop 00")
    chat.told("Crop 00 is acknowledged already, by")
    chat.write("/oncall")
    chat.told("Who sees to what", "Crop 00", "👀")
    chat.look("oncall")
    chat.write("/status")
    chat.told("Open:", "Channels that work:")
    chat.look("status")
    chat.write("/unack Crop 00")
    undo = chat.told("nobody is on it any more")
    chat.press("↩️ Undo", undo)
    chat.shown("Crop 00 is yours.")
    chat.write("/ack nothing of this name")
    chat.told("Nothing that is open here is called “nothing of this name”.")
    chat.write("/resolve Crop 11")
    chat.told("Crop 11 is resolved")
    assert chat.failures == []


def test_silences_in_words(scene: Scene) -> None:
    chat = scene.chat
    chat.write("/silence Crop 01 for 2 hours because of the harvest")
    done = chat.told("🔕 Silenced", "until", "(")
    chat.look("silenced")
    chat.press("↩️ Undo", done)
    chat.shown("↩️ Not silenced:")
    chat.write('/silence {field="north"} until tomorrow 9:00')
    chat.told("🔕 Silenced", 'field="north"', "until tomorrow 09:00", "firing now")
    chat.write("/silences")
    chat.told("Silences:", 'field="north"', "holds for")
    chat.look("silences")
    chat.write("/unsilence nosuchalert")
    chat.told("No silence here is about that. /silences lists them.")
    chat.write('/unsilence {field="north"}')
    again = chat.told("🔔 No longer silenced")
    chat.press("↩️ Undo", again)
    chat.shown("🔕 Silenced again:")
    chat.write('/unsilence {field="north"}')
    chat.told("🔔 No longer silenced")
    for words, said in (
        ("/silence Crop 01 until yesterday", "That has passed already."),
        ("/silence Crop 01 for 99 years", "That is too long; the longest is 3660 days."),
    ):
        chat.write(words)
        chat.told(said)
    chat.look("silence-refused")
    assert chat.failures == []


def test_what_silence_leaves_open_is_asked(scene: Scene) -> None:
    chat = scene.chat
    chat.write("/silence")
    which = chat.told("Which alert shall be quiet?")
    chat.press("Crop 00", which)
    chat.told("How long shall Crop 00 be quiet?")
    assert chat.reply_keys()[-2:] == ["‹ Back", "Cancel"]
    chat.look("silence-how-long")
    chat.write("soonish")
    chat.told("“soonish” is no time that I can read")
    chat.look("silence-no-time")
    chat.tap("2 hours")
    chat.told("Why? Your comment stands beside the silence.")
    chat.tap("‹ Back")
    chat.told("How long shall Crop 00 be quiet?")
    chat.tap("1 hour")
    chat.told("Why?")
    chat.tap("Without")
    sure = chat.told("Keep Crop 00 quiet until")
    chat.look("silence-sure")
    chat.press("🔕 Silence", sure)
    done = chat.told("🔕 Silenced")
    expect(chat.page.locator("#reply-keyboard")).to_be_hidden()
    chat.press("↩️ Undo", done)
    chat.write("/silence Crop 00")
    chat.told("How long shall")
    chat.tap("Cancel")
    chat.told("Dropped. Nothing was done.")
    expect(chat.page.locator("#reply-keyboard")).to_be_hidden()
    chat.write("/silence Crop 00")
    chat.told("How long shall")
    chat.write("/silence Crop 03")
    chat.told("I drop the question before this one.", "How long shall Crop 03 be quiet?")
    chat.write("/cancel")
    chat.told("Dropped. Nothing was done.")
    chat.look("silence-dropped")
    assert chat.failures == []


def test_a_question_in_a_group_is_one_persons(scene: Scene) -> None:
    chat = scene.chat
    scene.group()
    scene.fire("Well dry", GROUP)
    chat.told("FIRING", "Well dry")
    chat.write(f"/comment@{scene.bot.username} Well dry")
    chat.told("Well dry: what is there to say? Reply to this message; /cancel ends it.")
    context = chat.page.locator("#context-text")
    expect(context).to_contain_text("Reply to: 💬 Well dry")
    chat.look("comment-asked")
    chat.write("A new pump is on its way")
    chat.told("Well dry: noted.")
    chat.write(f"/silence@{scene.bot.username} Well dry")
    chat.told("How long shall Well dry be quiet?")
    chat.look("silence-in-a-group")
    chat.tap("Cancel")
    chat.told("Dropped. Nothing was done.")
    scene.resolve("Well dry", GROUP)
    assert chat.failures == []


def test_reminders_are_set_listed_moved_and_ended(scene: Scene) -> None:
    chat = scene.chat
    chat.write("/remind me to call Ann tomorrow at 9")
    chat.told("I remind you tomorrow 09:00", "call Ann")
    chat.write("/remind stand-up every weekday at 9:15")
    chat.told("I remind you every weekday at 09:15", "stand-up")
    chat.write("/remind me")
    chat.told("What shall I remind you of?")
    chat.look("remind-what")
    chat.write("the certificates")
    chat.told("When?")
    chat.look("remind-when")
    chat.write("when pigs fly")
    chat.told("no time that I can read")
    chat.tap("in 3 hours")
    chat.told("I remind you", "the certificates")
    chat.write("/reminders")
    listed = chat.told("Reminders: 3", "the certificates", "call Ann", "stand-up")
    chat.look("reminders")
    number = re.search(r"(\d)\. the certificates", listed.inner_text())
    assert number
    chat.press(f"✖ {number[1]}", listed)
    chat.toast("Cancelled.")
    chat.shown("Cancelled: the certificates")
    chat.write("/reminders 1 say call Bob")
    chat.told("call Bob")
    chat.write("/reminders 7 cancel")
    chat.told("There is no reminder 7 here. /reminders numbers them.")
    for _ in range(2):
        chat.write("/reminders 1 cancel")
        chat.told("Cancelled:")
    chat.write("/reminders")
    chat.told("There is nothing to be reminded of. /remind sets it.")
    chat.look("reminders-none")
    assert chat.failures == []


def test_a_reminder_is_told_and_put_off(scene: Scene) -> None:
    chat = scene.chat
    chat.write("/remind me of the kettle in 10 minutes")
    chat.told("I remind you", "the kettle")
    past = (datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    change = "UPDATE chatops_reminder SET due_at = ? WHERE text LIKE '%kettle%'"
    scene.installation.query(change, past)
    told = chat.shown("⏰ the kettle")
    assert chat.keys(told) == ["10 min", "1 h", "1 day"]
    chat.look("reminder-told")
    chat.press("1 h", told)
    chat.toast("Once more")
    chat.shown("the kettle", "Once more")
    chat.write("/reminders 1 cancel")
    chat.told("Cancelled:")
    assert chat.failures == []


def test_a_report_is_a_file(scene: Scene) -> None:
    chat = scene.chat
    chat.write("/report")
    chat.told("What shall I report of?")
    chat.look("report-what")
    chat.tap("All alerts")
    chat.told("Of which time?")
    chat.write("the day after")
    chat.told("Of which time?")
    chat.tap("last 7 days")
    report = chat.told("alert")
    expect(report.locator(".document-name")).to_contain_text(".csv")
    chat.look("report")
    with chat.page.expect_download() as download:
        report.locator(".document").click()
    rows = download.value.path().read_text().splitlines()
    assert any("Crop 00" in row for row in rows), rows[:5]
    assert chat.failures == []


def test_settings_are_shown_and_changed(scene: Scene) -> None:
    chat = scene.chat
    chat.write("/settings")
    shown = chat.told("Your settings", "Zone:", "Direct messages: on", "Quiet hours for them: none")
    chat.look("settings")
    chat.press("Direct messages off", shown)
    chat.toast("Changed.")
    expect(shown).to_contain_text("Direct messages: off")
    chat.press("Direct messages on", shown)
    chat.write("/settings zone Asia/Tokyo")
    chat.told("Your zone is Asia/Tokyo.")
    chat.write("/remind me of tea tomorrow 9:00")
    chat.told("(Asia/Tokyo)")
    chat.write("/reminders 1 cancel")
    chat.told("Cancelled:")
    chat.write("/settings quiet 22:00-07:00")
    chat.told("Quiet hours for them: 22:00–07:00")
    for words, said in (
        ("/settings zone Atlantis", "Atlantis"),
        ("/settings quiet sometimes", "Quiet"),
        ("/settings language Klingon", "I do not speak “Klingon”. I speak English (en)"),
        ("/settings colour red", "Write zone, language, direct"),
    ):
        chat.write(words)
        chat.told(said)
    chat.look("settings-refused")
    chat.write("/settings quiet off")
    chat.told("Quiet hours for them: none")
    chat.write("/settings zone")
    chat.told("Your zone is the console's again.")
    assert chat.failures == []


def test_what_was_open_is_over(scene: Scene) -> None:
    """Leaves the place as it was found."""
    for number in range(12):
        severity = "info" if number else "critical"
        scene.installation.resolve(f"Crop {number:02}", severity, field="north")
    scene.chat.write("/alerts crop")
    scene.chat.told("Nothing is open")
