"""Who may write where, and what Telegram says to the others."""

from __future__ import annotations

import pytest

from tests.sandbox.conftest import Stage
from tests.sandbox.pictures import png
from tests.sandbox.process import Json, Kind

STATES: list[tuple[Kind, str, int, str]] = [
    ("private", "never_started", 400, "Bad Request: chat not found"),
    ("private", "blocked", 403, "Forbidden: bot was blocked by the user"),
    ("private", "deactivated", 403, "Forbidden: user is deactivated"),
    ("group", "kicked", 403, "Forbidden: bot was kicked from the group chat"),
    ("group", "not_member", 403, "Forbidden: bot is not a member of the group chat"),
    ("group", "deleted", 403, "Forbidden: the group chat was deleted"),
    ("group", "no_write_access", 400, "Bad Request: have no write access to the chat"),
    ("supergroup", "kicked", 403, "Forbidden: bot was kicked from the supergroup chat"),
    ("supergroup", "not_member", 403, "Forbidden: bot is not a member of the supergroup chat"),
    ("supergroup", "deleted", 400, "Bad Request: chat not found"),
    ("supergroup", "write_forbidden", 400, "Bad Request: CHAT_WRITE_FORBIDDEN"),
    ("channel", "kicked", 403, "Forbidden: bot was kicked from the channel chat"),
    ("channel", "not_member", 403, "Forbidden: bot is not a member of the channel chat"),
    ("channel", "not_admin", 400, "Bad Request: need administrator rights in the channel chat"),
]


@pytest.mark.parametrize(("kind", "state", "code", "description"), STATES)
def test_states(stage: Stage, kind: Kind, state: str, code: int, description: str) -> None:
    chat = stage.telegram.create_chat(kind)
    stage.telegram.set_state(chat, state, bot=stage.bot)
    answer = stage.call("sendMessage", chat_id=chat.id, text="x")
    assert answer == {"ok": False, "error_code": code, "description": description}
    stage.telegram.set_state(chat, "active")
    assert stage.call("sendMessage", chat_id=chat.id, text="x")["ok"]


def test_a_person_whom_the_bot_has_seen_in_a_group(stage: Stage) -> None:
    person = stage.telegram.create_chat(state="never_started")
    assert stage.refusal("getChat", chat_id=person.id) == "Bad Request: chat not found"
    stage.telegram.create_chat("group", members=[person.id])
    said = stage.refusal("sendMessage", chat_id=person.id, text="x")
    assert said == "Forbidden: bot can't initiate conversation with a user"
    assert stage.call("getChat", chat_id=person.id)["ok"]


def test_upgraded_group(stage: Stage) -> None:
    group = stage.telegram.create_chat("group", title="Ops")
    new_id = stage.telegram.set_state(group, "upgraded")["migrate_to_chat_id"]
    assert stage.call("sendMessage", chat_id=group.id, text="x") == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": new_id},
    }
    message = stage.send(chat_id=new_id)
    assert message["chat"] == {"id": new_id, "title": "Ops", "type": "supergroup"}
    assert stage.call("getChat", chat_id=group.id)["result"]["type"] == "group"


@pytest.mark.parametrize(
    ("chat_id", "expected"),
    [
        ("", "chat_id is empty"),
        ("abc", "chat not found"),
        ("999", "chat not found"),
        ("@ada", "chat not found"),
        ("@nobody_here", "chat not found"),
    ],
)
def test_unknown_chats(stage: Stage, chat_id: str, expected: str) -> None:
    stage.telegram.create_chat(username="ada")
    assert stage.refusal("sendMessage", chat_id=chat_id, text="x") == f"Bad Request: {expected}"


def test_channels_by_name(stage: Stage) -> None:
    channel = stage.telegram.create_chat("channel", title="Status", username="acme_status")
    message = stage.send(chat_id="@ACME_status")
    assert "from" not in message
    assert message["sender_chat"] == message["chat"]
    assert message["chat"] == {
        "id": channel.id,
        "title": "Status",
        "username": "acme_status",
        "type": "channel",
    }


def test_content_that_may_not_be_sent(stage: Stage) -> None:
    group = stage.telegram.create_chat("supergroup", forbidden=["photo", "document"])

    def upload(kind: str, content: bytes) -> Json:
        files = {kind: ("a.png", content)}
        method = f"send{kind.title()}"
        return stage.telegram.upload(stage.bot, method, files, chat_id=group.id)

    assert stage.call("sendMessage", chat_id=group.id, text="x")["ok"]
    for kind in ("photo", "document"):
        said = upload(kind, png(9, 9))["description"]
        assert said == f"Bad Request: not enough rights to send {kind}s to the chat"
    stage.telegram.set_state(group, "active", forbidden=["text"])
    said = stage.refusal("sendMessage", chat_id=group.id, text="x")
    assert said == "Bad Request: not enough rights to send text messages to the chat"
    assert upload("photo", png(9, 9))["ok"]
    member = stage.call("getChatMember", chat_id=group.id, user_id=stage.bot.id)["result"]
    assert (member["status"], member["can_send_messages"]) == ("restricted", False)


