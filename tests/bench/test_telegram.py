"""The stand-in of the Bot API: what it answers and what it notes."""

import json
from typing import Any

import pytest

from bench.payloads import marker
from bench.telegram import Telegram

TWO = f"{marker(1)} and {marker(2)}"
FORM = (
    '--x\r\nContent-Disposition: form-data; name="chat_id"\r\n\r\n-1005\r\n'
    '--x\r\nContent-Disposition: form-data; name="document"; filename="a.txt"\r\n'
    "Content-Type: text/plain\r\n\r\n{}\r\n--x--\r\n"
)


def call(telegram: Telegram, method: str, **params: Any) -> tuple[int, dict[str, Any]]:
    return telegram.call(7, method, json.dumps(params).encode())


def test_a_message_is_answered_as_telegram_does() -> None:
    status, answer = call(Telegram(), "sendMessage", chat_id="5", text="hello")
    message = answer["result"]
    assert (status, answer["ok"], message["chat"]["id"]) == (200, True, 5)
    assert message["chat"]["type"] == "private"
    assert message["message_id"] > 0


def test_an_edit_keeps_its_message() -> None:
    _, answer = call(Telegram(), "editMessageText", chat_id=-1005, message_id=42, text="new")
    assert answer["result"]["message_id"] == 42
    assert answer["result"]["chat"]["type"] == "supergroup"


def test_it_notes_which_alerts_a_text_or_a_document_spoke_of() -> None:
    telegram = Telegram()
    call(telegram, "sendMessage", chat_id=5, text=marker(9))
    telegram.call(7, "sendDocument", FORM.format(TWO).encode())
    assert set(telegram.notes.seen) == {marker(9), marker(1), marker(2)}
    assert [entry[1:] for entry in telegram.notes.calls] == [
        (7, "sendMessage", 5, 200, 1),
        (7, "sendDocument", -1005, 200, 2),
    ]


def test_it_notes_in_which_order_a_call_spoke_of_several() -> None:
    telegram = Telegram()
    call(telegram, "sendMessage", chat_id=5, text=marker(9))
    call(telegram, "sendMessage", chat_id=5, text=f"{marker(2)} before {marker(1)}")
    told = telegram.control("/bench/told", b"")
    assert [entry[1:] for entry in told] == [("sendMessage", [marker(2), marker(1)])]


def test_it_counts_new_messages_about_one_alert_but_not_replies_and_edits() -> None:
    telegram = Telegram()
    call(telegram, "sendMessage", chat_id=5, text=marker(1))
    call(telegram, "sendMessage", chat_id=5, text=marker(1), reply_parameters={"message_id": 1})
    call(telegram, "editMessageText", chat_id=5, message_id=1, text=marker(1))
    call(telegram, "sendMessage", chat_id=5, text=TWO)
    assert telegram.notes.firsts == {marker(1): 1}
    call(telegram, "sendMessage", chat_id=5, text=marker(1))
    assert telegram.notes.firsts == {marker(1): 2}


def test_limits_are_enforced_only_when_asked_for() -> None:
    telegram = Telegram()
    for _ in range(10):
        assert call(telegram, "sendMessage", chat_id=5, text="x")[0] == 200
    telegram.set_up(0.0, limited=True)
    answers = [call(telegram, "sendMessage", chat_id=5, text=marker(n)) for n in range(4)]
    assert [status for status, _ in answers] == [200, 200, 200, 429]
    refusal = answers[-1][1]
    assert (refusal["error_code"], refusal["parameters"]) == (429, {"retry_after": 1})
    assert marker(3) not in telegram.notes.seen, "what was refused is not shown"
    assert telegram.notes.refused == 1


@pytest.mark.parametrize("method", ["getMe", "getChat", "getChatMember", "sendChatAction"])
def test_what_only_asks_is_no_message(method: str) -> None:
    telegram = Telegram()
    assert call(telegram, method, chat_id=5)[1]["ok"]
    assert telegram.notes.calls == []
