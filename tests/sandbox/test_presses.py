"""Inline buttons and reply keyboards, pressed by people."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def _with_button(stage: Stage, data: str = "ack:1", **fields: Any) -> Json:
    button = {"text": "Acknowledge", "callback_data": data}
    return stage.send(reply_markup={"inline_keyboard": [[button]]}, **fields)


def test_a_press_waits_for_its_answer(stage: Stage) -> None:
    sent = _with_button(stage)
    pressed = stage.telegram.press(stage.chat, sent["message_id"], "ack:1")
    assert pressed["state"] == "waiting"
    query = stage.updates()[0]["callback_query"]
    assert list(query) == ["id", "from", "message", "chat_instance", "data"]
    assert query["message"] == sent
    assert (query["id"], query["data"]) == (pressed["id"], "ack:1")
    assert str(int(query["chat_instance"])) == query["chat_instance"]
    answer = {"callback_query_id": query["id"], "text": "Done", "show_alert": True}
    assert stage.call("answerCallbackQuery", **answer)["result"] is True
    answered = stage.telegram.callback(query["id"])
    assert (answered["state"], answered["text"]) == ("answered", "Done")
    assert answered["show_alert"] is True
    assert stage.refusal("answerCallbackQuery", **answer) == TOO_OLD


def test_a_press_can_wait(stage: Stage) -> None:
    sent = _with_button(stage)
    found: list[Json] = []

    def press() -> None:
        found.append(stage.telegram.press(stage.chat, sent["message_id"], "ack:1", wait=20))

    waiting = threading.Thread(target=press)
    waiting.start()
    query = stage.call("getUpdates", timeout=20)["result"][0]["callback_query"]
    url = "https://t.me/alerts_bot?start=more"
    stage.call("answerCallbackQuery", callback_query_id=query["id"], url=url)
    waiting.join(timeout=60)
    assert (found[0]["state"], found[0]["url"]) == ("answered", url)


def test_a_deleted_messages_button_and_presses_in_groups(stage: Stage) -> None:
    group = stage.telegram.create_chat("supergroup", bot=stage.bot)
    grace = stage.telegram.create_chat(first_name="Grace", state="never_started")
    sent = _with_button(stage, chat_id=group.id)
    stage.call("deleteMessage", chat_id=group.id, message_id=sent["message_id"])
    stage.telegram.press(group, sent["message_id"], "ack:1", from_id=grace.id)
    query = stage.updates()[0]["callback_query"]
    assert query["from"]["id"] == grace.id
    assert query["message"] == {
        "chat": sent["chat"],
        "message_id": sent["message_id"],
        "date": 0,
    }


def test_only_buttons_that_are_there_are_pressed(stage: Stage) -> None:
    sent = _with_button(stage)
    with pytest.raises(AssertionError, match="no button of message"):
        stage.telegram.press(stage.chat, sent["message_id"], "other")


def test_presses_are_lost_and_answers_too_late_after_150_seconds(stage: Stage) -> None:
    sent = _with_button(stage)
    pressed = stage.telegram.press(stage.chat, sent["message_id"], "ack:1")
    stage.telegram.say(stage.chat, "messages are kept")
    stage.telegram.shift_clock(151)
    assert stage.telegram.callback(pressed["id"])["state"] == "expired"
    assert [update["message"]["text"] for update in stage.updates()] == ["messages are kept"]
    assert stage.refusal("answerCallbackQuery", callback_query_id=pressed["id"]) == TOO_OLD
    stage.telegram.say(stage.chat, "for a day")
    stage.telegram.shift_clock(151 + 24 * 3600 + 1)
    assert stage.updates() == []


def test_an_answer_is_kept_by_the_presser_as_told(stage: Stage) -> None:
    sent = _with_button(stage)
    pressed = stage.telegram.press(stage.chat, sent["message_id"], "ack:1")
    answer = {"callback_query_id": pressed["id"], "text": "Done", "cache_time": 60}
    assert stage.call("answerCallbackQuery", **answer)["ok"]
    assert len(stage.updates()) == 1
    again = stage.telegram.press(stage.chat, sent["message_id"], "ack:1")
    assert (again["id"], again["text"], stage.updates()) == (pressed["id"], "Done", [])
    stage.telegram.shift_clock(61)
    assert stage.telegram.press(stage.chat, sent["message_id"], "ack:1")["id"] != pressed["id"]


@pytest.mark.parametrize("url", ["https://example.com/", "t.me/other_bot?start=x"])
def test_a_button_opens_nothing_but_its_bot(stage: Stage, url: str) -> None:
    pressed = stage.telegram.press(stage.chat, _with_button(stage)["message_id"], "ack:1")
    refusal = stage.refusal("answerCallbackQuery", callback_query_id=pressed["id"], url=url)
    assert refusal == "Bad Request: URL_INVALID"


KEYBOARD: Json = {
    "keyboard": [
        ["Status", {"text": "My number", "request_contact": True}],
        [{"text": "Where I am", "request_location": True}],
        [
            {
                "text": "Who",
                "request_users": {"request_id": 7, "max_quantity": 2, "request_name": True},
            },
            {
                "text": "Which group",
                "request_chat": {
                    "request_id": 8,
                    "chat_is_channel": False,
                    "bot_is_member": True,
                    "request_title": True,
                },
            },
        ],
    ],
    "one_time_keyboard": False,
}


def test_reply_keyboards(stage: Stage) -> None:
    stage.send(reply_markup=KEYBOARD)
    grace = stage.telegram.create_chat(first_name="Grace", last_name="H", state="never_started")
    group = stage.telegram.create_chat("group", title="Shift", state="not_member")

    def press(text: str, *chosen: int) -> Json:
        sent: Json = stage.telegram.act(
            f"/chats/{stage.chat.id}/keyboard", text=text, chosen=list(chosen)
        )
        return sent

    assert press("Status")["text"] == "Status"
    assert press("My number")["contact"] == {
        "phone_number": "15550100",
        "first_name": "Ada",
        "user_id": stage.chat.id,
    }
    assert set(press("Where I am")["location"]) == {"latitude", "longitude"}
    assert press("Who", grace.id, stage.chat.id)["users_shared"] == {
        "user_ids": [grace.id, stage.chat.id],
        "users": [
            {"user_id": grace.id, "first_name": "Grace", "last_name": "H"},
            {"user_id": stage.chat.id, "first_name": "Ada"},
        ],
        "request_id": 7,
    }
    assert press("Which group", group.id)["chat_shared"] == {
        "chat_id": group.id,
        "title": "Shift",
        "request_id": 8,
    }
    assert stage.send(chat_id=group.id), "sharing let the bot in"
    with pytest.raises(AssertionError, match="1 to 2 IDs"):
        press("Who")
    with pytest.raises(AssertionError, match="no button 'Nothing'"):
        press("Nothing")
    stage.send(reply_markup={"remove_keyboard": True})
    with pytest.raises(AssertionError, match="no button 'Status'"):
        press("Status")
