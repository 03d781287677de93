"""A group in which an own command is, and the program that it calls."""

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

from accounts.audit import COMMAND_LINE
from channels_app.models import Bot
from chatops.actions import changes
from chatops.endpoints import changes as endpoints
from chatops.endpoints import send
from chatops.models import ActionRun, Endpoint, EndpointCall, OwnAction
from deliveries import clock
from tests.alerts.fallbacks.receivers import Receiver
from tests.chatops import stage as chats
from tests.chatops.conftest import Talk

PLAIN: dict[str, Any] = {"description": "Lights on", "is_command": True, "button": ""}


@dataclass
class Stage(chats.Stage):
    """`receiver` is the endpoint's program."""

    receiver: Receiver
    endpoint: Endpoint

    def action(self, name: str = "lightson", **values: Any) -> OwnAction:
        """A command of the organization's."""
        given = PLAIN | {"name": name, "endpoint": self.endpoint, "parameter": "optional"} | values
        return changes.create_action(COMMAND_LINE, self.talk.organization, **given)

    def answers(self, status: int = 200, **body: Any) -> None:
        """What the program says from now on."""
        self.receiver.status = status
        self.receiver.answer = json.dumps(body).encode() if body else b""

    def call(self) -> str:
        """The call is made and shown; what the newest message of the bot in the group says."""
        EndpointCall.objects.filter(state="waiting").update(not_before=clock.now())
        send.send_waiting(5)
        self.talk.settle()
        return self.last(self.group).text

    def post(self, **body: Any) -> int:
        """What the program posts back about the last run that it was told of; the status."""
        return self.post_as(self.respond()["token"], body)

    def post_as(self, token: str, body: Any, url: str = "") -> int:
        path = url or self.respond()["url"].removeprefix("http://localhost:8000")
        answer = Client().post(
            path,
            body if isinstance(body, bytes) else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        self.problem = answer.json()
        return answer.status_code

    def respond(self) -> dict[str, str]:
        """Where to post, and with which token."""
        told: dict[str, str] = self.receiver.bodies[-1]["respond"]
        return told

    def shown(self) -> str:
        """The newest message of the bot in the group, once all is sent."""
        self.talk.settle()
        return self.last(self.group).text

    @property
    def run(self) -> ActionRun:
        """The newest."""
        run = ActionRun.objects.for_organization(self.talk.organization).first()
        assert run is not None
        return run


def make_action_stage(talk: Talk, receiver: Receiver, **chat: Any) -> Stage:
    Bot.objects.filter(pk=talk.bot.pk).update(updates="polling")
    talk.bot.refresh_from_db()
    base = chats.make_stage(talk, **chat)
    saved = endpoints.create_endpoint(
        COMMAND_LINE, talk.organization, name="House", url=receiver.url
    )
    receiver.secret = saved.secret
    return Stage(**vars(base), receiver=receiver, endpoint=saved.endpoint)
