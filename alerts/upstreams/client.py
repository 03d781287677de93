"""An upstream's silences and alerts on the network: Alertmanager's API v2, guarded, capped in time
and size.

Nothing that it answers is shown but the silences in it, its status, and where it refuses a silence
the short reason in Alertmanager's or Grafana's shape: whoever names a host must not be able to read
from it.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings

from alerts.models import Upstream
from alerts.upstreams.agreement import ID_MAX, Saying, as_posted, read_theirs
from alerts.upstreams.changes import secret_of
from alerts.upstreams.listed import NotAlerts, read_listed
from botapi.outbound import Answered, FetchFailed, GuardRefused, OutboundPolicy, ask
from channels_app.bots import refuse_in_transaction
from channels_app.encryption import CannotDecrypt

WITHIN_SECONDS: Final = 5.0
"""For one request, so that a change is there within ten."""
BYTES_MAX: Final = 5_000_000
ALERTS_WITHIN_SECONDS: Final = 10.0
ALERTS_BYTES_MAX: Final = 30_000_000
"""Some 30,000 alerts. Who has more has none of them looked at."""
_ALL_ALERTS: Final = "/alerts?active=true&silenced=true&inhibited=true&unprocessed=true"
REASON_MAX: Final = 300
_PATHS: Final = {"alertmanager": "/api/v2", "grafana": "/api/alertmanager/grafana/api/v2"}


class UpstreamFailed(Exception):
    """It was not reached, or did not do it; the text says why, and holds no secret."""


class NotTaken(UpstreamFailed):
    """It does not take this silence; it may take others."""


class Api:
    """One upstream. Every method raises UpstreamFailed."""

    def __init__(self, upstream: Upstream) -> None:
        self._kind = upstream.kind
        self._base = upstream.url.rstrip("/") + _PATHS[upstream.kind]
        try:
            secret = secret_of(upstream)
        except CannotDecrypt as error:
            raise UpstreamFailed(str(error)) from None
        self._headers = _authorization(upstream.username, secret)
        self._secrets = [one for one in (secret, *self._headers.values()) if one]

    def silences(self) -> tuple[list[Saying], list[str]]:
        """All of them, those that are over included, as long as it keeps them; and why others
        cannot be read."""
        try:
            return read_theirs(_json(self._ask("GET", "/silences")))
        except ValueError as error:
            raise UpstreamFailed(str(error)) from None

    def silence(self, upstream_id: str) -> Saying | None:
        """One of them, as it has it now; None where it has none that can be read."""
        answer = self._ask("GET", _path_of(upstream_id))
        if answer.status == 404:
            return None
        found, _ = read_theirs([_json(answer)])
        return found[0] if found else None

    def alerts(self, ignored: frozenset[str]) -> frozenset[str]:
        """The fingerprints, as we have them, of all that it knows: what fires, muted or not."""
        answer = self._ask(
            "GET", _ALL_ALERTS, seconds=ALERTS_WITHIN_SECONDS, max_bytes=ALERTS_BYTES_MAX
        )
        try:
            return read_listed(_json(answer), self._kind, ignored)
        except NotAlerts as error:
            raise UpstreamFailed(str(error)) from None

    def post(self, ours: Saying, upstream_id: str = "") -> str:
        """Make it, or change the one with this ID; the ID that it has then."""
        answer = self._ask("POST", "/silences", as_posted(ours, upstream_id))
        self._expect_taken(answer)
        said = _json(answer)
        found = said.get("silenceID") if isinstance(said, dict) else None
        if not isinstance(found, str) or not 0 < len(found) <= ID_MAX:
            raise UpstreamFailed("it names no silence in its answer")
        return found

    def expire(self, upstream_id: str) -> None:
        """End it. One that is not there has ended."""
        answer = self._ask("DELETE", _path_of(upstream_id))
        if answer.status != 404:
            self._expect_taken(answer)

    def _expect_taken(self, answer: Answered) -> None:
        """It may have rights to read all and to write some: Grafana's are per folder."""
        if answer.status in (400, 403, 422):
            reason = reason_in(answer.body, self._secrets)
            status = f"it answers with HTTP {answer.status}"
            raise NotTaken(f"{status}: {reason}" if reason else status)
        _expect(answer)

    def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        seconds: float = WITHIN_SECONDS,
        max_bytes: int = BYTES_MAX,
    ) -> Answered:
        refuse_in_transaction()
        try:
            return ask(
                method,
                self._base + path,
                b"" if body is None else json.dumps(body).encode(),
                self._headers,
                max_bytes=max_bytes,
                total_timeout=seconds,
                policy=OutboundPolicy(
                    allowed_hosts=settings.OUTBOUND_ALLOWED_HOSTS,
                    proxy=settings.OUTBOUND_PROXY or None,
                ),
            )
        except (FetchFailed, GuardRefused) as error:
            raise UpstreamFailed(str(error)) from None


def _authorization(username: str, secret: str) -> dict[str, str]:
    if username:
        pair = base64.b64encode(f"{username}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {secret}"} if secret else {}


def _path_of(upstream_id: str) -> str:
    return f"/silence/{quote(upstream_id, safe='')}"


def _json(answer: Answered) -> Any:
    _expect(answer)
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise UpstreamFailed("it does not answer with JSON") from None


def reason_in(body: bytes, secrets: Iterable[str] = ()) -> str:
    """Why it refuses: Alertmanager answers with a JSON string, or with an object whose `message` it
    is, as Grafana does. On one line, cut, and without our secrets; "" for anything else."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(said, dict):
        said = said.get("message")
    if not isinstance(said, str):
        return ""
    for secret in secrets:
        said = said.replace(secret, "…")
    words = "".join(one if one.isprintable() else " " for one in said).split()
    return " ".join(words)[:REASON_MAX]


def _expect(answer: Answered) -> None:
    if answer.status in (401, 403):
        raise UpstreamFailed(f"it refuses the credential (HTTP {answer.status})")
    if not 200 <= answer.status < 300:
        raise UpstreamFailed(f"it answers with HTTP {answer.status}")
