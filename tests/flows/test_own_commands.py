"""An own command of a whole product: set up by REST, given in a group, confirmed, reported on and
shown, by webhook and by polling; over HTTP alone."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.alerts.fallbacks.receivers import Receiver
from tests.flows.system import WITHIN, eventually
from tests.flows.talking import Talking, buttons_of, talking
from tests.sandbox.process import Json

__all__ = ["talking"]  # a fixture


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """A program that switches lights."""
    with Receiver().running() as server:
        yield server


def post(respond: Json, **said: Any) -> int:
    """As the program does, to the address that it was told."""
    with requests.Session() as session:
        session.trust_env = False
        headers = {"Authorization": f"Bearer {respond['token']}"}
        return session.post(respond["url"], json=said, headers=headers, timeout=WITHIN).status_code


def test_a_command_is_listed_given_and_shown(talking: Talking, receiver: Receiver) -> None:
    chat, channel = talking.channel("Lights")
    body = {"name": f"House by {talking.way}", "url": receiver.url}
    endpoint = talking.api("POST", "endpoints/", body)
    receiver.secret = endpoint["secret"]
    name = f"lights_{talking.way}"
    action = talking.api(
        "POST",
        "actions/",
        {
            "name": name,
            "description": "Lights",
            "endpoint": endpoint["id"],
            "channels": [channel],
            "parameter": "optional",
            "confirm": True,
        },
    )
    scope = {"type": "chat", "chat_id": chat.id}

    def listed() -> bool:
        answer = talking.telegram.api(talking.bot, "getMyCommands", scope=scope)
        return name in [one["command"] for one in answer["result"]]

    # Looked for every quarter of a minute; a call that failed is made again after a minute.
    eventually(listed, 4 * WITHIN, what="the chat's menu")

    receiver.status = 202
    heard = len(receiver.bodies)
    talking.says(talking.ada, f"/{name}_hall", chat)
    question = talking.sees(chat, f"/{name} hall", button="Run")
    assert "Only who asked" in talking.presses(talking.bob, question, "Run")["text"]
    assert talking.presses(talking.ada, question, "Run")["text"] == "Asked."
    eventually(lambda: len(receiver.bodies) > heard, what="the call")
    told = receiver.bodies[-1]
    assert receiver.verified[-1], "signed with the endpoint's secret"
    assert (told["run"]["argument"], told["run"]["test"]) == ("hall", False)
    assert post(told["respond"], text="Warming up", progress=50) == 200
    assert talking.sees(chat, "50 %", "Warming up").message_id == question.message_id
    assert post(told["respond"], state="done", text="On") == 200
    done = talking.sees(chat, f"✅ /{name} hall done", "On")
    assert done.message_id == question.message_id
    assert buttons_of(done) == []
    assert post(told["respond"], state="failed") == 409
    assert post(told["respond"] | {"token": "trun_forged"}, state="failed") == 401
    run = talking.api("GET", f"action-runs/{told['id']}/")
    assert (run["state"], run["text"], run["action"]) == ("done", "On", action["id"])

    receiver.status, receiver.answer = 200, b'{"text": "At once"}'
    talking.api("PATCH", f"actions/{action['id']}/", {"confirm": False})
    talking.says(talking.ada, f"/{name}", chat)
    talking.sees(chat, f"✅ /{name} done", "At once")
