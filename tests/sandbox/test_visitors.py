"""The sandbox has no log-in: no page elsewhere may reach it through a visitor's browser."""

import http.client
import json
from collections.abc import Mapping

import pytest

from sandbox.visitors import is_known_host
from tests.sandbox.conftest import Stage
from tests.sandbox.process import SandboxHandle


def ask(
    telegram: SandboxHandle, method: str, path: str, headers: Mapping[str, str | None]
) -> tuple[int, str]:
    """Status and body, with exactly these headers; `Host` None: without one."""
    address = telegram.url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in ({"Host": address} | dict(headers)).items():
            if value is not None:
                connection.putheader(name, value.replace("ADDRESS", address))
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/", "/_sandbox/world", "/_sandbox/page/chats"])
def test_a_name_that_was_turned_to_this_machine_is_refused(
    telegram: SandboxHandle, path: str
) -> None:
    for host in ("evil.example", "evil.example:8001", "localhost.evil.example", "127.0.0.1.nip.io"):
        status, body = ask(telegram, "GET", path, {"Host": host})
        assert status == 421
        assert "--name" in json.loads(body)["description"]


def test_a_bots_call_is_refused_as_the_bot_api_refuses(stage: Stage) -> None:
    path = f"/bot{stage.bot.token}/getMe"
    status, body = ask(stage.telegram, "GET", path, {"Host": "evil.example"})
    assert (status, json.loads(body)["ok"], json.loads(body)["error_code"]) == (421, False, 421)
    assert ask(stage.telegram, "GET", path, {})[0] == 200


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8001", "127.0.0.1:1", "[::1]:8001", "127.0.0.1", None]
)
def test_this_machines_own_names_are_known(telegram: SandboxHandle, host: str | None) -> None:
    if host is None:  # HTTP/1.0; every browser names a host
        assert is_known_host("", frozenset())
    else:
        assert ask(telegram, "GET", "/_sandbox/world", {"Host": host})[0] == 200


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("telegram", True),
        ("Telegram.:8001", True),
        ("telegram.evil.example", False),
        ("app.localhost:8001", True),
        ("192.0.2.7:8001", True),  # an address is no name: nobody can turn it to this machine
        ("[2001:db8::1]", True),
        ("[::1].evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("evil.example:80:80", False),
        ("", True),
    ],
)
def test_names_given_by_the_operator_are_known(host: str, known: bool) -> None:
    assert is_known_host(host, frozenset({"telegram"})) is known


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:8000"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/_sandbox/reset"), ("GET", "/_sandbox/world")]
)
def test_a_page_of_another_origin_is_refused(
    stage: Stage, origin: str, method: str, path: str
) -> None:
    status, body = ask(stage.telegram, method, path, {"Origin": origin, "Content-Length": "0"})
    assert (status, json.loads(body)["ok"]) == (403, False)
    assert stage.call("getMe")["ok"], "nothing was reset"


def test_the_page_itself_and_clients_are_served(telegram: SandboxHandle) -> None:
    own = {"Origin": "http://ADDRESS", "Content-Length": "0"}
    assert ask(telegram, "POST", "/_sandbox/reset", own)[0] == 200
    assert ask(telegram, "POST", "/_sandbox/reset", {"Content-Length": "0"})[0] == 200
