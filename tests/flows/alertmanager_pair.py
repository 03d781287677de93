"""A real Alertmanager and one of our integrations, asked the same, and requests to ask of them."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from django.test import Client

from accounts.audit import COMMAND_LINE
from alerts.muting.inhibit_rules import create_inhibit_rule
from alerts.route_table import forget_cached_routes
from alerts.routes import change_route
from tests.alerts.senders import make_site
from tests.alerts.sources.capture import running
from tests.ports import free_port

Step: TypeAlias = tuple[Any, ...]
"""(method, path below api/v2, body, headers); the last two may be left out. A body of bytes is sent
as it is, every other one as JSON; <n> stands for the n-th silence that was made."""

CONFIG = """
route: {receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers: [{name: hook}]
inhibit_rules:
- {source_matchers: [level="major"], target_matchers: [level="minor"], equal: [cluster]}
"""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
OWN_WORDS = re.compile(
    r"(?:(failed, because )|error parsing regexp|(?:bad|invalid) regular expression).*", re.DOTALL
)
"""From here on both say in their own words what they could not read."""


def _sorted_ids(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """An object in the order in which it came."""
    return [(name, sorted(value) if name == "silencedBy" else value) for name, value in pairs]


@dataclass
class Answer:
    """What one of them said."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Side:
    """One of the two. `ids`: of the silences it made, in order."""

    begun: datetime
    ids: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        raise NotImplementedError

    def told(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Any:
        """The answer to a step, in words that both sides share."""
        for number, pk in enumerate(self.ids):
            path = path.replace(f"<{number}>", pk)
        raw = body if isinstance(body, bytes) else b"" if body is None else self._filled(body)
        content_type = {"Content-Type": "application/json"} if raw else {}
        answer = self.ask(method, path, raw, content_type | (headers or {}))
        text = answer.body.decode()
        if path == "/silences" and method == "POST" and answer.status == 200:
            self.ids.append(json.loads(text)["silenceID"])
        allowed = sorted(answer.headers.get("Allow", "").split(","))
        return answer.status, answer.headers.get("Content-Type"), allowed, self._plain(text)

    def _filled(self, body: Any) -> bytes:
        text = json.dumps(body)
        for number, pk in enumerate(self.ids):
            text = text.replace(f"<{number}>", pk)
        return text.encode()

    def _plain(self, text: str) -> Any:
        """IDs by their number, moments by what they are near to, lists of IDs in one order."""
        for number, pk in enumerate(self.ids):
            text = text.replace(pk, f"<{number}>")
        text = TIME.sub(self._moment, text)
        if "allowed, but" in text:
            return text.partition(", but")[0]
        if OWN_WORDS.search(text):
            return OWN_WORDS.sub(r"\1…", text)
        return json.loads(text, object_pairs_hook=_sorted_ids) if text else text

    def _moment(self, found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0])
        for name, length in (("now", timedelta(0)), ("in 5 minutes", timedelta(minutes=5))):
            if abs(moment - self.begun - length) < timedelta(seconds=90):
                return name
        return found[0]


class Theirs(Side):
    """The real one, on this port."""

    port = 0

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, f"/api/v2{path}", body or None, headers)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())


class Ours(Side):
    """An integration with this key."""

    key = ""

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        content_type = headers.pop("Content-Type", "")
        response = Client().generic(
            method,
            f"/hooks/v1/{self.key}/api/v2{path}",
            body,
            content_type=content_type,
            headers=headers,
        )
        return Answer(response.status_code, dict(response.headers), response.content)


@dataclass(frozen=True)
class Both:
    """The two, asked in the same order."""

    theirs: Theirs
    ours: Ours

    def assert_alike(self, steps: list[Step]) -> None:
        """Each step is answered alike."""
        found = []
        for step in steps:
            theirs, ours = self.theirs.told(*step), self.ours.told(*step)
            if theirs != ours:
                found.append(f"{step}\n  theirs: {theirs}\n  ours:   {ours}")
        assert not found, "\n\n".join(found)


@contextmanager
def pair(folder: Path) -> Iterator[Both]:
    """A new Alertmanager, and an organization whose default route is its route."""
    (folder / "am.yml").write_text(CONFIG)
    begun = datetime.now(UTC)
    theirs, ours = Theirs(begun), Ours(begun)
    site = make_site()
    change_route(COMMAND_LINE, site.route, name="hook", group_by=["alertname"])
    create_inhibit_rule(
        COMMAND_LINE,
        site.organization,
        source_matchers='level="major"',
        target_matchers='level="minor"',
        equal=["cluster"],
    )
    forget_cached_routes()
    ours.key = site.key
    theirs.port = free_port()
    url = f"127.0.0.1:{theirs.port}"
    arguments = [
        "prometheus-alertmanager",
        f"--config.file={folder / 'am.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={url}",
        "--cluster.listen-address=",
    ]
    with running(arguments, f"http://{url}/-/ready"):
        yield Both(theirs, ours)


def at(seconds: float) -> str:
    """So far from now; a moment earlier, so that what begins now has begun."""
    moment = datetime.now(UTC).replace(microsecond=123_456) + timedelta(seconds=seconds - 1)
    return moment.isoformat().replace("+00:00", "Z")


def silence(*matchers: tuple[str, str, str], **values: Any) -> dict[str, Any]:
    """From now on for an hour."""
    body = {
        "matchers": [
            {"name": name, "value": value, "isRegex": "~" in op, "isEqual": "!" not in op}
            for name, op, value in matchers or [("alertname", "=", "X")]
        ],
        "startsAt": at(0),
        "endsAt": at(3600),
        "createdBy": "me",
        "comment": "c",
        **values,
    }
    return {name: value for name, value in body.items() if value != "left out"}


def query(path: str, **parameters: str | list[str]) -> str:
    pairs = [
        f"{name}={quote(value, safe='')}"
        for name, values in parameters.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return f"{path}?{'&'.join(pairs)}"
