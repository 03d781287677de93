"""Fetching what a user's URL points at, and posting there: guarded, capped in size and in total
time, no redirects.

The policy and the refusal are defined in `guard` and can be imported from here.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
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
    "Answered",
    "FetchFailed",
    "Fetched",
    "GuardRefused",
    "InvalidAddress",
    "OutboundPolicy",
    "Proxy",
    "ask",
    "fetch",
    "host_of",
    "parse_allowed_hosts",
    "ping",
    "post",
]

T = TypeVar("T")
_USER_AGENT: Final = "Tocsin"
_URL_SAFE: Final = "/?:@!$&'()*+,;=%~-._[]"  # RFC 3986 §2: what is left as it stands


@dataclass(frozen=True)
class Fetched:
    """A fetched body; `content_type` is the media type in lower case, without parameters."""

    content_type: str
    body: bytes


@dataclass(frozen=True)
class Answered:
    """What a host answered, whatever its status. `body` may come from a host that whoever named it
    could not reach: nothing of it is shown but what was understood."""

    status: int
    body: bytes = field(repr=False)


class FetchFailed(Exception):
    """The URL gave nothing usable. `host` is its host, `reason` is for people; no URL, no query.
    `answered`: there was an answer, and another one would be no better."""

    def __init__(self, host: str, reason: str, *, answered: bool = False) -> None:
        self.host = shown(host)
        self.reason = shown(reason)
        self.answered = answered
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
    headers = {
        "Accept": ", ".join(sorted(accept)),
        "Accept-Encoding": "identity",  # what is capped is what arrives
    }
    request, host = _request("GET", url, headers)
    return _exchange(
        request, host, total_timeout, policy, lambda answer: _read(answer, host, max_bytes, accept)
    )


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    total_timeout: float,
    policy: OutboundPolicy,
) -> int:
    """POST `body` to `url` (http or https) within `total_timeout` seconds; the answer's status.

    The status alone: what else a host says would let whoever names it read from that host. A
    redirect is not followed. Raises GuardRefused, or FetchFailed when there was no answer.
    """
    sent = {**headers, "Content-Length": str(len(body)), "Accept": "*/*"}
    request, host = _request("POST", url, sent)
    request.body = body
    return _exchange(request, host, total_timeout, policy, lambda answer: answer.status_code)


def ask(
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    max_bytes: int,
    total_timeout: float,
    policy: OutboundPolicy,
) -> Answered:
    """Send `body` and read the answer of at most `max_bytes` within `total_timeout` seconds.

    A redirect is not followed. Raises GuardRefused, or FetchFailed when there was no answer, or a
    longer one.
    """
    sent = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
    if body:
        sent |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    request, host = _request(method, url, sent)
    request.body = body or None
    return _exchange(
        request, host, total_timeout, policy, lambda answer: _answered(answer, host, max_bytes)
    )


def ping(url: str, *, total_timeout: float, policy: OutboundPolicy) -> None:
    """GET `url` for its effect alone: any 2xx will do. Raises as `fetch` does."""
    request, host = _request("GET", url, {"Accept": "*/*"})
    _exchange(request, host, total_timeout, policy, lambda answer: _expect_success(answer, host))


def host_of(url: str) -> str:
    """The host (and the port, where it is named) of a URL that `fetch` and `post` take.

    Raises FetchFailed, whose reason says what is wrong with the URL.
    """
    parts, host = _split(url)
    return _netloc(parts, host)


def _exchange(
    request: PreparedRequest,
    host: str,
    total_timeout: float,
    policy: OutboundPolicy,
    read: Callable[[Response], T],
) -> T:
    timeout = TotalTimeout(total_timeout)
    adapter = GuardedAdapter(policy, pool_size=1)
    failure = "no answer"
    try:
        return read(adapter.exchange(request, timeout))
    except NotSent as error:
        failure = error.reason
    except (RequestException, HTTPError, OSError):
        failure = "the connection broke"
    finally:
        adapter.close()
    # Raised outside the handler: the cause holds the URL, which may be a secret of the user's.
    late = f"no answer within {total_timeout:g} s"
    if request.method == "GET":
        late = f"not loaded within {total_timeout:g} s"
    raise FetchFailed(host, failure if timeout.left else late)


def _request(method: str, url: str, headers: Mapping[str, str]) -> tuple[PreparedRequest, str]:
    parts, host = _split(url)
    request = PreparedRequest()
    request.method = method
    query = f"?{quote(parts.query, safe=_URL_SAFE)}" if parts.query else ""
    path = quote(parts.path, safe=_URL_SAFE) or "/"
    request.url = f"{parts.scheme}://{_netloc(parts, host)}{path}{query}"
    request.headers = {"User-Agent": _USER_AGENT, **headers}  # type: ignore[assignment]  # any mapping serves; this one is cheap
    return request, host


def _netloc(parts: SplitResult, host: str) -> str:
    port = f":{parts.port}" if parts.port else ""
    return f"[{host}]{port}" if ":" in host else f"{host}{port}"


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


def _expect_success(response: Response, host: str) -> None:
    if not 200 <= response.status_code < 300:
        raise FetchFailed(host, f"it answers with HTTP {response.status_code}")


def _answered(response: Response, host: str, max_bytes: int) -> Answered:
    if 300 <= response.status_code < 400:
        reason = f"it redirects (HTTP {response.status_code}); give the final URL"
        raise FetchFailed(host, reason, answered=True)
    body = read_body(response, max_bytes)
    if len(body) > max_bytes:
        raise FetchFailed(host, f"it has more than {max_bytes} bytes", answered=True)
    return Answered(response.status_code, body)


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
