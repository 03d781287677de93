"""The Bot API client: one call, one answer, one deadline, and errors that say what happened.

Synchronous, on `requests`, over connections that are kept and shared by all threads and tokens.
The stock Session costs half as much again as the transport adapter that it wraps (cookies,
redirects, history, environment: nothing that a call needs), so calls go to the adapter directly.
"""

import json
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response
from urllib3.exceptions import HTTPError
from urllib3.filepost import encode_multipart_formdata

from botapi.deadline import TotalTimeout
from botapi.envelope import read_answer
from botapi.errors import DeadlineExceeded, InvalidAnswer, Unreachable, UnreachableKind
from botapi.guard import GuardRefused, InvalidAddress, OutboundPolicy, Proxy, ascii_host
from botapi.tokens import RedactTokens, check_token
from botapi.transport import GuardedAdapter, NotSent, read_body

TELEGRAM_API_URL: Final = "https://api.telegram.org"
TOTAL_TIMEOUT: Final = 45.0
"""Seconds. Telegram holds throttled calls for up to 8 s before it refuses them."""
ANSWER_BYTES_MAX: Final = 16 << 20
"""More than 100 updates of the greatest size that Telegram documents."""

_METHOD = re.compile(r"[A-Za-z]{1,64}")
_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*/?")
_JSON_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",  # answers are small; inflating costs more than it saves
    "User-Agent": "Tocsin",
}

# urllib3 writes every request line to its debug log, and the token is in the path.
for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.response"):
    logging.getLogger(_name).addFilter(RedactTokens())


@dataclass(frozen=True)
class InputFile:
    """A file to upload. `filename` is what people see and what a document is saved as."""

    filename: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


