"""The state of the database as attacks must leave it, and what a person can see of an attack."""

import html
import json
from dataclasses import dataclass
from typing import Literal

from django.db.models import Model
from django.test import Client

from config.watching import facts
from deliveries import tally
from tests.architecture.population import first_party_models
from tests.chatops.forgery.scene import Scene
from tests.rest import Api

NOT_STATE = {
    "chatops.InboundUpdate": "the update itself",
    "accounts.AuditEntry": "what is left of an attack",
    "chatops.LinkAttempt": "the count of wrong links",
    "chatops.Reception": "when something was heard last, or put on record",
    **dict.fromkeys(
        (
            f"deliveries.{name}"
            for name in ("Delivery", "DeliveryAttempt", "SentMessage", "Stream", "Lane")
        ),
        "how the answer leaves",
    ),
    **dict.fromkeys((f"deliveries.{name}" for name in ("ChatClock", "Tally", "Mark")), "figures"),
}
GROWS = ("channels_app.Chat",)
"""Who is answered in private has a row; those that are there stay as they are."""

Rows = dict[str, dict[str, str]]
Whose = Literal["home", "neighbour"]


@dataclass(frozen=True)
class State:
    """Rows by model and key; and what the chats show of what was there."""

    rows: Rows
    shown: dict[tuple[int, int], str]


def read(scene: Scene) -> State:
    """All that belongs to anybody."""
    models = [model for model in first_party_models() if model._meta.label not in NOT_STATE]
    rows = {model._meta.label: _rows_of(model) for model in models}
    shown = {
        (chat.id, message.message_id): json.dumps([message.text, message.message], sort_keys=True)
        for chat in (scene.home.group, scene.theirs)
        for message in scene.talk.messages(chat)
    }
    return State(rows, shown)


def _rows_of(model: type[Model]) -> dict[str, str]:
    return {str(row[model._meta.pk.attname]): repr(row) for row in model._base_manager.values()}


def differences(before: State, after: State) -> dict[str, list[str]]:
    """Model → the rows that are others than before; "shown" → messages that read otherwise."""
    found: dict[str, list[str]] = {}
    for label, rows in after.rows.items():
        was = before.rows[label]
        keys = was.keys() if label in GROWS else was.keys() | rows.keys()
        changed = [
            f"{was.get(key)} → {rows.get(key)}" for key in keys if was.get(key) != rows.get(key)
        ]
        if changed:
            found[label] = changed
    other = [text for key, text in before.shown.items() if after.shown.get(key) != text]
    return found | ({"shown": other} if other else {})


@dataclass(frozen=True)
class Trace:
    """Where somebody sees that it was tried: in the audit or among the Updates of an organization,
    or as a figure of the whole installation. `words`: what it says there."""

    where: Literal["audit", "updates", "metrics"]
    words: str
    whose: Whose = "home"


class Watch:
    """Those who look: an owner of each organization, and the operator."""

    def __init__(self, scene: Scene) -> None:
        self._people = {"home": scene.paul, "neighbour": scene.nadia}
        self._keys = {name: Api(person.organization) for name, person in self._people.items()}

    def count(self, trace: Trace) -> int:
        """How often it is there now."""
        if trace.where == "metrics":
            return _figure(trace.words)
        if trace.where == "updates":
            page = self._people[trace.whose].read("/chatops/inboundupdate/")
            return html.unescape(page).count(trace.words)
        entries = self._keys[trace.whose].get("audit/?page_size=200").json()["results"]
        told = [f"{one['action']}: {one['changes'].get('why', ['', ''])[1]}" for one in entries]
        return sum(trace.words in one for one in told)


def _figure(name: str) -> int:
    tally.write()
    facts.cached.forget()
    text = Client(headers={"host": "localhost:8000"}).get("/metrics").content.decode()
    wanted = f"tocsin_{name} "
    lines = [line for line in text.splitlines() if line.startswith(wanted)]
    return int(float(lines[0].split()[-1])) if lines else 0
