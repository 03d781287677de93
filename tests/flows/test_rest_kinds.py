"""Everything that a bot can send, by REST into a chat of the sandbox; what is refused before."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from deliveries import dispatcher
from deliveries.kinds import CHANGES, KINDS
from deliveries.models import Attachment, Delivery
from tests.flows.test_rest_messages import Scene, make_scene
from tests.pictures import png
from tests.rest import Api, problem_of
from tests.sandbox.process import SandboxHandle

PLACE = {"latitude": 48.2082, "longitude": 16.3738}
OPTIONS = [{"text": "Yes"}, {"text": "No"}]
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L"
UPLOADS: dict[str, tuple[str, bytes, str]] = {
    "photo": ("load.png", png(64, 48), "image/png"),
    "document": ("report.pdf", b"%PDF", "application/pdf"),
    "audio": ("tune.mp3", b"ID3 tune", "audio/mpeg"),
    "video": ("clip.mp4", b"clip", "video/mp4"),
    "voice": ("said.ogg", b"OggS said", "audio/ogg"),
    "video_note": ("round.mp4", b"round", "video/mp4"),
    "animation": ("loop.mp4", b"loop", "video/mp4"),
    "sticker": ("ok.webp", WEBP, "image/webp"),
}


@pytest.fixture
def scene(sandbox: SandboxHandle, transactional_db: None) -> Scene:
    sandbox.clear_faults()
    return make_scene(sandbox, "private")


SENT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (PLACE | {"kind": "location"}, PLACE),
    (
        PLACE | {"kind": "location", "live_period": 600, "heading": 5, "horizontal_accuracy": 7.5},
        PLACE | {"horizontal_accuracy": 7.5, "live_period": 600, "heading": 5},
    ),
    (
        PLACE | {"kind": "location", "live_period": 0x7FFFFFFF, "proximity_alert_radius": 30},
        PLACE | {"live_period": 0x7FFFFFFF, "proximity_alert_radius": 30},
    ),
    (
        PLACE | {"kind": "venue", "title": "DC 1", "address": "Main St"},
        {"location": PLACE, "title": "DC 1", "address": "Main St"},
    ),
    (
        {"kind": "contact", "phone_number": "+43 1", "first_name": "On call", "vcard": "BEGIN"},
        {"phone_number": "+43 1", "first_name": "On call", "vcard": "BEGIN"},
    ),
]


@pytest.mark.parametrize(("body", "shown"), SENT, ids=lambda value: str(value.get("kind", "")))
def test_kinds_without_files(scene: Scene, body: dict[str, Any], shown: dict[str, Any]) -> None:
    message = scene.send(body)
    assert message.kind == body["kind"]
    assert message.message[message.kind] == shown


@pytest.mark.parametrize("kind", UPLOADS)
def test_files_by_upload_and_by_file_id(scene: Scene, kind: str) -> None:
    caption = {"caption": "<i>said</i>", "parse_mode": "HTML"} if KINDS[kind].caption else {}
    answer = scene.api.upload(scene.path, {"kind": kind, kind: UPLOADS[kind], **caption})
    message = scene.arrived(answer)
    assert (message.kind, message.text) == (kind, "said" if caption else "")
    assert Attachment.objects.count() == 0, "a file is kept only until it is sent"
    result = scene.api.get(answer["Location"]).json()["result"]
    assert result["kind"] == kind
    again = scene.send({"kind": kind, kind: result["file_id"]})
    assert again.kind == kind
    assert _unique(again.message, kind) == _unique(message.message, kind)


def _unique(message: dict[str, Any], kind: str) -> str:
    found = message[kind][-1] if kind == "photo" else message[kind]
    return str(found["file_unique_id"])


def test_dice_and_what_was_thrown(scene: Scene) -> None:
    answer = scene.api.post(scene.path, {"kind": "dice", "emoji": "🎰"})
    thrown = scene.arrived(answer).message["dice"]
    assert 1 <= thrown["value"] <= 64
    assert scene.api.get(answer["Location"]).json()["result"]["dice"] == thrown


def test_the_same_key_throws_once(scene: Scene) -> None:
    headers = {"Idempotency-Key": "throw"}
    body = {"kind": "dice", "emoji": "🎳"}
    first = scene.api.post(scene.path, body, headers=headers)
    again = scene.api.post(scene.path, body, headers=headers)
    assert (again.status_code, again["Idempotent-Replayed"]) == (202, "true")
    assert again.json()["id"] == first.json()["id"]
    other = scene.api.post(scene.path, {**body, "emoji": "🎯"}, headers=headers)
    problem_of(other, 409)
    assert Delivery.objects.count() == 1


def test_a_form_carries_all_types(scene: Scene) -> None:
    body = b"kind=poll&question=q&is_anonymous=false&open_period=60&options=" + json.dumps(
        [{"text": "a"}, {"text": "b"}]
    ).encode().replace(b" ", b"")
    form = "application/x-www-form-urlencoded"
    poll = scene.arrived(scene.api.post(scene.path, body, content_type=form)).message["poll"]
    assert (poll["is_anonymous"], poll["open_period"]) == (False, 60)
    broken = scene.api.post(scene.path, b"kind=poll&question=q&options=[", content_type=form)
    assert problem_of(broken, 400)["errors"][0]["pointer"] == "/options"


def test_an_album_of_uploads_and_ids(scene: Scene) -> None:
    media = [
        {"type": "photo", "media": "attach://file0", "caption": "<b>one</b>", "parse_mode": "HTML"},
        {"type": "video", "media": "attach://file1"},
    ]
    fields = {
        "kind": "album",
        "media": json.dumps(media),
        "file0": UPLOADS["photo"],
        "file1": UPLOADS["video"],
    }
    answer = scene.api.upload(scene.path, fields)
    assert answer.status_code == 202, answer.content
    dispatcher.dispatch(until_idle=True)
    delivery = scene.api.get(answer["Location"]).json()
    assert delivery["state"] == "sent", delivery
    shown = scene.telegram.messages(scene.chat)
    assert [(one.kind, one.text) for one in shown] == [("photo", "one"), ("video", "")]
    assert delivery["result"]["message_ids"] == [one.message_id for one in shown]
    assert delivery["message_id"] == shown[0].message_id
    assert Delivery.objects.get().weight == 2
    gone = scene.api.post(f"deliveries/{delivery['id']}/changes/", {"kind": "delete"})
    assert gone.status_code == 202
    dispatcher.dispatch(until_idle=True)
    assert all(one.is_deleted for one in scene.telegram.messages(scene.chat, deleted=True))


def test_a_chat_action_makes_no_message(scene: Scene) -> None:
    answer = scene.api.post(scene.path, {"kind": "action", "action": "upload_document"})
    assert answer.status_code == 202
    dispatcher.dispatch(until_idle=True)
    delivery = scene.api.get(answer["Location"]).json()
    assert (delivery["state"], delivery["message_id"], delivery["result"]) == ("sent", None, None)
    assert len(scene.telegram.calls("sendChatAction", bot=scene.bot)) == 1
    change = scene.api.post(f"deliveries/{delivery['id']}/changes/", {"kind": "delete"})
    assert "Only messages" in problem_of(change, 409)["detail"]


def test_an_old_chat_action_is_left_out(scene: Scene) -> None:
    scene.api.post(scene.path, {"kind": "action", "action": "typing"})
    long_ago = timezone.now() - timedelta(minutes=1)
    Delivery.objects.update(due_at=long_ago)
    dispatcher.dispatch(until_idle=True)
    assert Delivery.objects.get().state == Delivery.State.SUPERSEDED
    assert scene.telegram.calls("sendChatAction", bot=scene.bot) == []


KEYBOARDS: list[dict[str, Any]] = [
    {"inline_keyboard": [[{"text": "Open", "url": "https://example.org"}]]},
    {"inline_keyboard": [[{"text": "Copy", "copy_text": {"text": "4711"}}]]},
    {"inline_keyboard": [[{"text": "Ask", "switch_inline_query_current_chat": ""}]]},
    {"inline_keyboard": [[{"text": "App", "web_app": {"url": "https://example.org/"}}]]},
    {
        "inline_keyboard": [
            [{"text": "Share", "switch_inline_query_chosen_chat": {"allow_group_chats": True}}]
        ]
    },
    {"keyboard": [[{"text": "Yes"}, {"text": "No"}]], "one_time_keyboard": True},
    {"keyboard": [[{"text": "Where?", "request_location": True}]], "resize_keyboard": True},
    {"remove_keyboard": True},
    {"force_reply": True, "input_field_placeholder": "Why?"},
]


@pytest.mark.parametrize("markup", KEYBOARDS, ids=lambda markup: str(markup)[:40])
def test_keyboards(scene: Scene, markup: dict[str, Any]) -> None:
    for body in ({"text": "a"}, {"kind": "dice"}):
        message = scene.send({**body, "reply_markup": markup})
        assert ("reply_markup" in message.message) == ("inline_keyboard" in markup)
    calls = scene.telegram.calls("sendMessage", bot=scene.bot)
    assert json.loads(calls[0].parameters["reply_markup"]) == markup


def inline(button: dict[str, Any]) -> dict[str, Any]:
    return {"text": "a", "reply_markup": {"inline_keyboard": [[button]]}}


BUTTON = "/reply_markup/inline_keyboard/0/0"
QUIZ = {"kind": "poll", "question": "q", "options": OPTIONS, "type": "quiz"}
POLL = {"kind": "poll", "question": "q", "options": OPTIONS}
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "poem"}, "/kind", "'video_note'"),
    ({"kind": ["text"]}, "/kind", "Use one of"),
    ({"kind": "photo", "photo": "a.b"}, "/photo", "file_id of this bot"),
    ({"kind": "photo", "photo": "http://[x"}, "/photo", "can't be loaded"),
    ({"kind": "photo", "photo": "https://u:p@e.org/a.png"}, "/photo", "passwords"),
    ({"kind": "video_note", "video_note": "https://e.org/a"}, "/video_note", "by URL"),
    (
        {"kind": "photo", "photo": "x" * 20, "caption": "<b>", "parse_mode": "HTML"},
        "/caption",
        "tag",
    ),
    ({"kind": "photo", "photo": "x" * 20, "caption": "x" * 1025}, "/caption", "1024"),
    ({"kind": "sticker", "sticker": "x" * 20, "caption": "a"}, "/caption", "no such field"),
    ({"kind": "video", "video": "x" * 20, "duration": "5"}, "/duration", "whole number"),
    ({"kind": "video", "video": "x" * 20, "duration": -1}, "/duration", "from 0 to 86400"),
    ({"kind": "video", "video": "x" * 20, "thumbnail": "y" * 20}, "/thumbnail", "Upload"),
    ({"kind": "location", "latitude": 91, "longitude": 0}, "/latitude", "-90 to 90"),
    ({"kind": "location", "latitude": 1}, "/longitude", "required"),
    (PLACE | {"kind": "location", "live_period": 59}, "/live_period", "60 to 86400"),
    (PLACE | {"kind": "location", "heading": 5}, "/heading", "live_period"),
    (PLACE | {"kind": "location", "live_period": 60, "heading": 361}, "/heading", "1 to 360"),
    (PLACE | {"kind": "venue", "title": " ", "address": "a"}, "/title", "blank"),
    ({"kind": "contact", "phone_number": "1"}, "/first_name", "required"),
    (
        {"kind": "contact", "phone_number": "1", "first_name": "a", "vcard": "é" * 1025},
        "/vcard",
        "bytes, not 2050",
    ),
    ({"kind": "dice", "emoji": "🎩"}, "/emoji", "🎲"),
    ({"kind": "action", "action": "dancing"}, "/action", "'typing'"),
    ({"kind": "action", "action": "typing", "silent": True}, "/silent", "no such field"),
    ({"kind": "poll", "question": "q", "options": []}, "/options", "1 to 12"),
    ({"kind": "poll", "question": "q", "options": [{"text": "a"}] * 13}, "/options", "not 13"),
    ({"kind": "poll", "question": "q" * 301, "options": OPTIONS}, "/question", "300"),
    ({"kind": "poll", "question": "q", "options": [{"text": "a" * 101}]}, "/options/0/text", "100"),
    ({"kind": "poll", "question": "q", "options": ["a"]}, "/options/0", "Give an object"),
    ({"kind": "poll", "question": "q", "options": [{"text": ""}]}, "/options/0/text", "blank"),
    (POLL | {"explanation": "e"}, "/explanation", "Only a quiz"),
    (POLL | {"open_period": 4}, "/open_period", "5 to"),
    (POLL | {"open_period": 5, "close_date": 2_000_000_000}, "/close_date", "not both"),
    (POLL | {"close_date": 5}, "/close_date", "from now"),
    (POLL | {"allow_adding_options": True}, "/allow_adding_options", "is_anonymous"),
    (POLL | {"country_codes": ["at"]}, "/country_codes/0", "capital letters"),
    (POLL | {"members_only": True}, "/members_only", "channels"),
    (QUIZ, "/correct_option_ids", "needs"),
    (QUIZ | {"correct_option_ids": [2]}, "/correct_option_ids", "numbers of options"),
    (QUIZ | {"correct_option_ids": [0, 1]}, "/correct_option_ids", "allows_multiple_answers"),
    (QUIZ | {"correct_option_ids": [0], "explanation": "a\nb\nc\nd"}, "/explanation", "lines"),
    ({"kind": "album", "media": []}, "/media", "2 to 10"),
    ({"kind": "album", "media": [{"type": "photo", "media": "x" * 20}]}, "/media", "not 1"),
    ({"kind": "album", "media": [{"type": "poem", "media": "x"}] * 2}, "/media/0/type", "photo"),
    (
        {"kind": "album", "media": [{"type": "photo", "media": "attach://a"}] * 2},
        "/media/0/media",
        "multipart",
    ),
    (
        {
            "kind": "album",
            "media": [
                {"type": "photo", "media": "x" * 20},
                {"type": "audio", "media": "x" * 20, "caption": "x" * 1025},
            ],
        },
        "/media/1/caption",
        "1024",
    ),
    (
        {"kind": "album", "media": [{"type": "live_photo", "media": "x"}] * 2},
        "/media/0/type",
        "Live photos",
    ),
    ({"text": "a", "disable_notification": True}, "/disable_notification", "Use `silent`"),
    ({"text": "a", "reply_parameters": {}}, "/reply_parameters", "reply_to"),
    ({"text": "a", "entities": []}, "/entities", "parse mode"),
    ({"text": "a", "reply_to": "x"}, "/reply_to", "UUID"),
    ({"text": "a", "reply_to": "0" * 8 + "-0000-0000-0000-" + "0" * 12}, "/reply_to", "no message"),
    ({"text": "a", "reply_markup": {}}, "/reply_markup", "InlineKeyboardMarkup"),
    (
        {"text": "a", "reply_markup": {"inline_keyboard": []}},
        "/reply_markup/inline_keyboard",
        "row",
    ),
    (inline({"text": "a", "callback_data": "x"}), f"{BUTTON}/callback_data", "not offered yet"),
    (inline({"text": "a"}), BUTTON, "exactly one"),
    (inline({"text": " ", "url": "https://e.org"}), f"{BUTTON}/text", "text"),
    (inline({"text": "a", "url": "http://grafana:3000"}), f"{BUTTON}/url", "dot"),
    (inline({"text": "a", "copy_text": {"text": ""}}), f"{BUTTON}/copy_text/text", "1 to 256"),
    (inline({"text": "a", "web_app": {"url": "http://e.org"}}), f"{BUTTON}/web_app/url", "https"),
    (inline({"text": "a", "urk": "x"}), f"{BUTTON}/urk", "Did you mean url?"),
]


@pytest.mark.parametrize(("body", "place", "words"), REFUSED, ids=lambda value: str(value)[:50])
def test_what_is_refused_at_once(
    scene: Scene, body: dict[str, Any], place: str, words: str
) -> None:
    answer = scene.api.post(scene.path, body)
    errors = {error["pointer"]: error["detail"] for error in problem_of(answer, 400)["errors"]}
    assert words in errors[place], errors
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("kind", "body", "place"),
    [
        ("channel", POLL | {"is_anonymous": False}, "/is_anonymous"),
        ("channel", {"text": "a", "reply_markup": {"force_reply": True}}, "/reply_markup"),
        (
            "supergroup",
            inline({"text": "a", "web_app": {"url": "https://e.org"}}),
            f"{BUTTON}/web_app",
        ),
    ],
)
def test_what_a_chat_does_not_take(
    sandbox: SandboxHandle, transactional_db: None, kind: str, body: dict[str, Any], place: str
) -> None:
    scene = make_scene(sandbox, kind)
    scene.channel.chat.type = kind
    scene.channel.chat.save()
    errors = problem_of(scene.api.post(scene.path, body), 400)["errors"]
    assert [error["pointer"] for error in errors] == [place]


UPLOADS_REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "audio", "audio": ("a.mp3", b"", "audio/mpeg")}, "/audio", "empty"),
    ({"kind": "sticker", "sticker": ("a.webp", b"nothing", "image/webp")}, "/sticker", "WEBP"),
    (
        {"kind": "video", "video": UPLOADS["video"], "thumbnail": UPLOADS["photo"]},
        "/thumbnail",
        "JPEG",
    ),
    ({"kind": "dice", "dice": UPLOADS["photo"]}, "/dice", "No file"),
    (
        {
            "kind": "album",
            "media": json.dumps([{"type": "photo", "media": "attach://a"}] * 2),
            "a": UPLOADS["video"],
            "b": UPLOADS["photo"],
        },
        "/b",
        "No file",
    ),
]


@pytest.mark.parametrize(("fields", "place", "words"), UPLOADS_REFUSED)
def test_files_that_are_refused(
    scene: Scene, fields: dict[str, Any], place: str, words: str
) -> None:
    errors = problem_of(scene.api.upload(scene.path, fields), 400)["errors"]
    assert words in {error["pointer"]: error["detail"] for error in errors}[place], errors
    assert Attachment.objects.count() == 0


def test_replies(scene: Scene) -> None:
    first = scene.api.post(scene.path, {"text": "question"}).json()
    early = scene.api.post(scene.path, {"text": "answer", "reply_to": first["id"]})
    assert "waits" in problem_of(early, 400)["errors"][0]["detail"]
    dispatcher.dispatch(until_idle=True)
    message = scene.send({"kind": "dice", "reply_to": first["id"]})
    assert message.message["reply_to_message"]["text"] == "question"
    foreign = Api()
    channel = make_scene(scene.telegram, "private")
    assert foreign.organization != channel.api.organization
    refused = channel.api.post(channel.path, {"text": "a", "reply_to": first["id"]})
    assert problem_of(refused, 400)["errors"][0]["code"] == "does_not_exist"


def sent(scene: Scene, body: dict[str, Any]) -> str:
    """The delivery that sent it."""
    answer = scene.api.post(scene.path, body)
    scene.arrived(answer)
    return str(answer.json()["id"])


def test_the_guides_examples_are_right(scene: Scene, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 10**9
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "messages.md").read_text()
    messages, changes = guide.split("## Changes")
    pk = sent(scene, {"text": "one"})
    found = 0
    for text, path in ((messages, scene.path), (changes, f"deliveries/{pk}/changes/")):
        for example in re.findall(r"```json\n(.*?)```", text, re.DOTALL):
            answer = scene.api.post(path, json.loads(example))
            assert answer.status_code == 202, (example, answer.content)
            found += 1
    assert found > 10
    kinds = re.findall(
        r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.*?) \|", messages, re.MULTILINE))
    )
    assert set(kinds) - {"kind"} == set(KINDS)
    assert named(messages) == set(KINDS)
    assert named(changes) == set(CHANGES)


def named(text: str) -> set[str]:
    """In the first column of its table."""
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return set(re.findall(r"`([a-z_]+)`", "".join(cells))) - {"kind"}
