"""Another file in the place of the one that was sent, by REST; and thumbnails of albums."""

import json
from typing import Any

import pytest

from deliveries import dispatcher
from deliveries.models import Attachment, Delivery
from tests.botapi.servers import ScriptedServer, http, raw
from tests.flows.test_rest_changes import change
from tests.flows.test_rest_kinds import KEYBOARDS, UPLOADS, sent
from tests.flows.test_rest_messages import Scene, make_scene
from tests.pictures import jpeg, png
from tests.rest import problem_of
from tests.sandbox.process import SandboxHandle

THUMBNAIL = ("thumb.jpg", jpeg(64, 64), "image/jpeg")
FILE_ID = "A" * 40


@pytest.fixture
def scene(sandbox: SandboxHandle, transactional_db: None, settings: Any) -> Scene:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    sandbox.clear_faults()
    return make_scene(sandbox, "private")


def upload(scene: Scene, kind: str, **fields: Any) -> str:
    """The delivery that sent a file of this kind."""
    answer = scene.api.upload(scene.path, {"kind": kind, kind: UPLOADS[kind], **fields})
    scene.arrived(answer)
    return str(answer.json()["id"])


def replace(scene: Scene, delivery: str, media: dict[str, Any], **files: Any) -> Any:
    """What is shown once the file was replaced by one of these."""
    fields = {"kind": "media", "media": json.dumps(media), **files}
    answer = scene.api.upload(f"deliveries/{delivery}/changes/", fields)
    assert answer.status_code == 202, answer.content
    dispatcher.dispatch(until_idle=True)
    made = scene.api.get(answer["Location"]).json()
    assert made["state"] == "sent", made
    (message,) = scene.telegram.messages(scene.chat)
    return message


def test_an_upload_with_its_thumbnail_takes_the_place_of_a_photo(scene: Scene) -> None:
    pk = upload(scene, "photo", caption="before")
    media = {
        "type": "video",
        "media": "attach://file0",
        "thumbnail": "attach://file1",
        "caption": "<b>after</b>",
        "parse_mode": "HTML",
    }
    shown = replace(scene, pk, media, file0=UPLOADS["video"], file1=THUMBNAIL)
    assert (shown.kind, shown.text) == ("video", "after")
    assert shown.message["video"]["thumbnail"]["width"] == 64
    assert Attachment.objects.count() == 0, "files are kept only until they are sent"
    result = scene.api.get(f"deliveries/{pk}/").json()["result"]
    assert (result["kind"], result["file_id"]) == ("video", shown.message["video"]["file_id"])
    assert change(scene, pk, {"kind": "caption", "caption": "later"}).text == "later"
    assert change(scene, pk, {"kind": "delete"}).is_deleted


def test_a_file_id_or_a_url_takes_its_place(scene: Scene) -> None:
    other = upload(scene, "document")
    file_id = scene.api.get(f"deliveries/{other}/").json()["result"]["file_id"]
    change(scene, other, {"kind": "delete"})
    pk = upload(scene, "photo")
    shown = replace(scene, pk, {"type": "document", "media": file_id})
    assert shown.kind == "document"
    with ScriptedServer(raw(http(200, png(40, 30), "image/png"))) as server:
        media = {"type": "photo", "media": f"{server.url}/load.png", "caption": "now"}
        shown = replace(scene, pk, media)
    assert (shown.kind, shown.text) == ("photo", "now")
    call = scene.telegram.calls("editMessageMedia", bot=scene.bot)[-1]
    assert server.url not in json.dumps(call.parameters), "Telegram is not asked to load it"


def test_a_text_becomes_a_picture_and_is_changed_as_one(scene: Scene) -> None:
    pk = sent(scene, {"text": "drawing", "reply_markup": KEYBOARDS[0]})
    shown = replace(scene, pk, {"type": "photo", "media": "attach://p"}, p=UPLOADS["photo"])
    assert (shown.kind, "reply_markup" in shown.message) == ("photo", False)
    refused = scene.api.post(f"deliveries/{pk}/changes/", {"kind": "text", "text": "a"})
    assert "of kind photo" in problem_of(refused, 409)["detail"]
    assert change(scene, pk, {"kind": "caption", "caption": "load"}).text == "load"


