"""Webhooks are called: what is sent, in which order, and what happens when nobody takes it."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests import clock
from tests.ports import free_port
from tests.sandbox.conftest import Stage
from tests.sandbox.endpoint import Answer, Endpoint, running_endpoint
from tests.sandbox.process import Json, running_sandbox


@pytest.fixture
def endpoint(stage: Stage) -> Iterator[Endpoint]:
    with running_endpoint() as endpoint:
        yield endpoint
        stage.call("deleteWebhook")


def _set(stage: Stage, url: str, **parameters: object) -> None:
    envelope = stage.call("setWebhook", url=url, **parameters)
    assert envelope["description"] == "Webhook was set", envelope


def _info(stage: Stage) -> Json:
    info: Json = stage.call("getWebhookInfo")["result"]
    return info


def _wait_for_pending(stage: Stage, count: int) -> Json:
    deadline = clock.now() + 60
    while (info := _info(stage))["pending_update_count"] != count:
        assert clock.now() < deadline, info
        clock.sleep(0.02)
    return info


def test_an_update_is_posted_with_its_secret(stage: Stage, endpoint: Endpoint) -> None:
    url = endpoint.url.replace("//", "//us%65r:pass@") + "/telegram/1/?a=b"
    _set(stage, url, secret_token="s-1_A")
    said = stage.telegram.say(stage.chat, "Grüße")
    (update,) = endpoint.wait_for(1)
    assert update["message"] == said
    assert endpoint.paths == ["/telegram/1/?a=b"]
    assert endpoint.headers[0] == {
        "Host": endpoint.url.removeprefix("http://"),
        "Authorization": "Basic dXNlcjpwYXNz",
        "X-Telegram-Bot-Api-Secret-Token": "s-1_A",
        "Content-Type": "application/json",
        "Content-Length": str(len(endpoint.bodies[0])),
        "Connection": "keep-alive",
        "Accept-Encoding": "gzip, deflate",
    }
    assert endpoint.bodies[0].startswith(b'{"update_id":%d,\n"message":' % update["update_id"])
    assert "last_error_date" not in _wait_for_pending(stage, 0)


def test_what_waited_before_comes_first(stage: Stage, endpoint: Endpoint) -> None:
    stage.telegram.say(stage.chat, "before")
    _set(stage, endpoint.url)
    for number in range(20):
        stage.telegram.say(stage.chat, str(number))
    updates = endpoint.wait_for(21)
    numbers = [update["update_id"] for update in updates]
    assert numbers == list(range(numbers[0], numbers[0] + 21))
    _wait_for_pending(stage, 0)


def test_dropping_what_waited(stage: Stage, endpoint: Endpoint) -> None:
    stage.telegram.say(stage.chat, "before")
    _set(stage, endpoint.url, drop_pending_updates=True)
    stage.telegram.say(stage.chat, "after")
    assert endpoint.wait_for(1)[0]["message"]["text"] == "after"


def test_a_refused_update_holds_up_only_its_own_chat(stage: Stage, endpoint: Endpoint) -> None:
    grace = stage.telegram.create_chat(first_name="Grace")
    refused = threading.Event()

    def answer(update: Json) -> Answer:
        if update["message"]["text"] == "first" and not refused.is_set():
            return Answer(500)
        return Answer(204)

    endpoint.answer = answer
    _set(stage, endpoint.url)
    stage.telegram.say(stage.chat, "first")
    stage.telegram.say(stage.chat, "second")
    stage.telegram.say(grace, "other")
    endpoint.wait_for(4)
    texts = [update["message"]["text"] for update in endpoint.updates]
    assert "second" not in texts
    assert "other" in texts
    info = _wait_for_pending(stage, 2)
    assert info["last_error_message"] == (
        "Wrong response from the webhook: 500 Internal Server Error"
    )
    assert abs(info["last_error_date"] - time.time()) < 300
    refused.set()
    _wait_for_pending(stage, 0)
    texts = [update["message"]["text"] for update in endpoint.updates]
    assert texts[-2:] == ["first", "second"]
    assert "last_error_message" in _info(stage), "success does not clear it"


def test_tries_come_later_and_later_or_as_asked(stage: Stage, endpoint: Endpoint) -> None:
    times: list[float] = []

    def answer(update: Json) -> Answer:
        times.append(time.monotonic())
        if len(times) == 1:
            return Answer(503, headers={"Retry-After": "1"})
        return Answer(302) if len(times) < 4 else Answer()

    endpoint.answer = answer
    _set(stage, endpoint.url)
    stage.telegram.say(stage.chat, "x")
    endpoint.wait_for(4)
    first, second, third = (later - earlier for earlier, later in itertools.pairwise(times))
    assert first > 0.9
    assert second > 1.9, "the second failure"
    assert third > 3.9


def test_at_most_max_connections_at_once(stage: Stage, endpoint: Endpoint) -> None:
    lock, both, now, most = threading.Lock(), threading.Event(), [0], [0]

    def answer(update: Json) -> Answer:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == 2:
                both.set()
        both.wait(30)
        clock.sleep(0.1)
        with lock:
            now[0] -= 1
        return Answer()

    endpoint.answer = answer
    people = [stage.telegram.create_chat(first_name=f"P{number}") for number in range(6)]
    _set(stage, endpoint.url, max_connections=2)
    for person in people:
        stage.telegram.say(person, "x")
    _wait_for_pending(stage, 0)
    assert most == [2]


def test_nobody_listens(stage: Stage) -> None:
    _set(stage, f"http://127.0.0.1:{free_port()}/")
    stage.telegram.say(stage.chat, "x")
    deadline = clock.now() + 60
    while "last_error_message" not in _info(stage):
        assert clock.now() < deadline
        clock.sleep(0.02)
    assert _info(stage)["last_error_message"] == "Connection refused"
    stage.call("deleteWebhook")
    assert [update["message"]["text"] for update in stage.updates()] == ["x"]


def test_an_answer_may_call_a_method(stage: Stage, endpoint: Endpoint) -> None:
    calls: list[Json] = [
        {"method": "sendMessage", "chat_id": stage.chat.id, "text": "by the way"},
        {"method": "deleteWebhook"},
        {"method": "sendMessage", "chat_id": 5, "text": "refused, and nobody hears"},
        {},
    ]

    def answer(update: Json) -> Answer:
        body = json.dumps(calls[len(endpoint.updates) - 1]).encode()
        return Answer(200, body, {"Content-Type": "application/json"})

    endpoint.answer = answer
    _set(stage, endpoint.url)
    for number in range(4):
        stage.telegram.say(stage.chat, str(number))
    endpoint.wait_for(4)
    _wait_for_pending(stage, 0)
    assert _info(stage)["url"] == endpoint.url
    calls_made = stage.telegram.wait_for_calls("sendMessage", 2)
    assert [call.status for call in calls_made] == [200, 400]
    assert "by the way" in [message.text for message in stage.telegram.messages(stage.chat)]


def test_gone_for_a_day_removes_the_webhook(stage: Stage, endpoint: Endpoint) -> None:
    endpoint.answer = lambda update: Answer(410, headers={"Retry-After": "1"})
    _set(stage, endpoint.url)
    stage.telegram.say(stage.chat, "x")
    deadline = clock.now() + 60
    while "last_error_date" not in _info(stage):  # it counts from when the answer was read
        assert clock.now() < deadline
        clock.sleep(0.05)
    assert _info(stage)["url"] == endpoint.url
    stage.telegram.shift_clock(23 * 3600 + 10)
    while _info(stage)["url"]:
        assert clock.now() < deadline
        clock.sleep(0.05)


def test_a_closed_bot_receives_again_after_its_next_call(stage: Stage, endpoint: Endpoint) -> None:
    _set(stage, endpoint.url)
    stage.call("close")
    stage.telegram.say(stage.chat, "x")
    clock.sleep(0.5)
    assert endpoint.updates == []
    stage.call("getMe")
    endpoint.wait_for(1)


def test_a_restart_delivers_what_waited(tmp_path: Path) -> None:
    with running_endpoint() as endpoint:
        endpoint.answer = lambda update: Answer(500, headers={"Retry-After": "3600"})
        with running_sandbox(state=tmp_path) as telegram:
            bot = telegram.create_bot()
            chat = telegram.create_chat(bot=bot)
            telegram.api(bot, "setWebhook", url=endpoint.url)
            telegram.say(chat, "kept", bot_id=bot.id)
            endpoint.wait_for(1)
        endpoint.answer = lambda update: Answer()
        with running_sandbox(state=tmp_path) as telegram:
            again = endpoint.wait_for(2)[1]
            assert again == endpoint.updates[0]


def test_a_certificate_of_its_own_is_trusted_once_it_is_given(stage: Stage, tmp_path: Path) -> None:
    certificate, content = _self_signed(tmp_path)
    with running_endpoint(certificate) as endpoint:
        _set(stage, endpoint.url)
        stage.telegram.say(stage.chat, "x")
        deadline = clock.now() + 60
        while "SSL error" not in _info(stage).get("last_error_message", ""):
            assert clock.now() < deadline, _info(stage)
            clock.sleep(0.02)
        assert endpoint.updates == []
        file = {"certificate": ("bot.pem", content.split(b"-----BEGIN RSA")[0])}
        telegram = stage.telegram
        assert telegram.upload(stage.bot, "setWebhook", file, url=endpoint.url)["ok"]
        assert endpoint.wait_for(1)[0]["message"]["text"] == "x"
        assert _info(stage)["has_custom_certificate"] is True
        stage.call("deleteWebhook")


def _self_signed(folder: Path) -> tuple[Path, bytes]:
    """A file with a certificate of 127.0.0.1 and its key, and what is in it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    content = made.public_bytes(Encoding.PEM) + key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    file = folder / "endpoint.pem"
    file.write_bytes(content)
    return file, content
