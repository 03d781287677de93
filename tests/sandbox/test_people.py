"""What people do, and the updates that bots get of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json, SandboxChat

ADA: Json = {"is_bot": False, "first_name": "Ada"}


def _group(stage: Stage, kind: Any = "group", **fields: Any) -> SandboxChat:
    return stage.telegram.create_chat(kind, bot=stage.bot, members=[stage.chat.id], **fields)


def _kinds(updates: list[Json]) -> list[str]:
    return [next(name for name in update if name != "update_id") for update in updates]


def _texts(updates: list[Json]) -> list[str]:
    return [update["message"].get("text", "") for update in updates if "message" in update]


def test_an_edit_reaches_the_bot_and_no_edit_does_not(stage: Stage) -> None:
    said = stage.telegram.say(stage.chat, "one")
    path = f"/chats/{stage.chat.id}/messages/{said['message_id']}/edit"
    stage.telegram.act(path, text="one")
    stage.telegram.act(path, text="two /help")
    first, edited = stage.updates()
    assert first["message"] == said
    assert edited["edited_message"]["text"] == "two /help"
    assert edited["edited_message"]["edit_date"] >= said["date"]
    assert edited["edited_message"]["entities"] == [
        {"offset": 4, "length": 5, "type": "bot_command"}
    ]


def test_a_posts_edit_is_a_channel_post(stage: Stage) -> None:
    channel = _group(stage, "channel")
    said = stage.telegram.say(channel, "one", from_id=stage.chat.id)
    stage.telegram.act(f"/chats/{channel.id}/messages/{said['message_id']}/edit", text="two")
    assert _kinds(stage.updates()) == ["channel_post", "edited_channel_post"]


def test_bots_do_not_hear_each_other_except_in_channels(stage: Stage) -> None:
    group, channel = _group(stage), _group(stage, "channel")
    other = stage.telegram.create_bot("Other")
    for chat in (group, channel):
        stage.telegram.set_state(chat, "active", bot=other)
        stage.telegram.api(other, "sendMessage", chat_id=chat.id, text="x")
    assert _kinds(stage.updates()) == ["channel_post"]
    assert stage.telegram.api(other, "getUpdates")["result"] == []


def test_privacy_mode_hides_what_is_not_for_the_bot(stage: Stage) -> None:
    stage.telegram.change_bot(stage.bot, can_read_all_group_messages=False)
    assert stage.call("getMe")["result"]["can_read_all_group_messages"] is False
    group = _group(stage, "supergroup")
    other = stage.telegram.create_bot("Other")
    stage.telegram.set_state(group, "active", bot=other)
    own = stage.send(chat_id=group.id)["message_id"]
    says: list[tuple[str, Json]] = [
        ("hello", {}),
        ("/status@alerts_bot please", {}),
        ("/status@other_bot", {}),
        ("/bare while it spoke last", {}),
        ("a reply", {"reply_to_message_id": own}),
    ]
    for text, fields in says:
        stage.telegram.say(group, text, from_id=stage.chat.id, **fields)
    stage.telegram.api(other, "sendMessage", chat_id=group.id, text="now I spoke last")
    stage.telegram.say(group, "/bare for the other", from_id=stage.chat.id)
    stage.telegram.act(f"/chats/{group.id}/title", from_id=stage.chat.id, title="New")
    assert _texts(stage.updates()) == [
        "/status@alerts_bot please",
        "/bare while it spoke last",
        "a reply",
        "",
    ]
    stage.telegram.set_state(group, "administrator", bot=stage.bot)
    stage.telegram.say(group, "hello again", from_id=stage.chat.id)
    assert _texts(stage.updates()) == ["hello again"], "administrators hear everything"


def test_deep_links(stage: Stage) -> None:
    grace = stage.telegram.create_chat(first_name="Grace", state="never_started")
    stage.telegram.start(stage.bot, grace, "link_a-1")
    group = stage.telegram.create_chat("group", bot=stage.bot, state="not_member")
    fields: Json = {"from_id": grace.id, "chat_id": group.id}
    stage.telegram.act(f"/bots/{stage.bot.id}/start_group", payload="g-1", **fields)
    started, membership, service, command = stage.updates()
    assert started["message"]["text"] == "/start link_a-1"
    assert started["message"]["entities"] == [{"offset": 0, "length": 6, "type": "bot_command"}]
    assert membership["my_chat_member"]["old_chat_member"]["status"] == "left"
    assert membership["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert membership["my_chat_member"]["from"]["id"] == grace.id
    assert [user["id"] for user in service["message"]["new_chat_members"]] == [stage.bot.id]
    assert command["message"]["text"] == "/start@alerts_bot g-1"
    assert command["message"]["entities"] == [{"offset": 0, "length": 17, "type": "bot_command"}]
    with pytest.raises(AssertionError, match="payload: at most 64"):
        stage.telegram.start(stage.bot, grace, "no spaces")


def test_a_link_adds_an_administrator_to_a_channel(stage: Stage) -> None:
    channel = stage.telegram.create_chat("channel", bot=stage.bot, state="not_member")
    rights = ["can_post_messages", "can_edit_messages"]
    fields: Json = {"from_id": stage.chat.id, "chat_id": channel.id, "rights": rights}
    stage.telegram.act(f"/bots/{stage.bot.id}/start_group", **fields)
    (update,) = stage.updates()
    member = update["my_chat_member"]["new_chat_member"]
    assert member["status"] == "administrator"
    assert sorted(name for name in member if member[name] is True) == sorted(rights)
    mine = stage.call("getChatMember", chat_id=channel.id, user_id=stage.bot.id)["result"]
    assert mine == member
    assert stage.send(chat_id=channel.id)


def test_blocking_and_unblocking(stage: Stage) -> None:
    path = f"/bots/{stage.bot.id}"
    stage.telegram.act(f"{path}/block", from_id=stage.chat.id)
    assert stage.refusal("sendMessage", text="x") == "Forbidden: bot was blocked by the user"
    stage.telegram.act(f"{path}/unblock", from_id=stage.chat.id)
    assert stage.send()
    stage.telegram.act(f"{path}/block", from_id=stage.chat.id)
    stage.telegram.say(stage.chat, "again")
    updates = stage.updates()
    assert _kinds(updates) == ["my_chat_member"] * 4 + ["message"]
    change = updates[0]["my_chat_member"]
    assert change["old_chat_member"]["status"] == "member"
    assert change["new_chat_member"] == {
        "user": {
            "id": stage.bot.id,
            "is_bot": True,
            "first_name": "Alerts",
            "username": "alerts_bot",
        },
        "status": "kicked",
        "until_date": 0,
    }
    assert change["chat"] == {"id": stage.chat.id, "first_name": "Ada", "type": "private"}


@pytest.mark.parametrize(
    ("kind", "status"), [("group", "left"), ("supergroup", "kicked"), ("channel", "kicked")]
)
def test_a_bot_is_removed(stage: Stage, kind: Any, status: str) -> None:
    chat = _group(stage, kind)
    stage.telegram.change_member(chat, stage.bot.id, "kicked", from_id=stage.chat.id)
    updates = stage.updates()
    assert updates[0]["my_chat_member"]["new_chat_member"]["status"] == status
    expected = ["my_chat_member"] if kind == "channel" else ["my_chat_member", "message"]
    assert _kinds(updates) == expected
    refusal = stage.refusal("sendMessage", chat_id=chat.id, text="x")
    assert refusal == f"Forbidden: bot was kicked from the {kind} chat"


def test_a_bot_rises_and_falls(stage: Stage) -> None:
    group = _group(stage, "supergroup")
    for status in ("administrator", "member"):
        stage.telegram.change_member(group, stage.bot.id, status, from_id=stage.chat.id)
    changes = [update["my_chat_member"] for update in stage.updates()]
    assert [change["new_chat_member"]["status"] for change in changes] == [
        "administrator",
        "member",
    ]


def test_people_come_and_go(stage: Stage) -> None:
    group = _group(stage, "supergroup")
    grace = stage.telegram.create_chat(first_name="Grace", state="never_started")
    stage.telegram.change_member(group, grace.id, "member")
    stage.call("getUpdates", allowed_updates=["message", "chat_member"])
    stage.telegram.change_member(group, grace.id, "administrator", from_id=stage.chat.id)
    stage.telegram.set_state(group, "administrator", bot=stage.bot)
    stage.telegram.change_member(group, grace.id, "member", from_id=stage.chat.id)
    stage.telegram.change_member(group, grace.id, "left")
    joined, fell, left, service = stage.updates()
    assert joined["message"]["new_chat_members"] == [{"id": grace.id, **ADA, "first_name": "Grace"}]
    assert fell["chat_member"]["old_chat_member"]["status"] == "administrator"
    assert left["chat_member"]["new_chat_member"]["status"] == "left"
    assert service["message"]["left_chat_member"]["id"] == grace.id


@pytest.mark.parametrize(
    ("username", "status", "refused"),
    [
        ("", "left", True),
        ("", "kicked", True),
        ("public", "left", False),
        ("public", "kicked", True),
    ],
)
def test_who_left_a_chat_writes_and_presses_nothing_there(
    stage: Stage, username: str, status: str, refused: bool
) -> None:
    name = f"{username}_{status}" if username else ""
    group = stage.telegram.create_chat("supergroup", bot=stage.bot, username=name)
    grace = stage.telegram.create_chat(first_name="Grace", state="never_started")
    markup = {"inline_keyboard": [[{"text": "Acknowledge", "callback_data": "ack:1"}]]}
    sent = stage.send(chat_id=group.id, reply_markup=markup)
    stage.telegram.change_member(group, grace.id, "member")
    stage.telegram.change_member(group, grace.id, status)
    stage.updates()
    acts: list[Callable[[], object]] = [
        lambda: stage.telegram.press(group, sent["message_id"], "ack:1", from_id=grace.id),
        lambda: stage.telegram.say(group, "/ack", from_id=grace.id),
    ]
    for act in acts:
        if refused:
            with pytest.raises(AssertionError, match="Grace is not in the chat any more"):
                act()
        else:
            act()
    heard = stage.call("getUpdates")["result"]
    assert any("callback_query" in update for update in heard) != refused


def test_a_group_is_made_renamed_and_upgraded(stage: Stage) -> None:
    path = f"/users/{stage.chat.id}/chats"
    made = stage.telegram.act(path, kind="group", title="Night", bots=[stage.bot.id])
    stage.telegram.act(f"/chats/{made['id']}/title", from_id=stage.chat.id, title="Day")
    supergroup = stage.telegram.act(f"/chats/{made['id']}/upgrade", from_id=stage.chat.id)
    updates = stage.updates()
    assert _kinds(updates) == ["my_chat_member"] + ["message"] * 4
    created, renamed, gone, come = (update["message"] for update in updates[1:])
    assert created["group_chat_created"] is True
    assert renamed["new_chat_title"] == "Day"
    assert gone["migrate_to_chat_id"] == supergroup["id"] == come["chat"]["id"]
    assert come["migrate_from_chat_id"] == made["id"] == gone["chat"]["id"]
    envelope = stage.call("sendMessage", chat_id=made["id"], text="x")
    assert envelope["parameters"] == {"migrate_to_chat_id": supergroup["id"]}


def test_forwarding_keeps_the_origin_and_drops_buttons_of_bots(stage: Stage) -> None:
    group = _group(stage)
    buttons = [
        {"text": "Ack", "callback_data": "ack"},
        {"text": "Open", "url": "https://example.com/"},
    ]
    sent = stage.send(reply_markup={"inline_keyboard": [buttons]})
    path = f"/chats/{stage.chat.id}/messages/{sent['message_id']}/forward"
    forwarded = stage.telegram.act(path, to_chat_id=group.id)
    assert forwarded["forward_origin"] == {
        "type": "user",
        "sender_user": sent["from"],
        "date": sent["date"],
    }
    assert forwarded["from"]["id"] == stage.chat.id
    assert forwarded["reply_markup"] == {"inline_keyboard": [buttons[1:]]}
    assert stage.updates()[0]["message"] == forwarded


def test_members_are_counted_and_listed(stage: Stage) -> None:
    group = _group(stage, "supergroup")
    assert stage.call("getChatMemberCount", chat_id=group.id)["result"] == 2
    assert stage.call("getChatAdministrators", chat_id=group.id)["result"] == []
    stage.telegram.change_member(group, stage.chat.id, "creator")
    stage.telegram.set_state(group, "administrator", bot=stage.bot)
    found = stage.call("getChatAdministrators", chat_id=group.id)["result"]
    assert [member["status"] for member in found] == ["creator", "administrator"]
    assert stage.refusal("getChatAdministrators") == (
        "Bad Request: there are no administrators in the private chat"
    )


def test_an_answer_goes_to_the_topic_of_its_question(stage: Stage) -> None:
    forum = stage.telegram.create_chat("supergroup", bot=stage.bot, topics=["Databases"])
    topic = forum.topics["Databases"]
    asked = stage.send(chat_id=forum.id, message_thread_id=topic)
    reply = {"from_id": stage.chat.id, "reply_to_message_id": asked["message_id"]}
    said = stage.telegram.say(forum, "yes", **reply)
    assert (said["message_thread_id"], said["is_topic_message"]) == (topic, True)
