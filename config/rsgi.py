"""The web server's entry point: `granian --interface rsgi config.rsgi:application`.

Django works in few threads, one on SQLite. Here a body is first read whole, off those threads:
under WSGI a thread reads it, and whoever sends half a body keeps that thread for as long as he
likes. One such sender would be the end of service for all.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from io import BytesIO
from typing import Any

from django.conf import settings

from config.turns import Turns
from config.wsgi import application as django_application

# isort: split
# Once Django is set up by that.
from alerts.together import GATHERING, Gathering
from deliveries import clock, tally

Headers = list[tuple[str, str]]
Answer = tuple[int, Headers, bytes]

THREADS = 1 if settings.EMBEDDED_DATABASE else 4
"""On SQLite a second writer only waits for the first."""
BODY_MAX = settings.UPLOAD_MAX_BYTES + 1024 * 1024
"""Bytes: the largest file with its form. Of a longer body Django gets the start, and refuses it."""
BODY_SECONDS = 60.0
"""For the whole body: 50 MiB over a line of 7 Mbit/s."""
BODIES_MAX = 256 * 1024 * 1024
"""Bytes of bodies together, unfinished or waiting for a thread; above it, those who send more are
asked to come back."""

MOST_TOGETHER = 8
"""POSTs of alerts that are stored in one transaction: more of them cost no less each, and whoever
comes meanwhile waits for all of them."""
TOGETHER_BYTES = 64 * 1024

_PLACE_PARTS = 3
"""Of a path: with `hooks/v1/<key>` and `telegram/<bot>` is said who asks."""
_HEARTBEATS = "/hooks/v1/heartbeat/"
_TOO_SLOW = (408, f"The body did not arrive within {BODY_SECONDS:g} seconds. Send it again.")
_BROKEN = (400, "The connection broke before the body's end.")
_TOO_MANY = (503, "Too many bodies are being received. Send this one again.")


class BodyRefused(Exception):
    """The body was not taken: HTTP status and words."""


class Front:
    """Reads requests on the event loop and has `wsgi` answer them in `threads` threads."""

    def __init__(self, wsgi: Callable[..., Iterable[bytes]], threads: int = THREADS) -> None:
        self._wsgi = wsgi
        self._turns: Turns[dict[str, Any], Answer] = Turns(
            threads, "web", self._answer_together, most=MOST_TOGETHER
        )
        self._held = 0

    def __rsgi_init__(self, loop: Any) -> None:
        """The server starts this process (granian's docs/spec/RSGI.md)."""
        tally.start()
        self._turns.submit("clock", _keep_clock)

    async def __call__(self, scope: Any, protocol: Any) -> None:
        """One request (RSGI 1.x, granian's docs/spec/RSGI.md)."""
        body = b""
        try:
            body = await self._read(scope, protocol)
        except BodyRefused as refused:
            status, headers, content = _problem(*refused.args)
        else:
            environ = environ_of(scope, body)
            who = who_asks(environ)
            if may_be_together(environ, body):
                served = self._turns.submit_together(who, environ)
            else:
                served = self._turns.submit(who, partial(self._answer, environ))
            status, headers, content = await asyncio.wrap_future(served)
        finally:
            self._held -= len(body)
        protocol.response_bytes(status, headers, content)

    async def _read(self, scope: Any, protocol: Any) -> bytes:
        """The body, which counts as held from then on. Raises BodyRefused."""
        length = scope.headers.get("content-length")
        if length == "0" or (length is None and "transfer-encoding" not in scope.headers):
            return b""
        if length is not None and int(length) > BODY_MAX:
            return b""  # Django refuses it by its length
        parts: list[bytes] = []
        size = 0
        whole = False
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in protocol:
                    parts.append(part)
                    size += len(part)
                    self._held += len(part)
                    if self._held > BODIES_MAX:
                        raise BodyRefused(*_TOO_MANY)
                    if size > BODY_MAX:
                        break
            if length is not None and size < int(length):
                raise BodyRefused(*_BROKEN)
            whole = True
        except TimeoutError:
            raise BodyRefused(*_TOO_SLOW) from None
        finally:
            if not whole:
                self._held -= size
        return b"".join(parts)

    def _answer_together(self, some: list[tuple[dict[str, Any], Future[Answer]]]) -> None:
        """Several POSTs of alerts; they are stored in one transaction."""
        if len(some) == 1:
            ((environ, future),) = some
            future.set_result(self._answer(environ))
            return
        gathering = Gathering()
        gathered = []
        for environ, future in some:
            before = len(gathering)
            try:
                answer, close = self._begin(environ | {GATHERING: gathering})
            except BaseException as error:  # noqa: BLE001  # it is of whoever waits for the future
                future.set_exception(error)
                continue
            if len(gathering) == before:
                close()
                future.set_result(answer)
            else:
                gathered.append((future, close))
        for number, response in gathering.store_all():
            future, close = gathered[number]
            headers = [(name.lower(), text) for name, text in response.items()]
            close()
            future.set_result((response.status_code, headers, response.content))

    def _answer(self, environ: dict[str, Any]) -> Answer:
        """Runs in a thread."""
        answer, close = self._begin(environ)
        close()
        return answer

    def _begin(self, environ: dict[str, Any]) -> tuple[Answer, Callable[[], object]]:
        """PEP 3333; what is returned second ends the request."""
        started: list[tuple[str, Headers]] = []

        def start_response(status: str, headers: Headers, exc_info: Any = None) -> None:
            started[:] = [(status, headers)]

        result = self._wsgi(environ, start_response)
        close = getattr(result, "close", lambda: None)
        try:
            content = b"".join(result)
        except BaseException:
            close()
            raise
        ((status, headers),) = started
        answer = (
            int(status.split(" ", 1)[0]),
            [(name.lower(), text) for name, text in headers],
            content,
        )
        return answer, close


def _keep_clock() -> Answer:
    clock.keep()
    return 204, [], b""


def may_be_together(environ: dict[str, Any], body: bytes) -> bool:
    """Whether it is a POST of alerts that is stored together with others: a small one, so that
    nobody waits long for another's."""
    return (
        environ["PATH_INFO"].startswith("/hooks/")
        and environ["REQUEST_METHOD"] in ("POST", "PUT")
        and not environ["PATH_INFO"].startswith(_HEARTBEATS)
        and len(body) <= TOGETHER_BYTES
        and "HTTP_CONTENT_ENCODING" not in environ
    )


def who_asks(environ: dict[str, Any]) -> tuple[str, ...]:
    """By whose turn a request goes: that of a key, of a session or, without any, of a place. Nobody
    has checked it yet: a wrong one has turns, in which it is refused."""
    path = environ["PATH_INFO"]
    parts = _PLACE_PARTS + path.startswith(_HEARTBEATS)
    place = path.strip("/").split("/")[:parts]
    return (environ.get("HTTP_AUTHORIZATION", ""), environ.get("HTTP_COOKIE", ""), *place)


def environ_of(scope: Any, body: bytes) -> dict[str, Any]:
    """A WSGI environ (PEP 3333) of this request; nothing of the process's own environment.

    Names with an underscore are left out: `X_Forwarded_For` would pass for `X-Forwarded-For`.
    """
    host, _, port = scope.server.rpartition(":")
    client = scope.client.rpartition(":")[0]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),  # granian took the % out
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": client.removeprefix("[").removesuffix("]"),
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if scope.authority:
        environ["HTTP_HOST"] = scope.authority
    for name, text in scope.headers.items():
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        between = "; " if key == "HTTP_COOKIE" else ","
        known = environ.get(key) if key != "HTTP_HOST" else None
        environ[key] = f"{known}{between}{text}" if known is not None else text
    return environ


def _problem(status: int, detail: str) -> Answer:
    """RFC 9457."""
    content = json.dumps({"type": "about:blank", "status": status, "detail": detail}).encode()
    headers = [("content-type", "application/problem+json"), ("connection", "close")]
    if status == 503:
        headers.append(("retry-after", "5"))
    return status, headers, content


application = Front(django_application)
