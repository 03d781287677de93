"""How calls arrive and how answers leave: URLs, encodings, tokens, the envelope."""

from __future__ import annotations

import json
import socket
from urllib.parse import quote, urlencode, urlsplit

import pytest
import requests

from sandbox.tokens import make_token
from tests.sandbox.conftest import Stage

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _url(stage: Stage, method: str = "sendMessage", query: str = "") -> str:
    return f"{stage.telegram.url}/bot{stage.bot.token}/{method}{query}"


def _sent(response: requests.Response) -> str:
    assert response.status_code == 200, response.text
    text: str = response.json()["result"]["text"]
    return text


def test_every_encoding_carries_the_parameters(stage: Stage) -> None:
    fields = {"chat_id": str(stage.chat.id), "text": "grün & rot"}
    encoded = urlencode(fields)
    assert _sent(requests.get(_url(stage, query=f"?{encoded}"), timeout=60)) == fields["text"]
    assert (
        _sent(requests.post(_url(stage), data=encoded, headers=FORM, timeout=60)) == fields["text"]
    )
    assert _sent(requests.post(_url(stage), json=fields, timeout=60)) == fields["text"]
    parts = {name: (None, value) for name, value in fields.items()}
    assert _sent(requests.post(_url(stage), files=parts, timeout=60)) == fields["text"]
    raw = f"chat_id={stage.chat.id}&text=grün & rot".replace(" & ", "%20%26%20").encode()
    assert _sent(requests.post(_url(stage), data=raw, headers=FORM, timeout=60)) == fields["text"]


def test_the_url_comes_first_and_the_first_of_equal_names_wins(stage: Stage) -> None:
    query = f"?text=first&text=second&chat_id={stage.chat.id}"
    body = f'{{"text": "third", "text": "fourth", "chat_id": {stage.chat.id}}}'
    response = requests.post(_url(stage, query=query), data=body, headers=JSON, timeout=60)
    assert _sent(response) == "first"
    response = requests.post(_url(stage), data=body, headers=JSON, timeout=60)
    assert _sent(response) == "third"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"chat_id": %d, "text": "a", "reply_markup": null}', "object expected as reply markup"),
        ('{"chat_id": null, "text": "a"}', "chat not found"),
        ('{"text": "a"}', "chat_id is empty"),
        ('{"text": "kept", "chat_id": %d, broken', ""),
        ('{"text": "kept", "chat_id": %d', ""),
        ('{"chat_id": %d, "text": }', "message text is empty"),
        ('["chat_id", %d]', "message text is empty"),
        ("", "message text is empty"),
    ],
)
def test_json_bodies(stage: Stage, body: str, expected: str) -> None:
    filled = body % stage.chat.id if "%d" in body else body
    answer = requests.post(_url(stage), data=filled, headers=JSON, timeout=60).json()
    assert answer.get("description", "") == (f"Bad Request: {expected}" if expected else "")


def test_json_values_that_are_no_text_count_as_their_json_text(stage: Stage) -> None:
    for value, text in ((5, "5"), ({"a": [1, 2]}, '{"a": [1, 2]}'), (True, "true")):
        assert stage.call("sendMessage", text=value)["result"]["text"] == text
    files = {"document": ("a.txt", b"x")}
    url = _url(stage, "sendDocument", f"?chat_id={stage.chat.id}&caption=null")
    assert requests.post(url, files=files, timeout=60).json()["result"]["caption"] == "null"


@pytest.mark.parametrize(
    ("value", "silent"),
    [(True, True), ("TRUE ", True), ("yes", True), (1, True), ("on", False), (False, False)],
)
def test_booleans_are_read_leniently(stage: Stage, value: object, silent: bool) -> None:
    stage.send(disable_notification=value)
    assert stage.telegram.messages(stage.chat)[0].is_silent is silent


def test_other_content_types_carry_nothing(stage: Stage) -> None:
    body = json.dumps({"chat_id": stage.chat.id, "text": "x"})
    headers = {"Content-Type": "text/plain"}
    answer = requests.post(_url(stage), data=body, headers=headers, timeout=60).json()
    assert answer["description"] == "Bad Request: message text is empty"


