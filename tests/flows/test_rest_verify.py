"""Verifying bots and channels over REST: what is wrong, in Telegram's words, and what mends it.

Each verdict comes from a real Bot API server's answers, by way of the worker's own functions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from channels_app.models import Bot, Chat, NotificationChannel
from deliveries import dispatcher, probing
from tests.factories import make_bot, make_token
from tests.rest import Api, places
from tests.sandbox.process import SandboxBot, SandboxChat, SandboxHandle

START, RESTART, ADD = "press Start", "press Restart", "Add Members"
PERMISSIONS, ADMINISTRATORS = "Edit → Permissions", "Edit → Administrators → Add Admin"


@dataclass
class Scene:
    """An organization with a registered bot of the sandbox."""

    telegram: SandboxHandle
    api: Api
    bot: SandboxBot
    bot_id: str

    def add(self, chat_id: Any, **fields: Any) -> Any:
        """A channel made over REST; its first check waits."""
        name = f"channel {chat_id} {fields.get('message_thread_id')}"
        body = {"name": name, "bot": self.bot_id, "chat_id": chat_id, **fields}
        made = self.api.post("channels/", body)
        assert made.status_code == 201, made.content
        assert made.json()["verification"] == "pending"
        assert made["Location"].endswith(f"/api/v1/channels/{made.json()['id']}/")
        probing.run_pending()
        return made.json()["id"]

    def verify(self, path: str) -> dict[str, Any]:
        """The finished probe, as a caller polls it."""
        started = self.api.post(f"{path}/verify/")
        assert started.status_code == 202, started.content
        assert started["Retry-After"] == "1"
        assert started.json()["state"] == "pending"
        probing.run_pending()
        finished: dict[str, Any] = self.api.get(started["Location"]).json()
        assert finished["finished_at"]
        return finished

    def channel(self, pk: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"channels/{pk}/").json()
        return found


@pytest.fixture
def scene(sandbox: SandboxHandle, transactional_db: None) -> Scene:
    sandbox.clear_faults()
    telegram_bot = sandbox.create_bot()
    api = Api()
    bot = make_bot(api.organization, token=telegram_bot.token, api_url=sandbox.url)
    return Scene(sandbox, api, telegram_bot, str(bot.pk))


def test_a_good_bot(scene: Scene) -> None:
    verdict = scene.verify(f"bots/{scene.bot_id}")
    assert (verdict["state"], verdict["verdict"]["problem"]) == ("ok", "")
    bot = scene.api.get(f"bots/{scene.bot_id}/").json()
    assert (bot["verification"], bot["username"]) == ("ok", scene.bot.username)
    assert bot["masked_token"] == f"{scene.bot.id}:••••"


def test_a_bot_that_does_not_exist_or_was_revoked(scene: Scene) -> None:
    token = make_token(scene.bot.id + 1_000_000)
    made = scene.api.post("bots/", {"name": "wrong", "token": token, "api_url": scene.telegram.url})
    assert made.status_code == 201, made.content
    revoked = scene.api.patch(f"bots/{scene.bot_id}/", {"token": make_token(scene.bot.id)})
    assert revoked.status_code == 200, revoked.content
    for pk in (made.json()["id"], scene.bot_id):
        verdict = scene.verify(f"bots/{pk}")
        assert verdict["state"] == "failed"
        assert verdict["verdict"]["problem"] == "wrong_token"
        assert "Unauthorized" in verdict["verdict"]["telegram"]
        assert "@BotFather → /mybots" in verdict["verdict"]["advice"]
        shown = scene.api.get(f"bots/{pk}/").json()
        assert (shown["verification"], shown["verdict"]["problem"]) == ("failed", "wrong_token")
    mended = scene.api.patch(f"bots/{scene.bot_id}/", {"token": scene.bot.token})
    assert mended.json()["verification"] == "pending"
    assert scene.verify(f"bots/{scene.bot_id}")["state"] == "ok"


def test_tokens_that_can_not_be_ones(scene: Scene) -> None:
    for token in ("", "x", "123:abc", f"{scene.bot.id}:", "bot" + make_token(123456789)):
        answer = scene.api.post("bots/", {"name": "x", "token": token})
        assert "/token" in places(answer)
    twice = scene.api.post("bots/", {"name": "x", "token": scene.bot.token})
    assert "Your organization has the bot" in twice.json()["errors"][0]["detail"]


def test_another_bots_token_and_another_server_need_care(scene: Scene) -> None:
    other = scene.telegram.create_bot()
    path = f"bots/{scene.bot_id}/"
    assert places(scene.api.patch(path, {"token": other.token})) == {"/token": "invalid"}
    moved = scene.api.patch(path, {"api_url": "http://127.0.0.1:1"})
    assert "again" in moved.json()["errors"][0]["detail"]
    metadata = scene.api.patch(
        path, {"api_url": "http://169.254.169.254/", "token": scene.bot.token}
    )
    assert places(metadata) == {"/api_url": "invalid"}
    assert Bot.objects.get(pk=scene.bot_id).api_url == scene.telegram.url


def test_a_server_that_does_not_answer(scene: Scene) -> None:
    scene.telegram.fault("error", bot=scene.bot, count=None, code=502, description="Bad Gateway")
    verdict = scene.verify(f"bots/{scene.bot_id}")["verdict"]
    assert verdict["problem"] == "unreachable"
    assert "Nothing is lost" in verdict["advice"]


Make = Callable[[SandboxHandle, SandboxBot], SandboxChat]


def chat(kind: Any, state: str = "active", **fields: Any) -> Make:
    def make(telegram: SandboxHandle, bot: SandboxBot) -> SandboxChat:
        first = "never_started" if state == "never_started" else "active"
        made = telegram.create_chat(kind, bot=bot, state=first, **fields)
        if state not in (first, "active"):
            telegram.set_state(made, state, bot=bot)
        return made

    return make


@pytest.mark.parametrize(
    ("make", "problem", "said", "advice"),
    [
        (chat("private", "never_started"), "chat_not_found", "chat not found", START),
        (chat("private", "blocked"), "blocked", "bot was blocked by the user", RESTART),
        (chat("private", "deactivated"), "deactivated", "user is deactivated", "another chat"),
        (chat("group", "not_member"), "not_member", '"status": "left"', ADD),
        (chat("group", "kicked"), "kicked", '"status": "kicked"', "Removed Users"),
        (chat("group", "deleted"), "chat_deleted", "group chat was deleted", "another chat"),
        (chat("supergroup", "not_member"), "not_member", "not a member of the superg", ADD),
        (chat("supergroup", "kicked"), "kicked", "was kicked from the superg", "Removed Users"),
        (chat("supergroup", "deleted"), "chat_not_found", "chat not found", ADD),
        (chat("supergroup", forbidden=["text"]), "no_text", "can_send_messages", PERMISSIONS),
        (chat("channel", "not_member"), "not_member", "not a member of the channel", ADD),
        (chat("channel", "kicked"), "kicked", "was kicked from the channel", "Removed Users"),
        (chat("channel", "not_admin"), "not_admin", '"status": "member"', ADMINISTRATORS),
    ],
)
def test_channels_that_need_mending(
    scene: Scene, make: Make, problem: str, said: str, advice: str
) -> None:
    made = make(scene.telegram, scene.bot)
    pk = scene.add(made.id)
    finished = scene.verify(f"channels/{pk}")
    verdict = finished["verdict"]
    assert (finished["state"], verdict["problem"]) == ("failed", problem), verdict
    assert said in verdict["telegram"]
    assert advice in verdict["advice"]
    shown = scene.channel(pk)
    assert shown["verification"] == "failed"
    assert shown["verdict"] == {name: verdict[name] for name in ("problem", "telegram", "advice")}


def test_a_test_hears_what_a_check_can_not_ask(scene: Scene) -> None:
    made = scene.telegram.create_chat("group", bot=scene.bot, forbidden=["text"])
    finished = send_test(scene, scene.add(made.id))
    assert (finished["state"], finished["verdict"]["problem"]) == ("failed", "no_text")
    assert "not enough rights to send text messages" in finished["verdict"]["telegram"]
    assert PERMISSIONS in finished["verdict"]["advice"]


@pytest.mark.parametrize("kind", ["private", "group", "supergroup", "channel"])
def test_channels_that_work(scene: Scene, kind: Any) -> None:
    made = scene.telegram.create_chat(kind, bot=scene.bot)
    pk = scene.add(str(made.id))
    finished = scene.verify(f"channels/{pk}")
    assert finished["state"] == "ok", finished
    assert finished["verdict"]["chat"]["id"] == made.id
    assert finished["verdict"]["rights"] == {"text": True, "photos": True, "documents": True}
    shown = scene.channel(pk)
    assert (shown["verification"], shown["chat"]["type"]) == ("ok", kind)
    assert shown["verdict"] == {}
    assert scene.telegram.messages(made) == [], "a check is not seen in the chat"


@pytest.mark.parametrize("kind", ["supergroup", "channel"])
def test_by_name(scene: Scene, kind: Any) -> None:
    name = f"ops_{scene.bot.id}_{kind}"
    made = scene.telegram.create_chat(kind, bot=scene.bot, username=name)
    for number, given in enumerate((f"@{name}", f"https://t.me/{name}", name.upper())):
        pk = scene.add(given, silent="always", protect_content=bool(number))
        assert scene.verify(f"channels/{pk}")["state"] == "ok"
        assert scene.channel(pk)["chat"]["chat_id"] == made.id
        assert scene.api.delete(f"channels/{pk}/").status_code == 204
    assert Chat.objects.filter(bot__pk=scene.bot_id).count() == 0


def test_names_and_numbers_of_no_chat(scene: Scene) -> None:
    for given in ("@nobody_is_called_so", -100123456789012, 5):
        pk = scene.add(given)
        verdict = scene.verify(f"channels/{pk}")["verdict"]
        assert verdict["problem"] == "chat_not_found"
        assert "check the chat ID" in verdict["advice"]
    for given in ("", "no such name", "@ab", "1.5", "https://example.org/x", "9" * 30, 0):
        body = {"name": "x", "bot": scene.bot_id, "chat_id": given}
        assert "/chat_id" in places(scene.api.post("channels/", body))


def test_what_may_not_be_sent_is_a_warning(scene: Scene) -> None:
    made = scene.telegram.create_chat("supergroup", bot=scene.bot, forbidden=["photo", "document"])
    finished = scene.verify(f"channels/{scene.add(made.id)}")
    assert finished["state"] == "ok"
    assert finished["verdict"]["rights"] == {"text": True, "photos": False, "documents": False}
    warned = {warning["problem"]: warning["advice"] for warning in finished["verdict"]["warnings"]}
    assert "Send Media → Photos" in warned["no_photos"]
    assert "Send Media → Files" in warned["no_documents"]


def test_topics(scene: Scene) -> None:
    made = scene.telegram.create_chat("supergroup", bot=scene.bot, topics=["Databases", "Web"])
    good = scene.add(made.id, message_thread_id=made.topics["Databases"])
    assert scene.verify(f"channels/{good}")["state"] == "ok"
    closed = scene.add(made.id, message_thread_id=made.topics["Web"])
    scene.telegram.close_topic(made, made.topics["Web"])
    missing = scene.add(made.id, message_thread_id=987)
    verdict = scene.verify(f"channels/{missing}")["verdict"]
    assert (verdict["problem"], "Copy Link" in verdict["advice"]) == ("topic_missing", True)
    assert "message thread not found" in verdict["telegram"]
    test = send_test(scene, closed)
    assert scene.channel(closed)["topic_problem"] != ""
    assert test["verdict"]["ladder"][0]["step"] == "topic"
    plain = scene.telegram.create_chat("supergroup", bot=scene.bot)
    verdict = scene.verify(f"channels/{scene.add(plain.id, message_thread_id=5)}")["verdict"]
    assert (verdict["problem"], "Edit → Topics" in verdict["advice"]) == ("not_a_forum", True)


def send_test(scene: Scene, pk: str) -> dict[str, Any]:
    """The finished test of a channel: through the outbox, the lane and the probe."""
    started = scene.api.post(f"channels/{pk}/test/")
    assert started.status_code == 202, started.content
    dispatcher.dispatch(until_idle=True)
    probing.run_pending()
    finished: dict[str, Any] = scene.api.get(started["Location"]).json()
    return finished


def test_a_test_message_arrives(scene: Scene) -> None:
    made = scene.telegram.create_chat("private", bot=scene.bot)
    pk = scene.add(made.id)
    finished = send_test(scene, pk)
    assert finished["state"] == "ok"
    (message,) = scene.telegram.messages(made)
    assert "Tocsin reached this chat" in message.text
    delivery = scene.api.get(f"deliveries/{finished['delivery']}/").json()
    assert (delivery["state"], delivery["purpose"]) == ("sent", "test")
    assert delivery["message_id"] == message.message_id
    assert delivery["tries"][0]["status"] in (200, None)


def test_a_test_message_that_telegram_refuses(scene: Scene) -> None:
    made = scene.telegram.create_chat("private", bot=scene.bot)
    pk = scene.add(made.id)
    scene.telegram.set_state(made, "blocked", bot=scene.bot)
    finished = send_test(scene, pk)
    assert (finished["state"], finished["verdict"]["problem"]) == ("failed", "blocked")
    assert "bot was blocked by the user" in finished["verdict"]["telegram"]
    assert RESTART in finished["verdict"]["advice"]
    assert scene.channel(pk)["enabled"] is False
    scene.telegram.set_state(made, "active", bot=scene.bot)
    assert scene.verify(f"channels/{pk}")["state"] == "ok"
    assert scene.channel(pk)["enabled"] is True, "what Telegram made us disable comes back"


def test_a_group_that_became_a_supergroup_is_followed(scene: Scene) -> None:
    made = scene.telegram.create_chat("group", bot=scene.bot)
    pk = scene.add(made.id)
    became = scene.telegram.set_state(made, "upgraded")["migrate_to_chat_id"]
    finished = send_test(scene, pk)
    assert finished["state"] == "ok", finished
    shown = scene.channel(pk)
    assert (shown["chat"]["chat_id"], shown["chat"]["type"]) == (became, "supergroup")
    assert scene.verify(f"channels/{pk}")["state"] == "ok"


def test_a_check_follows_a_group_that_became_a_supergroup(scene: Scene) -> None:
    made = scene.telegram.create_chat("group", bot=scene.bot)
    pk = scene.add(made.id)
    became = scene.telegram.set_state(made, "upgraded")["migrate_to_chat_id"]
    finished = scene.verify(f"channels/{pk}")
    assert finished["state"] == "ok", finished["verdict"]
    assert scene.channel(pk)["chat"]["chat_id"] == became


def test_switched_off_by_hand_stays_off_and_parks(scene: Scene) -> None:
    made = scene.telegram.create_chat("private", bot=scene.bot)
    pk = scene.add(made.id)
    off = scene.api.patch(f"channels/{pk}/", {"enabled": False})
    assert (off.status_code, off.json()["enabled"]) == (200, False)
    sent = scene.api.post(f"channels/{pk}/messages/", {"text": "later"})
    assert sent.json()["state"] == "parked"
    scene.verify(f"channels/{pk}")
    assert scene.channel(pk)["enabled"] is False
    dispatcher.dispatch(until_idle=True)
    assert scene.telegram.messages(made) == []
    assert scene.api.patch(f"channels/{pk}/", {"enabled": True}).json()["enabled"] is True
    dispatcher.dispatch(until_idle=True)
    assert [message.text for message in scene.telegram.messages(made)] == ["later"]
    assert NotificationChannel.objects.get(pk=pk).disabled_reason == ""
