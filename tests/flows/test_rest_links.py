"""Files that messages name by URL: loaded by us, guarded and capped, and never by Telegram."""

import json
from typing import Any

import pytest

from deliveries import dispatcher
from tests.botapi.servers import Answer, ScriptedServer, http, raw
from tests.flows.test_rest_messages import Scene, make_scene
from tests.pictures import png
from tests.sandbox.process import SandboxHandle

PICTURE = png(40, 30)


@pytest.fixture
def scene(sandbox: SandboxHandle, transactional_db: None, settings: Any) -> Scene:
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    sandbox.clear_faults()
    return make_scene(sandbox, "private")


def gives(content: bytes, content_type: str, status: int = 200, **headers: str) -> Answer:
    return raw(http(status, content, content_type, **headers))


def outcome(scene: Scene, body: dict[str, Any]) -> dict[str, Any]:
    """The delivery, once it is settled."""
    answer = scene.api.post(scene.path, body)
    assert answer.status_code == 202, answer.content
    dispatcher.dispatch(until_idle=True)
    found: dict[str, Any] = scene.api.get(answer["Location"]).json()
    return found


@pytest.mark.parametrize(
    ("kind", "content", "content_type", "path", "name"),
    [
        ("photo", PICTURE, "image/png", "/render?x=1", "render.png"),
        ("photo", PICTURE, "image/png; charset=x", "/a/load.webp", "load.png"),
        ("document", b"%PDF", "application/pdf", "/report.pdf", "report.pdf"),
        ("audio", b"ID3", "audio/mpeg", "/%C3%A9.mp3", "é.mp3"),
        ("voice", b"OggS", "audio/ogg", "/said.ogg", "said.ogg"),
        ("animation", PICTURE, "image/gif", "/loop.gif", "loop.gif"),
    ],
)
def test_a_file_is_loaded_and_uploaded(
    scene: Scene, kind: str, content: bytes, content_type: str, path: str, name: str
) -> None:
    with ScriptedServer(gives(content, content_type)) as server:
        delivery = outcome(scene, {"kind": kind, kind: server.url + path})
    assert delivery["state"] == "sent", delivery
    assert scene.telegram.messages(scene.chat)[-1].kind == kind
    (call,) = scene.telegram.calls(bot=scene.bot)
    assert [file["file_name"] for file in call.files] == [name]
    assert server.url not in json.dumps(call.parameters)


def test_an_album_of_links(scene: Scene) -> None:
    with ScriptedServer(gives(PICTURE, "image/png")) as server:
        media = [{"type": "photo", "media": f"{server.url}/{name}.png"} for name in "abc"]
        delivery = outcome(scene, {"kind": "album", "media": media})
    assert delivery["state"] == "sent", delivery
    assert len(scene.telegram.messages(scene.chat)) == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (gives(b"no", "image/png", 404), "HTTP 404"),
        (gives(b"<html>", "text/html"), "accepted are"),
        (gives(b"no picture", "image/png"), "no PNG, JPEG, GIF or WebP"),
        (gives(b"", "image/png", 302, location="http://10.0.0.1/"), "redirects"),
        (gives(png(9000, 10), "image/png"), "9000 × 10"),
    ],
)
def test_what_can_not_be_loaded_leaves_the_caption(
    scene: Scene, answer: Answer, words: str
) -> None:
    with ScriptedServer(answer) as server:
        photo = {"kind": "photo", "photo": f"{server.url}/a.png"}
        told = outcome(scene, {**photo, "caption": "load is high"})
        dead = outcome(scene, photo)
    assert (told["state"], told["ladder"][0]["step"]) == ("sent", "media")
    assert words in told["ladder"][0]["reason"]
    assert scene.telegram.messages(scene.chat)[-1].text == "load is high"
    assert dead["state"] == "dead"
    assert words in dead["description"]
    assert server.url not in json.dumps(dead)


def test_a_host_inside_is_not_reached(scene: Scene, settings: Any) -> None:
    with ScriptedServer(gives(PICTURE, "image/png")) as server:
        url = f"http://localhost:{server.port}/a.png"
        dead = outcome(scene, {"kind": "photo", "photo": url})
    assert dead["state"] == "dead", dead
    assert server.requests == []
