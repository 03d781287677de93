"""Bots and chats of a running product, senders that remember, and what arrived in Telegram."""

import json
import random
import threading
import time
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import requests

from alerts.route_table import CACHED_FOR
from tests import clock
from tests.alerts.senders import LATER, START, webhook
from tests.faults import checker
from tests.faults.checker import Accepted, Arrival, Ledger, Status, token
from tests.faults.processes import Product
from tests.flows.system import eventually
from tests.sandbox.process import Kind, SandboxBot, SandboxCall, SandboxChat, SandboxHandle

LOSES_ANSWER = frozenset({"reset_after", "hang_after", "lost_answer", "no_message"})
"""The sandbox's faults that perform a call and keep the answer to themselves."""
POST_SECONDS = 30.0
POSTED_SECONDS = 120.0
SLACK_SECONDS = 0.5
"""A process that waits for a core lets a call leave later than it knows, and believes a quarter of
a second of it. Judged sharply, the scenarios would measure how busy this machine is; a budget that
was lost with a process is a matter of seconds. tests/deliveries/test_pacing.py is the sharp one."""
PROMPT_SECONDS = 0.05
"""Within so many seconds the sandbox notes a call, when it is not busy."""


@dataclass(frozen=True, slots=True)
class Place:
    """A chat and the channel to it; alerts whose label `chat` is `key` go there."""

    key: str
    bot: SandboxBot
    bot_id: str
    chat: SandboxChat
    channel_id: str


