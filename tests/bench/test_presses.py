"""Presses of buttons at the stand-in: told to the bot once, and judged by what the bot does."""

import asyncio
import json
from typing import Any

from bench.presses import Press
from bench.telegram import Telegram

BOT = 7
ACKNOWLEDGE, UNACKNOWLEDGE = "1ak", "1ua"


def keyboard(**buttons: str) -> dict[str, Any]:
    row = [{"text": text, "callback_data": data} for text, data in buttons.items()]
    return {"inline_keyboard": [[*row, {"text": "Runbook", "url": "https://example.org"}]]}


def call(telegram: Telegram, method: str, **params: Any) -> Any:
    _, answer = telegram.call(BOT, method, json.dumps(params).encode())
    return answer["result"]


def pressed(telegram: Telegram) -> tuple[int, str]:
    """A message, and the query of somebody who acknowledges it."""
    markup = keyboard(Acknowledge=ACKNOWLEDGE)
    sent = call(telegram, "sendMessage", chat_id=-1005, text="An alert", reply_markup=markup)
    number = sent["message_id"]
    return number, telegram.press(number, ["Acknowledge", "Unacknowledge"], 501)


def became_of(telegram: Telegram, query: str) -> Press:
    return telegram.presses.made[query]


async def polled(telegram: Telegram, **params: Any) -> list[dict[str, Any]]:
    return await telegram.updates.poll(BOT, {"timeout": 1, **params})


def test_the_bot_hears_who_pressed_what_until_it_confirms() -> None:
    telegram = Telegram()
    number, query = pressed(telegram)

    async def poll() -> None:
        (update,) = await polled(telegram)
        told = update["callback_query"]
        assert (told["id"], told["data"], told["from"]["id"]) == (query, ACKNOWLEDGE, 501)
        assert told["message"]["message_id"] == number
        assert told["message"]["chat"]["id"] == -1005
        assert await polled(telegram) == [update], "not confirmed"
        assert await polled(telegram, offset=update["update_id"] + 1, timeout=0.01) == []

    asyncio.run(poll())


def test_a_poll_waits_for_the_press() -> None:
    async def poll() -> None:
        telegram = Telegram()
        waiting = asyncio.create_task(polled(telegram, timeout=30))
        await asyncio.sleep(0)
        assert not waiting.done()
        pressed(telegram)
        assert len(await waiting) == 1

    asyncio.run(poll())


def test_the_first_answer_counts() -> None:
    telegram = Telegram()
    _, query = pressed(telegram)
    call(telegram, "answerCallbackQuery", callback_query_id="unknown")
    assert not became_of(telegram, query).answered
    call(telegram, "answerCallbackQuery", callback_query_id=query)
    first = became_of(telegram, query).answered
    assert first
    call(telegram, "answerCallbackQuery", callback_query_id=query)
    assert became_of(telegram, query).answered == first


def test_it_is_shown_by_what_offers_the_button_no_more() -> None:
    telegram = Telegram()
    number, query = pressed(telegram)
    edit = {"chat_id": -1005, "message_id": number, "text": "An alert"}
    call(telegram, "editMessageText", **edit, reply_markup=keyboard(Acknowledge=ACKNOWLEDGE))
    assert not became_of(telegram, query).shown
    call(telegram, "editMessageText", **edit, reply_markup=keyboard(Unacknowledge=UNACKNOWLEDGE))
    assert became_of(telegram, query).shown >= became_of(telegram, query).pressed
    again = telegram.press(number, ["Acknowledge", "Unacknowledge"], 501)
    assert became_of(telegram, again).data == UNACKNOWLEDGE


def test_what_was_refused_shows_nothing() -> None:
    telegram = Telegram()
    number, query = pressed(telegram)
    telegram.set_up(0.0, limited=True)
    for _ in range(3):
        call(telegram, "sendMessage", chat_id=-1005, text="x")
    edit = {"chat_id": -1005, "message_id": number, "text": "An alert"}
    status, _ = telegram.call(BOT, "editMessageText", json.dumps(edit).encode())
    assert status == 429
    assert not became_of(telegram, query).shown


def test_a_webhook_is_set_told_and_deleted() -> None:
    telegram = Telegram()
    assert call(telegram, "getWebhookInfo")["url"] == ""
    call(telegram, "setWebhook", url="http://127.0.0.1:1/x/", allowed_updates=["message"])
    info = call(telegram, "getWebhookInfo")
    assert (info["url"], info["allowed_updates"]) == ("http://127.0.0.1:1/x/", ["message"])
    call(telegram, "deleteWebhook")
    assert call(telegram, "getWebhookInfo")["url"] == ""


def test_a_webhook_gets_what_it_did_not_take_again() -> None:
    heard: list[tuple[bytes, dict[str, Any]]] = []

    async def hook(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        heard.append((head, json.loads(await reader.readexactly(length))))
        status = b"503" if len(heard) == 1 else b"200"
        writer.write(b"HTTP/1.1 " + status + b" -\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def run() -> None:
        telegram = Telegram()
        server = await asyncio.start_server(hook, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        call(telegram, "setWebhook", url=f"http://127.0.0.1:{port}/x/", secret_token="s3")
        pressed(telegram)
        async with asyncio.timeout(30):
            while len(heard) < 2:
                await asyncio.sleep(0.01)
        server.close()

    asyncio.run(run())
    (first, update), (_, again) = heard
    assert first.startswith(b"POST /x/ ")
    assert b"X-Telegram-Bot-Api-Secret-Token: s3\r\n" in first
    assert update == again
