"""Forwarding, copying, pins, reactions, menu buttons and leaving."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json


def test_a_bot_forwards_and_copies(stage: Stage) -> None:
    group = stage.telegram.create_chat("group", bot=stage.bot)
    buttons = [
        {"text": "Ack", "callback_data": "a"},
        {"text": "Open", "url": "https://example.com/"},
    ]
    sent = stage.send(
        "<b>hello</b>", parse_mode="HTML", reply_markup={"inline_keyboard": [buttons]}
    )
    source: Json = {"from_chat_id": stage.chat.id, "message_id": sent["message_id"]}
    forwarded = stage.call("forwardMessage", chat_id=group.id, **source)["result"]
    assert forwarded["forward_origin"]["sender_user"]["id"] == stage.bot.id
    assert forwarded["entities"] == sent["entities"]
    assert forwarded["reply_markup"] == {"inline_keyboard": [buttons[1:]]}
    copied = stage.call("copyMessage", chat_id=group.id, **source)["result"]
    assert list(copied) == ["message_id"]
    copy = stage.telegram.messages(group)[-1].message
    assert copy["text"] == "hello"
    assert not {"forward_origin", "reply_markup"} & set(copy)
    many = {"from_chat_id": stage.chat.id, "message_ids": [sent["message_id"], 99999]}
    for method in ("forwardMessages", "copyMessages"):
        assert len(stage.call(method, chat_id=group.id, **many)["result"]) == 1


@pytest.mark.parametrize(
    ("method", "parameters", "expected"),
    [
        ("forwardMessage", {"message_id": 1}, 'parameter "from_chat_id" is required'),
        ("forwardMessage", {"from_chat_id": "$me"}, "message to forward not found"),
        ("copyMessage", {"from_chat_id": "$me", "message_id": 9999}, "message to copy not found"),
        ("pinChatMessage", {"message_id": 9999}, "message to pin not found"),
        ("unpinChatMessage", {}, "message to unpin not found"),
        ("setMessageReaction", {"message_id": 9999}, "message to react not found"),
        ("setMessageReaction", {"reaction": "{"}, "can't parse reaction types JSON object"),
        ("setMessageReaction", {"reaction": {}}, "expected an Array of ReactionType"),
        (
            "setMessageReaction",
            {"reaction": [{"type": "paid"}]},
            "can't parse ReactionType: invalid reaction type specified",
        ),
        ("leaveChat", {}, "chat member status can't be changed in private chats"),
        ("setChatMenuButton", {"menu_button": "{"}, "can't parse menu button JSON object"),
        (
            "setChatMenuButton",
            {"menu_button": {"type": "x"}},
            "can't parse menu button: MenuButton has unsupported type",
        ),
        (
            "setChatMenuButton",
            {"menu_button": {"type": "web_app", "text": "a", "web_app": {"url": "http://e.com/"}}},
            "menu button Web App URL 'http://e.com/' is invalid: Only HTTPS links are allowed",
        ),
    ],
)
def test_refusals(stage: Stage, method: str, parameters: Json, expected: str) -> None:
    filled = {key: stage.chat.id if value == "$me" else value for key, value in parameters.items()}
    assert stage.refusal(method, **filled) == f"Bad Request: {expected}"


def test_pins_are_announced_and_shown(stage: Stage) -> None:
    group = stage.telegram.create_chat("supergroup", bot=stage.bot)
    sent = stage.send(chat_id=group.id)
    where: Json = {"chat_id": group.id, "message_id": sent["message_id"]}
    assert stage.refusal("pinChatMessage", **where) == (
        "Bad Request: not enough rights to manage pinned messages in the chat"
    )
    stage.telegram.set_state(group, "administrator", bot=stage.bot)
    assert stage.call("pinChatMessage", **where)["result"] is True
    service = stage.updates()[0]["message"]
    assert service["pinned_message"]["message_id"] == sent["message_id"]
    assert service["from"]["id"] == stage.bot.id
    pinned = stage.call("getChat", chat_id=group.id)["result"]["pinned_message"]
    assert pinned["text"] == "hello"
    assert stage.call("unpinChatMessage", **where)["result"] is True
    assert "pinned_message" not in stage.call("getChat", chat_id=group.id)["result"]


def test_reactions(stage: Stage) -> None:
    sent = stage.send()
    reaction: list[Json] = [{"type": "emoji", "emoji": "👍"}]
    where: Json = {"message_id": sent["message_id"]}
    assert stage.call("setMessageReaction", reaction=reaction, **where)["result"] is True
    two = [*reaction, {"type": "emoji", "emoji": "🔥"}]
    assert stage.refusal("setMessageReaction", reaction=two, **where) == (
        "Bad Request: REACTIONS_TOO_MANY"
    )
    stage.call("getUpdates", allowed_updates=["message_reaction"])
    path = f"/chats/{stage.chat.id}/messages/{sent['message_id']}/react"
    stage.telegram.act(path, emoji=["🔥"])
    stage.telegram.act(path, emoji=[])
    first, second = (update["message_reaction"] for update in stage.updates())
    assert first["new_reaction"] == second["old_reaction"] == [{"type": "emoji", "emoji": "🔥"}]
    assert first["old_reaction"] == second["new_reaction"] == []
    assert first["user"]["id"] == stage.chat.id


@pytest.mark.parametrize("kind", ["group", "channel"])
def test_leaving(stage: Stage, kind: Any) -> None:
    chat = stage.telegram.create_chat(kind, bot=stage.bot)
    assert stage.call("leaveChat", chat_id=chat.id)["result"] is True
    refusal = stage.refusal("sendMessage", chat_id=chat.id, text="x")
    assert refusal == f"Forbidden: bot is not a member of the {kind} chat"
    assert stage.updates()[0]["my_chat_member"]["new_chat_member"]["status"] == "left"


def test_menu_buttons(stage: Stage) -> None:
    app = {"type": "web_app", "text": "Open", "web_app": {"url": "https://example.com/app"}}

    def shown(**parameters: Any) -> Json:
        button: Json = stage.telegram.api(stage.bot, "getChatMenuButton", **parameters)["result"]
        return button

    assert shown() == {"type": "commands"}
    stage.telegram.api(stage.bot, "setChatMenuButton", menu_button=app)
    assert shown(chat_id=stage.chat.id) == app
    stage.call("setChatMenuButton", menu_button={"type": "commands"})
    assert shown(chat_id=stage.chat.id) == {"type": "commands"}
    assert shown() == app