def test_what_has_not_left_is_sent_as_it_was_changed(scene: Scene) -> None:
    fields = {"kind": "video", "video": UPLOADS["video"], "duration": "5", "has_spoiler": "true"}
    first = scene.api.upload(scene.path, {**fields, "thumbnail": THUMBNAIL, "caption": "a"})
    path = f"deliveries/{first.json()['id']}/changes/"
    media = {"type": "audio", "media": "attach://a", "thumbnail": "attach://t", "caption": "b"}
    fields = {"kind": "media", "media": json.dumps(media), "a": UPLOADS["audio"], "t": THUMBNAIL}
    assert scene.api.upload(path, fields).status_code == 202
    assert scene.api.post(path, {"kind": "caption", "caption": "c"}).status_code == 202
    dispatcher.dispatch(until_idle=True)
    (shown,) = scene.telegram.messages(scene.chat)
    assert (shown.kind, shown.text, shown.versions) == ("audio", "c", [])
    (call,) = scene.telegram.calls(bot=scene.bot)
    assert call.method == "sendAudio"
    assert not {"duration", "has_spoiler"} & set(call.parameters), "what only the video had"
    assert sorted(file["field"] for file in call.files) == ["audio", "thumbnail"]


def test_a_file_that_can_not_be_loaded_leaves_the_one_that_is_shown(scene: Scene) -> None:
    pk = upload(scene, "photo", caption="before")
    with ScriptedServer(raw(http(404, b"no", "image/png"))) as server:
        media = {"type": "photo", "media": f"{server.url}/a.png", "has_spoiler": True}
        answer = scene.api.post(f"deliveries/{pk}/changes/", {"kind": "media", "media": media})
        dispatcher.dispatch(until_idle=True)
        dead = scene.api.get(answer["Location"]).json()
        assert dead["state"] == "dead", dead
        assert "HTTP 404" in dead["description"]
        told = replace(scene, pk, {**media, "caption": "after"})
    assert (told.kind, told.text) == ("photo", "after")
    assert change(scene, pk, {"kind": "caption", "caption": "last"}).text == "last"


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"type": "voice", "media": FILE_ID}, {}, "/media/type", "animation, audio"),
    ({"type": "live_photo", "media": FILE_ID, "photo": FILE_ID}, {}, "/media/type", "Live photos"),
    ({"type": "photo"}, {}, "/media/media", "required"),
    ({"type": "photo", "media": "attach://x"}, {}, "/media/media", "no part called 'x'"),
    ({"type": "photo", "media": "a.b"}, {}, "/media/media", "file_id of this bot"),
    ({"type": "document", "media": "http://[x"}, {}, "/media/media", "can't be loaded"),
    (
        {"type": "photo", "media": "attach://x"},
        {"x": ("a.png", b"no picture", "image/png")},
        "/media/media",
        "no PNG, JPEG, GIF or WebP",
    ),
    ({"type": "photo", "media": FILE_ID, "caption": "x" * 1025}, {}, "/media/caption", "1024"),
    (
        {"type": "photo", "media": FILE_ID, "caption": "<b>", "parse_mode": "HTML"},
        {},
        "/media/caption",
        "end tag",
    ),
    ({"type": "photo", "media": FILE_ID, "thumbnail": "x"}, {}, "/media/thumbnail", "no such"),
    (
        {"type": "video", "media": FILE_ID, "thumbnail": "attach://t"},
        {"t": THUMBNAIL},
        "/media/thumbnail",
        "uploaded or loaded",
    ),
    (
        {"type": "video", "media": "attach://v", "thumbnail": FILE_ID},
        {"v": UPLOADS["video"]},
        "/media/thumbnail",
        "Upload the thumbnail",
    ),
    (
        {"type": "video", "media": "attach://v", "thumbnail": "attach://t"},
        {"v": UPLOADS["video"], "t": UPLOADS["photo"]},
        "/media/thumbnail",
        "JPEG",
    ),
    ({"type": "photo", "media": FILE_ID}, {"more": UPLOADS["photo"]}, "/more", "No file"),
    ({"type": "video", "media": FILE_ID, "cover": FILE_ID}, {}, "/media/cover", "Covers"),
]


