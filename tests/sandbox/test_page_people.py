"""The chat page as people act on it: they write, press, choose who they are, and change chats."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.sandbox.conftest import OpenAt, Stage
from tests.sandbox.process import Json, SandboxChat

pytestmark = pytest.mark.browser


def _next(stage: Stage, kind: str) -> Json:
    """The next update, which must be of that kind."""
    (update,) = stage.call("getUpdates", timeout=50, limit=1)["result"]
    stage.call("getUpdates", offset=update["update_id"] + 1)
    value: Json = update[kind]
    return value


def _open(stage: Stage, open_at: OpenAt, title: str = "Alerts") -> Any:
    page = open_at(stage.telegram.url)
    page.click(f".chat-item:has-text('{title}')")
    page.wait_for_selector("#composer:not([hidden])")
    return page


def _buttons(*buttons: Json) -> Json:
    return {"reply_markup": {"inline_keyboard": [list(buttons)]}}


def test_writing_replying_editing_and_deleting(stage: Stage, open_at: OpenAt) -> None:
    stage.send("what now?")
    page = _open(stage, open_at)
    page.fill("#text", "hello /there")
    page.press("#text", "Enter")
    assert _next(stage, "message")["text"] == "hello /there"
    own = page.locator(".own:has-text('hello /there')")
    own.hover()
    own.locator(".action:has-text('Edit')").click()
    page.fill("#text", "corrected")
    page.click(".send:has-text('Send')")
    assert _next(stage, "edited_message")["text"] == "corrected"
    question = page.locator(".message:has-text('what now?')")
    question.hover()
    question.locator(".action:has-text('Reply')").click()
    page.fill("#text", "this")
    page.press("#text", "Enter")
    assert _next(stage, "message")["reply_to_message"]["text"] == "what now?"
    own = page.locator(".own:has-text('corrected')")
    own.hover()
    own.locator(".action:has-text('Delete')").click()
    own.wait_for(state="detached")


@pytest.mark.parametrize("is_alert", [False, True])
def test_a_press_spins_until_it_is_answered(stage: Stage, open_at: OpenAt, is_alert: bool) -> None:
    stage.send("alert", **_buttons({"text": "Acknowledge", "callback_data": "ack"}))
    page = _open(stage, open_at)
    page.click(".key:has-text('Acknowledge')")
    query = _next(stage, "callback_query")
    page.wait_for_selector(".key[aria-busy]")
    answer = {"callback_query_id": query["id"], "text": "Noted", "show_alert": is_alert}
    stage.call("answerCallbackQuery", **answer)
    shown = "#alert[open] #alert-text" if is_alert else "#notice:not([hidden])"
    page.wait_for_selector(f"{shown}:has-text('Noted')")
    page.wait_for_selector(".key:not([aria-busy])")


def test_a_button_that_opens_the_bot_starts_it(stage: Stage, open_at: OpenAt) -> None:
    stage.send("alert", **_buttons({"text": "More", "callback_data": "more"}))
    page = _open(stage, open_at)
    page.click(".key:has-text('More')")
    query = _next(stage, "callback_query")
    url = "https://t.me/alerts_bot?start=more_1"
    stage.call("answerCallbackQuery", callback_query_id=query["id"], url=url)
    assert _next(stage, "message")["text"] == "/start more_1"


def test_reply_keyboards_and_commands(stage: Stage, open_at: OpenAt) -> None:
    commands = [{"command": "status", "description": "Open alerts"}]
    stage.call("setMyCommands", commands=commands)
    keyboard = [["Silences", {"text": "My number", "request_contact": True}]]
    stage.send("choose", reply_markup={"keyboard": keyboard})
    page = _open(stage, open_at)
    page.click(".reply-key:has-text('Silences')")
    assert _next(stage, "message")["text"] == "Silences"
    page.click(".reply-key:has-text('My number')")
    assert _next(stage, "message")["contact"]["user_id"] == stage.chat.id
    page.wait_for_selector(".bubble:has-text('Contact: Ada')")
    page.fill("#text", "/st")
    page.click(".suggestion:has-text('Open alerts')")
    assert _next(stage, "message")["text"] == "/status"
    stage.send("gone", reply_markup={"remove_keyboard": True})
    page.wait_for_selector("#reply-keyboard[hidden]", state="attached")


def test_inline_queries_are_typed(stage: Stage, open_at: OpenAt) -> None:
    stage.telegram.change_bot(stage.bot, supports_inline_queries=True)
    page = _open(stage, open_at)
    content = {"message_text": "cpu is fine"}
    article = {"type": "article", "id": "1", "title": "CPU", "input_message_content": content}

    def offer() -> None:
        query = _next(stage, "inline_query")
        stage.call("answerInlineQuery", inline_query_id=query["id"], results=[article])

    offering = threading.Thread(target=offer)
    offering.start()
    page.fill("#text", "@alerts_bot cpu")
    page.click(".suggestion:has-text('CPU')")
    offering.join()
    page.wait_for_selector(".bubble:has-text('via @alerts_bot'):has-text('cpu is fine')")


def test_the_writer_is_chosen_in_a_group(stage: Stage, open_at: OpenAt) -> None:
    grace = stage.telegram.create_chat(first_name="Grace", state="never_started")
    members = [stage.chat.id, grace.id]
    group = stage.telegram.create_chat("group", bot=stage.bot, title="Shift", members=members)
    page = _open(stage, open_at, "Shift")
    page.select_option("#person", str(grace.id))
    page.fill("#text", "I do")
    page.press("#text", "Enter")
    assert _next(stage, "message")["from"]["id"] == grace.id
    page.wait_for_selector(".own:has-text('I do')")
    page.select_option("#person", str(stage.chat.id))
    page.wait_for_selector(".message:not(.own):has-text('I do')")
    _change_the_chat(stage, page, group)


def _change_the_chat(stage: Stage, page: Any, group: SandboxChat) -> None:
    page.click("#manage-open")
    page.fill("#new-title", "Night shift")
    page.click("#rename")
    assert _next(stage, "message")["new_chat_title"] == "Night shift"
    page.select_option("#members li:has-text('@alerts_bot') select", "administrator")
    assert _next(stage, "my_chat_member")["new_chat_member"]["status"] == "administrator"
    page.click("#manage-close")
    page.wait_for_selector(".event:has-text('changed the name')")
    assert group.id < 0


def test_blocking_a_bot(stage: Stage, open_at: OpenAt) -> None:
    page = _open(stage, open_at)
    page.click("#manage-open")
    page.click("#block")
    assert _next(stage, "my_chat_member")["new_chat_member"]["status"] == "kicked"
    page.click("#manage-close")
    page.click("#unblock")
    assert _next(stage, "my_chat_member")["new_chat_member"]["status"] == "member"
    page.wait_for_selector("#write:not([hidden])")


def test_another_person_starts_a_bot(stage: Stage, open_at: OpenAt) -> None:
    grace = stage.telegram.create_chat(first_name="Grace", state="never_started")
    page = open_at(stage.telegram.url)
    page.click("#developer-open")
    page.click("text=Start as Grace")
    assert _next(stage, "message")["from"]["id"] == grace.id
    page.wait_for_selector(".own:has-text('/start')")


def test_bots_are_seen_typing(stage: Stage, open_at: OpenAt) -> None:
    page = _open(stage, open_at)
    stage.call("sendChatAction", action="typing")
    page.wait_for_selector("#chat-subtitle:has-text('Alerts is typing…')")