class Site:
    """An organization of the product, as its admin and its senders use it."""

    def __init__(self, product: Product, telegram: SandboxHandle) -> None:
        self.product = product
        self.telegram = telegram
        self.ledger = Ledger()
        self.arrivals = Arrivals(telegram, Pulse(telegram))
        made = product.manage("quickstart", "--new-api-key", "--json")
        self.ingest_url: str = made["ingest_url"]
        self._api = _session()
        self._api.headers["Authorization"] = f"Bearer {made['api_key']}"
        self.places: list[Place] = []
        self._lock = threading.Lock()
        self._numbers = count(1)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A REST call as an owner; its JSON, or None without one."""
        answer = self._api.request(
            method, f"{self.product.url}/api/v1/{path}", json=body, timeout=30
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def make_places(self, bots: int, chats: int = 1, kind: Kind = "private") -> list[Place]:
        """So many bots with so many chats each; returns when their routes are in force."""
        made = [place for _ in range(bots) for place in self._make_bot(chats, kind)]
        self.places += made
        time.sleep(CACHED_FOR)
        return made

    def _make_bot(self, chats: int, kind: Kind) -> list[Place]:
        number = next(self._numbers)
        bot = self.telegram.create_bot(f"Bot {number}")
        values = {"name": bot.username, "token": bot.token, "api_url": self.telegram.url}
        bot_id = self.api("POST", "bots/", values)["id"]
        return [self._make_place(bot, bot_id, kind) for _ in range(chats)]

    def _make_place(self, bot: SandboxBot, bot_id: str, kind: Kind) -> Place:
        key = f"c{next(self._numbers)}"
        chat = self.telegram.create_chat(kind, bot=bot)
        channel = self.api(
            "POST", "channels/", {"name": key, "bot": bot_id, "chat_id": str(chat.id)}
        )
        route = {"name": key, "matchers": f'chat="{key}"', "channels": [channel["id"]]}
        self.api("POST", "routes/", route)
        return Place(key, bot, bot_id, chat, channel["id"])

    # --- senders ---

    def post(self, session: requests.Session, state: "State") -> bool:
        """POST one state of an alert; whether its sender heard 2xx, which is noted."""
        try:
            answer = session.post(self.ingest_url, json=state.payload(), timeout=POST_SECONDS)
        except requests.RequestException:
            return False
        if answer.ok:
            self.note(state)
        return answer.ok

    def note(self, state: "State") -> None:
        """It was accepted."""
        accepted = Accepted(state.name, state.revision, state.status, (state.place.chat.id,))
        with self._lock:
            self.ledger.accepted.append(accepted)

    def try_once(self, state: "State") -> bool:
        """POST it once, whatever comes of it."""
        with _session() as session:
            return self.post(session, state)

    def send(self, *states: "State", seconds: float = 60.0) -> None:
        """POST them one after the other, each until it is accepted."""
        with _session() as session:
            for state in states:
                eventually(lambda: self.post(session, state), seconds, what="a 2xx")  # noqa: B023  # called at once

    def expire(self, state: "State", after: float) -> None:
        """POST an alert as Prometheus does, which ends by itself after so many seconds."""
        url = f"{self.ingest_url.rstrip('/')}/api/v2/alerts"
        # What is over before it could be told, for a minute or more, is told by its name alone.
        named = {**state.labels, "alertname": token(state.name, state.revision)}
        about = {"labels": named, "annotations": state.annotations}

        def post() -> bool:
            now = time.time()
            alert = {**about, "startsAt": _iso(now), "endsAt": _iso(now + after)}
            with _session() as session:
                answer = session.post(url, json=[alert], timeout=POST_SECONDS)
            # One that was over when it came is no news: then it is told anew.
            return answer.ok and time.time() < int(now + after)

        eventually(post, 60.0, what="a 2xx before its end")
        self.note(State(state.place, state.name, state.revision, "resolved"))

    @contextmanager
    def crowd(
        self, lives: Sequence[Sequence["State"]], threads: int = 2, after: float = 0.0
    ) -> Iterator["Crowd"]:
        """Senders of these, of which one, and the share `after`, was accepted; at the end all."""
        wanted = len(self.ledger.accepted) + 1 + int(after * len(lives))
        crowd = Crowd(self, lives, threads)
        eventually(lambda: len(self.ledger.accepted) >= wanted, 60, what="the first of them")
        yield crowd
        crowd.join(POSTED_SECONDS)

    def flood(self, states: Sequence["State"]) -> None:
        """POST them all at once, each alert a group of its own, until they are accepted."""
        told = [
            {
                "title": state.name,
                "message": state.annotations["summary"],
                "status": state.status,
                "labels": state.labels,
                "fingerprint": f"{state.place.key}{state.name}",
            }
            for state in states
        ]

        def post() -> bool:
            try:
                with _session() as session:
                    return session.post(self.ingest_url, json=told, timeout=POST_SECONDS).ok
            except requests.RequestException:
                return False

        eventually(post, 60.0, what="a 2xx")
        for state in states:
            self.note(state)

    # --- the end ---

    def read_marks(self) -> None:
        """Note which messages the product says may have been made before."""
        chats = {place.channel_id: place.chat.id for place in self.places}
        path = "deliveries/?maybe_sent=true&page_size=200"
        while path:
            page = self.api("GET", path)
            for row in page["results"]:
                chat = chats.get(row["channel"])
                if chat is not None and row["message_id"]:
                    self.ledger.marked.add((chat, row["message_id"]))
                    moved = self.ledger.moved.get(chat, chat)
                    self.ledger.marked.add((moved, row["message_id"]))
            path = (page["next"] or "").rpartition("/api/v1/")[2]

    def is_quiet(self) -> bool:
        """Whether nothing waits to be sent any more. Asked at once: what goes from one state to
        another between two questions would be in neither."""
        unsettled = "state=waiting&state=in_flight&state=parked"
        return not self.api("GET", f"deliveries/?{unsettled}")["results"]

    def check(self, seconds: float) -> None:
        """Wait so long for everything accepted to be shown as it is; then nothing may be wrong."""

        def is_shown() -> bool:
            arrivals = self.arrivals.read()
            missing = [
                *checker.lost(self.ledger, arrivals),
                *checker.untrue(self.ledger, arrivals),
            ]
            assert not missing, f"{len(missing)} of {len(self.ledger.final())}: {missing[:5]}"
            assert self.is_quiet(), "calls wait"
            return True

        eventually(is_shown, seconds, what="the truth in every chat")
        self.read_marks()
        wrong = checker.violations(self.ledger, self.arrivals.read(), SLACK_SECONDS)
        assert not wrong, "\n".join(wrong[:20])


@dataclass(frozen=True, slots=True)
class State:
    """One state of an alert, as its sender tells it."""

    place: Place
    name: str
    revision: int
    status: Status = "firing"

    @property
    def labels(self) -> dict[str, str]:
        return {"alertname": self.name, "chat": self.place.key, "severity": "warning"}

    @property
    def annotations(self) -> dict[str, str]:
        return {"summary": f"{token(self.name, self.revision)} in {self.place.key}"}

    def payload(self) -> dict[str, Any]:
        """As Alertmanager's webhook; each alert is a group of its own."""
        ended = self.status == "resolved"
        alert = {
            "status": self.status,
            "labels": self.labels,
            "annotations": self.annotations,
            "startsAt": START,
            "endsAt": LATER if ended else "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": f"{self.place.key}{self.name}",
        }
        return webhook(alert, groupKey=f"{self.place.key}{self.name}")


