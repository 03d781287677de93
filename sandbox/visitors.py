"""Who may ask. The sandbox has no log-in, so it must not answer web pages of others.

A page elsewhere can turn its own name to this machine (DNS rebinding), and then its visitors'
browsers count the sandbox as part of it; but they still send that name as `Host`. An address is no
name, so nobody can turn it. Requests that a page sends across origins carry `Origin`; Bot API
clients send none.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/]*)(?::[0-9]{1,5})?", re.IGNORECASE)


def is_known_host(host: str, names: Collection[str]) -> bool:
    """Whether a `Host` header names this machine: by an address, as localhost, or by one of `names`
    (in lower case). Without one ("", HTTP/1.0) no browser asks."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].strip("[]").rstrip(".").lower()
    if not name or name in names or name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def visitors_only(application: ASGIApp, names: Collection[str]) -> ASGIApp:
    """`application` for those who may ask; others hear 421 or 403 in the Bot API's envelope."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        host, origin = _header(scope, b"host"), _header(scope, b"origin")
        if not is_known_host(host, names):
            await _refuse(
                send, 421, f"{host[:100]!r} is no name of the sandbox. Add it with --name."
            )
        elif origin and origin.partition("://")[2].lower() != host.lower():
            await _refuse(send, 403, f"pages of {origin[:100]!r} may not use the sandbox.")
        else:
            await application(scope, receive, send)

    return guarded


def _header(scope: Scope, wanted: bytes) -> str:
    found = (value for name, value in scope["headers"] if name == wanted)
    return str(next(found, b"").decode("latin-1"))


async def _refuse(send: Send, status: int, words: str) -> None:
    titles = {403: "Forbidden", 421: "Misdirected Request"}
    description = f"{titles[status]}: {words}"
    body = json.dumps({"ok": False, "error_code": status, "description": description}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
