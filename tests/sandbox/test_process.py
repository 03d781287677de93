"""The process: starting, stopping, keeping its world, and saying nothing that it should not."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests import clock
from tests.ports import free_port
from tests.sandbox.pictures import png
from tests.sandbox.process import (
    ROOT,
    Json,
    SandboxBot,
    SandboxChat,
    SandboxHandle,
    running_sandbox,
)


def _first_bot(telegram: SandboxHandle) -> SandboxBot:
    bot = telegram.world()["bots"][0]
    return SandboxBot(bot["id"], bot["token"], bot["username"])


def _chats(telegram: SandboxHandle) -> dict[str, SandboxChat]:
    return {
        chat.get("title") or chat["first_name"]: SandboxChat(chat["id"], chat["type"], "")
        for chat in telegram.world()["chats"]
    }


def test_a_restart_keeps_chats_messages_and_files(tmp_path: Path) -> None:
    with running_sandbox(state=tmp_path) as telegram:
        bot, chats = _first_bot(telegram), _chats(telegram)
        ada, forum = chats["Ada"], chats["Operations"]
        message = telegram.api(bot, "sendMessage", chat_id=ada.id, text="one")["result"]
        target = {"chat_id": ada.id, "message_id": message["message_id"]}
        telegram.api(bot, "editMessageText", text="two", **target)
        photo = telegram.upload(bot, "sendPhoto", {"photo": ("a.png", png(9, 9))}, chat_id=ada.id)
        file_id = photo["result"]["photo"][-1]["file_id"]
        doomed = telegram.api(bot, "sendMessage", chat_id=ada.id, text="gone")["result"]
        telegram.api(bot, "deleteMessage", chat_id=ada.id, message_id=doomed["message_id"])
        telegram.create_topic(forum, "Third")
        telegram.set_state(chats["Night shift"], "kicked")
        telegram.say(ada, "hello bot")
        before, kept = telegram.world(), telegram.messages(ada, deleted=True)
    with running_sandbox(state=tmp_path) as telegram:
        assert telegram.world() == before
        assert telegram.messages(ada, deleted=True) == kept
        assert [version["content"]["text"] for version in kept[0].versions] == ["one"]
        resent = telegram.api(bot, "sendPhoto", chat_id=ada.id, photo=file_id)["result"]
        assert resent["photo"] == photo["result"]["photo"]
        assert resent["message_id"] == kept[-1].message_id + 1
        (update,) = telegram.api(bot, "getUpdates")["result"]
        assert update["message"]["text"] == "hello bot"
        path = telegram.api(bot, "getFile", file_id=file_id)["result"]["file_path"]
        url = f"{telegram.url}/file/bot{bot.token}/{path}"
        assert requests.get(url, timeout=60).content == png(9, 9)
        telegram.reset()
    with running_sandbox(state=tmp_path) as telegram:
        assert [bot["username"] for bot in telegram.world()["bots"]] == ["tocsin_sandbox_bot"]
        assert list((tmp_path / "files").iterdir()) == []


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    with running_sandbox(state=tmp_path) as telegram:
        bot, ada = _first_bot(telegram), _chats(telegram)["Ada"]
        telegram.api(bot, "sendMessage", chat_id=ada.id, text="kept")
        clock.sleep(0.6)
        telegram.process.kill()
        telegram.process.wait()
    with running_sandbox(state=tmp_path) as telegram:
        assert [message.text for message in telegram.messages(ada)] == ["kept"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_it_at_once(number: signal.Signals) -> None:
    with running_sandbox() as telegram:
        bot = telegram.create_bot()
        telegram.fault("hang_before", method="getMe")
        url = f"{telegram.url}/bot{bot.token}/getMe"
        with pytest.raises(requests.ReadTimeout):
            requests.get(url, timeout=0.2)
        with requests.get(f"{telegram.url}/_sandbox/page/events", stream=True, timeout=60):
            started = clock.now()
            telegram.process.send_signal(number)
            assert telegram.process.wait(timeout=60) == 0
            assert clock.now() - started < 4, "an orderly end would wait for both"


def test_it_prints_one_line_and_no_token() -> None:
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        handle = SandboxHandle(f"http://127.0.0.1:{port}", process)
        bot = _first_bot(handle)
        handle.api(bot, "sendMessage", chat_id=1, text="x")
        requests.get(f"{handle.url}/bot{bot.token}/getMe/../x", timeout=60)
        requests.get(f"{handle.url}/file/bot{bot.token}/../x", timeout=60)
        process.terminate()
        rest = process.stdout.read()
    assert ready == f"sandbox ready on http://127.0.0.1:{port}/\n"
    assert rest == ""


def test_a_taken_port_is_told() -> None:
    with running_sandbox() as telegram:
        port = telegram.url.rpartition(":")[2]
        command = [sys.executable, "-m", "sandbox", "--port", port]
        ended = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in ended.stderr


def test_a_folder_of_another_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as database:
        database.execute("PRAGMA user_version=99")
    command = [sys.executable, "-m", "sandbox", "--port", str(free_port()), "--state"]
    ended = subprocess.run(
        [*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "was written by another version of the sandbox (schema 99" in ended.stderr


EARLIER_UPDATE = {"update_id": 41, "message": {"message_id": 1}}
EARLIER_PERSON = {"id": 7, "first_name": "Ada", "last_name": "", "username": "", "is_bot": False}
EARLIER: dict[tuple[str, str], Json] = {
    ("users", "7"): EARLIER_PERSON,
    ("bots", "70"): {
        "user": {"id": 70, "first_name": "Alerts", "is_bot": True},
        "token": "70:" + "A" * 35,
        "last_message_id": 1,
        "last_update_id": 41,
        "updates": [EARLIER_UPDATE],
        "allowed_updates": None,
        "webhook": {"url": "", "secret_token": "", "max_connections": 40, "ip_address": ""},
        "commands": {},
    },
    ("chats", "7"): {
        "id": 7,
        "kind": "private",
        "condition": "open",
        "topics": {},
        "members": {},
        "standings": {"70": "active"},
        "forbidden": {},
    },
    ("messages", "70:7:1"): {
        "message_id": 1,
        "chat_id": 7,
        "bot_id": 70,
        "from_id": 70,
        "time": 1.5,
        "content": {"kind": "text", "fields": {"text": "kept"}},
        "versions": [],
        "dialog_bot_id": 70,
    },
}
"""As a version wrote it that knew nothing of what people do: updates as they are, no rights."""


def test_a_folder_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "sandbox.sqlite3")) as database, database:
        database.execute("PRAGMA user_version=1")
        database.execute(
            "CREATE TABLE objects (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, "
            "PRIMARY KEY (kind, key))"
        )
        rows = [(*key, json.dumps(value)) for key, value in EARLIER.items()]
        database.executemany("INSERT INTO objects VALUES (?, ?, ?)", rows)
    with running_sandbox(state=tmp_path) as telegram:
        bot = SandboxBot(70, "70:" + "A" * 35, "")
        assert telegram.api(bot, "getUpdates")["result"] == [EARLIER_UPDATE]
        (found,) = telegram.messages(SandboxChat(7, "private", ""))
        assert found.text == "kept"


def test_what_people_did_survives_a_restart(tmp_path: Path) -> None:
    with running_sandbox(state=tmp_path) as telegram:
        bot, chats = _first_bot(telegram), _chats(telegram)
        ada, forum = chats["Ada"], chats["Operations"]
        telegram.change_bot(bot, supports_inline_queries=True, inline_feedback=True)
        rights = ["can_pin_messages"]
        acting = {"from_id": ada.id, "rights": rights}
        telegram.change_member(forum, bot.id, "administrator", **acting)
        asked = telegram.act(f"/bots/{bot.id}/inline", from_id=ada.id, query="x", chat_id=forum.id)
        keyboard = {"inline_keyboard": [[{"text": "Ack", "callback_data": "ack"}]]}
        text = {"message_text": "before"}
        result = {"type": "article", "id": "1", "title": "T", "input_message_content": text}
        results = [result | {"reply_markup": keyboard}]
        telegram.api(bot, "answerInlineQuery", inline_query_id=asked["id"], results=results)
        telegram.act(f"/bots/{bot.id}/inline/{asked['id']}/choose", result_id="1")
        updates = telegram.api(bot, "getUpdates")["result"]
    with running_sandbox(state=tmp_path) as telegram:
        assert telegram.api(bot, "getUpdates")["result"] == updates
        assert telegram.api(bot, "getMe")["result"]["supports_inline_queries"] is True
        mine = telegram.api(bot, "getChatMember", chat_id=forum.id, user_id=bot.id)["result"]
        assert [name for name in mine if mine[name] is True] == rights
        chosen = updates[-1]["chosen_inline_result"]["inline_message_id"]
        edit = {"inline_message_id": chosen, "text": "after"}
        assert telegram.api(bot, "editMessageText", **edit)["result"] is True
        assert telegram.messages(forum)[-1].text == "after"
