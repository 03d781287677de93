"""A stand-in of an upstream: Alertmanager's API v2 as Alertmanager or Grafana serves it, over HTTP.

Grafana's differs in its path, its bearer token, 202 for what it stored, objects with a message for
what it refuses, rights for single silences, and `metadata` beside a silence (grafana/grafana,
pkg/services/ngalert/api: api_alertmanager_silences.go, compat_silences.go; notifier:
silence_svc.go). What it stores it may first put into words of its own (`normalise`).
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, TypeAlias

from deliveries import clock

Kind: TypeAlias = Literal["alertmanager", "grafana"]
Body: TypeAlias = dict[str, Any]
Answer: TypeAlias = tuple[int, Any]
PATHS: dict[Kind, str] = {
    "alertmanager": "/api/v2",
    "grafana": "/api/alertmanager/grafana/api/v2",
}


def as_it_is(body: Body) -> Body:
    """Stored as it was posted."""
    return body


class StandingUpstream:
    """`alerts`: what it lists, which it does not make from silences. `asked`: (method, path below
    the API, body) of what came. `refuses`: what it answers to a POST, DELETE or GET instead of
    doing it, None to do it."""

    def __init__(self, kind: Kind, token: str) -> None:
        self.kind, self.token = kind, token
        self.silences: dict[str, Body] = {}
        self.alerts: Any = []
        self.asked: list[tuple[str, str, Body]] = []
        self.normalise: Callable[[Body], Body] = as_it_is
        self.refuses: Callable[[str, str, Body], Answer | None] = lambda *_: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()

    def writes(self) -> list[tuple[str, str]]:
        """(method, comment of the silence) of what was done to it."""
        return [
            (method, body.get("comment", "")) for method, _, body in self.asked if method != "GET"
        ]

    def lasting(self) -> list[Body]:
        """Those that are not over."""
        found = (self._shown(pk) for pk in list(self.silences))
        return [one for one in found if one["status"]["state"] != "expired"]

    # --- what it does ---

    def answer(self, method: str, path: str, token: str, body: Body) -> Answer:
        """Status and JSON."""
        if token != self.token:
            return self._refusal(401, "Invalid API key")
        base, inner = PATHS[self.kind], path.partition("?")[0]
        if not inner.startswith((f"{base}/silence", f"{base}/alerts")):
            return self._refusal(404, "Not found")
        inner = inner.removeprefix(base)
        self.asked.append((method, inner, body))
        if refused := self.refuses(method, inner, body):
            return self._refusal(*refused)
        pk = inner.removeprefix("/silence/")
        if method == "POST":
            return self._post(body)
        if inner == "/alerts":
            return 200, self.alerts
        if inner == "/silences":
            return 200, [self._shown(pk) for pk in self.silences]
        if pk not in self.silences:
            return self._refusal(404, "silence not found")
        if method == "DELETE":
            self.end(pk)
            return 200, {"message": "silence deleted"} if self.kind == "grafana" else None
        return 200, self._shown(pk)

    def put(self, body: Body, pk: str = "") -> str:
        """What a person does there; its ID."""
        return str(self._post({**body, "id": pk} if pk else body)[1]["silenceID"])

    def end(self, pk: str) -> None:
        """Now."""
        now = _now()
        self.silences[pk] |= {"endsAt": min(now, self.silences[pk]["endsAt"]), "updatedAt": now}

    def _post(self, body: Body) -> Answer:
        now, pk = _now(), body.pop("id", "")
        stored = self.normalise({**body, "startsAt": max(body["startsAt"], now)})
        if stored["endsAt"] <= now:
            return self._refusal(400, "end time can't be in the past")
        if pk and pk not in self.silences:
            return self._refusal(404, "silence not found")
        if pk:
            known = self.silences[pk]
            same = [known[name] for name in ("matchers",)] == [stored["matchers"]]
            is_active = known["startsAt"] <= now < known["endsAt"]
            if same and is_active and body["startsAt"][:19] == known["startsAt"][:19]:
                stored["startsAt"] = known["startsAt"]
            else:
                self.end(pk)
                pk = ""
        pk = pk or str(uuid.uuid4())
        self.silences[pk] = {**stored, "updatedAt": now}
        return (202 if self.kind == "grafana" else 200), {"silenceID": pk}

    def _shown(self, pk: str) -> Body:
        one, now = self.silences[pk], _now()
        state = "pending" if one["startsAt"] > now else "active"
        shown = {"id": pk, "status": {"state": "expired" if one["endsAt"] <= now else state}, **one}
        if self.kind == "grafana":
            shown["metadata"] = {
                "rule_uid": "abc",
                "rule_title": "Disk",
                "folder_uid": "f",
                "permissions": {"read": {}},
            }
        return shown

    def _refusal(self, status: int, words: str) -> Answer:
        if self.kind == "alertmanager":
            return status, words
        return status, {"message": words, "messageId": "alerting", "traceID": ""}


def _handler(upstream: StandingUpstream) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, said = upstream.answer(self.command, self.path, token, body)
            text = b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler


def _now() -> str:
    return text_of(clock.now())


def text_of(moment: datetime) -> str:
    """As Alertmanager writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def standing_upstream(kind: Kind = "alertmanager", token: str = "") -> Iterator[StandingUpstream]:
    """One that answers until the end."""
    upstream = StandingUpstream(kind, token)
    try:
        yield upstream
    finally:
        upstream.stop()
