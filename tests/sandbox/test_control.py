"""The control API: what it tells of the world, the journal, and how it refuses nonsense."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from sandbox.scenery import STATES
from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json, SandboxHandle


def test_the_default_world(telegram: SandboxHandle) -> None:
    world = telegram.reset(default_world=True)
    assert [bot["username"] for bot in world["bots"]] == ["tocsin_sandbox_bot"]
    kinds = sorted((chat["type"], len(chat["topics"])) for chat in world["chats"])
    assert kinds == [
        ("channel", 0),
        ("group", 0),
        ("private", 0),
        ("private", 0),
        ("supergroup", 2),
    ]
    token = world["bots"][0]["token"]
    for chat in world["chats"]:
        if not chat["states"]:
            continue
        url = f"{telegram.url}/bot{token}/sendMessage"
        parameters = {"chat_id": chat["id"], "text": "x"}
        assert requests.post(url, json=parameters, timeout=60).json()["ok"], chat


def test_reset_leaves_nothing(stage: Stage) -> None:
    stage.send()
    stage.telegram.fault("internal_error", count=None)
    stage.telegram.set_flood("published")
    assert stage.telegram.reset() == {"bots": [], "users": [], "chats": []}
    assert stage.telegram.calls() == []
    assert stage.telegram.api(stage.bot, "getMe")["error_code"] == 401


def test_the_journal_tells_what_was_called(stage: Stage) -> None:
    before = time.time()
    stage.send("hello", parse_mode="HTML")
    files = {"document": ("a.txt", b"xyz")}
    stage.telegram.upload(stage.bot, "sendDocument", files, chat_id=stage.chat.id)
    stage.refusal("sendmessage", text="")
    sent, uploaded, refused = stage.telegram.calls()
    assert (sent.method, sent.status, sent.message_id) == ("sendMessage", 200, 1)
    assert (sent.bot_id, sent.chat_id) == (stage.bot.id, stage.chat.id)
    expected = {"chat_id": str(stage.chat.id), "text": "hello", "parse_mode": "HTML"}
    assert sent.parameters == expected
    assert before <= sent.time <= uploaded.time <= time.time()
    file = {"field": "document", "file_name": "a.txt", "size": 3, "text": ""}
    assert uploaded.files == [file], "the text only of what says that it is text"
    assert (refused.method, refused.status) == ("sendMessage", 400)
    assert refused.description == "Bad Request: message text is empty"
    assert [call.sequence for call in stage.telegram.calls("sendDocument")] == [uploaded.sequence]
    assert stage.telegram.calls(since=uploaded.sequence) == [refused]
    assert stage.telegram.calls(bot=stage.telegram.create_bot()) == []
    assert stage.bot.token not in repr(stage.telegram.calls())
    cursor = stage.telegram.cursor()
    assert cursor == refused.sequence
    stage.telegram.clear_calls()
    assert stage.telegram.calls() == []
    stage.send()
    assert stage.telegram.calls()[0].sequence == cursor + 1


def test_calls_with_unknown_tokens_are_told_without_them(stage: Stage) -> None:
    token = "123:AA" + "x" * 32 + "A"
    requests.get(f"{stage.telegram.url}/bot{token}/getMe", timeout=60)
    (call,) = stage.telegram.calls()
    assert (call.bot_id, call.method, call.status) == (0, "getMe", 401)
    assert token not in repr(call)


def test_waiting_for_calls_and_messages(stage: Stage) -> None:
    later = threading.Timer(0.2, lambda: [stage.send(str(number)) for number in range(3)])
    later.start()
    messages = stage.telegram.wait_for_messages(stage.chat, 3)
    assert [message.text for message in messages] == ["0", "1", "2"]
    assert len(stage.telegram.wait_for_calls("sendMessage", 3)) == 3
    with pytest.raises(AssertionError, match="3 messages instead of 4"):
        stage.telegram.wait_for_messages(stage.chat, 4, timeout=0.2)
    later.join()


def test_clearing_one_chat(stage: Stage) -> None:
    other = stage.telegram.create_chat()
    first = stage.send()
    stage.send(chat_id=other.id)
    stage.telegram.clear_messages(stage.chat)
    assert stage.telegram.messages(stage.chat) == []
    assert len(stage.telegram.messages(other)) == 1
    assert stage.send()["message_id"] == first["message_id"] + 2


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "error"),
    [
        ("POST", "/chats", {"kind": "secret"}, 400, "kind: 'secret' is none of private, group"),
        ("POST", "/chats", {"kind": 5}, 400, "kind: must be text, not 5"),
        ("POST", "/chats", {"kind": "group", "bot_id": 7}, 404, "bot 7 not found"),
        ("POST", "/chats", {"kind": "group", "state": "odd"}, 400, "state: 'odd' is none of"),
        (
            "POST",
            "/chats",
            {"kind": "group", "forbidden": ["song"]},
            400,
            "forbidden: 'song' is none of text",
        ),
        ("POST", "/chats", {"kind": "channel", "state": "upgraded"}, 400, "only a group can be"),
        ("POST", "/chats", {"kind": "group", "state": "deactivated"}, 400, "only a person can be"),
        ("POST", "/chats/1/state", {"state": "kicked"}, 404, "chat 1 not found"),
        ("POST", "/chats/x/state", {"state": "kicked"}, 404, "chat x not found"),
        ("POST", "/faults", {"kind": "earthquake"}, 400, "kind: 'earthquake' is none of"),
        ("POST", "/faults", {"kind": "delay", "seconds": "1"}, 400, "seconds: must be a number"),
        ("POST", "/settings", {"flood": "high"}, 400, "flood: 'high' is none of off, published"),
        ("POST", "/settings", [], 400, "the body must be a JSON object"),
        ("POST", "/bots/7/updates", {"message": {}}, 404, "bot 7 not found"),
        ("DELETE", "/faults/7", None, 404, "fault not found"),
    ],
)
def test_nonsense_is_refused_by_name(
    telegram: SandboxHandle, verb: str, path: str, body: object, status: int, error: str
) -> None:
    url = f"{telegram.url}/_sandbox{path}"
    response = requests.request(verb, url, json=body, timeout=60)
    assert response.status_code == status
    assert error in response.json()["error"]


def test_other_web_sites_are_refused(telegram: SandboxHandle) -> None:
    url = f"{telegram.url}/_sandbox/reset"
    stranger = {"Origin": "https://evil.example"}
    assert requests.post(url, headers=stranger, timeout=60).status_code == 403
    own = {"Origin": telegram.url}
    assert requests.post(url, headers=own, timeout=60).status_code == 200


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_set_where_it_makes_sense(telegram: SandboxHandle, state: str) -> None:
    telegram.create_bot()
    chat = telegram.create_chat("private" if state == "deactivated" else "group")
    changed: Json = telegram.set_state(chat, state)
    assert state in {changed["condition"], *changed["states"].values()}
