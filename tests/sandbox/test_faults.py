"""Scripted trouble: what the caller meets, and whether the message was stored all the same."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Stage


def _post(stage: Stage, *, timeout: float = 60, **parameters: Any) -> requests.Response:
    url = f"{stage.telegram.url}/bot{stage.bot.token}/sendMessage"
    return requests.post(
        url, json={"chat_id": stage.chat.id, "text": "x"} | parameters, timeout=timeout
    )


def _stored(stage: Stage) -> int:
    return len(stage.telegram.messages(stage.chat))


ANSWERS: list[tuple[str, dict[str, Any], int, str, int]] = [
    ("too_many_requests", {"retry_after": 7}, 429, "Too Many Requests: retry after 7", 0),
    ("internal_error", {}, 500, "Internal Server Error: restart", 0),
    ("unauthorized", {}, 401, "Unauthorized", 0),
    ("bad_gateway", {}, 502, "", 0),
    ("lost_answer", {}, 504, "", 1),
    ("error", {"code": 403, "description": "Forbidden: x"}, 403, "Forbidden: x", 0),
    (
        "error",
        {"description": "Bad Request: y", "parameters": {"migrate_to_chat_id": -100}},
        400,
        "Bad Request: y",
        0,
    ),
]


@pytest.mark.parametrize(("kind", "fields", "status", "description", "stored"), ANSWERS)
def test_answers(
    stage: Stage, kind: str, fields: dict[str, Any], status: int, description: str, stored: int
) -> None:
    stage.telegram.fault(kind, **fields)
    response = _post(stage)
    assert response.status_code == status
    if description:
        assert response.json()["description"] == description
        assert response.json().get("parameters", {}) == fields.get("parameters", {}) | {
            name: value for name, value in fields.items() if name == "retry_after"
        }
    else:
        assert response.text.startswith("<html>")
    assert _stored(stage) == stored
    assert _post(stage).status_code == 200
    (first, second) = stage.telegram.calls("sendMessage")
    assert (first.status, first.fault) == (status, kind)
    assert (second.status, second.fault) == (200, "")


def test_an_answer_without_its_message(stage: Stage) -> None:
    stage.telegram.fault("no_message")
    assert _post(stage).json() == {"ok": True, "result": True}
    assert _stored(stage) == 1


@pytest.mark.parametrize(("kind", "stored"), [("reset_before", 0), ("reset_after", 1)])
def test_reset_connections(stage: Stage, kind: str, stored: int) -> None:
    stage.telegram.fault(kind)
    with pytest.raises(requests.ConnectionError, match=r"Connection aborted.*reset by peer"):
        _post(stage)
    assert _stored(stage) == stored
    (call,) = stage.telegram.calls("sendMessage")
    assert call.status == 0


@pytest.mark.parametrize(("kind", "stored"), [("hang_before", 0), ("hang_after", 1)])
def test_hanging_calls(stage: Stage, kind: str, stored: int) -> None:
    stage.telegram.fault(kind)
    with pytest.raises(requests.ReadTimeout):
        _post(stage, timeout=0.3)
    assert _stored(stage) == stored
    stage.telegram.fault(kind, seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        _post(stage)


def test_dripping_answers(stage: Stage) -> None:
    stage.telegram.fault("drip", seconds=0.002)
    started = time.monotonic()
    assert _post(stage).json()["ok"]
    assert time.monotonic() - started > 0.3
    stage.telegram.fault("drip", seconds=0.1)
    url = f"{stage.telegram.url}/bot{stage.bot.token}/getMe"
    with requests.get(url, stream=True, timeout=60) as response:
        assert response.raw.read(3) == b'{"o'


def test_delays_and_latency(stage: Stage) -> None:
    stage.telegram.fault("delay", seconds=0.2)
    started = time.monotonic()
    assert _post(stage).json()["ok"]
    assert time.monotonic() - started >= 0.2
    stage.telegram.set_latency(0.1)
    started = time.monotonic()
    assert _post(stage).json()["ok"]
    assert time.monotonic() - started >= 0.1
    stage.telegram.set_latency(0)


def test_faults_hit_only_what_they_name(stage: Stage) -> None:
    other_bot = stage.telegram.create_bot()
    other_chat = stage.telegram.create_chat()
    stage.telegram.fault("internal_error", bot=other_bot, count=None)
    stage.telegram.fault("internal_error", chat=other_chat, count=None)
    stage.telegram.fault("internal_error", method="editmessagetext", count=None)
    assert _post(stage).json()["ok"]
    assert _post(stage, chat_id=other_chat.id).status_code == 500
    assert stage.call("editMessageText", text="x")["error_code"] == 500
    assert stage.telegram.api(other_bot, "getMe")["error_code"] == 500
    stage.telegram.clear_faults()
    assert _post(stage, chat_id=other_chat.id).json()["ok"]


def test_counts_and_probabilities(stage: Stage) -> None:
    stage.telegram.fault("internal_error", count=2)
    assert [_post(stage).status_code for _ in range(3)] == [500, 500, 200]
    stage.telegram.fault("bad_gateway", count=None, probability=0.5)
    hits = [_post(stage).status_code for _ in range(60)].count(502)
    assert 10 <= hits <= 50