class BotApiClient:
    """Calls one Bot API server, through one proxy or none. Safe to share between threads.

    `api_url` must be https unless the operator named the host. `proxy` is a bot's own and has to
    pass the guard; without it the operator's (`policy.proxy`) serves. `before_call` runs before
    every call and may raise to forbid it, for example inside a database transaction.

    Raises InvalidAddress for an `api_url` or a `proxy` that cannot be right.
    """

    def __init__(
        self,
        api_url: str = TELEGRAM_API_URL,
        *,
        proxy: str | None = None,
        total_timeout: float = TOTAL_TIMEOUT,
        pool_size: int = 64,
        policy: OutboundPolicy | None = None,
        before_call: Callable[[], None] | None = None,
    ) -> None:
        policy = policy or OutboundPolicy()
        self.api_url = check_api_url(api_url, policy)
        self.total_timeout = total_timeout
        self._before_call = before_call
        self._dated: tuple[str, float] | None = None
        self._adapter = GuardedAdapter(policy, Proxy.parse(proxy) if proxy else None, pool_size)

    def __repr__(self) -> str:
        return f"BotApiClient({self.api_url!r})"

    def call(
        self,
        token: str,
        method: str,
        params: Mapping[str, object] | None = None,
        files: Mapping[str, InputFile] | None = None,
        *,
        timeout: float | None = None,
    ) -> object:
        """Call `method` and return the envelope's `result`.

        Parameters that are None are left out: Telegram would read the text "null". `files` maps
        the names of multipart parts, which `params` may refer to as `attach://name`. `timeout` is
        the total in seconds, in place of the client's.

        Raises BotApiError, InvalidAnswer, Unreachable or DeadlineExceeded; InvalidToken for a
        token of impossible form.
        """
        if self._before_call is not None:
            self._before_call()
        if not _METHOD.fullmatch(method):
            raise ValueError(f"method: {method!r} is no Bot API method")
        request = PreparedRequest()
        request.method = "POST"
        request.url = f"{self.api_url}/bot{check_token(token)}/{method}"
        body, content_type = encode_body(params or {}, files or {})
        request.body = body
        request.headers = {  # type: ignore[assignment]  # any mapping serves; this one is cheap
            **_JSON_HEADERS,
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
        }
        limit = TotalTimeout(self.total_timeout if timeout is None else timeout)
        status, headers, answer = self._exchange(request, method, limit)
        return read_answer(method, status, headers, answer)

    def server_time(self) -> float | None:
        """Unix time by the server's clock, to about a second, as its last answer told (HTTP Date);
        None while none did."""
        if self._dated is None:
            return None
        date, at = self._dated
        try:
            return parsedate_to_datetime(date).timestamp() + time.monotonic() - at
        except (ValueError, OverflowError):
            return None

    def close(self) -> None:
        """Close idle connections. Calls in flight end undisturbed, later ones open new ones."""
        self._adapter.forget_connections()

    def _exchange(
        self, request: PreparedRequest, method: str, limit: TotalTimeout
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send and read. No error raised here refers to one that knows the URL."""
        kind: UnreachableKind = "answer"
        reason = "the connection broke before the answer was complete"
        maybe_sent = True
        try:
            response = self._adapter.exchange(request, limit)
            if date := response.headers.get("Date"):
                self._dated = date, time.monotonic()
            return response.status_code, response.headers, _read_body(response, method)
        except GuardRefused as error:
            kind, reason, maybe_sent = "guard", str(error), False
        except NotSent as error:
            kind, reason, maybe_sent = error.kind, error.reason, False
        except (RequestException, HTTPError, OSError) as error:
            if not limit.left:
                reason = "no answer in time"
            elif isinstance(error, ValueError):
                reason = "the answer is not HTTP"
        failure = Unreachable if limit.left else DeadlineExceeded
        raise failure(method, kind, reason, maybe_sent)


def _read_body(response: Response, method: str) -> bytes:
    """The whole body. Raises InvalidAnswer when it is greater than ANSWER_BYTES_MAX."""
    body = read_body(response, ANSWER_BYTES_MAX)
    if len(body) > ANSWER_BYTES_MAX:
        too_large = f"the answer is larger than {ANSWER_BYTES_MAX} bytes"
        raise InvalidAnswer(method, response.status_code, too_large, maybe_sent=True)
    return body


def encode_body(params: Mapping[str, object], files: Mapping[str, InputFile]) -> tuple[bytes, str]:
    """Body and content type: JSON, or multipart when there are files.

    Lone surrogates, which UTF-8 cannot express, become question marks: an alert is worth more
    than a broken character in it.
    """
    present = {name: value for name, value in params.items() if value is not None}
    if not files:
        return _json(present).encode("utf-8", "replace"), "application/json"
    fields: list[tuple[str, Any]] = [
        (name, _form_value(value).encode("utf-8", "replace")) for name, value in present.items()
    ]
    fields += [
        (name, (_clean_filename(file.filename), file.content, file.content_type))
        for name, file in files.items()
    ]
    return encode_multipart_formdata(fields)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _form_value(value: object) -> str:
    """Scalars as text, everything else as JSON text (Bot API "Making requests")."""
    return value if isinstance(value, str) else _json(value)


def _clean_filename(name: str) -> str:
    return "".join(c if c.isprintable() and c not in '\\/"' else "_" for c in name) or "file"


def check_api_url(url: str, policy: OutboundPolicy) -> str:
    """The base URL in canonical form, without a final slash. Raises InvalidAddress."""
    try:
        parts = urlsplit(url.strip())
        host, port = ascii_host(parts.hostname or ""), parts.port
    except ValueError:
        raise InvalidAddress("api_url: host or port is not valid") from None
    if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[0-9a-z._:-]+", host):
        raise InvalidAddress("api_url: must be https://host, optionally with :port and a path")
    if parts.username is not None or parts.password is not None:
        raise InvalidAddress("api_url: must not contain a user name or a password")
    if parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        raise InvalidAddress("api_url: must end with the path under which /bot<token> is found")
    number = port or (443 if parts.scheme == "https" else 80)
    if parts.scheme == "http" and not policy.allows(host, number):
        raise InvalidAddress(
            f"api_url: must be https, because the token is sent to {host}; http is for servers "
            "that the operator of this installation names in OUTBOUND_ALLOWED_HOSTS"
        )
    netloc = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{netloc}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


class ClientPool:
    """One client for each pair of Bot API server and proxy; the least recently used leave.

    Safe to share between threads. A client that left still finishes what its users began.
    """

    def __init__(
        self,
        *,
        policy: OutboundPolicy | None = None,
        before_call: Callable[[], None] | None = None,
        total_timeout: float = TOTAL_TIMEOUT,
        pool_size: int = 64,
        max_clients: int = 64,
    ) -> None:
        self._options: dict[str, Any] = {
            "policy": policy or OutboundPolicy(),
            "before_call": before_call,
            "total_timeout": total_timeout,
            "pool_size": pool_size,
        }
        self._max_clients = max_clients
        self._clients: OrderedDict[tuple[str, str | None], BotApiClient] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, api_url: str = TELEGRAM_API_URL, proxy: str | None = None) -> BotApiClient:
        """The client for this server and proxy. Raises InvalidAddress."""
        key = (api_url, proxy or None)
        with self._lock:
            client = self._clients.get(key)
            if client is None:
                client = self._clients[key] = BotApiClient(api_url, proxy=proxy, **self._options)
            self._clients.move_to_end(key)
            while len(self._clients) > self._max_clients:
                self._clients.popitem(last=False)  # its connections close with its last user
            return client
