"""getUpdates, webhooks as settings, commands, and leaving the server."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from tests import clock
from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json


def _updates(stage: Stage, **parameters: Any) -> list[Json]:
    envelope = stage.call("getUpdates", **parameters)
    assert envelope["ok"], envelope
    found: list[Json] = envelope["result"]
    return found


def test_what_people_write_arrives_in_order(stage: Stage) -> None:
    stage.telegram.say(stage.chat, "/start abc")
    stage.telegram.say(stage.chat, "two")
    first, second = _updates(stage)
    assert second["update_id"] == first["update_id"] + 1
    message = first["message"]
    assert message["from"] == {"id": stage.chat.id, "is_bot": False, "first_name": "Ada"}
    assert message["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]
    assert _updates(stage, limit=1) == [first]
    assert _updates(stage, offset=second["update_id"]) == [second]
    assert _updates(stage) == [second]
    assert _updates(stage, offset=second["update_id"] + 1) == []


def test_negative_and_far_offsets(stage: Stage) -> None:
    for number in range(4):
        stage.telegram.say(stage.chat, str(number))
    newest = _updates(stage, offset=-2)
    assert [update["message"]["text"] for update in newest] == ["2", "3"]
    assert len(_updates(stage)) == 2
    assert len(_updates(stage, offset=newest[-1]["update_id"] + 100)) == 2


def test_waiting_for_the_first_update(stage: Stage) -> None:
    found: list[list[Json]] = []
    waiting = threading.Thread(target=lambda: found.append(_updates(stage, timeout=50)))
    waiting.start()
    clock.sleep(0.5)
    stage.telegram.say(stage.chat, "now")
    waiting.join(timeout=60)
    assert [update["message"]["text"] for update in found[0]] == ["now"]
    started, began = clock.now(), time.monotonic()
    assert _updates(stage, offset=found[0][0]["update_id"] + 1, timeout=1) == []
    assert time.monotonic() - began > 0.9
    assert clock.now() - started < 4


def test_a_second_waiting_call_ends_the_first(stage: Stage) -> None:
    ended: list[Json] = []
    first = threading.Thread(target=lambda: ended.append(stage.call("getUpdates", timeout=50)))
    first.start()
    clock.sleep(0.5)
    assert _updates(stage, timeout=1) == []
    first.join(timeout=60)
    assert ended[0] == {
        "ok": False,
        "error_code": 409,
        "description": (
            "Conflict: terminated by other getUpdates request; "
            "make sure that only one bot instance is running"
        ),
    }


def test_allowed_updates_stick(stage: Stage) -> None:
    assert _updates(stage, allowed_updates=["callback_query"]) == []
    stage.telegram.say(stage.chat, "unheard")
    assert _updates(stage) == []
    assert _updates(stage, allowed_updates=[]) == []
    stage.telegram.say(stage.chat, "heard")
    assert len(_updates(stage)) == 1


def test_groups_and_channels_are_heard_by_their_bots(stage: Stage) -> None:
    outsider = stage.telegram.create_bot()
    group = stage.telegram.create_chat("group", bot=stage.bot)
    channel = stage.telegram.create_chat("channel", bot=stage.bot)
    stage.telegram.say(group, "in the group", from_id=stage.chat.id)
    stage.telegram.say(channel, "a post", from_id=stage.chat.id)
    in_group, post = _updates(stage)
    assert in_group["message"]["chat"]["id"] == group.id
    assert post["channel_post"]["sender_chat"]["id"] == channel.id
    assert stage.telegram.api(outsider, "getUpdates")["result"] == []


def test_webhook_settings(stage: Stage) -> None:
    def info() -> Json:
        answer: Json = stage.call("getWebhookInfo")["result"]
        return answer

    assert info() == {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
    parameters: Json = {"url": "http://web:8000/telegram/1/", "allowed_updates": ["message"]}
    was_set = stage.call("setWebhook", secret_token="s-1", **parameters)
    assert was_set == {"ok": True, "result": True, "description": "Webhook was set"}
    again = stage.call("setWebhook", secret_token="s-1", **parameters)
    assert again["description"] == "Webhook is already set"
    stage.telegram.say(stage.chat, "x")
    told = {name: value for name, value in info().items() if not name.startswith("last_error")}
    assert told == {
        "url": "http://web:8000/telegram/1/",
        "has_custom_certificate": False,
        "pending_update_count": 1,
        "max_connections": 40,
        "allowed_updates": ["message"],
    }
    assert stage.refusal("getUpdates") == (
        "Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    deleted = stage.call("deleteWebhook", drop_pending_updates=True)
    assert deleted["description"] == "Webhook was deleted"
    assert stage.call("deleteWebhook")["description"] == "Webhook is already deleted"
    assert info()["pending_update_count"] == 0


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"url": "http://"}, "invalid webhook URL specified"),
        ({"url": "ftp://e.com"}, "invalid webhook URL specified"),
        ({"url": "http://e.com:99999/"}, "invalid webhook URL specified"),
        ({"url": "e.com", "secret_token": "x" * 257}, "secret token is too long"),
        ({"url": "e.com", "secret_token": "ä"}, "secret token contains unallowed characters"),
    ],
)
def test_refused_webhooks(stage: Stage, parameters: Json, expected: str) -> None:
    assert stage.refusal("setWebhook", **parameters) == f"Bad Request: {expected}"


def test_commands_are_kept_by_scope_and_language(stage: Stage) -> None:
    commands = [{"command": "/status", "description": " Open alerts "}]
    assert stage.call("setMyCommands", commands=commands)["result"] is True
    stored = [{"command": "status", "description": "Open alerts"}]
    assert stage.call("getMyCommands")["result"] == stored
    assert stage.call("getMyCommands", language_code="de")["result"] == []
    scope = {"type": "chat", "chat_id": stage.chat.id}
    assert stage.call("getMyCommands", scope=scope)["result"] == []
    stage.call("setMyCommands", commands=commands, scope=scope, language_code="de")
    assert stage.call("getMyCommands", scope=scope, language_code="de")["result"] == stored
    assert stage.call("deleteMyCommands")["result"] is True
    assert stage.call("getMyCommands")["result"] == []


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"commands": "{"}, "can't parse commands JSON object"),
        ({"commands": {}}, "expected an Array of BotCommand"),
        ({"commands": [1]}, "can't parse BotCommand: expected an Object"),
        (
            {"commands": [{"command": "a"}]},
            "can't parse BotCommand: Can't find field \"description\"",
        ),
        ({"commands": [{"command": "/", "description": "a"}]}, "command must be non-empty"),
        (
            {"commands": [{"command": "a" * 33, "description": "a"}]},
            "command length must not exceed 32",
        ),
        (
            {"commands": [{"command": "a", "description": "a" * 257}]},
            "command description length must not exceed 256",
        ),
        ({"commands": [{"command": "A-B", "description": "a"}]}, "BOT_COMMAND_INVALID"),
        ({"language_code": "deu"}, "invalid language code specified"),
        ({"scope": "{"}, "can't parse BotCommandScope JSON object"),
        (
            {"scope": {"type": "moon"}},
            "can't parse BotCommandScope: Unsupported type specified",
        ),
        (
            {"scope": {"type": "chat", "chat_id": ""}},
            "can't parse BotCommandScope: Empty chat_id specified",
        ),
        ({"scope": {"type": "chat", "chat_id": 999}}, "chat not found"),
    ],
)
def test_refused_commands(stage: Stage, parameters: Json, expected: str) -> None:
    assert stage.refusal("setMyCommands", **parameters) == f"Bad Request: {expected}"


def test_callback_queries_are_answered_once(stage: Stage) -> None:
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    query = {"id": "4241234567890123456", "from": {"id": stage.chat.id}, "data": "ack"}
    queued = stage.telegram.queue_update(stage.bot, "callback_query", query)
    assert _updates(stage) == [queued]
    assert stage.refusal("answerCallbackQuery", callback_query_id="7") == too_old
    answer = {"callback_query_id": query["id"], "text": "Done"}
    assert stage.call("answerCallbackQuery", **answer)["result"] is True
    assert stage.refusal("answerCallbackQuery", **answer) == too_old


@pytest.mark.parametrize("method", ["logOut", "close"])
def test_leaving_the_server(stage: Stage, method: str) -> None:
    assert stage.call(method)["result"] is True
    assert stage.call("getMe")["ok"]


@pytest.mark.parametrize(
    ("method", "code", "expected"),
    [("logOut", 400, "Logged out"), ("close", 500, "Internal Server Error: restart")],
)
def test_leaving_ends_who_waits(stage: Stage, method: str, code: int, expected: str) -> None:
    ended: list[Json] = []
    waiting = threading.Thread(target=lambda: ended.append(stage.call("getUpdates", timeout=50)))
    waiting.start()
    clock.sleep(0.5)
    stage.call(method)
    waiting.join(timeout=60)
    assert ended[0] == {"ok": False, "error_code": code, "description": expected}


def test_a_closed_bot_comes_back_by_its_next_call(stage: Stage) -> None:
    assert stage.call("close")["ok"]
    assert stage.refusal("close") == "Bad Request: the bot has already been closed"
    assert stage.call("getMe")["ok"]
    assert stage.call("close")["ok"]


def test_logging_out_forgets_webhook_and_updates(stage: Stage) -> None:
    stage.call("setWebhook", url="http://127.0.0.1:1/")
    stage.telegram.say(stage.chat, "x")
    stage.call("logOut")
    expected = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
    assert stage.call("getWebhookInfo")["result"] == expected