def test_topics(stage: Stage) -> None:
    forum = stage.telegram.create_chat("supergroup", topics=["Databases", "Network"])
    topic = forum.topics["Databases"]

    def send(**parameters: object) -> Json:
        return stage.call("sendMessage", chat_id=forum.id, text="x", **parameters)

    message = send(message_thread_id=topic)["result"]
    assert (message["message_thread_id"], message["is_topic_message"]) == (topic, True)
    assert list(message)[-1] == "is_topic_message"
    assert message["chat"]["is_forum"] is True
    general = send()["result"]
    assert "message_thread_id" not in general
    missing = "Bad Request: message thread not found"
    assert send(message_thread_id=1)["description"] == missing
    assert send(message_thread_id=4711)["description"] == missing
    assert "message_thread_id" not in send(message_thread_id=-5)["result"]
    answer = send(reply_parameters={"message_id": message["message_id"]})["result"]
    assert answer["message_thread_id"] == topic
    stage.telegram.close_topic(forum, topic)
    assert send(message_thread_id=topic)["description"] == "Bad Request: TOPIC_CLOSED"
    stage.telegram.set_state(forum, "administrator")
    assert send(message_thread_id=topic)["ok"]
    stage.telegram.delete_topic(forum, topic)
    assert send(message_thread_id=topic)["description"] == missing


@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_outside_forums_the_topic_is_ignored(stage: Stage, kind: Kind) -> None:
    chat = stage.telegram.create_chat(kind)
    assert "message_thread_id" not in stage.send(chat_id=chat.id, message_thread_id=77)


def test_in_private_chats_a_topic_must_exist(stage: Stage) -> None:
    said = stage.refusal("sendMessage", text="x", message_thread_id=77)
    assert said == "Bad Request: message thread not found"


def test_message_ids_count_per_bot_or_per_chat(stage: Stage) -> None:
    other = stage.telegram.create_bot("Other")
    group = stage.telegram.create_chat("group")
    supergroup = stage.telegram.create_chat("supergroup")
    person = stage.telegram.create_chat()

    def number(bot: object, chat_id: int) -> int:
        chosen = other if bot is other else stage.bot
        result = stage.telegram.api(chosen, "sendMessage", chat_id=chat_id, text="x")["result"]
        message_id: int = result["message_id"]
        return message_id

    assert [number(stage.bot, stage.chat.id), number(stage.bot, person.id)] == [1, 2]
    assert number(stage.bot, group.id) == 3
    assert number(other, person.id) == 1
    assert number(other, group.id) == 4
    assert [number(stage.bot, supergroup.id), number(other, supergroup.id)] == [1, 2]


def test_bots_do_not_see_each_others_private_chats(stage: Stage) -> None:
    message = stage.send()
    other = stage.telegram.create_bot("Other")
    assert stage.telegram.api(other, "getChat", chat_id=stage.chat.id)["ok"] is False
    answer = stage.telegram.api(
        other, "editMessageText", chat_id=stage.chat.id, message_id=message["message_id"], text="y"
    )
    assert answer["description"] == "Bad Request: chat not found"


CHAT_READS: list[tuple[Kind, str, bool]] = [
    ("private", "blocked", True),
    ("private", "deactivated", True),
    ("group", "kicked", True),
    ("group", "deleted", True),
    ("supergroup", "kicked", False),
    ("supergroup", "not_member", False),
    ("channel", "not_admin", True),
]


@pytest.mark.parametrize(("kind", "state", "readable"), CHAT_READS)
def test_get_chat(stage: Stage, kind: Kind, state: str, readable: bool) -> None:
    chat = stage.telegram.create_chat(kind)
    stage.telegram.set_state(chat, state)
    assert stage.call("getChat", chat_id=chat.id)["ok"] is readable


def test_public_supergroups_can_be_read_from_outside(stage: Stage) -> None:
    chat = stage.telegram.create_chat("supergroup", username="acme_ops", state="not_member")
    assert stage.call("getChat", chat_id="@acme_ops")["result"]["id"] == chat.id


MEMBERS: list[tuple[Kind, str, str]] = [
    ("group", "active", "member"),
    ("group", "not_member", "left"),
    ("supergroup", "administrator", "administrator"),
    ("channel", "active", "administrator"),
    ("channel", "not_admin", "member"),
]


@pytest.mark.parametrize(("kind", "state", "status"), MEMBERS)
def test_the_bots_own_membership(stage: Stage, kind: Kind, state: str, status: str) -> None:
    chat = stage.telegram.create_chat(kind)
    stage.telegram.set_state(chat, state)
    member = stage.call("getChatMember", chat_id=chat.id, user_id=stage.bot.id)["result"]
    assert list(member)[:2] == ["user", "status"]
    assert (member["user"]["id"], member["status"]) == (stage.bot.id, status)


def test_membership_of_people(stage: Stage) -> None:
    group = stage.telegram.create_chat("group", members=[stage.chat.id])
    stranger = stage.telegram.create_chat()

    def status(user_id: object) -> str:
        answer = stage.call("getChatMember", chat_id=group.id, user_id=user_id)
        said: str = answer["result"]["status"] if answer["ok"] else answer["description"]
        return said

    assert status(stage.chat.id) == "member"
    assert status(stranger.id) == "left"
    assert status(0) == "Bad Request: invalid user_id specified"
    assert status("x") == "Bad Request: invalid user_id specified"
    assert status(4711) == "Bad Request: user not found"


@pytest.mark.parametrize("action", ["typing", "upload_document", "TYPING", "cancel"])
def test_chat_actions(stage: Stage, action: str) -> None:
    assert stage.call("sendChatAction", action=action) == {"ok": True, "result": True}
    assert stage.telegram.messages(stage.chat) == []


def test_refused_chat_actions(stage: Stage) -> None:
    said = stage.refusal("sendChatAction", action="dancing", chat_id=999)
    assert said == "Bad Request: wrong parameter action in request"
    stage.telegram.set_state(stage.chat, "blocked")
    said = stage.refusal("sendChatAction", action="typing")
    assert said == "Forbidden: bot was blocked by the user"