def life(place: Place, name: str, chance: random.Random) -> list[State]:
    """What becomes of an alert: half only fire, the others change, resolve, or both."""
    ends = chance.choice([("firing",), ("firing",), ("firing", "firing"), ("firing", "resolved")])
    if chance.random() < 0.1:
        ends = ("firing", "firing", "resolved")
    return [State(place, name, number, status) for number, status in enumerate(ends, 1)]  # type: ignore[arg-type]  # literals


class Crowd:
    """Senders on threads, which go on until all they have to tell is accepted."""

    def __init__(self, site: Site, lives: Sequence[Sequence[State]], threads: int = 8) -> None:
        self.refused = 0
        self._site = site
        self._lives = list(lives)
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        self._lock = threading.Lock()
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        """Whether everything was accepted."""
        return not any(thread.is_alive() for thread in self._threads)

    def join(self, seconds: float) -> None:
        """Wait until everything was accepted."""
        deadline = clock.now() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - clock.now()))
        assert self.is_done, f"{len(self._lives)} alerts were never accepted"

    def _next(self) -> Sequence[State] | None:
        with self._lock:
            return self._lives.pop() if self._lives else None

    def _run(self) -> None:
        with _session() as session:
            while (states := self._next()) is not None:
                for state in states:
                    while not self._site.post(session, state):
                        with self._lock:
                            self.refused += 1
                        time.sleep(0.1)


class Pulse:
    """Asks the sandbox all the time, and so knows when it was too busy to take notice of a call.

    It is one thread of Python: what comes while that computes, or waits for a core of this machine,
    is noted late. What was asked before and answered by then was not waiting.
    """

    def __init__(self, telegram: SandboxHandle) -> None:
        self._url = f"{telegram.url}/_sandbox/settings"
        self._answered: list[float] = []
        self._asked: list[float] = []
        threading.Thread(target=self._run, daemon=True).start()

    def doubt(self, at: float) -> float:
        """How many seconds before `at` a call may have come that was noted then."""
        last = bisect_right(self._answered, at) - 1
        waited = at - self._asked[last] if last >= 0 else 0.0
        return waited if waited > PROMPT_SECONDS else 0.0

    def _run(self) -> None:
        with _session() as session:
            while True:
                asked = time.time()
                try:
                    session.get(self._url, timeout=60)
                except requests.RequestException:
                    return  # the module is over
                self._asked.append(asked)
                self._answered.append(time.time())
                time.sleep(0.01)


@dataclass(slots=True)
class Arrivals:
    """What has reached the sandbox so far."""

    telegram: SandboxHandle
    pulse: Pulse
    _seen: list[Arrival] = field(default_factory=list)
    _cursor: int = 0

    def read(self) -> list[Arrival]:
        """All of it."""
        calls = self.telegram.calls(since=self._cursor)
        if calls:
            self._cursor = calls[-1].sequence
            self._seen += [_arrival(call, self.pulse.doubt(call.time)) for call in calls]
        return self._seen


def _arrival(call: SandboxCall, doubt: float) -> Arrival:
    parameters = call.parameters
    reply = parameters.get("reply_parameters", "")
    return Arrival(
        at=call.time,
        ended=call.time + call.duration,
        bot=call.bot_id,
        chat=call.chat_id,
        method=call.method,
        message_id=call.message_id,
        text=_said(call),
        reply_to=json.loads(reply)["message_id"] if reply else 0,
        answered=call.fault not in LOSES_ANSWER,
        doubt=doubt,
    )


def _said(call: SandboxCall) -> str:
    """In its text, its caption and its document."""
    text = call.parameters.get("text") or call.parameters.get("caption", "")
    return "\n".join([text, *(file["text"] for file in call.files)]) if call.files else text


def make_lives(
    places: Iterable[Place], alerts: int, seed: int, prefix: str = "A"
) -> list[list[State]]:
    """The lives of so many alerts, over all places, in a random order."""
    chance = random.Random(seed)
    all_places = list(places)
    lives = [life(all_places[n % len(all_places)], f"{prefix}{n}x", chance) for n in range(alerts)]
    chance.shuffle(lives)
    return lives


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session
