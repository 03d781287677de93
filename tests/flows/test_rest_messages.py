"""Messages by REST as they arrive in a chat, and what is refused before they could."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings as site

from channels_app.models import NotificationChannel
from deliveries import dispatcher
from deliveries.models import Attachment
from tests.factories import make_bot, make_channel
from tests.pictures import png
from tests.rest import Api, places, problem_of
from tests.sandbox.process import SandboxBot, SandboxChat, SandboxHandle, SandboxMessage


@dataclass
class Scene:
    """A channel over a chat of the sandbox."""

    telegram: SandboxHandle
    api: Api
    bot: SandboxBot
    chat: SandboxChat
    channel: NotificationChannel

    @property
    def path(self) -> str:
        return f"channels/{self.channel.pk}/messages/"

    def send(self, body: dict[str, Any]) -> SandboxMessage:
        """What arrived."""
        return self.arrived(self.api.post(self.path, body))

    def upload(self, fields: dict[str, Any]) -> SandboxMessage:
        return self.arrived(self.api.upload(self.path, fields))

    def arrived(self, answer: Any) -> SandboxMessage:
        assert answer.status_code == 202, answer.content
        assert answer["Location"] == answer.json()["url"]
        assert answer.json()["state"] == "waiting"
        dispatcher.dispatch(until_idle=True)
        delivery = self.api.get(answer["Location"]).json()
        assert delivery["state"] == "sent", delivery
        message = self.telegram.messages(self.chat)[-1]
        assert delivery["message_id"] == message.message_id
        return message


@pytest.fixture
def scene(sandbox: SandboxHandle, transactional_db: None) -> Scene:
    sandbox.clear_faults()
    return make_scene(sandbox, "private")


def make_scene(sandbox: SandboxHandle, kind: Any, **fields: Any) -> Scene:
    telegram_bot = sandbox.create_bot()
    api = Api()
    bot = make_bot(api.organization, token=telegram_bot.token, api_url=sandbox.url)
    bot.chat_per_second, bot.group_per_minute = 1000, 600
    bot.save()
    chat = sandbox.create_chat(kind, bot=telegram_bot, **fields)
    return Scene(sandbox, api, telegram_bot, chat, make_channel(bot, chat_id=chat.id))


@pytest.mark.parametrize(
    ("body", "text", "entities"),
    [
        ({"text": "1 < 2 & *not* _marked_"}, "1 < 2 & *not* _marked_", []),
        ({"text": "1 < 2", "parse_mode": ""}, "1 < 2", []),
        ({"text": "a <b>b</b> &lt;", "parse_mode": "HTML"}, "a b <", ["bold"]),
        ({"text": "a *b* \\_", "parse_mode": "MarkdownV2"}, "a b _", ["bold"]),
        ({"text": "  kept\n\n😀 "}, "kept\n\n😀", []),
        ({"text": "x" * 4096}, "x" * 4096, []),
        ({"text": f"<b>{'😀' * 4096}</b>", "parse_mode": "HTML"}, "😀" * 4096, ["bold"]),
    ],
)
def test_texts(scene: Scene, body: dict[str, Any], text: str, entities: list[str]) -> None:
    message = scene.send(body)
    assert message.text == text
    assert [entity["type"] for entity in message.message.get("entities", [])] == entities
    assert not message.is_silent


@pytest.mark.parametrize(
    ("body", "place", "words"),
    [
        ({}, "/text", "Give a text, a photo or a document"),
        ({"text": ""}, "/text", "Give a text"),
        ({"text": " \n "}, "/text", "Give a text"),
        ({"text": "<b></b>", "parse_mode": "HTML"}, "/text", "Telegram would say"),
        ({"text": "<b>", "parse_mode": "HTML"}, "/text", "Can't find end tag"),
        ({"text": "<x>a</x>", "parse_mode": "HTML"}, "/text", 'Unsupported start tag "x"'),
        ({"text": "a_b*", "parse_mode": "MarkdownV2"}, "/text", "can't parse entities"),
        ({"text": "1 - 2.", "parse_mode": "MarkdownV2"}, "/text", "Character '-' is reserved"),
        ({"text": "x" * 4097}, "/text", "4097 characters"),
        ({"text": "é" * 20_000}, "/text", "32,768 bytes"),
        ({"text": "x" * 32_769}, "/text", "32,768 bytes"),
        ({"text": "a", "parse_mode": "markdown"}, "/parse_mode", "'MarkdownV2'"),
        ({"text": "a", "silent": "loud"}, "/silent", ""),
        ({"text": "a", "message_thread_id": 0}, "/message_thread_id", "greater than or equal to 1"),
        ({"text": "a", "message_thread_id": 2**40}, "/message_thread_id", "less than or equal to"),
        ({"text": "a", "photo": "ftp://example.org/a.png"}, "/photo", "file_id of this bot"),
        ({"text": "a", "chat_id": 5}, "/chat_id", "The chat is the channel"),
        ({"text": "a", "tekst": 5}, "/tekst", "no such field. Did you mean text?"),
        ({"text": 5.5e3}, "/text", "Give a text"),
    ],
)
def test_what_telegram_would_refuse_is_refused_at_once(
    scene: Scene, body: dict[str, Any], place: str, words: str
) -> None:
    answer = scene.api.post(scene.path, body)
    errors = {error["pointer"]: error["detail"] for error in problem_of(answer, 400)["errors"]}
    assert words in errors[place]
    dispatcher.dispatch(until_idle=True)
    assert scene.telegram.messages(scene.chat) == []


def test_a_photo(scene: Scene) -> None:
    message = scene.upload(
        {
            "photo": ("graph.png", png(640, 480), "image/png"),
            "text": "<i>load</i>",
            "parse_mode": "HTML",
        }
    )
    assert (message.kind, message.text) == ("photo", "load")
    assert message.message["photo"]
    assert scene.telegram.calls("sendPhoto", bot=scene.bot)[0].files[0]["file_name"] == "graph.png"
    assert Attachment.objects.count() == 0, "a file is kept only until it is sent"


@pytest.mark.parametrize(
    ("name", "sent_as"),
    [("graph", "graph.png"), ("a.b.dat", "a.b.png"), ("graph.webp", "graph.png")],
)
def test_a_photo_whose_name_telegram_would_refuse(scene: Scene, name: str, sent_as: str) -> None:
    assert scene.upload({"photo": (name, png(9, 9), "text/plain")}).kind == "photo"
    assert scene.telegram.calls("sendPhoto", bot=scene.bot)[0].files[0]["file_name"] == sent_as


def test_a_document(scene: Scene) -> None:
    message = scene.upload({"document": ("отчёт.pdf", b"%PDF" + bytes(2000), "application/pdf")})
    assert message.kind == "document"
    sent = message.message["document"]
    assert (sent["file_name"], sent["file_size"]) == ("отчёт.pdf", 2004)
    assert sent["mime_type"] == "application/pdf"
    assert Attachment.objects.count() == 0


def test_forms_as_curl_sends_them(scene: Scene) -> None:
    answer = scene.api.post(
        scene.path,
        b"text=disk+%3E+90%25&silent=true",
        content_type="application/x-www-form-urlencoded",
    )
    message = scene.arrived(answer)
    assert (message.text, message.is_silent) == ("disk > 90%", True)


WIDE = png(4000, 100)


@pytest.mark.parametrize(
    ("fields", "status", "place", "words"),
    [
        (
            {"photo": ("a.png", png(9, 9), "image/png"), "text": "x" * 1025},
            400,
            "/text",
            "Telegram takes 1024",
        ),
        ({"photo": ("a.png", b"no picture", "image/png")}, 400, "/photo", "Send it as a document"),
        ({"photo": ("a.svg", b"<svg/>", "image/svg+xml")}, 400, "/photo", "no PNG, JPEG"),
        ({"photo": ("a.png", WIDE, "image/png")}, 400, "/photo", "4000 × 100"),
        ({"photo": ("a.png", png(6000, 4001), "image/png")}, 400, "/photo", "6000 × 4001"),
        ({"photo": ("a.png", b"", "image/png")}, 400, "/photo", "empty"),
        (
            {"photo": ("a.png", png(9, 9) + bytes(10_000_001), "image/png")},
            413,
            "/photo",
            "at most 10 MB",
        ),
        ({"document": ("a.bin", b"", "application/x")}, 400, "/document", "empty"),
        ({"document": ("a.bin", bytes(50_000_001), "a/b")}, 413, "/document", "at most 50 MB"),
        (
            {"photo": ("a.png", png(9, 9), "image/png"), "document": ("b", b"b", "a/b")},
            400,
            "/document",
            "not both",
        ),
        ({"dokument": ("a.bin", b"a", "a/b")}, 400, "/dokument", "Did you mean document?"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, str) else None,
)
def test_uploads_that_telegram_would_refuse(
    scene: Scene, fields: dict[str, Any], status: int, place: str, words: str
) -> None:
    body = problem_of(scene.api.upload(scene.path, fields), status)
    errors = {error["pointer"]: error["detail"] for error in body["errors"]}
    assert words in errors[place]
    assert Attachment.objects.count() == 0


def test_a_body_larger_than_any_file_is_not_even_read(scene: Scene) -> None:
    answer = scene.api.post(
        scene.path,
        b"--b\r\n",
        content_type="multipart/form-data; boundary=b",
        CONTENT_LENGTH=str(site.UPLOAD_MAX_BYTES + 2 * 1024 * 1024),
    )
    assert "MiB" in problem_of(answer, 413)["detail"]


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=b", "; boundary=\xff"])
def test_broken_multipart(scene: Scene, boundary: str) -> None:
    answer = scene.api.post(scene.path, b"nonsense", content_type=f"multipart/form-data{boundary}")
    problem_of(answer, 400)


def test_strange_file_names_and_types(scene: Scene) -> None:
    long = "n" * 300 + ".txt"
    message = scene.upload({"document": (long, b"x", "x" * 200 + "/" + "y" * 200)})
    assert message.message["document"]["file_name"].endswith("n.txt")
    message = scene.upload({"document": ("../../etc/passwd", b"x", "text/plain")})
    assert message.message["document"]["file_name"] == "passwd"


def test_sound_and_forwarding(scene: Scene) -> None:
    assert scene.send({"text": "a", "silent": True}).is_silent
    assert scene.send({"text": "a", "protect_content": True}).message["has_protected_content"]
    changed = {"silent": "always", "protect_content": True}
    assert scene.api.patch(f"channels/{scene.channel.pk}/", changed).status_code == 200
    as_channel = scene.send({"text": "a"})
    assert as_channel.is_silent
    assert as_channel.message["has_protected_content"]
    against = scene.send({"text": "a", "silent": False, "protect_content": False})
    assert not against.is_silent
    assert "has_protected_content" not in against.message


def test_topics(sandbox: SandboxHandle, transactional_db: None) -> None:
    scene = make_scene(sandbox, "supergroup", topics=["Web", "Databases"])
    web, databases = scene.chat.topics["Web"], scene.chat.topics["Databases"]
    assert scene.send({"text": "a", "message_thread_id": web}).message["message_thread_id"] == web
    scene.api.patch(f"channels/{scene.channel.pk}/", {"message_thread_id": databases})
    assert scene.send({"text": "a"}).message["message_thread_id"] == databases
    lost = scene.send({"text": "a", "message_thread_id": 4_000})
    assert "message_thread_id" not in lost.message, "no message is lost to a missing topic"


def test_a_dead_letter_and_its_retry(scene: Scene) -> None:
    scene.telegram.fault(
        "error", bot=scene.bot, count=None, code=400, description="Bad Request: something odd"
    )
    sent = scene.api.post(scene.path, {"text": "wanted"})
    dispatcher.dispatch(until_idle=True)
    dead = scene.api.get(sent["Location"]).json()
    assert dead["state"] == "dead", dead
    assert "something odd" in dead["description"]
    assert dead["tries"][0]["status"] == 400
    assert [row["id"] for row in scene.api.get("deliveries/?state=dead").json()["results"]] == [
        dead["id"]
    ]
    both = scene.api.get("deliveries/?state=dead&state=sent").json()["results"]
    assert [row["id"] for row in both] == [dead["id"]]
    assert scene.api.get("deliveries/?state=waiting&state=sent").json()["results"] == []
    wrong = problem_of(scene.api.get("deliveries/?state=dead&state=gone"), 400)
    assert all(word in str(wrong["errors"]) for word in ("state", "gone")), wrong
    scene.telegram.clear_faults()
    headers = {"Idempotency-Key": "again"}
    retried = scene.api.post(f"deliveries/{dead['id']}/retry/", headers=headers)
    assert (retried.status_code, retried.json()["state"]) == (202, "waiting")
    again = scene.api.post(f"deliveries/{dead['id']}/retry/", headers=headers)
    assert (again.status_code, again["Idempotent-Replayed"]) == (202, "true")
    dispatcher.dispatch(until_idle=True)
    assert scene.api.get(sent["Location"]).json()["state"] == "sent"
    assert [message.text for message in scene.telegram.messages(scene.chat)] == ["wanted"]
    refused = scene.api.post(f"deliveries/{dead['id']}/retry/")
    assert "sent" in problem_of(refused, 409)["detail"]


def test_a_flood_delays_and_loses_nothing(scene: Scene) -> None:
    scene.telegram.fault("too_many_requests", bot=scene.bot, count=1, retry_after=1)
    sent = scene.api.post(scene.path, {"text": "later"})
    dispatcher.dispatch(until_idle=True)
    waiting = scene.api.get(sent["Location"]).json()
    assert waiting["state"] in ("waiting", "sent")
    dispatcher.dispatch(5.0)
    assert scene.api.get(sent["Location"]).json()["state"] == "sent"


def test_a_lent_bot_sends_and_shows_no_token(scene: Scene) -> None:
    borrower = Api()
    bot_id = str(scene.channel.chat.bot_id)
    loan = scene.api.post("grants/", {"bot": bot_id, "grantee": str(borrower.organization.pk)})
    assert loan.status_code == 201
    assert borrower.get(f"bots/{bot_id}/").json()["owned"] is False
    other = scene.telegram.create_chat("supergroup", bot=scene.bot)
    made = borrower.post("channels/", {"name": "x", "bot": bot_id, "chat_id": other.id})
    sent = borrower.post(f"channels/{made.json()['id']}/messages/", {"text": "borrowed"})
    assert sent.status_code == 202
    dispatcher.dispatch(until_idle=True)
    assert [message.text for message in scene.telegram.messages(other)] == ["borrowed"]
    for method, path, body in (
        ("PATCH", f"bots/{bot_id}/", {"name": "mine"}),
        ("DELETE", f"bots/{bot_id}/", None),
        ("DELETE", f"grants/{loan.json()['id']}/", None),
    ):
        problem_of(borrower.ask(method, path, body), 404)
    taken = borrower.post("channels/", {"name": "y", "bot": bot_id, "chat_id": scene.chat.id})
    assert places(taken) == {"/chat_id": "invalid"}