@pytest.mark.parametrize(("media", "files", "place", "words"), REFUSED)
def test_what_is_refused_at_once(
    scene: Scene, media: dict[str, Any], files: dict[str, Any], place: str, words: str
) -> None:
    pk = upload(scene, "photo")
    fields = {"kind": "media", "media": json.dumps(media), **files}
    answer = scene.api.upload(f"deliveries/{pk}/changes/", fields)
    errors = {error["pointer"]: error["detail"] for error in problem_of(answer, 400)["errors"]}
    assert words in errors[place], errors
    assert (Delivery.objects.count(), Attachment.objects.count()) == (1, 0)


@pytest.mark.parametrize("kind", ["voice", "sticker", "video_note"])
def test_messages_whose_file_stays(scene: Scene, kind: str) -> None:
    pk = upload(scene, kind)
    body = {"kind": "media", "media": {"type": "photo", "media": FILE_ID}}
    answer = scene.api.post(f"deliveries/{pk}/changes/", body)
    assert f"of kind {kind}" in problem_of(answer, 409)["detail"]


def test_the_same_key_changes_once(scene: Scene) -> None:
    pk = upload(scene, "photo")
    body = {"kind": "media", "media": json.dumps({"type": "photo", "media": "attach://a"})}
    path, key = f"deliveries/{pk}/changes/", {"Idempotency-Key": "again"}
    first = scene.api.upload(path, {**body, "a": UPLOADS["photo"]}, **key)
    again = scene.api.upload(path, {**body, "a": UPLOADS["photo"]}, **key)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    other = ("b.png", png(9, 9), "image/png")
    problem_of(scene.api.upload(path, {**body, "a": other}, **key), 409)


def test_an_album_with_thumbnails(scene: Scene) -> None:
    media = [
        {"type": "video", "media": f"attach://file{number}", "thumbnail": "attach://thumb"}
        for number in range(2)
    ]
    fields = {"kind": "album", "media": json.dumps(media), "thumb": THUMBNAIL}
    files = {"file0": UPLOADS["video"], "file1": ("b.mp4", b"other", "video/mp4")}
    answer = scene.api.upload(scene.path, {**fields, **files})
    assert answer.status_code == 202, answer.content
    dispatcher.dispatch(until_idle=True)
    shown = scene.telegram.messages(scene.chat)
    assert [one.message["video"]["thumbnail"]["width"] for one in shown] == [64, 64]
    refused = scene.api.post(
        f"deliveries/{answer.json()['id']}/changes/",
        {"kind": "media", "media": {"type": "video", "media": FILE_ID}},
    )
    assert "of kind album" in problem_of(refused, 409)["detail"]


def test_a_part_that_is_called_as_a_link_would_be(scene: Scene) -> None:
    with ScriptedServer(raw(http(200, png(40, 30), "image/png"))) as server:
        media = [
            {"type": "photo", "media": f"{server.url}/load.png"},
            {"type": "photo", "media": "attach://url0"},
        ]
        fields = {"kind": "album", "media": json.dumps(media), "url0": UPLOADS["photo"]}
        answer = scene.api.upload(scene.path, fields)
        assert answer.status_code == 202, answer.content
        dispatcher.dispatch(until_idle=True)
    shown = scene.telegram.messages(scene.chat)
    assert [one.message["photo"][-1]["width"] for one in shown] == [40, 64]
