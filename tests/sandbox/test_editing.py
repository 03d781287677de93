"""Edits and deletions: what changes, what is kept of the former versions, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Stage
from tests.sandbox.pictures import png
from tests.sandbox.process import Json

ACK = {"inline_keyboard": [[{"text": "Ack", "callback_data": "ack"}]]}
NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)


def _upload(stage: Stage, method: str, field: str, name: str, content: bytes, **more: Any) -> Json:
    files = {field: (name, content)}
    parameters = {"chat_id": stage.chat.id} | more
    return stage.telegram.upload(stage.bot, method, files, **parameters)


def test_edit_text_keeps_the_former_versions(stage: Stage) -> None:
    message_id = stage.send("firing", reply_markup=ACK)["message_id"]
    edited = stage.call(
        "editMessageText", message_id=message_id, text="<b>resolved</b>", parse_mode="HTML"
    )["result"]
    assert edited["text"] == "resolved"
    assert "reply_markup" not in edited
    assert list(edited)[3:5] == ["date", "edit_date"]
    stage.call("editMessageText", message_id=message_id, text="resolved", reply_markup=ACK)
    (kept,) = stage.telegram.messages(stage.chat)
    assert kept.text == "resolved"
    assert [version["content"]["text"] for version in kept.versions] == ["firing", "resolved"]
    assert [version["reply_markup"] for version in kept.versions] == [ACK, None]
    assert kept.versions[0]["time"] <= kept.versions[1]["time"] <= kept.edit_time


@pytest.mark.parametrize(
    "change",
    [
        {"text": "same", "reply_markup": ACK},
        {"text": " same ", "reply_markup": ACK},
        {"text": "same", "reply_markup": ACK, "parse_mode": "HTML"},
    ],
)
def test_message_is_not_modified(stage: Stage, change: Json) -> None:
    message_id = stage.send("same", reply_markup=ACK)["message_id"]
    assert stage.refusal("editMessageText", message_id=message_id, **change) == NOT_MODIFIED
    assert stage.call("editMessageText", message_id=message_id, text="same")["ok"]


def test_reply_markup_alone(stage: Stage) -> None:
    message_id = stage.send("x", reply_markup=ACK)["message_id"]
    removed = stage.call("editMessageReplyMarkup", message_id=message_id)["result"]
    assert (removed["text"], "reply_markup" in removed) == ("x", False)
    assert stage.refusal("editMessageReplyMarkup", message_id=message_id) == NOT_MODIFIED
    restored = stage.call("editMessageReplyMarkup", message_id=message_id, reply_markup=ACK)
    assert restored["result"]["reply_markup"] == ACK


REFUSALS: list[tuple[str, Json, str]] = [
    ("editMessageText", {"chat_id": "", "text": "x"}, "message identifier is not specified"),
    ("editMessageText", {"chat_id": "", "message_id": 1, "text": "x"}, "chat_id is empty"),
    ("editMessageText", {"text": "x"}, "message to edit not found"),
    ("editMessageText", {"text": "", "message_id": 999}, "message text is empty"),
    ("editMessageText", {"text": "x", "message_id": 999}, "message to edit not found"),
    ("editMessageText", {"text": "x", "message_id": 1, "chat_id": 999}, "chat not found"),
    (
        "editMessageText",
        {"text": "x", "message_id": 1, "reply_markup": {"force_reply": True}},
        "inline keyboard expected",
    ),
    (
        "editMessageText",
        {"text": "x", "chat_id": "", "inline_message_id": "abc"},
        "MESSAGE_ID_INVALID",
    ),
    (
        "editMessageCaption",
        {"message_id": 1, "caption": "x"},
        "there is no caption in the message to edit",
    ),
    ("editMessageMedia", {"message_id": 1}, 'parameter "media" is required'),
    (
        "editMessageMedia",
        {"message_id": 1, "media": "{"},
        "can't parse input media JSON object",
    ),
    (
        "editMessageMedia",
        {"message_id": 1, "media": []},
        "can't parse InputMedia: expected an Object",
    ),
    (
        "editMessageMedia",
        {"message_id": 1, "media": {"type": "photo"}},
        "can't parse InputMedia: media not found",
    ),
    (
        "editMessageMedia",
        {"message_id": 1, "media": {"media": "x"}},
        "can't parse InputMedia: Can't find field \"type\"",
    ),
    (
        "editMessageMedia",
        {"message_id": 1, "media": {"type": "poem", "media": "x"}},
        'can\'t parse InputMedia: type "poem" is unsupported',
    ),
    (
        "editMessageMedia",
        {
            "message_id": 1,
            "media": {"type": "photo", "media": "x", "caption": "a.b", "parse_mode": "MarkdownV2"},
        },
        (
            "can't parse InputMedia: Can't parse entities: "
            "Character '.' is reserved and must be escaped with the preceding '\\'"
        ),
    ),
    ("deleteMessage", {"chat_id": "", "message_id": 1}, "chat identifier is not specified"),
    ("deleteMessage", {}, "message identifier is not specified"),
    ("deleteMessage", {"message_id": 999}, "message to delete not found"),
    ("deleteMessages", {}, "message identifiers are not specified"),
    ("deleteMessages", {"message_ids": "{"}, "can't parse message_ids JSON object"),
    ("deleteMessages", {"message_ids": [0]}, "invalid message identifier specified"),
    ("deleteMessages", {"message_ids": ["x"]}, "can't parse message identifier as a Number"),
    (
        "deleteMessages",
        {"message_ids": list(range(1, 102))},
        "too many message identifiers specified",
    ),
]


@pytest.mark.parametrize(("method", "parameters", "expected"), REFUSALS)
def test_refused(stage: Stage, method: str, parameters: Json, expected: str) -> None:
    stage.send("first")
    assert stage.refusal(method, **parameters) == f"Bad Request: {expected}"


def test_messages_of_others_cannot_be_edited(stage: Stage) -> None:
    group = stage.telegram.create_chat("group")
    said = stage.telegram.say(group, "mine", from_id=stage.chat.id)
    refusal = stage.refusal(
        "editMessageText", chat_id=group.id, message_id=said["message_id"], text="yours"
    )
    assert refusal == "Bad Request: message can't be edited"


def test_channel_posts_are_edited_with_administrator_rights(stage: Stage) -> None:
    channel = stage.telegram.create_chat("channel")
    message_id = stage.send(chat_id=channel.id)["message_id"]
    stage.telegram.set_state(channel, "not_admin")
    change = {"chat_id": channel.id, "message_id": message_id, "text": "new"}
    assert stage.refusal("editMessageText", **change) == "Bad Request: message can't be edited"
    stage.telegram.set_state(channel, "active")
    assert stage.call("editMessageText", **change)["ok"]


def test_captions(stage: Stage) -> None:
    sent = _upload(stage, "sendPhoto", "photo", "a.png", png(40, 20), has_spoiler="1")["result"]
    target = {"message_id": sent["message_id"]}
    edited = stage.call(
        "editMessageCaption",
        caption="*new*",
        parse_mode="Markdown",
        show_caption_above_media=True,
        **target,
    )["result"]
    assert edited["caption"] == "new"
    assert edited["photo"] == sent["photo"]
    assert (edited["show_caption_above_media"], edited["has_media_spoiler"]) == (True, True)
    removed = stage.call("editMessageCaption", **target)["result"]
    assert "caption" not in removed
    assert "caption" not in stage.telegram.messages(stage.chat)[0].message
    text = stage.refusal("editMessageText", text="x", **target)
    assert text == "Bad Request: there is no text in the message to edit"
    long = stage.refusal("editMessageCaption", caption="x" * 1025, **target)
    assert long == "Bad Request: message caption is too long"


def test_media_is_replaced_and_text_becomes_media(stage: Stage) -> None:
    message_id = stage.send("text")["message_id"]
    media = {
        "type": "document",
        "media": "attach://part",
        "caption": "<b>all</b>",
        "parse_mode": "HTML",
    }
    target: Json = {"message_id": message_id, "media": media}

    def edit(content: bytes, **more: Any) -> Json:
        return _upload(stage, "editMessageMedia", "part", "a.txt", content, **target, **more)

    first = edit(b"one")["result"]
    assert first["document"]["file_name"] == "a.txt"
    assert first["caption_entities"] == [{"offset": 0, "length": 3, "type": "bold"}]
    assert "text" not in first
    assert edit(b"one")["description"] == NOT_MODIFIED
    assert edit(b"two", reply_markup=ACK)["result"]["reply_markup"] == ACK
    (kept,) = stage.telegram.messages(stage.chat)
    assert (kept.kind, len(kept.versions)) == ("document", 2)


def test_media_that_stays(stage: Stage) -> None:
    voice = _upload(stage, "sendVoice", "voice", "a.ogg", b"OggS")["result"]
    photo = _upload(stage, "sendPhoto", "photo", "a.png", png(9, 9))["result"]
    media = {"type": "photo", "media": photo["photo"][-1]["file_id"]}
    refusal = stage.refusal("editMessageMedia", message_id=voice["message_id"], media=media)
    assert refusal == "Bad Request: message media can't be edited"


def test_media_of_an_album_keeps_its_kind(stage: Stage) -> None:
    photo = _upload(stage, "sendPhoto", "photo", "a.png", png(9, 9))["result"]
    item = {"type": "photo", "media": photo["photo"][-1]["file_id"]}
    album = stage.call("sendMediaGroup", media=[item, item])["result"]
    target = {"message_id": album[0]["message_id"]}

    def edit(kind: str) -> Json:
        media = {"type": kind, "media": "attach://part"}
        return _upload(stage, "editMessageMedia", "part", "a.mp4", b"film", media=media, **target)

    unmixed = "Bad Request: can't change media type in the album"
    assert edit("document")["description"] == unmixed
    unfit = "Bad Request: message content type can't be used in an album"
    assert edit("animation")["description"] == unfit
    assert edit("video")["result"]["media_group_id"] == album[1]["media_group_id"]


def test_delete(stage: Stage) -> None:
    messages = [stage.send(str(number))["message_id"] for number in range(3)]
    assert stage.call("deleteMessage", message_id=messages[0])["result"] is True
    again = stage.refusal("deleteMessage", message_id=messages[0])
    assert again == "Bad Request: message to delete not found"
    assert stage.call("deleteMessages", message_ids=[messages[1], 4711])["result"] is True
    assert [message.text for message in stage.telegram.messages(stage.chat)] == ["2"]
    everything = stage.telegram.messages(stage.chat, deleted=True)
    assert [message.is_deleted for message in everything] == [True, True, False]
    edit = stage.refusal("editMessageText", message_id=messages[0], text="x")
    assert edit == "Bad Request: message to edit not found"
    reply = stage.refusal("sendMessage", text="x", reply_to_message_id=messages[0])
    assert reply == "Bad Request: message to be replied not found"


def test_only_administrators_delete_what_others_wrote(stage: Stage) -> None:
    group = stage.telegram.create_chat("supergroup")
    said = stage.telegram.say(group, "mine", from_id=stage.chat.id)
    target = {"chat_id": group.id, "message_id": said["message_id"]}
    refusal = stage.refusal("deleteMessage", **target)
    assert refusal == "Bad Request: message can't be deleted"
    stage.telegram.set_state(group, "administrator")
    assert stage.call("deleteMessage", **target)["ok"]
