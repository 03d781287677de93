"""`/hooks/v1/heartbeat/<key>/…`: where jobs ping. They hear 200 once the ping is stored.

What may pass is 503 with Retry-After, which `curl --retry` tries again; 4xx says that this ping
will never do. A body may come along, such as the last lines of a log.
"""

import logging

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseFailure
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.middleware import client_address
from accounts.problems import problem_response
from alerts import throttles
from alerts.heartbeats.pings import BODY_KEPT, PREFIX, Ping, heartbeat_for_key, ping
from alerts.heartbeats.rules import PingKind
from alerts.integration_keys import hash_of
from alerts.models import Heartbeat

logger = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST")
RETRY_AFTER = 5
EXIT_MAX = 255
_SAYS: dict[str, PingKind] = {"": "success", "start": "start", "fail": "fail"}
_UNKNOWN = "There is no heartbeat with this key. Copy the URL from the heartbeat's page."


@csrf_exempt
def receive(request: HttpRequest, key: str, says: str = "") -> HttpResponse:
    """GET, HEAD or POST; `says`: start, fail or an exit code. 200 once it is stored, else 400, 404,
    405 or 503."""
    if request.method not in METHODS:
        allowed = ", ".join(METHODS)
        return _refusal(405, f"Ping with one of {allowed}.", Allow=allowed)
    said = _read_says(says)
    if said is None:
        return _refusal(
            400,
            f"{says[:40]!r} says nothing. End the URL with start, fail, an exit code from 0 to "
            f"{EXIT_MAX}, or nothing for done.",
        )
    if not key.startswith(PREFIX):
        return _refusal(404, _UNKNOWN)
    kind, _ = said
    wait = throttles.wait_for_ping(hash_of(key), kind)
    if wait:
        return _refusal(
            503,
            f"More than {throttles.pings_a_minute(kind)} such pings a minute of one heartbeat. "
            "Ping less often.",
            **{"Retry-After": str(wait)},
        )
    try:
        return _stored(request, key, *said)
    except DatabaseFailure:
        logger.exception("A ping could not be stored")
        return _refusal(
            503,
            "The database did not take this ping. Send it again.",
            **{"Retry-After": str(RETRY_AFTER)},
        )


def _stored(request: HttpRequest, key: str, kind: PingKind, exit_code: int | None) -> HttpResponse:
    pk = heartbeat_for_key(key)
    if pk is None:
        return _refusal(404, _UNKNOWN)
    one = Ping(
        kind=kind,
        exit_code=exit_code,
        body=_body(request),
        method=request.method or "",
        remote_addr=(client_address(request) or "")[:64],
        user_agent=_text(request.headers.get("User-Agent", ""))[:200],
    )
    changed = ping(pk, one)
    if changed is None:
        return _refusal(404, _UNKNOWN)
    words = "" if request.method == "HEAD" else _answer(changed.row)
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


def _answer(row: Heartbeat) -> str:
    return (
        "OK\n" if row.enabled else "OK, but this heartbeat is paused: nothing is expected of it\n"
    )


def _read_says(says: str) -> tuple[PingKind, int | None] | None:
    if says in _SAYS:
        return _SAYS[says], None
    if not (says.isascii() and says.isdigit() and len(says) <= len(str(EXIT_MAX))):
        return None
    code = int(says)
    if code > EXIT_MAX:
        return None
    return ("fail" if code else "success"), code


def _body(request: HttpRequest) -> str:
    """The end of it. One that is too large or breaks off is not worth the ping."""
    try:
        raw = request.body
    except (RequestDataTooBig, UnreadablePostError, OSError):
        return ""
    return _text(raw[-BODY_KEPT:].decode("utf-8", "replace"))


def _text(text: str) -> str:
    """Neither PostgreSQL nor UTF-8 takes these."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _refusal(status: int, detail: str, **headers: str) -> HttpResponse:
    response = problem_response(status, detail)
    for name, value in headers.items():
        response[name] = value
    return response