@pytest.mark.parametrize("method", ["GETME", "getme", "GetMe", "test/getMe"])
def test_methods_in_any_case_and_in_the_test_environment(stage: Stage, method: str) -> None:
    answer = requests.get(_url(stage, method), timeout=60).json()
    assert answer["result"]["username"] == "alerts_bot"
    assert list(answer["result"]) == [
        "id",
        "is_bot",
        "first_name",
        "username",
        "can_join_groups",
        "can_read_all_group_messages",
        "supports_inline_queries",
        "supports_guest_queries",
        "can_connect_to_business",
        "has_main_web_app",
        "has_topics_enabled",
        "allows_users_to_create_topics",
        "can_manage_bots",
    ]


def test_method_as_an_argument(stage: Stage) -> None:
    for path in ("", "/"):
        url = f"{stage.telegram.url}/bot{stage.bot.token}{path}?method=getMe"
        assert requests.get(url, timeout=60).json()["ok"]


@pytest.mark.parametrize("method", ["getMee", "getMe/", ""])
def test_unknown_methods(stage: Stage, method: str) -> None:
    response = requests.get(_url(stage, method), timeout=60)
    assert response.status_code == 404
    assert response.text == (
        '{"ok":false,"error_code":404,"description":"Not Found: method not found"}'
    )


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_verbs(stage: Stage, verb: str) -> None:
    response = requests.request(verb, _url(stage, "getMe"), timeout=60)
    assert (response.status_code, response.content) == (501, b"")


VALID_SECRET = "AA" + "x" * 32 + "A"


@pytest.mark.parametrize(
    ("token", "code", "description"),
    [
        (f"0123:{VALID_SECRET}", 401, "Unauthorized: invalid token specified"),
        ("1" * 60 + ":" + "A" * 35, 401, "Unauthorized: invalid token specified"),
        ("123456", 401, "Unauthorized: invalid token specified"),
        (f"abc:{VALID_SECRET}", 421, "Misdirected Request: unallowed token specified"),
        (f"-5:{VALID_SECRET}", 401, "Unauthorized: invalid token specified"),
        (f"{2**54}:{VALID_SECRET}", 401, "Unauthorized: invalid token specified"),
        ("123:short", 401, "Unauthorized"),
        ("123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11", 401, "Unauthorized"),
        (f"123:{VALID_SECRET[:-1]}B", 401, "Unauthorized"),
        (f"123:{VALID_SECRET}", 401, "Unauthorized"),
    ],
)
def test_tokens(stage: Stage, token: str, code: int, description: str) -> None:
    url = f"{stage.telegram.url}/bot{quote(token)}/noSuchMethod"
    response = requests.get(url, timeout=60)
    assert response.status_code == code
    assert response.json() == {"ok": False, "error_code": code, "description": description}


def test_made_tokens_look_like_telegrams() -> None:
    for _ in range(200):
        bot_id, _, secret = make_token(123456789).partition(":")
        assert (bot_id, len(secret), secret[:2]) == ("123456789", 35, "AA")
        assert secret[-1] in "AEIMQUYcgkosw048"


def test_envelope_of_a_success(stage: Stage) -> None:
    response = requests.get(_url(stage, query=f"?chat_id={stage.chat.id}&text=ü"), timeout=60)
    assert response.headers["Content-Type"] == "application/json"
    assert response.text.startswith('{"ok":true,"result":{"message_id":1,"from":{"id":')
    assert '"text":"\\u00fc"' in response.text


def test_envelope_of_errors_with_parameters(stage: Stage) -> None:
    stage.telegram.fault("too_many_requests", retry_after=14)
    response = requests.get(_url(stage, "getMe"), timeout=60)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "14"
    assert response.text == (
        '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 14",'
        '"parameters":{"retry_after":14}}'
    )


def test_too_large_bodies_get_a_page_instead_of_an_envelope(stage: Stage) -> None:
    response = requests.post(_url(stage), json={"text": "x" * 2**20}, timeout=60)
    assert response.status_code == 413
    assert response.headers["Content-Type"] == "text/html"
    with socket.create_connection(("127.0.0.1", urlsplit(stage.telegram.url).port or 0)) as peer:
        head = f"POST /bot{stage.bot.token}/sendDocument HTTP/1.1\r\nHost: localhost\r\n"
        head += f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {60 * 2**20}\r\n"
        peer.sendall(head.encode() + b"\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 413 ")


def test_broken_multipart(stage: Stage) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    response = requests.post(_url(stage), data=b"--x\r\n", headers=headers, timeout=60)
    assert (response.status_code, response.content) == (400, b"")
