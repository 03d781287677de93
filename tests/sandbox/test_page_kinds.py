"""The chat page with all that is no text: files, places, polls, questions that force a reply; and
links to bots, which it opens itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pictures import png
from tests.sandbox.conftest import OpenAt, Stage
from tests.sandbox.process import Json
from tests.sandbox.test_page import CONTRAST

pytestmark = pytest.mark.browser


def _next(stage: Stage, kind: str) -> Json:
    """The next update of that kind; others before it are dropped."""
    while True:
        (update,) = stage.call("getUpdates", timeout=50, limit=1)["result"]
        stage.call("getUpdates", offset=update["update_id"] + 1)
        if kind in update:
            value: Json = update[kind]
            return value


def _open(stage: Stage, open_at: OpenAt, title: str = "Alerts", **options: Any) -> Any:
    page = open_at(stage.telegram.url, **options)
    page.click(f".chat-item:has-text('{title}')")
    page.wait_for_selector("#composer:not([hidden])")
    return page


def _upload(stage: Stage, method: str, name: str, file: tuple[str, bytes], **fields: Any) -> None:
    sent = stage.telegram.upload(stage.bot, method, {name: file}, chat_id=stage.chat.id, **fields)
    assert sent["ok"], sent


def test_every_kind_is_shown_and_named_in_the_list(stage: Stage, open_at: OpenAt) -> None:
    _upload(stage, "sendVoice", "voice", ("v.ogg", b"voice"), duration="72")
    _upload(stage, "sendVideo", "video", ("drill.mp4", b"video"), caption="The drill")
    _upload(stage, "sendAudio", "audio", ("a.mp3", b"a"), performer="Bell", title="Tocsin")
    _upload(stage, "sendAnimation", "animation", ("spin.gif", b"gif"))
    _upload(stage, "sendSticker", "sticker", ("s.webp", b"sticker"), emoji="🔥")
    stage.call("sendVenue", latitude=48.2, longitude=16.4, title="Rack 7", address="Main St 1")
    stage.call("sendContact", phone_number="+431", first_name="On", last_name="Call")
    stage.call("sendDice", emoji="🎲")
    page = _open(stage, open_at)
    bubbles = page.locator(".bubble")
    for number, said in enumerate(
        (
            ("♪", "Voice message", "1:12 · 5 bytes"),
            ("▶", "drill.mp4", "Video · 5 bytes", "The drill"),
            ("♪", "Bell – Tocsin", "Audio"),
            ("▶", "spin.gif", "Animation"),
            ("🔥", "Sticker", "7 bytes"),
            ("Location: Rack 7, Main St 1: 48.2, 16.4",),
            ("Contact: On Call, +431",),
            ("🎲",),
        )
    ):
        shown = bubbles.nth(number).inner_text()
        assert all(words in shown for words in said), (said, shown)
    assert bubbles.count() == 8
    preview = page.locator(".preview")
    assert preview.inner_text()[0] == "🎲"
    stage.call("sendPoll", question="Roll back?", options=["Yes", "No"])
    page.wait_for_selector(".preview:has-text('Poll: Roll back?')")


def test_people_vote_by_pressing(stage: Stage, open_at: OpenAt) -> None:
    stage.call("sendPoll", question="Roll back?", options=["Yes", "No"], is_anonymous=False)
    page = _open(stage, open_at)
    poll = page.locator(".poll")
    assert "Poll" in poll.inner_text()
    assert "0 votes" in poll.inner_text()
    page.click(".option:has-text('No')")
    assert _next(stage, "poll_answer")["option_ids"] == [1]
    page.wait_for_selector(".option[aria-pressed=true]:has-text('No'):has-text('1 · 100 %')")
    page.wait_for_selector(".poll:has-text('1 vote')")
    assert page.evaluate(CONTRAST)["faults"] == []
    page.click(".option:has-text('Yes')")
    assert _next(stage, "poll_answer")["option_ids"] == [0]
    page.click(".option[aria-pressed=true]:has-text('Yes')")
    assert _next(stage, "poll_answer")["option_ids"] == []
    page.wait_for_selector(".poll:has-text('0 votes')")


def test_several_votes_a_quiz_and_a_closed_poll(stage: Stage, open_at: OpenAt) -> None:
    stage.call("sendPoll", question="Which?", options=["A", "B"], allows_multiple_answers=True)
    page = _open(stage, open_at)
    for option in ("A", "B"):
        page.click(f".option:has-text('{option}')")
        page.wait_for_selector(f".option[aria-pressed=true]:has-text('{option}')")
    page.wait_for_selector(".poll:has-text('1 vote')")
    assert page.locator(".option[aria-pressed=true]").count() == 2
    quiz = {"type": "quiz", "correct_option_ids": [1]}
    stage.call("sendPoll", question="Capital?", options=["Graz", "Wien"], **quiz)
    page.click(".option:has-text('Graz')")
    page.wait_for_selector(".option:has-text('Wien ✓'):disabled")
    sent = stage.call("sendPoll", question="Closed?", options=["Yes", "No"])["result"]
    stage.call("stopPoll", message_id=sent["message_id"])
    page.wait_for_selector(".poll:has-text('0 votes, closed')")
    assert page.locator(".poll:has-text('Closed?') .option:enabled").count() == 0


def test_a_forced_reply_is_a_reply(stage: Stage, open_at: OpenAt) -> None:
    forced = {"force_reply": True, "input_field_placeholder": "call Ann"}
    page = _open(stage, open_at)
    asked = stage.send("Of what?", reply_markup=forced)
    page.wait_for_selector("#context-text:has-text('Reply to: Of what?')")
    assert page.locator("#text").get_attribute("placeholder") == "call Ann"
    page.fill("#text", "the backup")
    page.press("#text", "Enter")
    said = _next(stage, "message")
    assert said["reply_to_message"]["message_id"] == asked["message_id"]
    page.wait_for_selector("#context[hidden]", state="attached")
    page.wait_for_selector("#text[placeholder=Message]")
    page.reload()
    page.wait_for_selector(".own:has-text('the backup')")
    assert page.locator("#context").is_hidden()


def test_links_to_bots_are_opened_here(stage: Stage, open_at: OpenAt) -> None:
    stage.telegram.create_chat("group", bot=stage.bot, state="not_member", title="Shift")
    stage.send("Begin: https://t.me/alerts_bot?start=now or https://example.com/")
    page = _open(stage, open_at)
    page.click(".text a:has-text('start=now')")
    assert _next(stage, "message")["text"] == "/start now"
    page.click("#developer-open")
    page.fill("#link", "https://t.me/alerts_bot?startgroup=here_1")
    page.select_option("#link-person", label="Ada")
    page.click("#open-link button")
    page.check("#chooser label:has-text('Shift') input")
    page.click("#chooser .send")
    assert [one["username"] for one in _next(stage, "message")["new_chat_members"]] == [
        "alerts_bot"
    ]
    assert _next(stage, "message")["text"] == "/start@alerts_bot here_1"
    page.wait_for_selector("#chat-title:has-text('Shift')")
    page.click("#developer-open")
    page.fill("#link", "https://example.com/")
    page.press("#link", "Enter")
    page.wait_for_selector("#notice:has-text('That is no link to a bot of this sandbox.')")


def test_chats_of_several_people_with_a_bot_are_told_apart(stage: Stage, open_at: OpenAt) -> None:
    page = open_at(stage.telegram.url)
    names = page.locator(".chat-item-name")
    assert names.all_inner_texts() == ["Alerts"]
    stage.telegram.create_chat(bot=stage.bot, first_name="Grace")
    page.wait_for_selector(".chat-item-name:has-text('Alerts · Grace')")
    assert sorted(names.all_inner_texts()) == ["Alerts · Ada", "Alerts · Grace"]


def test_what_happened_is_said_where_no_chat_is_open(stage: Stage, open_at: OpenAt) -> None:
    page = open_at(stage.telegram.url, width=390)
    page.click("#developer-open")
    page.fill("#link", "t.me/somebody_else")
    page.press("#link", "Enter")
    page.wait_for_selector("#notice:has-text('That is no link')")
    box = page.locator("#notice").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_polls_fit_and_can_be_read(stage: Stage, open_at: OpenAt, scheme: str) -> None:
    stage.call("sendPoll", question="Which " * 20, options=["long " * 19, "No"])
    _upload(stage, "sendPhoto", "photo", ("graph.png", png(640, 200)))
    page = _open(stage, open_at, width=360, scheme=scheme)
    page.click(".option:has-text('No')")
    page.wait_for_selector(".option[aria-pressed=true]")
    assert page.evaluate(CONTRAST)["faults"] == []
    scroll = page.locator("#scroll")
    assert scroll.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
