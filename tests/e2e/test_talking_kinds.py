"""Every kind of message that a program can send, and what becomes of it, as a chat shows it."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Installation, eventually
from tests.e2e.desk import Desk, set_desk
from tests.pictures import png

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stage(installation: Installation, open_windows: Callable[..., Page]) -> Desk:
    return set_desk(installation, open_windows)


@pytest.fixture
def desk(stage: Desk) -> Desk:
    """Her private chat is open."""
    stage.open()
    return stage


def test_people_vote_until_the_poll_is_closed(desk: Desk) -> None:
    chat = desk.scene.chat
    options = [{"text": "Yes"}, {"text": "No"}]
    asked = desk.send("poll", question="Roll back?", options=options, is_anonymous=False)
    poll = chat.told("Roll back?", "0 votes")
    poll.locator(".option", has_text="Yes").click()
    expect(poll.locator(".option[aria-pressed=true]")).to_contain_text("1 · 100 %")
    chat.look("poll")
    path = f"deliveries/{asked}/answers/"
    (answer,) = eventually(lambda: desk.get(path)["results"])
    assert answer["option_ids"] == [0]
    poll.locator(".option", has_text="Yes").click()  # once more takes it back
    expect(poll).to_contain_text("0 votes")
    eventually(lambda: desk.get(path)["results"] == [])
    poll.locator(".option", has_text="No").click()
    eventually(lambda: [one["option_ids"] for one in desk.get(path)["results"]] == [[1]])
    desk.change(asked, "stop_poll")
    expect(poll).to_contain_text("1 vote, closed")
    expect(poll.locator(".option").first).to_be_disabled()
    chat.look("poll-closed")
    right = {"type": "quiz", "correct_option_ids": [1], "explanation": "Since Monday."}
    who = [{"text": "Ada"}, {"text": "Grace"}]
    desk.send("poll", question="Who is on call?", options=who, **right)
    quiz = chat.told("Who is on call?")
    quiz.locator(".option", has_text="Ada").click()
    expect(quiz.locator(".option", has_text="Grace")).to_contain_text("✓")
    expect(quiz).to_contain_text("Since Monday.")
    chat.look("quiz")
    assert chat.failures == []


def test_an_album_is_one_piece(desk: Desk) -> None:
    chat = desk.scene.chat
    media = [
        {"type": "photo", "media": "attach://before", "caption": "<b>Before</b>"},
        {"type": "photo", "media": "attach://after", "caption": "After the move"},
        {"type": "video", "media": "attach://clip"},
    ]
    media[0]["parse_mode"] = "HTML"
    files = {
        "before": ("before.png", png(640, 320)),
        "after": ("after.png", png(320, 640)),
        "clip": ("clip.mp4", b"clip"),
    }
    desk.upload_all("album", files, media=json.dumps(media))
    last = chat.told("clip.mp4")
    before, after = chat.told("Before"), chat.told("After the move")
    expect(before.locator("strong, b")).to_have_text("Before")
    expect(before.locator("img.photo")).to_have_js_property("complete", value=True)
    expect(before).not_to_have_class(re.compile("joined"))
    for one in (after, last):
        expect(one).to_have_class(re.compile("joined"))
    chat.look("album")
    desk.send("text", text="That was all.")
    expect(chat.told("That was all.")).not_to_have_class(re.compile("joined"))
    assert chat.failures == []


def test_a_live_location_moves_and_stops(desk: Desk) -> None:
    chat = desk.scene.chat
    sent = desk.send("location", latitude=48.2082, longitude=16.3738, live_period=3600)
    place = chat.told("Live location: 48.2082, 16.3738")
    desk.change(sent, "live_location", latitude=48.21, longitude=16.38)
    expect(place).to_contain_text("Live location: 48.21, 16.38")
    chat.look("live-location")
    desk.change(sent, "stop_live_location")
    expect(place).not_to_contain_text("Live location")
    expect(place).to_contain_text("Location: 48.21, 16.38")
    desk.change(sent, "delete")
    expect(place).to_have_count(0)
    assert chat.failures == []


def test_every_kind_of_message_is_seen(desk: Desk) -> None:
    chat = desk.scene.chat
    desk.upload("photo", "load.png", png(640, 320), caption="Load of the night")
    expect(chat.told("Load of the night").locator("img.photo")).to_be_visible()
    desk.upload("voice", "said.ogg", b"OggS said", duration="65")
    chat.told("Voice message", "1:05")
    desk.upload("video", "clip.mp4", b"clip", caption="The outage")
    chat.told("clip.mp4", "The outage")
    desk.send("location", latitude=48.2082, longitude=16.3738)
    chat.told("Location: 48.2082, 16.3738")
    chat.look("kinds-files")
    place = {"latitude": 48.2, "longitude": 16.4}
    desk.send("venue", title="Data centre 1", address="Main Street 1", **place)
    chat.told("Data centre 1, Main Street 1")
    desk.send("contact", phone_number="+43 1 234567", first_name="On call")
    chat.told("Contact: On call, +43 1 234567")
    die = desk.send("dice", emoji="🎯")
    thrown = chat.told("🎯")
    result = eventually(lambda: desk.get(f"deliveries/{die}/")["result"])
    expect(thrown.locator(".text")).to_have_text(f"🎯 {result['dice']['value']}")
    opens = {"text": "Open", "url": "https://example.org/4711"}
    copies = {"text": "Copy", "copy_text": {"text": "4711"}}
    markup = {"inline_keyboard": [[opens], [copies]]}
    desk.send("text", text="Ticket 4711", reply_markup=markup)
    ticket = chat.told("Ticket 4711")
    expect(ticket.get_by_role("link", name="Open")).to_have_attribute("target", "_blank")
    chat.look("kinds-rest")
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.press("Copy", ticket)
    chat.toast("Copied.")
    keyboard = {"keyboard": [[{"text": "All well"}, {"text": "Help"}]], "one_time_keyboard": True}
    desk.send("text", text="How is it?", reply_markup=keyboard)
    chat.told("How is it?")
    assert chat.reply_keys() == ["All well", "Help"]
    chat.tap("All well")
    expect(chat.page.locator("#reply-keyboard")).to_be_hidden()
    assert chat.failures == []
