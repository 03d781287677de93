"""Everything beside texts, photos and documents: shapes, checks, and what may be edited."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pictures import png
from tests.sandbox.conftest import Stage
from tests.sandbox.process import Json

FILE = ("file.bin", b"some bytes")
PLACE: Json = {"latitude": 48.2, "longitude": 16.4}

SHAPES: list[tuple[str, Json, str, list[str]]] = [
    ("sendLocation", PLACE, "location", ["latitude", "longitude"]),
    (
        "sendLocation",
        PLACE | {"live_period": 600, "heading": 90, "horizontal_accuracy": 12.5},
        "location",
        ["latitude", "longitude", "horizontal_accuracy", "live_period", "heading"],
    ),
    (
        "sendVenue",
        PLACE | {"title": "Rack 7", "address": "Main St 1", "google_place_id": "x"},
        "venue",
        ["location", "title", "address", "google_place_id"],
    ),
    (
        "sendContact",
        {"phone_number": "+431", "first_name": "On", "last_name": "Call"},
        "contact",
        ["phone_number", "first_name", "last_name"],
    ),
    ("sendDice", {}, "dice", ["emoji", "value"]),
    ("sendDice", {"emoji": "🎰"}, "dice", ["emoji", "value"]),
    (
        "sendPoll",
        {"question": "Roll back?", "options": ["yes", {"text": "<b>no</b>"}]},
        "poll",
        [
            "id",
            "question",
            "options",
            "total_voter_count",
            "is_closed",
            "is_anonymous",
            "type",
            "allows_multiple_answers",
            "allows_revoting",
            "members_only",
        ],
    ),
]


@pytest.mark.parametrize(("method", "fields", "kind", "names"), SHAPES)
def test_shapes_without_files(
    stage: Stage, method: str, fields: Json, kind: str, names: list[str]
) -> None:
    message = stage.call(method, **fields)["result"]
    assert list(message[kind]) == names
    assert stage.telegram.messages(stage.chat)[-1].kind == kind


FILES: list[tuple[str, str, list[str]]] = [
    ("sendAudio", "audio", ["duration", "file_name", "mime_type", "title", "performer"]),
    ("sendVideo", "video", ["duration", "width", "height", "file_name", "mime_type"]),
    ("sendVoice", "voice", ["duration", "mime_type"]),
    ("sendVideoNote", "video_note", ["duration", "length"]),
    ("sendAnimation", "animation", ["file_name", "mime_type", "duration", "width", "height"]),
    ("sendSticker", "sticker", ["width", "height", "emoji", "is_animated", "is_video", "type"]),
]


def _upload(stage: Stage, method: str, kind: str, **fields: Any) -> Json:
    everything: Json = {"duration": 5, "width": 6, "height": 7, "length": 8, "emoji": "🙂"}
    everything |= {"title": "t", "performer": "p"}
    return stage.telegram.upload(
        stage.bot, method, {kind: FILE}, chat_id=stage.chat.id, **everything | fields
    )


@pytest.mark.parametrize(("method", "kind", "names"), FILES)
def test_shapes_of_files_and_their_ids(
    stage: Stage, method: str, kind: str, names: list[str]
) -> None:
    envelope = _upload(stage, method, kind, caption="said")
    message = envelope["result"]
    assert list(message[kind]) == [*names, "file_id", "file_unique_id", "file_size"]
    assert message.get("caption") == (None if kind in ("video_note", "sticker") else "said")
    assert ("document" in message) == (kind == "animation")
    again = stage.call(method, **{kind: message[kind]["file_id"]})["result"]
    assert again[kind]["file_unique_id"] == message[kind]["file_unique_id"]
    wrong = stage.refusal("sendDocument", document=message[kind]["file_id"])
    assert "can't use file of type" in wrong


REFUSED: list[tuple[str, Json, str]] = [
    ("sendAudio", {}, "there is no audio in the request"),
    ("sendVideoNote", {}, "there is no video note in the request"),
    ("sendLocation", {"longitude": 1}, "latitude is empty"),
    ("sendLocation", {"latitude": 91, "longitude": 1}, "invalid location specified"),
    ("sendLocation", PLACE | {"live_period": 59}, "wrong live location period specified"),
    ("sendLocation", PLACE | {"heading": 361}, "wrong live location heading specified"),
    (
        "sendLocation",
        PLACE | {"proximity_alert_radius": 100_001},
        "wrong live location proximity alert radius specified",
    ),
    ("sendVenue", PLACE | {"title": "x"}, 'parameter "address" is required'),
    ("sendContact", {"phone_number": "1"}, 'parameter "first_name" is required'),
    ("sendDice", {"emoji": "🎩"}, "EMOTICON_INVALID"),
    ("sendPoll", {"question": "", "options": ["a"]}, "poll question must be non-empty"),
    ("sendPoll", {"question": "q" * 301, "options": ["a"]}, "must not exceed 300"),
    ("sendPoll", {"question": "q", "options": []}, "poll must have at least one answer option"),
    ("sendPoll", {"question": "q", "options": ["a"] * 13}, "can't have more than 12 options"),
    ("sendPoll", {"question": "q", "options": ["a" * 101]}, "must not exceed 100"),
    ("sendPoll", {"question": "q", "options": [" "]}, "poll option must be non-empty"),
    ("sendPoll", {"question": "q", "options": "a"}, "can't parse options JSON object"),
    ("sendPoll", {"question": "q", "options": ["a"], "type": "x"}, "unsupported poll type"),
    (
        "sendPoll",
        {"question": "q", "options": ["a"], "type": "quiz", "correct_option_ids": [1]},
        "wrong correct option ID specified",
    ),
    ("sendMediaGroup", {"media": []}, "there are no messages to send"),
    (
        "sendMediaGroup",
        {"media": [{"type": "animation", "media": "x"}]},
        'type "animation" can\'t be used in sendMediaGroup',
    ),
    (
        "sendMediaGroup",
        {"media": [{"type": "photo", "media": "x"}, {"type": "audio", "media": "x"}]},
        "can't be mixed with other media types",
    ),
    (
        "sendMediaGroup",
        {"media": [{"type": "photo", "media": "x"}] * 11},
        "too many messages to send as an album",
    ),
    ("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}]}, "failed to send message #1"),
]


@pytest.mark.parametrize(("method", "fields", "words"), REFUSED)
def test_refusals(stage: Stage, method: str, fields: Json, words: str) -> None:
    assert words in stage.refusal(method, **fields)


def test_an_album(stage: Stage) -> None:
    media = [
        {"type": "photo", "media": "attach://a", "caption": "first"},
        {"type": "video", "media": "attach://b"},
    ]
    files = {"a": ("a.png", png(9, 9)), "b": ("b.mp4", b"film")}
    sent = stage.telegram.upload(
        stage.bot, "sendMediaGroup", files, chat_id=stage.chat.id, media=media
    )["result"]
    assert [list({"photo", "video"} & message.keys()) for message in sent] == [["photo"], ["video"]]
    assert len({message["media_group_id"] for message in sent}) == 1
    assert sent[0]["caption"] == "first"
    assert sent[1]["message_id"] == sent[0]["message_id"] + 1
    edited = stage.call("editMessageCaption", message_id=sent[1]["message_id"], caption="second")
    assert edited["result"]["media_group_id"] == sent[0]["media_group_id"]


def test_a_live_location_moves_and_stops(stage: Stage) -> None:
    sent = stage.call("sendLocation", **PLACE, live_period=600)["result"]
    moved = stage.call(
        "editMessageLiveLocation", message_id=sent["message_id"], latitude=1, longitude=2
    )["result"]
    assert moved["location"] == {"latitude": 1.0, "longitude": 2.0, "live_period": 600}
    stopped = stage.call("stopMessageLiveLocation", message_id=sent["message_id"])["result"]
    assert stopped["location"] == {"latitude": 1.0, "longitude": 2.0}
    again = stage.refusal("stopMessageLiveLocation", message_id=sent["message_id"])
    assert again == "Bad Request: message can't be edited"
    text = stage.send("a")
    refused = stage.refusal("stopMessageLiveLocation", message_id=text["message_id"])
    assert refused == "Bad Request: there is no live location in the message to edit"


def test_a_poll_stops_once(stage: Stage) -> None:
    sent = stage.call("sendPoll", question="q", options=["a", "b"])["result"]
    stopped = stage.call("stopPoll", message_id=sent["message_id"])["result"]
    assert stopped == sent["poll"] | {"is_closed": True}
    again = stage.refusal("stopPoll", message_id=sent["message_id"])
    assert again == "Bad Request: poll can't be stopped"
    text = stage.send("a")
    wrong = stage.refusal("stopPoll", message_id=text["message_id"])
    assert wrong == "Bad Request: message is not a poll"


def test_an_album_counts_as_its_messages(stage: Stage) -> None:
    stage.telegram.set_flood("published")
    photo = stage.telegram.upload(
        stage.bot, "sendPhoto", {"photo": ("a.png", png(9, 9))}, chat_id=stage.chat.id
    )["result"]["photo"][-1]["file_id"]
    media = [{"type": "photo", "media": photo}] * 2
    assert stage.call("sendMediaGroup", media=media)["ok"]
    assert "Too Many Requests" in stage.refusal("sendMessage", text="a fourth")
