"""Photos and documents: uploads, file IDs, own URLs, downloads, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from sandbox.images import read_image
from tests.sandbox.conftest import Stage
from tests.sandbox.pictures import gif, jpeg, png
from tests.sandbox.process import Json


def _upload(
    stage: Stage, kind: str, name: str, content: bytes, extra: Any = None, **more: Any
) -> Json:
    files = {kind: (name, content)} | (extra or {})
    parameters = {"chat_id": stage.chat.id} | more
    return stage.telegram.upload(stage.bot, f"send{kind.title()}", files, **parameters)


@pytest.mark.parametrize(
    ("content", "mime_type", "size"),
    [
        (png(3, 2), "image/png", (3, 2)),
        (gif(640, 480), "image/gif", (640, 480)),
        (jpeg(1280, 720), "image/jpeg", (1280, 720)),
        (b"BM" + bytes(16) + b"\x05\x00\x00\x00\xfc\xff\xff\xff", "image/bmp", (5, 4)),
    ],
)
def test_picture_sizes(content: bytes, mime_type: str, size: tuple[int, int]) -> None:
    image = read_image(content)
    assert image is not None
    assert (image.mime_type, (image.width, image.height)) == (mime_type, size)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        png(3, 2)[:20],
        gif(0, 5),
        b"GIF89a\x01",
        jpeg(4, 4)[:25],
        b"\xff\xd8\xff",
        b"BM",
    ],
)
def test_no_pictures(content: bytes) -> None:
    assert read_image(content) is None


def test_a_photo_comes_in_sizes_smallest_first(stage: Stage) -> None:
    content = png(1000, 500)
    photo = _upload(stage, "photo", "graph.png", content)["result"]["photo"]
    sizes = [(size["width"], size["height"]) for size in photo]
    assert sizes == [(90, 45), (320, 160), (800, 400), (1000, 500)]
    assert list(photo[0]) == ["file_id", "file_unique_id", "file_size", "width", "height"]
    assert len({size["file_id"] for size in photo}) == 4
    assert photo[-1]["file_size"] == len(content)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.png", b"no picture", "IMAGE_PROCESS_FAILED"),
        ("a.png", b"", "file must be non-empty"),
        ("a.png", png(9990, 11), "PHOTO_INVALID_DIMENSIONS"),
        ("a.png", png(210, 10), "PHOTO_INVALID_DIMENSIONS"),
        (
            "a.webp",
            png(9, 9),
            ("photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp"),
        ),
        (
            "a.png",
            png(9, 9) + bytes(10 * 2**20),
            (
                f"file of size {10 * 2**20 + len(png(9, 9))} bytes is too big for a photo; "
                "the maximum size is 10485760 bytes"
            ),
        ),
    ],
)
def test_refused_photos(stage: Stage, name: str, content: bytes, expected: str) -> None:
    answer = _upload(stage, "photo", name, content)
    assert answer["description"] == f"Bad Request: {expected}"


def test_documents_keep_name_type_and_bytes(stage: Stage) -> None:
    content = b"all alerts\n" * 1000
    message = _upload(stage, "document", "Übersicht 1.txt", content, caption="x")["result"]
    document = message["document"]
    assert list(document) == [
        "file_name",
        "mime_type",
        "file_id",
        "file_unique_id",
        "file_size",
    ]
    assert (document["file_name"], document["mime_type"]) == ("Übersicht 1.txt", "text/plain")
    file = stage.call("getFile", file_id=document["file_id"])["result"]
    assert file["file_path"].startswith("documents/file_")
    url = f"{stage.telegram.url}/file/bot{stage.bot.token}/{file['file_path']}"
    assert requests.get(url, timeout=60).content == content
    other = stage.telegram.create_bot()
    assert requests.get(url.replace(stage.bot.token, other.token), timeout=60).status_code == 404
    bad_token = url.replace(stage.bot.token, "1:x")
    assert requests.get(bad_token, timeout=60).json()["description"] == "Unauthorized"


def test_thumbnails_are_jpegs_of_limited_size(stage: Stage) -> None:
    def thumbnail(content: bytes) -> Json | None:
        extra = {"small": ("t.jpg", content)}
        message = _upload(stage, "document", "a.pdf", b"x", extra, thumbnail="attach://small")
        found: Json | None = message["result"]["document"].get("thumbnail")
        return found

    shown = thumbnail(jpeg(320, 200))
    assert shown is not None
    assert (shown["width"], shown["height"]) == (320, 200)
    assert thumbnail(jpeg(321, 200)) is None
    assert thumbnail(png(9, 9)) is None


def test_sending_again_by_file_id(stage: Stage) -> None:
    photo = _upload(stage, "photo", "a.png", png(400, 400))["result"]["photo"]
    for size in photo:
        again = stage.call("sendPhoto", photo=size["file_id"])["result"]["photo"]
        assert again == photo
    document = _upload(stage, "document", "a.txt", b"x")["result"]["document"]
    again = stage.call("sendDocument", document=document["file_id"])["result"]["document"]
    assert again == document
    said = stage.refusal("sendPhoto", photo=document["file_id"])
    assert said == "Bad Request: can't use file of type Document as Photo"
    other = stage.telegram.create_bot()
    stage.telegram.set_state(stage.chat, "active")
    answer = stage.telegram.api(
        other, "sendDocument", chat_id=stage.chat.id, document=document["file_id"]
    )
    assert answer["description"] == "Bad Request: wrong file identifier/HTTP URL specified"


def test_the_same_bytes_have_the_same_unique_id_for_all_bots(stage: Stage) -> None:
    other = stage.telegram.create_bot()
    stage.telegram.set_state(stage.chat, "active")
    files = {"document": ("a.txt", b"same")}
    first = stage.telegram.upload(stage.bot, "sendDocument", files, chat_id=stage.chat.id)
    second = stage.telegram.upload(other, "sendDocument", files, chat_id=stage.chat.id)
    one, two = first["result"]["document"], second["result"]["document"]
    assert one["file_unique_id"] == two["file_unique_id"]
    assert one["file_id"] != two["file_id"]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("", "there is no document in the request"),
        ("attach://absent", "there is no document in the request"),
        ("http://example.com/a.pdf", "failed to get HTTP URL content"),
        ("example.com/a.pdf", "failed to get HTTP URL content"),
        (
            "ftp://example.com/a.pdf",
            "invalid file HTTP URL specified: Unsupported URL protocol",
        ),
        ("abcde", "wrong remote file identifier specified: Wrong string length"),
        ("abd", "wrong remote file identifier specified: Wrong padding in the string"),
        ("a b!", "wrong remote file identifier specified: Wrong character in the string"),
        (
            "AAAA",
            "wrong remote file identifier specified: can't unserialize it. Wrong last symbol",
        ),
        ("A" * 56, "wrong file identifier/HTTP URL specified"),
    ],
)
def test_refused_references(stage: Stage, reference: str, expected: str) -> None:
    said = stage.refusal("sendDocument", document=reference)
    assert said == f"Bad Request: {expected}"


def test_the_sandboxs_own_file_urls_are_taken(stage: Stage) -> None:
    photo = _upload(stage, "photo", "a.png", png(40, 20))["result"]["photo"]
    path = stage.call("getFile", file_id=photo[-1]["file_id"])["result"]["file_path"]
    url = f"{stage.telegram.url}/file/bot{stage.bot.token}/{path}"
    sent = stage.call("sendPhoto", photo=url)["result"]["photo"]
    assert (sent[-1]["width"], sent[-1]["height"]) == (40, 20)
    document = stage.call("sendDocument", document=url)["result"]["document"]
    assert document["mime_type"] == "image/png"
    broken = url.replace("photos/", "photos/x")
    assert stage.refusal("sendPhoto", photo=broken) == "Bad Request: failed to get HTTP URL content"


@pytest.mark.parametrize(
    ("file_id", "expected"),
    [("", "file_id not specified"), ("nonsense", "invalid file_id")],
)
def test_get_file_refused(stage: Stage, file_id: str, expected: str) -> None:
    assert stage.refusal("getFile", file_id=file_id) == f"Bad Request: {expected}"


def test_files_above_20_mb_can_be_sent_but_not_fetched(stage: Stage) -> None:
    document = _upload(stage, "document", "big.bin", bytes(21 * 2**20))["result"]["document"]
    said = stage.refusal("getFile", file_id=document["file_id"])
    assert said == "Bad Request: file is too big"
