"""Fetching what a user's URL points at: guarded, capped in size and in total time, no redirects.

The policy and the refusal are defined in `guard` and can be imported from here.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from requests import PreparedRequest, RequestException, Response
from urllib3.exceptions import HTTPError

from botapi.deadline import TotalTimeout
from botapi.errors import shown
from botapi.guard import (
    GuardRefused,
    InvalidAddress,
    OutboundPolicy,
    Proxy,
    ascii_host,
    parse_allowed_hosts,
)
from botapi.transport import GuardedAdapter, NotSent, read_body

__all__ = [
    "FetchFailed",
    "Fetched",
    "GuardRefused",
    "InvalidAddress",
    "OutboundPolicy",
    "Proxy",
    "fetch",
    "parse_allowed_hosts",
]

_USER_AGENT: Final = "Tocsin"
_URL_SAFE: Final = "/?:@!$&'()*+,;=%~-._[]"  # RFC 3986 §2: what is left as it stands


@dataclass(frozen=True)
class Fetched:
    """A fetched body; `content_type` is the media type in lower case, without parameters."""

    content_type: str
    body: bytes


class FetchFailed(Exception):
    """The URL gave nothing usable. `host` is its host, `reason` is for people; no URL, no query."""

    def __init__(self, host: str, reason: str) -> None:
        self.host = shown(host)
        self.reason = shown(reason)
        super().__init__(self.host, self.reason)

    def __str__(self) -> str:
        return f"{self.host}: {self.reason}"


def fetch(
    url: str,
    *,
    max_bytes: int,
    total_timeout: float,
    accept: Collection[str],
    policy: OutboundPolicy,
) -> Fetched:
    """GET `url` (http or https) within `total_timeout` seconds, name look-up and body included.

    `accept` names the media types that may come back, such as "image/png". Raises GuardRefused,
    or FetchFailed for anything else: a redirect, another type or more than `max_bytes` too.
    """
    request, host = _request(url, accept)
    timeout = TotalTimeout(total_timeout)
    adapter = GuardedAdapter(policy, pool_size=1)
    failure = "no answer"
    try:
        response = adapter.exchange(request, timeout)
        return _read(response, host, max_bytes, accept)
    except NotSent as error:
        failure = error.reason
    except (RequestException, HTTPError, OSError):
        failure = "the connection broke"
    finally:
        adapter.close()
    # Raised outside the handler: the cause holds the URL, which may be a secret of the user's.
    raise FetchFailed(
        host, f"not loaded within {total_timeout:g} s" if not timeout.left else failure
    )


def _request(url: str, accept: Collection[str]) -> tuple[PreparedRequest, str]:
    parts, host = _split(url)
    port = f":{parts.port}" if parts.port else ""
    netloc = f"[{host}]{port}" if ":" in host else f"{host}{port}"
    request = PreparedRequest()
    request.method = "GET"
    query = f"?{quote(parts.query, safe=_URL_SAFE)}" if parts.query else ""
    request.url = f"{parts.scheme}://{netloc}{quote(parts.path, safe=_URL_SAFE) or '/'}{query}"
    request.headers = {  # type: ignore[assignment]  # any mapping serves; this one is cheap
        "Accept": ", ".join(sorted(accept)),
        "Accept-Encoding": "identity",  # what is capped is what arrives
        "User-Agent": _USER_AGENT,
    }
    return request, host


def _split(url: str) -> tuple[SplitResult, str]:
    try:
        parts = urlsplit(url.strip())
        host = ascii_host(parts.hostname or "")
        _ = parts.port
    except ValueError:
        raise FetchFailed("the URL", "it has no valid host and port") from None
    if parts.scheme not in {"http", "https"}:
        raise FetchFailed("the URL", "it must start with http:// or https://")
    if not host or not re.fullmatch(r"[0-9a-z._:-]+", host):
        raise FetchFailed("the URL", "it has no valid host")
    if parts.username is not None or parts.password is not None:
        raise FetchFailed(host, "user names and passwords in URLs are not sent")
    return parts, host


def _read(response: Response, host: str, max_bytes: int, accept: Collection[str]) -> Fetched:
    """Judge by the headers before the body is read. Raises FetchFailed."""
    status = response.status_code
    if 300 <= status < 400:
        raise FetchFailed(host, f"it redirects (HTTP {status}); give the final URL")
    if status != 200:
        raise FetchFailed(host, f"it answers with HTTP {status}")
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type not in accept:
        allowed = ", ".join(sorted(accept))
        raise FetchFailed(host, f"it is {content_type or 'of no type'}; accepted are {allowed}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchFailed(host, "it comes compressed although that was not accepted")
    length = response.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > max_bytes:
        raise FetchFailed(host, f"it has {length[:20]} bytes; at most {max_bytes} are loaded")
    body = read_body(response, max_bytes)
    if len(body) > max_bytes:
        raise FetchFailed(host, f"it has more than {max_bytes} bytes")
    return Fetched(content_type, body)
