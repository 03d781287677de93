"""POSTs to programs of users: JSON, signed with a secret that both know, told apart by an ID.

The receiver checks `Tocsin-Signature`, which is `v1=` and the hex HMAC-SHA256 of
`<Tocsin-Timestamp>.<body>`, and knows a repetition by `Idempotency-Key`.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings

from botapi.outbound import FetchFailed, GuardRefused, OutboundPolicy, ask, host_of, post

TIMESTAMP_HEADER = "Tocsin-Timestamp"
SIGNATURE_HEADER = "Tocsin-Signature"
KEY_HEADER = "Idempotency-Key"
ANSWER_BYTES_MAX = 64 * 1024
PASSING = (408, 409, 425, 429)
"""4xx that may be another answer later."""


class NotTaken(Exception):
    """The other side did not take it; the text says why, and holds no secret. `final`: to say the
    same again is of no use."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer, a 2xx. Nothing of its body is for people but what the caller understood."""

    status: int
    body: bytes = field(repr=False)


def url_problem(url: str, most: int) -> str:
    """Why this can't be an address to POST to, and what to give instead; "" when it can."""
    try:
        host_of(url)
    except FetchFailed as error:
        why = error.reason[:1].upper() + error.reason[1:]
        return f"{why}. Give an address such as https://example.org/hook."
    if len(url) > most or re.search(r"\s", url):
        return f"Give an address of at most {most} characters without spaces."
    return ""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature's header: `v1=` and the hex HMAC-SHA256 of `<timestamp>.<body>`."""
    signed = timestamp.encode() + b"." + body
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def post_signed(
    url: str, secret: str, key: UUID, content: Mapping[str, Any], seconds: float
) -> int:
    """POST `content` as JSON within so many seconds; the status, a 2xx, of an answer that is not
    read. Guarded, and without redirects. Raises NotTaken."""
    body, headers = _signed(secret, key, content)
    try:
        status = post(url, body, headers, total_timeout=seconds, policy=_policy())
    except (FetchFailed, GuardRefused) as error:
        raise _not_taken(error) from None
    return _taken(status)


def ask_signed(
    url: str, secret: str, key: UUID, content: Mapping[str, Any], seconds: float
) -> Taken:
    """The same; the answer with its body, at most 64 KiB. Raises NotTaken."""
    body, headers = _signed(secret, key, content)
    try:
        answer = ask(
            "POST",
            url,
            body,
            headers,
            max_bytes=ANSWER_BYTES_MAX,
            total_timeout=seconds,
            policy=_policy(),
        )
    except (FetchFailed, GuardRefused) as error:
        raise _not_taken(error) from None
    return Taken(_taken(answer.status), answer.body)


def _signed(secret: str, key: UUID, content: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    body = json.dumps(content, ensure_ascii=False).encode()
    timestamp = str(int(time.time()))
    return body, {
        "Content-Type": "application/json",
        KEY_HEADER: str(key),
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: sign(secret, timestamp, body),
    }


def _taken(status: int) -> int:
    if 300 <= status < 400:
        raise NotTaken(f"it redirects (HTTP {status}): give the final URL", final=True)
    if not 200 <= status < 300:
        final = 400 <= status < 500 and status not in PASSING
        raise NotTaken(f"it answered with HTTP {status}", final=final)
    return status


def _not_taken(error: FetchFailed | GuardRefused) -> NotTaken:
    final = isinstance(error, GuardRefused) or error.answered
    return NotTaken(str(error), final=final)


def _policy() -> OutboundPolicy:
    return OutboundPolicy(
        allowed_hosts=settings.OUTBOUND_ALLOWED_HOSTS, proxy=settings.OUTBOUND_PROXY or None
    )
